// Package orders reads and writes orders at the orders service.
package orders

import (
	"time"

	"github.com/mainstem/mainstem/sources"
)

// Order is something bought.
type Order struct {
	ID              sources.ID
	Number          string
	Status          OrderStatus
	PlacedAt        time.Time
	Lines           []OrderLine
	Subtotal        sources.Money
	ShippingCost    sources.Money
	Tax             sources.Money
	Total           sources.Money
	ShippingAddress sources.Address
	CustomerID      string // the customer's local id
}

// IsNode marks Order as a Node.
func (*Order) IsNode() {}

// OrderStatus says how far an order is.
type OrderStatus string

// The states of an order.
const (
	OrderPending   OrderStatus = "PENDING"
	OrderPaid      OrderStatus = "PAID"
	OrderShipped   OrderStatus = "SHIPPED"
	OrderDelivered OrderStatus = "DELIVERED"
	OrderCancelled OrderStatus = "CANCELLED"
)

// OrderLine is so many of one product, at one price.
type OrderLine struct {
	SKU       string
	Name      string
	Quantity  int32
	UnitPrice sources.Money
	Total     sources.Money
}

// OrderConnection is a page of orders.
type OrderConnection = sources.Page[*Order]

// OrderEdge is an order and its place in the list.
type OrderEdge = sources.Edge[*Order]
