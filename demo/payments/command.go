package payments

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// maxBody bounds a body in bytes: none that the contract allows comes near.
const maxBody = 64 << 10

// The commands that others undo.
const (
	authorizePayment = "authorizePayment"
	capturePayment   = "capturePayment"
)

// wanted is what a command on one payment asks for, as the ledger keeps it.
type wanted struct {
	PaymentID string `json:"paymentId"`
	Body      any    `json:"body,omitempty"`
}

// AuthorizePayment answers POST /payments.
func (s *service) AuthorizePayment(w http.ResponseWriter, r *http.Request, params paymentsapi.AuthorizePaymentParams) {
	var in paymentsapi.Authorization
	if err := read(w, r, params.IdempotencyKey, &in); err != nil {
		refuse(w, err)
		return
	}
	if err := checkAuthorization(in); err != nil {
		refuse(w, err)
		return
	}
	c := commandOf(r, authorizePayment, params.IdempotencyKey, in)
	p, err := ledger.Do(s.ledger, c, func() (paymentsapi.Payment, bool, error) {
		if in.OrderId != nil {
			if err := s.checkUnpaid(*in.OrderId); err != nil {
				return paymentsapi.Payment{}, false, err
			}
		}
		p := s.begin(in)
		if code, ok := declineCodes[lastFour(in.Method)]; ok {
			p.Status = paymentsapi.PaymentStatusDeclined
			return paymentsapi.Payment{}, false, decline(p, code)
		}
		s.authorizedBy[c.Key] = p
		return *p, true, nil
	})
	answer(w, http.StatusCreated, p, err)
}

// CapturePayment answers POST /payments/{id}/capture.
func (s *service) CapturePayment(w http.ResponseWriter, r *http.Request, id string, params paymentsapi.CapturePaymentParams) {
	var in paymentsapi.Capture
	if err := read(w, r, params.IdempotencyKey, &in); err != nil {
		refuse(w, err)
		return
	}
	if err := first(needID("id", id), checkCapture(in)); err != nil {
		refuse(w, err)
		return
	}
	c := commandOf(r, capturePayment, params.IdempotencyKey, wanted{id, in})
	s.change(w, c, id, func(p *paymentsapi.Payment) (bool, error) {
		if p.Status != paymentsapi.PaymentStatusAuthorized {
			return false, wrongStatus(p)
		}
		if err := checkMovable(p, in.Amount, p.Amount.Value); err != nil {
			return false, err
		}
		if in.OrderId != nil {
			if err := s.assign(p, *in.OrderId); err != nil {
				return false, err
			}
		}
		p.Status = paymentsapi.PaymentStatusCaptured
		p.CapturedAmount = in.Amount
		s.capturedBy[c.Key] = p
		return true, nil
	})
}

// VoidPayment answers POST /payments/{id}/void.
func (s *service) VoidPayment(w http.ResponseWriter, r *http.Request, id string, params paymentsapi.VoidPaymentParams) {
	if err := checkNamed(id, params.IdempotencyKey); err != nil {
		refuse(w, err)
		return
	}
	s.change(w, commandOf(r, "voidPayment", params.IdempotencyKey, wanted{PaymentID: id}), id, func(p *paymentsapi.Payment) (bool, error) {
		switch p.Status {
		case paymentsapi.PaymentStatusAuthorized:
			p.Status = paymentsapi.PaymentStatusVoided
			return true, nil
		case paymentsapi.PaymentStatusVoided:
			return false, nil
		default:
			return false, wrongStatus(p)
		}
	})
}

// RefundPayment answers POST /payments/{id}/refund.
func (s *service) RefundPayment(w http.ResponseWriter, r *http.Request, id string, params paymentsapi.RefundPaymentParams) {
	var in paymentsapi.Refund
	if err := read(w, r, params.IdempotencyKey, &in); err != nil {
		refuse(w, err)
		return
	}
	if err := first(needID("id", id), checkAmount(in.Amount)); err != nil {
		refuse(w, err)
		return
	}
	s.change(w, commandOf(r, "refundPayment", params.IdempotencyKey, wanted{id, in}), id, func(p *paymentsapi.Payment) (bool, error) {
		switch p.Status {
		case paymentsapi.PaymentStatusCaptured, paymentsapi.PaymentStatusRefunded:
		default:
			return false, wrongStatus(p)
		}
		if err := checkMovable(p, in.Amount, kept(p)); err != nil {
			return false, err
		}
		giveBack(p, in.Amount.Value)
		return true, nil
	})
}

// change runs a command on one payment, and answers with the payment as it is then. run says whether it changed anything, which
// it does not if it fails.
func (s *service) change(w http.ResponseWriter, c ledger.Command, id string, run func(*paymentsapi.Payment) (bool, error)) {
	p, err := ledger.Do(s.ledger, c, func() (paymentsapi.Payment, bool, error) {
		p := s.byID[id]
		if p == nil {
			return paymentsapi.Payment{}, false, noSuchPayment(id)
		}
		changed, err := run(p)
		if err != nil {
			return paymentsapi.Payment{}, false, err
		}
		return *p, changed, nil
	})
	answer(w, http.StatusOK, p, err)
}

// begin makes an authorized payment. The caller holds the ledger's lock.
func (s *service) begin(in paymentsapi.Authorization) *paymentsapi.Payment {
	none := paymentsapi.Amount{Currency: in.Amount.Currency}
	p := &paymentsapi.Payment{
		Id:             fmt.Sprintf("pay-%06d", len(s.byID)+1),
		OrderId:        in.OrderId,
		Reference:      in.Reference,
		CustomerId:     in.CustomerId,
		Status:         paymentsapi.PaymentStatusAuthorized,
		Method:         in.Method,
		Amount:         in.Amount,
		CapturedAmount: none,
		RefundedAmount: none,
		CreatedAt:      time.Now().UTC().Truncate(time.Millisecond),
	}
	s.add(p)
	return p
}

// assign says which order a payment is for. It fails if the payment is for another, or the order has another payment.
func (s *service) assign(p *paymentsapi.Payment, orderID string) error {
	if p.OrderId != nil {
		if *p.OrderId != orderID {
			return wrongState(fmt.Sprintf("The payment %s is for the order %s.", p.Id, *p.OrderId))
		}
		return nil
	}
	if err := s.checkUnpaid(orderID); err != nil {
		return err
	}
	p.OrderId = &orderID
	s.current[orderID] = p
	return nil
}

// checkUnpaid fails if an order has a payment that holds or keeps money.
func (s *service) checkUnpaid(orderID string) error {
	p := s.current[orderID]
	if p != nil && (p.Status == paymentsapi.PaymentStatusAuthorized || kept(p) > 0) {
		return paymentExists(p)
	}
	return nil
}

// kept gives what was taken and not given back.
func kept(p *paymentsapi.Payment) int32 { return p.CapturedAmount.Value - p.RefundedAmount.Value }

func giveBack(p *paymentsapi.Payment, value int32) {
	p.RefundedAmount.Value += value
	p.Status = paymentsapi.PaymentStatusRefunded
}

func commandOf(r *http.Request, name, key string, input any) ledger.Command {
	return ledger.Command{Name: name, Key: key, Caller: r.Header.Get("Caller-Sub"), Input: input}
}

// read checks a command's key and reads its body.
func read(w http.ResponseWriter, r *http.Request, key string, body any) *refusal {
	if err := checkKey(key); err != nil {
		return err
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return invalid(fmt.Sprintf("The body cannot be read, or is larger than %d bytes.", maxBody))
	}
	if err := json.Unmarshal(b, body); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return invalid(fmt.Sprintf("%s: It has another type.", wrong.Field))
		}
		return invalid("The body is not JSON.")
	}
	return nil
}
