// Package shipping reads and orders shipments at the shipping service.
package shipping

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

// Shipment is a parcel on its way.
type Shipment struct {
	ID                sources.ID
	Status            ShipmentStatus
	Carrier           string
	TrackingNumber    string
	TrackingURL       *sources.URL
	EstimatedDelivery *time.Time
	DeliveredAt       *time.Time
	Events            []TrackingEvent
	OrderID           string // the order's local id
	CustomerID        string // the customer's local id
}

// IsNode marks Shipment as a Node.
func (*Shipment) IsNode() {}

// ShipmentStatus says how far a shipment is.
type ShipmentStatus string

// The states of a shipment.
const (
	ShipmentLabelled       ShipmentStatus = "LABELLED"
	ShipmentInTransit      ShipmentStatus = "IN_TRANSIT"
	ShipmentOutForDelivery ShipmentStatus = "OUT_FOR_DELIVERY"
	ShipmentDelivered      ShipmentStatus = "DELIVERED"
	ShipmentCancelled      ShipmentStatus = "CANCELLED"
)

// TrackingEvent is something that happened to a parcel.
type TrackingEvent struct {
	At          time.Time
	Description string
	Location    *string
}

// NewShipment is an order to ship.
type NewShipment struct {
	OrderID    string // the order's local id
	CustomerID string // the local id of the customer whom the order belongs to
	Address    sources.Address
}

// MaxBatch is how many shipments or orders one call can ask for.
const MaxBatch = 50

// Inputs is what the shipping service is given of a request: who is behind a command, for its records.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// Source reads and orders shipments. It is safe for concurrent use.
//
// The service limits the rate of calls: each of them can fail with RATE_LIMITED, and has changed nothing then.
type Source struct {
	grpc   *upstream.GRPC
	client shippingapi.ShippingClient
}

// New makes the source of the shipping service that g calls.
func New(g *upstream.GRPC) *Source {
	return &Source{grpc: g, client: shippingapi.NewShippingClient(g)}
}

// ByIDs gives shipments by their local ids, MaxBatch at most.
func (s *Source) ByIDs(ctx context.Context, ids []string) (map[string]*Shipment, error) {
	answer, err := s.client.BatchGetShipments(upstream.WithKeys(ctx, len(ids)), &shippingapi.BatchGetShipmentsRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(s.grpc.Origin("BatchGetShipments"), ids, answer.GetShipments(), nil,
		func(m **shippingapi.Shipment) string { return (*m).GetId() },
		func(m **shippingapi.Shipment) (*Shipment, error) { return shipment(*m) })
}

// ByOrderID gives the latest shipment of each order by the orders' local ids, MaxBatch at most. An order without one is absent.
func (s *Source) ByOrderID(ctx context.Context, orderIDs []string) (map[string]*Shipment, error) {
	request := &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: orderIDs}
	answer, err := s.client.BatchGetShipmentsByOrder(upstream.WithKeys(ctx, len(orderIDs)), request)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(s.grpc.Origin("BatchGetShipmentsByOrder"), orderIDs, answer.GetShipments(), nil,
		func(m **shippingapi.Shipment) string { return (*m).GetOrderId() },
		func(m **shippingapi.Shipment) (*Shipment, error) { return shipment(*m) })
}

// Create has an order shipped. The same key with the same order and address gives the first outcome again.
//
// It fails with CONFLICT and ReasonOrderHasShipment or ReasonKeyReused; with PRECONDITION_FAILED and ReasonAddressNotServed, or with
// ReasonCommandUndone after a Cancel of this key; and with BAD_USER_INPUT, whose Violations name fields such as `address.postalCode`.
func (s *Source) Create(ctx context.Context, key string, n NewShipment) (*Shipment, error) {
	answer, err := s.client.CreateShipment(ctx, createRequest(key, n))
	if err != nil {
		return nil, fault.RenameViolations(err, inputFields)
	}
	return s.one("CreateShipment", answer.GetShipment(), func(m *shippingapi.Shipment) bool { return m.GetOrderId() == n.OrderID })
}

// Cancel undoes the Create that had the key creationKey; it has a key of its own. It succeeds too if that Create never arrived, was
// refused or was undone before, and a Create that arrives after it is refused.
//
// It fails with PRECONDITION_FAILED and ReasonInTransit, with CONFLICT and ReasonKeyReused, and with BAD_USER_INPUT.
func (s *Source) Cancel(ctx context.Context, key, creationKey string) error {
	_, err := s.client.CancelShipment(ctx, &shippingapi.CancelShipmentRequest{IdempotencyKey: key, CreationKey: creationKey})
	return fault.RenameViolations(err, inputFields)
}

// CancelByID calls off the shipment with the local id, if the carrier does not have it yet, and gives it as it is then. One that was
// called off before stays so.
//
// It fails with NOT_FOUND and ReasonShipmentUnknown, with PRECONDITION_FAILED and ReasonInTransit, with CONFLICT and ReasonKeyReused,
// and with BAD_USER_INPUT.
func (s *Source) CancelByID(ctx context.Context, key, id string) (*Shipment, error) {
	answer, err := s.client.CancelShipmentById(ctx, &shippingapi.CancelShipmentByIdRequest{IdempotencyKey: key, ShipmentId: id})
	if err != nil {
		return nil, fault.RenameViolations(err, inputFields)
	}
	return s.one("CancelShipmentById", answer.GetShipment(), func(m *shippingapi.Shipment) bool { return m.GetId() == id })
}

// one gives the shipment that a command's answer has. One that is not the one meant is refused: it is not for the caller to see.
func (s *Source) one(operation string, m *shippingapi.Shipment, meant func(*shippingapi.Shipment) bool) (*Shipment, error) {
	converted, f := upstream.Convert(s.grpc.Origin(operation), nil, m, func(m *shippingapi.Shipment) (*Shipment, error) {
		if !meant(m) {
			return nil, upstream.Violation("the answer is the shipment %q of the order %q, which was not meant", m.GetId(), m.GetOrderId())
		}
		return shipment(m)
	})
	if f != nil {
		return nil, f
	}
	return converted, nil
}
