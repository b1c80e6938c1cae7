package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
)

func (r *customerResolver) Email(ctx context.Context, objs []*customers.Customer) ([]*string, error) {
	panic(fmt.Errorf("not implemented: Email - email"))
}

func (r *customerResolver) Phone(ctx context.Context, objs []*customers.Customer) ([]*string, error) {
	panic(fmt.Errorf("not implemented: Phone - phone"))
}

func (r *customerResolver) Addresses(ctx context.Context, objs []*customers.Customer) ([][]sources.Address, error) {
	panic(fmt.Errorf("not implemented: Addresses - addresses"))
}

func (r *mutationResolver) UpdateCustomer(ctx context.Context, input model.UpdateCustomerInput) (*model.UpdateCustomerPayload, error) {
	panic(fmt.Errorf("not implemented: UpdateCustomer - updateCustomer"))
}

func (r *orderResolver) Customer(ctx context.Context, objs []*orders.Order) ([]*customers.Customer, error) {
	panic(fmt.Errorf("not implemented: Customer - customer"))
}

func (r *queryResolver) Me(ctx context.Context) (*customers.Customer, error) {
	panic(fmt.Errorf("not implemented: Me - me"))
}

func (r *queryResolver) Customer(ctx context.Context, id sources.ID) (*customers.Customer, error) {
	panic(fmt.Errorf("not implemented: Customer - customer"))
}

func (r *Resolver) Customer() graph.CustomerResolver { return &customerResolver{r} }

type customerResolver struct{ *Resolver }
