package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
)

func (r *customerResolver) Email(ctx context.Context, objs []*customers.Customer) ([]*string, error) {
	return private(ctx, objs, customerID, scopeCustomers, func(c *customers.Customer) *string { return &c.Email })
}

func (r *customerResolver) Phone(ctx context.Context, objs []*customers.Customer) ([]*string, error) {
	return private(ctx, objs, customerID, scopeCustomers, func(c *customers.Customer) *string { return c.Phone })
}

func (r *customerResolver) Addresses(ctx context.Context, objs []*customers.Customer) ([][]sources.Address, error) {
	return private(ctx, objs, customerID, scopeCustomers, func(c *customers.Customer) []sources.Address { return c.Addresses })
}

func (r *mutationResolver) UpdateCustomer(ctx context.Context, input model.UpdateCustomerInput) (*model.UpdateCustomerPayload, error) {
	return r.updateCustomer(ctx, input)
}

func (r *orderResolver) Customer(ctx context.Context, objs []*orders.Order) ([]*customers.Customer, error) {
	return r.load.Customers.LoadAll(ctx, keysOf(objs, func(o *orders.Order) string { return o.CustomerID }))
}

func (r *queryResolver) Me(ctx context.Context) (*customers.Customer, error) {
	caller, ok := authn.From(ctx)
	if !ok || !sources.ValidLocal(caller.Subject) {
		return nil, nil // a caller who is no customer
	}
	return r.load.Customers.Load(ctx, caller.Subject)
}

func (r *queryResolver) Customer(ctx context.Context, id sources.ID) (*customers.Customer, error) {
	local, err := id.Of("Customer")
	if err != nil {
		return nil, err
	}
	return r.load.Customers.Load(ctx, local)
}

func (r *Resolver) Customer() graph.CustomerResolver { return &customerResolver{r} }

type customerResolver struct{ *Resolver }
