// Package world generates the records of the demo's seven services: one consistent storefront from one seed.
package world

import "time"

// World is a storefront's data. The same Options give the same World. It is read only once made: services copy what they change.
type World struct {
	Now        time.Time // the moment that the data was "taken": fixed, so that answers are reproducible
	Categories []Category
	Products   []Product // oldest first
	Customers  []Customer
	Reviews    []Review // oldest first
	Orders     []Order  // oldest first
}

// Category is a shelf. Categories form a tree of two levels.
type Category struct {
	ID          string // "CAT-01"
	ParentID    string // empty at the top
	Name        string
	Slug        string
	Description string
}

// Product is something that the shop sells, with its stock.
type Product struct {
	SKU         string // "SKU-000001"
	CategoryID  string
	Name        string
	Description string
	Brand       string
	Price       int32  // minor units of Currency
	Status      string // "active", "announced" or "discontinued"
	Images      []Image
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Stock       []Stock // by warehouse; empty if the warehouses do not keep the product
	StockAt     time.Time
}

// Currency is what every price is in.
const Currency = "EUR"

// Image is a picture of a product.
type Image struct{ URL, Alt string }

// Stock is what one warehouse has of a product.
type Stock struct {
	Warehouse string // "BER-1"
	OnHand    int32
}

// Customer is somebody who buys.
type Customer struct {
	ID          string // "cus-00001"
	DisplayName string
	FullName    string
	Avatar      string // a URL; empty for none
	Email       string
	Phone       string // E.164; empty for none
	Tier        string // "standard", "silver" or "gold"
	CreatedAt   time.Time
	Addresses   []Address
}

// Address is a postal address.
type Address struct {
	Recipient   string
	Lines       []string
	City        string
	Region      string // empty for none
	PostalCode  string
	CountryCode string
}

// Review is a customer's opinion of a product.
type Review struct {
	ID         string // "rev-0000001"
	SKU        string
	CustomerID string // a few refer to customers who are gone
	Rating     int32
	Title      string // empty for none
	Body       string
	Verified   bool
	CreatedAt  time.Time
}

// Order is something bought, with its payment and its shipment.
type Order struct {
	ID           string // "ord-000001"
	Number       string // "2026-000001"
	CustomerID   string
	Status       string // "pending", "paid", "shipped", "delivered" or "cancelled"
	PlacedAt     time.Time
	Lines        []OrderLine
	ShippingCost int32
	Tax          int32
	Address      Address
	Payment      *Payment  // nil if none was begun
	Shipment     *Shipment // nil as long as nothing is sent
}

// OrderLine is so many of one product.
type OrderLine struct {
	SKU      string // a few refer to products that are gone
	Name     string
	Quantity int32
	Price    int32 // of one
}

// Payment is money that moves for an order.
type Payment struct {
	ID        string // "pay-000001"
	Status    string // "authorized", "captured", "voided", "refunded" or "declined"
	Kind      string // "card", "bank_transfer" or "gift_card"
	Brand     string // card: "visa", "mastercard", "amex"; bank transfer: the bank's name
	Last4     string // of the card, the IBAN or the gift card's code
	Month     int32  // card: when it expires
	Year      int32
	Amount    int32
	Captured  int32
	Refunded  int32
	CreatedAt time.Time
}

// Shipment is a parcel on its way.
type Shipment struct {
	ID             string // "shp-000001"
	Status         string // "labelled", "in_transit", "out_for_delivery", "delivered" or "cancelled"
	Carrier        string
	TrackingNumber string
	TrackingURL    string          // empty for none
	EstimatedAt    time.Time       // zero if not known
	DeliveredAt    time.Time       // zero as long as it has not arrived
	Events         []TrackingEvent // oldest first
}

// TrackingEvent is something that happened to a parcel.
type TrackingEvent struct {
	At          time.Time
	Description string
	Location    string // empty if not known
}
