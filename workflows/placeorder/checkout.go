// Package placeorder is the workflow that places an order: stock is held, money is authorized, the order is placed and sent, and the money is
// taken; or none of it.
package placeorder

import (
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/workflows"
)

// Checkout is an order to place, and how far it is.
type Checkout struct {
	CustomerID    string           `json:"customerId"` // the customer's local id
	Lines         []Line           `json:"lines"`      // each product once
	Address       *sources.Address `json:"address,omitempty"`
	Payment       Method           `json:"payment"`
	ExpectedTotal *sources.Money   `json:"expectedTotal,omitempty"` // what the customer was shown; nil: whatever it costs

	// What the steps have learned.
	Priced        []orders.NewOrderLine `json:"priced,omitempty"`
	ShipTo        sources.Address       `json:"shipTo,omitzero"`
	Amounts       Amounts               `json:"amounts,omitzero"`
	Reference     string                `json:"reference,omitempty"` // what the stock is held for, and the money
	ReservationID string                `json:"reservationId,omitempty"`
	PaymentID     string                `json:"paymentId,omitempty"`
	OrderID       string                `json:"orderId,omitempty"`
	ShipmentID    string                `json:"shipmentId,omitempty"`
	Problems      []Problem             `json:"problems,omitempty"` // why it was refused
}

// Line is so many of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int32  `json:"quantity"`
}

// Method is what is paid with: one of its members is there.
type Method struct {
	Card         *payments.Card         `json:"card,omitempty"`
	BankTransfer *payments.BankTransfer `json:"bankTransfer,omitempty"`
	GiftCard     *payments.GiftCard     `json:"giftCard,omitempty"`
}

// chosen gives the method as the payments service's source has it; nil if there is none.
func (m Method) chosen() payments.PaymentMethod {
	switch {
	case m.Card != nil:
		return *m.Card
	case m.BankTransfer != nil:
		return *m.BankTransfer
	case m.GiftCard != nil:
		return *m.GiftCard
	}
	return nil
}

// Kind is a kind of Problem.
type Kind string

// The kinds of problems, each with the members that it has.
const (
	InvalidInput     Kind = "INVALID_INPUT"      // Field
	ProductNotFound  Kind = "PRODUCT_NOT_FOUND"  // SKUs, one
	PriceChanged     Kind = "PRICE_CHANGED"      // Expected, Actual
	OutOfStock       Kind = "OUT_OF_STOCK"       // SKUs
	PaymentDeclined  Kind = "PAYMENT_DECLINED"   // Reason, as the payments service's source has it
	AddressNotServed Kind = "ADDRESS_NOT_SERVED" // Country
	NotACustomer     Kind = "NOT_A_CUSTOMER"     // none
)

// Problem is why a checkout was refused. Its Kind says which members it has.
type Problem struct {
	Kind     Kind           `json:"kind"`
	Message  string         `json:"message"` // for the customer: what was wrong and what to do
	Field    string         `json:"field,omitempty"`
	SKUs     []string       `json:"skus,omitempty"`
	Expected *sources.Money `json:"expected,omitempty"`
	Actual   *sources.Money `json:"actual,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Country  string         `json:"country,omitempty"`
}

// refuse gives the checkout with problems, and the error of a step that refuses it.
func (s Checkout) refuse(problems ...Problem) (Checkout, error) {
	s.Problems = problems
	return s, workflows.ErrRefused
}

// What happens to orders, as events have it.
const (
	OrderCreated   = "order.created"
	OrderPaid      = "order.paid"
	OrderCancelled = "order.cancelled"
)

// OrderEvent is what an event about an order holds.
type OrderEvent struct {
	OrderID string `json:"orderId"` // the order's local id
}

// Topic gives what the events of a customer's orders are told under.
func Topic(customerID string) string { return "customer/" + customerID }

// Subject gives what the runs of workflows that make or change an order are found by.
func Subject(orderID string) string { return "Order:" + orderID }

// Told gives the event that something happened to an order.
func Told(kind, customerID, orderID string) []workflows.Event {
	return []workflows.Event{{Kind: kind, Topic: Topic(customerID), Payload: OrderEvent{OrderID: orderID}}}
}
