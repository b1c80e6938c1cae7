package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
)

func (r *orderResolver) Payment(ctx context.Context, objs []*orders.Order) ([]*payments.Payment, error) {
	return r.load.OrderPayments.LoadAll(ctx, keysOf(objs, orderID))
}

func (r *Resolver) Payment() graph.PaymentResolver { return &paymentResolver{r} }

type paymentResolver struct{ *Resolver }
