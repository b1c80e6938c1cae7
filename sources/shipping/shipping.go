// Package shipping reads and orders shipments at the shipping service.
package shipping

import (
	"time"

	"github.com/mainstem/mainstem/sources"
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
