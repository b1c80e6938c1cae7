// Package payments reads and moves money at the payments service.
package payments

import (
	"time"

	"github.com/mainstem/mainstem/sources"
)

// Payment is money that moves for an order.
type Payment struct {
	ID         sources.ID
	Status     PaymentStatus
	Method     PaymentMethod
	Amount     sources.Money
	Captured   sources.Money
	Refunded   sources.Money
	CreatedAt  time.Time
	OrderID    string // the order's local id
	CustomerID string // the customer's local id
}

// IsNode marks Payment as a Node.
func (*Payment) IsNode() {}

// PaymentStatus says how far a payment is.
type PaymentStatus string

// The states of a payment.
const (
	PaymentAuthorized PaymentStatus = "AUTHORIZED"
	PaymentCaptured   PaymentStatus = "CAPTURED"
	PaymentVoided     PaymentStatus = "VOIDED"
	PaymentRefunded   PaymentStatus = "REFUNDED"
	PaymentDeclined   PaymentStatus = "DECLINED"
)

// PaymentMethod is what a payment is made with: a Card, a BankTransfer or a GiftCard.
type PaymentMethod interface{ IsPaymentMethod() }

// Card is a credit or debit card.
type Card struct {
	Brand       string
	Last4       string
	ExpiryMonth int32
	ExpiryYear  int32
}

// IsPaymentMethod marks Card as a PaymentMethod.
func (Card) IsPaymentMethod() {}

// BankTransfer is a transfer from a bank account.
type BankTransfer struct {
	Bank      string
	IBANLast4 string
}

// IsPaymentMethod marks BankTransfer as a PaymentMethod.
func (BankTransfer) IsPaymentMethod() {}

// GiftCard is a gift card of the shop.
type GiftCard struct {
	CodeLast4 string
}

// IsPaymentMethod marks GiftCard as a PaymentMethod.
func (GiftCard) IsPaymentMethod() {}
