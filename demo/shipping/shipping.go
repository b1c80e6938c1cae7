// Package shipping is the demo's shipping service, by gRPC: parcels, and labels for new ones. It limits the rate of calls.
package shipping

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

const (
	maxIDs = 50

	me rpc.Service = "shipping"
)

// service implements the contract. All that its maps lead to is guarded by the ledger's lock.
type service struct {
	shippingapi.UnimplementedShippingServer
	ledger  *ledger.Ledger
	rate    *bucket
	parcels map[string]*parcel // by id
	byOrder map[string]*parcel // the latest of each order
	byKey   map[string]*parcel // by the key of the CreateShipment
	lastID  int                // the number in the id that was given last
}

// parcel is a shipment with what it belongs to. A snapshot of it stays as it is: changes replace its fields and never write
// into its events.
type parcel struct {
	world.Shipment
	OrderID    string
	CustomerID string
}

// Option changes how the service behaves.
type Option func(*service)

// WithRate sets how many calls the service answers per second, and how many at once after a rest. Both are positive; they are
// 100 and 200 otherwise.
func WithRate(perSecond float64, burst int) Option {
	return func(s *service) { s.rate = newBucket(perSecond, burst) }
}

// Register adds the shipping service to a server. It starts from the world's shipments. What it changes is guarded by the
// ledger's lock.
func Register(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger, opts ...Option) {
	service := newService(w, l)
	for _, o := range opts {
		o(service)
	}
	shippingapi.RegisterShippingServer(s, service)
}

func newService(w *world.World, l *ledger.Ledger) *service {
	s := &service{
		ledger:  l,
		rate:    newBucket(100, 200),
		parcels: map[string]*parcel{},
		byOrder: map[string]*parcel{},
		byKey:   map[string]*parcel{},
	}
	for i := range w.Orders {
		if o := &w.Orders[i]; o.Shipment != nil {
			s.keep(&parcel{Shipment: *o.Shipment, OrderID: o.ID, CustomerID: o.CustomerID})
		}
	}
	s.lastID = len(s.parcels)
	return s
}

func (s *service) keep(p *parcel) {
	s.parcels[p.ID] = p
	s.byOrder[p.OrderID] = p
}

// BatchGetShipments implements the contract.
func (s *service) BatchGetShipments(_ context.Context, req *shippingapi.BatchGetShipmentsRequest) (*shippingapi.BatchGetShipmentsResponse, error) {
	found, err := s.find("ids", req.GetIds(), s.parcels)
	if err != nil {
		return nil, err
	}
	return &shippingapi.BatchGetShipmentsResponse{Shipments: found}, nil
}

// BatchGetShipmentsByOrder implements the contract.
func (s *service) BatchGetShipmentsByOrder(_ context.Context, req *shippingapi.BatchGetShipmentsByOrderRequest) (*shippingapi.BatchGetShipmentsByOrderResponse, error) {
	found, err := s.find("order_ids", req.GetOrderIds(), s.byOrder)
	if err != nil {
		return nil, err
	}
	return &shippingapi.BatchGetShipmentsByOrderResponse{Shipments: found}, nil
}

// find gives the parcels that an index has under ids, each once, in the order of the ids.
func (s *service) find(field string, ids []string, index map[string]*parcel) ([]*shippingapi.Shipment, error) {
	if err := s.rate.take(); err != nil {
		return nil, err
	}
	var v rpc.Violations
	v.IDs(field, ids, 0, maxIDs)
	if err := v.Err(); err != nil {
		return nil, err
	}
	found := make([]*shippingapi.Shipment, 0, len(ids))
	s.ledger.Locked(func() {
		for i, id := range ids {
			if p, ok := index[id]; ok && !slices.Contains(ids[:i], id) {
				found = append(found, p.message())
			}
		}
	})
	return found, nil
}

// snapshot is the parcel as it is now.
func (p *parcel) snapshot() *parcel {
	now := *p
	return &now
}

// states are the world's words for how far a shipment is, in the contract's.
var states = map[string]shippingapi.ParcelState{
	"labelled":         shippingapi.ParcelState_PARCEL_STATE_LABEL_PRINTED,
	"in_transit":       shippingapi.ParcelState_PARCEL_STATE_WITH_CARRIER,
	"out_for_delivery": shippingapi.ParcelState_PARCEL_STATE_ON_VAN,
	"delivered":        shippingapi.ParcelState_PARCEL_STATE_HANDED_OVER,
	"cancelled":        shippingapi.ParcelState_PARCEL_STATE_VOIDED,
}

// message is the parcel in the contract's form.
func (p *parcel) message() *shippingapi.Shipment {
	m := &shippingapi.Shipment{
		Id:             p.ID,
		OrderId:        p.OrderID,
		CustomerId:     p.CustomerID,
		State:          states[p.Status],
		Carrier:        p.Carrier,
		TrackingNumber: p.TrackingNumber,
		TrackingUrl:    optional(p.TrackingURL),
		Scans:          make([]*shippingapi.TrackingScan, len(p.Events)),
	}
	if !p.EstimatedAt.IsZero() {
		m.EstimatedAt = timestamppb.New(p.EstimatedAt)
	}
	if !p.DeliveredAt.IsZero() {
		m.HandedOverAt = timestamppb.New(p.DeliveredAt)
	}
	for i, e := range p.Events {
		m.Scans[i] = &shippingapi.TrackingScan{At: timestamppb.New(e.At), Text: e.Description, Place: optional(e.Location)}
	}
	return m
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return proto.String(s)
}
