package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
)

func (r *customerResolver) Orders(ctx context.Context, objs []*customers.Customer, first int32, after *string, status *orders.OrderStatus) ([]*sources.Page[*orders.Order], error) {
	page, err := sources.NewPageArgs(orders.OrderList, first, after)
	if err != nil {
		return nil, err
	}
	queries, denied := private(ctx, objs, customerID, scopeOrders, func(c *customers.Customer) orders.OrderQuery {
		return orderQuery(c.ID.Local, status, page)
	})
	pages, err := r.load.OrderPages.LoadAll(ctx, queries)
	return pages, merge(denied, err)
}

func (r *orderConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*orders.Order]) ([]*orders.Order, error) {
	return items(ctx, obj), nil
}

func (r *paymentResolver) Order(ctx context.Context, objs []*payments.Payment) ([]*orders.Order, error) {
	list, err := r.load.Orders.LoadAll(ctx, keysOf(objs, func(p *payments.Payment) string { return p.OrderID }))
	return ownOrders(ctx, list, err)
}

func (r *queryResolver) Order(ctx context.Context, id sources.ID) (*orders.Order, error) {
	local, err := id.Of("Order")
	if err != nil {
		return nil, err
	}
	found, err := r.ordersByID(ctx, []string{local})
	if err := errorOf(err, 0); err != nil {
		return nil, err
	}
	return found[0], nil
}

func (r *queryResolver) Orders(ctx context.Context, first int32, after *string, status *orders.OrderStatus) (*sources.Page[*orders.Order], error) {
	page, err := sources.NewPageArgs(orders.OrderList, first, after)
	if err != nil {
		return nil, err
	}
	return r.load.OrderPages.Load(ctx, orderQuery(orders.Everybody, status, page))
}

func (r *shipmentResolver) Order(ctx context.Context, objs []*shipping.Shipment) ([]*orders.Order, error) {
	list, err := r.load.Orders.LoadAll(ctx, keysOf(objs, func(s *shipping.Shipment) string { return s.OrderID }))
	return ownOrders(ctx, list, err)
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
