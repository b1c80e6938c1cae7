package shipping

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

// Why the shipping service refuses, in fault.Error.Reason.
const (
	ReasonOrderHasShipment = "ORDER_HAS_SHIPMENT"     // the order has a shipment that is not cancelled
	ReasonAddressNotServed = "ADDRESS_NOT_SERVED"     // no carrier goes to the country
	ReasonCommandUndone    = "COMMAND_UNDONE"         // the command was undone
	ReasonShipmentUnknown  = "SHIPMENT_UNKNOWN"       // there is no such shipment
	ReasonInTransit        = "SHIPMENT_IN_TRANSIT"    // the carrier has, or had, the parcel
	ReasonKeyReused        = "IDEMPOTENCY_KEY_REUSED" // the key belongs to another command, or to another input
	ReasonRateExceeded     = "RATE_EXCEEDED"          // too many calls
)

var statuses = map[shippingapi.ParcelState]ShipmentStatus{
	shippingapi.ParcelState_PARCEL_STATE_LABEL_PRINTED: ShipmentLabelled,
	shippingapi.ParcelState_PARCEL_STATE_WITH_CARRIER:  ShipmentInTransit,
	shippingapi.ParcelState_PARCEL_STATE_ON_VAN:        ShipmentOutForDelivery,
	shippingapi.ParcelState_PARCEL_STATE_HANDED_OVER:   ShipmentDelivered,
	shippingapi.ParcelState_PARCEL_STATE_VOIDED:        ShipmentCancelled,
}

func shipment(m *shippingapi.Shipment) (*Shipment, error) {
	for _, id := range []string{m.GetId(), m.GetOrderId(), m.GetCustomerId()} {
		if !sources.ValidLocal(id) {
			return nil, upstream.Violation("shipment %q of order %q of customer %q: not an id", m.GetId(), m.GetOrderId(), m.GetCustomerId())
		}
	}
	status, ok := statuses[m.GetState()]
	if !ok {
		return nil, upstream.Violation("shipment %q has the state %s", m.GetId(), m.GetState())
	}
	if m.GetCarrier() == "" || m.GetTrackingNumber() == "" {
		return nil, upstream.Violation("shipment %q lacks a carrier or its number", m.GetId())
	}
	url, err := trackingURL(m)
	if err != nil {
		return nil, err
	}
	estimated, err := moment(m.GetEstimatedAt())
	if err != nil {
		return nil, upstream.Violation("shipment %q: estimated_at: %w", m.GetId(), err)
	}
	delivered, err := moment(m.GetHandedOverAt())
	if err != nil {
		return nil, upstream.Violation("shipment %q: handed_over_at: %w", m.GetId(), err)
	}
	events, err := trackingEvents(m)
	if err != nil {
		return nil, err
	}
	return &Shipment{
		ID:                sources.ID{Type: "Shipment", Local: m.GetId()},
		Status:            status,
		Carrier:           m.GetCarrier(),
		TrackingNumber:    m.GetTrackingNumber(),
		TrackingURL:       url,
		EstimatedDelivery: estimated,
		DeliveredAt:       delivered,
		Events:            events,
		OrderID:           m.GetOrderId(),
		CustomerID:        m.GetCustomerId(),
	}, nil
}

// trackingURL gives nil if the carrier has no page about the parcel.
func trackingURL(m *shippingapi.Shipment) (*sources.URL, error) {
	if m.TrackingUrl == nil {
		return nil, nil
	}
	url, err := sources.ParseURL(m.GetTrackingUrl())
	if err != nil {
		return nil, upstream.Violation("shipment %q has its page at %q", m.GetId(), m.GetTrackingUrl())
	}
	return &url, nil
}

// moment gives nil for a time that is absent.
func moment(m *timestamppb.Timestamp) (*time.Time, error) {
	if m == nil {
		return nil, nil
	}
	if err := m.CheckValid(); err != nil {
		return nil, err
	}
	t := m.AsTime()
	return &t, nil
}

// trackingEvents gives the latest event first, which the service sends last.
func trackingEvents(m *shippingapi.Shipment) ([]TrackingEvent, error) {
	events := make([]TrackingEvent, 0, len(m.GetScans()))
	for i, scan := range slices.Backward(m.GetScans()) {
		if err := scan.GetAt().CheckValid(); err != nil {
			return nil, upstream.Violation("shipment %q: scan %d: at: %w", m.GetId(), i, err)
		}
		if scan.GetText() == "" {
			return nil, upstream.Violation("shipment %q: scan %d has no text", m.GetId(), i)
		}
		events = append(events, TrackingEvent{At: scan.GetAt().AsTime(), Description: scan.GetText(), Location: scan.Place})
	}
	return events, nil
}

func createRequest(key string, n NewShipment) *shippingapi.CreateShipmentRequest {
	return &shippingapi.CreateShipmentRequest{
		IdempotencyKey: key,
		OrderId:        n.OrderID,
		CustomerId:     n.CustomerID,
		Address: &shippingapi.Address{
			Recipient:   n.Address.Recipient,
			Lines:       n.Address.Lines,
			City:        n.Address.City,
			Region:      n.Address.Region,
			PostalCode:  n.Address.PostalCode,
			CountryCode: n.Address.CountryCode,
		},
	}
}

// inputFields gives what inputs call the fields that have another name at the service.
var inputFields = map[string]string{
	"idempotency_key":      "idempotencyKey",
	"order_id":             "orderId",
	"customer_id":          "customerId",
	"address.postal_code":  "address.postalCode",
	"address.country_code": "address.countryCode",
	"creation_key":         "creationKey",
	"shipment_id":          "shipmentId",
}
