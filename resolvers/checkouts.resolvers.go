package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
)

func (r *cancelOrderPayloadResolver) Order(ctx context.Context, objs []*model.CancelOrderPayload) ([]*orders.Order, error) {
	return r.ordersOf(ctx, keysOf(objs, func(p *model.CancelOrderPayload) string {
		if p.Cancellation == nil {
			return ""
		}
		return p.Cancellation.OrderID
	}))
}

func (r *cancellationResolver) Order(ctx context.Context, objs []*model.Cancellation) ([]*orders.Order, error) {
	return r.ordersOf(ctx, keysOf(objs, func(c *model.Cancellation) string { return c.OrderID }))
}

func (r *checkoutResolver) Order(ctx context.Context, objs []*model.Checkout) ([]*orders.Order, error) {
	return r.ordersOf(ctx, keysOf(objs, func(c *model.Checkout) string { return c.OrderID }))
}

func (r *checkoutChangeResolver) Checkout(ctx context.Context, obj *model.CheckoutChange) (*model.Checkout, error) {
	return r.checkout(ctx, obj.CheckoutID)
}

func (r *mutationResolver) PlaceOrder(ctx context.Context, input model.PlaceOrderInput) (*model.PlaceOrderPayload, error) {
	return r.placeOrder(ctx, input)
}

func (r *mutationResolver) CancelOrder(ctx context.Context, input model.CancelOrderInput) (*model.CancelOrderPayload, error) {
	return r.cancelOrder(ctx, input)
}

func (r *orderChangeResolver) Order(ctx context.Context, objs []*model.OrderChange) ([]*orders.Order, error) {
	return r.ordersOf(ctx, keysOf(objs, func(c *model.OrderChange) string { return c.OrderID.Local }))
}

func (r *placeOrderPayloadResolver) Order(ctx context.Context, objs []*model.PlaceOrderPayload) ([]*orders.Order, error) {
	return r.ordersOf(ctx, keysOf(objs, func(p *model.PlaceOrderPayload) string {
		if p.Checkout == nil {
			return ""
		}
		return p.Checkout.OrderID
	}))
}

func (r *queryResolver) Checkout(ctx context.Context, id sources.ID) (*model.Checkout, error) {
	local, err := id.Of("Checkout")
	if err != nil {
		return nil, err
	}
	return r.checkout(ctx, local)
}

func (r *queryResolver) Cancellation(ctx context.Context, id sources.ID) (*model.Cancellation, error) {
	local, err := id.Of("Cancellation")
	if err != nil {
		return nil, err
	}
	return r.cancellation(ctx, local)
}

func (r *subscriptionResolver) CheckoutChanged(ctx context.Context, id sources.ID, after *string) (<-chan *model.CheckoutChange, error) {
	return r.checkoutChanges(ctx, id, after)
}

func (r *subscriptionResolver) OrderChanged(ctx context.Context, customer *sources.ID, after *string) (<-chan *model.OrderChange, error) {
	return r.orderChanges(ctx, customer, after)
}

func (r *Resolver) CancelOrderPayload() graph.CancelOrderPayloadResolver {
	return &cancelOrderPayloadResolver{r}
}

func (r *Resolver) Cancellation() graph.CancellationResolver { return &cancellationResolver{r} }

func (r *Resolver) Checkout() graph.CheckoutResolver { return &checkoutResolver{r} }

func (r *Resolver) CheckoutChange() graph.CheckoutChangeResolver { return &checkoutChangeResolver{r} }

func (r *Resolver) OrderChange() graph.OrderChangeResolver { return &orderChangeResolver{r} }

func (r *Resolver) PlaceOrderPayload() graph.PlaceOrderPayloadResolver {
	return &placeOrderPayloadResolver{r}
}

type (
	cancelOrderPayloadResolver struct{ *Resolver }
	cancellationResolver       struct{ *Resolver }
	checkoutResolver           struct{ *Resolver }
	checkoutChangeResolver     struct{ *Resolver }
	orderChangeResolver        struct{ *Resolver }
	placeOrderPayloadResolver  struct{ *Resolver }
)
