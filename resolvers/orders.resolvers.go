package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
)

func (r *customerResolver) Orders(ctx context.Context, objs []*customers.Customer, first int, after *string, status *orders.OrderStatus) ([]*sources.Page[*orders.Order], error) {
	panic(fmt.Errorf("not implemented: Orders - orders"))
}

func (r *orderConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*orders.Order]) ([]*orders.Order, error) {
	panic(fmt.Errorf("not implemented: Nodes - nodes"))
}

func (r *paymentResolver) Order(ctx context.Context, objs []*payments.Payment) ([]*orders.Order, error) {
	panic(fmt.Errorf("not implemented: Order - order"))
}

func (r *queryResolver) Order(ctx context.Context, id sources.ID) (*orders.Order, error) {
	panic(fmt.Errorf("not implemented: Order - order"))
}

func (r *queryResolver) Orders(ctx context.Context, first int, after *string, status *orders.OrderStatus) (*sources.Page[*orders.Order], error) {
	panic(fmt.Errorf("not implemented: Orders - orders"))
}

func (r *shipmentResolver) Order(ctx context.Context, objs []*shipping.Shipment) ([]*orders.Order, error) {
	panic(fmt.Errorf("not implemented: Order - order"))
}

func (r *Resolver) Order() graph.OrderResolver { return &orderResolver{r} }

func (r *Resolver) OrderConnection() graph.OrderConnectionResolver {
	return &orderConnectionResolver{r}
}

func (r *Resolver) OrderLine() graph.OrderLineResolver { return &orderLineResolver{r} }

type (
	orderResolver           struct{ *Resolver }
	orderConnectionResolver struct{ *Resolver }
	orderLineResolver       struct{ *Resolver }
)
