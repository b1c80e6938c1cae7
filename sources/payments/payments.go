// Package payments reads and moves money at the payments service.
package payments

import (
	"context"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
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
	OrderID    string // the order's local id; empty for a payment whose order is not placed yet
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

// NewPayment is money to hold. It has an OrderID, a Reference, or both.
type NewPayment struct {
	OrderID    string // the order's local id; empty for an order that does not exist yet, which Capture names
	Reference  string // what the money is for in the caller's words, such as a checkout's id; empty for none
	CustomerID string // the customer's local id
	Amount     sources.Money
	Method     PaymentMethod
}

// UndonePayment is what the undoing of an authorization or a capture did.
type UndonePayment struct {
	Undone  bool     // whether it let go of money or gave some back
	Payment *Payment // the payment as it is now; nil if none was authorized or captured under the key
}

// MaxBatch is how many payments one call can ask for.
const MaxBatch = 100

// Inputs is what the payments service is given of a request: who is behind it, which it keeps with a command.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// Why a payment is declined, as the Reason of the BAD_USER_INPUT that Authorize fails with. Its one violation, of "method", says it
// to the customer. The payment is kept in the state DECLINED.
const (
	ReasonDeclined          = "declined" // the issuer does not say why, or gives a cause that the contract does not know
	ReasonInsufficientFunds = "insufficient_funds"
	ReasonMethodExpired     = "expired"
)

// Why the payments service refuses a command otherwise, as the Reason of the fault.
const (
	ReasonNoSuchPayment  = string(paymentsapi.ErrorCodePaymentNotFound)
	ReasonKeyReused      = string(paymentsapi.ErrorCodeIdempotencyKeyReused) // for another command or another input
	ReasonPaymentExists  = string(paymentsapi.ErrorCodePaymentExists)        // the order has one that holds or keeps money
	ReasonWrongState     = string(paymentsapi.ErrorCodeWrongState)
	ReasonAmountTooLarge = string(paymentsapi.ErrorCodeAmountTooLarge)
	ReasonUndone         = string(paymentsapi.ErrorCodeUndone) // before it arrived: it will never be done
)

// Source reads and moves money. It is safe for concurrent use.
type Source struct{ http *upstream.HTTP }

// New makes the source of the payments service that h calls.
func New(h *upstream.HTTP) *Source { return &Source{http: h} }

// ByIDs gives payments by their local ids, MaxBatch at most: for more, the service refuses all with BAD_USER_INPUT. A payment that the
// service does not know is absent; one that does not fit the contract is in the fault.Items beside the others.
func (s *Source) ByIDs(ctx context.Context, ids []string) (map[string]*Payment, error) {
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(ids)), "batchGetPayments", func(url string) (*http.Request, error) {
		return paymentsapi.NewBatchGetPaymentsRequest(url, &paymentsapi.BatchGetPaymentsParams{Id: ids})
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[paymentsapi.PaymentBatch, paymentsapi.Payment](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, ids, batch.Items, broken,
		func(p *paymentsapi.Payment) string { return p.Id }, payment)
}

// ByOrderID gives the current payments of orders by the orders' local ids, MaxBatch at most. An order for which no payment was
// begun is absent.
func (s *Source) ByOrderID(ctx context.Context, orderIDs []string) (map[string]*Payment, error) {
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(orderIDs)), "listPaymentsOfOrders", func(url string) (*http.Request, error) {
		return paymentsapi.NewListPaymentsOfOrdersRequest(url, &paymentsapi.ListPaymentsOfOrdersParams{OrderId: orderIDs})
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[paymentsapi.PaymentBatch, paymentsapi.Payment](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, orderIDs, batch.Items, broken, orderOf, paymentOfOrder)
}

// Authorize holds money. A decline is BAD_USER_INPUT with ReasonDeclined, ReasonInsufficientFunds or ReasonMethodExpired. While
// the order has another payment that holds or keeps money, it is CONFLICT with ReasonPaymentExists.
func (s *Source) Authorize(ctx context.Context, key string, n NewPayment) (*Payment, error) {
	body, err := authorization(n)
	if err != nil {
		return nil, err
	}
	return s.command(ctx, "authorizePayment", func(p *paymentsapi.Payment) bool { return p.CustomerId == n.CustomerID }, func(url string) (*http.Request, error) {
		return paymentsapi.NewAuthorizePaymentRequest(url, &paymentsapi.AuthorizePaymentParams{IdempotencyKey: key}, body)
	})
}

// Capture takes money that is held, at most what was authorized, and lets go of the rest: a payment is captured once. orderID is the
// local id of the order that is paid for, which a payment that was authorized before its order has from then on; it may be empty
// for a payment that has its order. PRECONDITION_FAILED comes with ReasonWrongState, ReasonAmountTooLarge or ReasonUndone.
func (s *Source) Capture(ctx context.Context, key, id string, amount sources.Money, orderID string) (*Payment, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.command(ctx, "capturePayment", func(p *paymentsapi.Payment) bool { return p.Id == id }, func(url string) (*http.Request, error) {
		return paymentsapi.NewCapturePaymentRequest(url, id, &paymentsapi.CapturePaymentParams{IdempotencyKey: key},
			paymentsapi.Capture{Amount: amountOut(amount), OrderId: optional(orderID)})
	})
}

// Void lets go of money that is held. A payment that is voided already stays so; any other state is PRECONDITION_FAILED with
// ReasonWrongState.
func (s *Source) Void(ctx context.Context, key, id string) (*Payment, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.command(ctx, "voidPayment", func(p *paymentsapi.Payment) bool { return p.Id == id }, func(url string) (*http.Request, error) {
		return paymentsapi.NewVoidPaymentRequest(url, id, &paymentsapi.VoidPaymentParams{IdempotencyKey: key})
	})
}

// Refund gives back money that was taken, at most what is left of it. PRECONDITION_FAILED comes with ReasonWrongState,
// ReasonAmountTooLarge or ReasonUndone.
func (s *Source) Refund(ctx context.Context, key, id string, amount sources.Money) (*Payment, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.command(ctx, "refundPayment", func(p *paymentsapi.Payment) bool { return p.Id == id }, func(url string) (*http.Request, error) {
		return paymentsapi.NewRefundPaymentRequest(url, id, &paymentsapi.RefundPaymentParams{IdempotencyKey: key},
			paymentsapi.Refund{Amount: amountOut(amount)})
	})
}

// UndoAuthorize lets go of the money that was held under authorizeKey, or gives back what was captured of it since, and sees to it
// that an Authorize with that key is refused from now on. That nothing was authorized under it is a success.
func (s *Source) UndoAuthorize(ctx context.Context, key, authorizeKey string) (UndonePayment, error) {
	return s.undo(ctx, "undoAuthorization", func(url string) (*http.Request, error) {
		return paymentsapi.NewUndoAuthorizationRequest(url, &paymentsapi.UndoAuthorizationParams{IdempotencyKey: key},
			paymentsapi.UndoAuthorization{AuthorizationKey: authorizeKey})
	})
}

// UndoCapture gives back the money that was taken under captureKey, and sees to it that a Capture with that key is refused from now
// on. The hold does not come back. That nothing was captured under it is a success.
func (s *Source) UndoCapture(ctx context.Context, key, captureKey string) (UndonePayment, error) {
	return s.undo(ctx, "undoCapture", func(url string) (*http.Request, error) {
		return paymentsapi.NewUndoCaptureRequest(url, &paymentsapi.UndoCaptureParams{IdempotencyKey: key},
			paymentsapi.UndoCapture{CaptureKey: captureKey})
	})
}

// command makes a call that changes one payment, and gives the payment as it is then. A payment that is not the one meant is refused: it
// is not for the caller to see.
func (s *Source) command(
	ctx context.Context, operation string, meant func(*paymentsapi.Payment) bool,
	build func(url string) (*http.Request, error),
) (*Payment, error) {
	answer, err := s.http.Do(ctx, operation, build)
	if err != nil {
		return nil, refused(answer, err)
	}
	changed, err := upstream.Decode[paymentsapi.Payment](answer)
	if err != nil {
		return nil, err
	}
	p, f := upstream.Convert(answer.Origin, nil, changed, func(p *paymentsapi.Payment) (*Payment, error) {
		if !meant(p) {
			return nil, upstream.Violation("the answer is the payment %q of the customer %q, which was not meant", p.Id, p.CustomerId)
		}
		return payment(p)
	})
	if f != nil {
		return nil, f
	}
	return p, nil
}

func (s *Source) undo(ctx context.Context, operation string, build func(url string) (*http.Request, error)) (UndonePayment, error) {
	answer, err := s.http.Do(ctx, operation, build)
	if err != nil {
		return UndonePayment{}, refused(answer, err)
	}
	undone, err := upstream.Decode[paymentsapi.Undone](answer)
	if err != nil {
		return UndonePayment{}, err
	}
	u, f := upstream.Convert(answer.Origin, nil, undone, undonePayment)
	if f != nil {
		return UndonePayment{}, f
	}
	return u, nil
}
