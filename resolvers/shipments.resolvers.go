package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/shipping"
)

func (r *orderResolver) Shipment(ctx context.Context, objs []*orders.Order) ([]*shipping.Shipment, error) {
	return r.load.OrderShipments.LoadAll(ctx, keysOf(objs, orderID))
}

func (r *Resolver) Shipment() graph.ShipmentResolver { return &shipmentResolver{r} }

type shipmentResolver struct{ *Resolver }
