package payments

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
)

// refusal is why a request was refused.
type refusal struct {
	status  int
	code    paymentsapi.ErrorCode
	message string
}

func (r *refusal) Error() string { return r.message }

func invalid(message string) *refusal {
	return &refusal{http.StatusBadRequest, paymentsapi.ErrorCodeInvalidRequest, message}
}

func badKey(message string) *refusal {
	return &refusal{http.StatusBadRequest, paymentsapi.ErrorCodeIdempotencyKeyRequired, message}
}

func noSuchOperation(r *http.Request) *refusal {
	message := fmt.Sprintf("There is no operation %s %s.", r.Method, r.URL.Path)
	return &refusal{http.StatusNotFound, paymentsapi.ErrorCodeOperationNotFound, message}
}

func noSuchPayment(id string) *refusal {
	return &refusal{http.StatusNotFound, paymentsapi.ErrorCodePaymentNotFound, fmt.Sprintf("There is no payment %s.", id)}
}

func paymentExists(p *paymentsapi.Payment) *refusal {
	message := fmt.Sprintf("The order %s has the payment %s.", *p.OrderId, p.Id)
	return &refusal{http.StatusConflict, paymentsapi.ErrorCodePaymentExists, message}
}

func wrongState(message string) *refusal {
	return &refusal{http.StatusPreconditionFailed, paymentsapi.ErrorCodeWrongState, message}
}

func wrongStatus(p *paymentsapi.Payment) *refusal {
	return wrongState(fmt.Sprintf("The payment %s is %s.", p.Id, p.Status))
}

// declined is that the bank or the card's issuer refused, as it goes out.
type declined paymentsapi.Decline

func (d *declined) Error() string { return d.Detail }

func decline(p *paymentsapi.Payment, code paymentsapi.DeclineCode) *declined {
	detail := map[paymentsapi.DeclineCode]string{
		paymentsapi.DeclineCodeRefused:           "The issuer refuses this payment. Use another method.",
		paymentsapi.DeclineCodeInsufficientFunds: "There is not enough money. Use another method.",
		paymentsapi.DeclineCodeExpired:           "It is no longer valid. Use another method.",
	}[code]
	return &declined{
		Type:        "https://payments.storefront.example/problems/payment-declined",
		Title:       "The payment was declined.",
		Status:      http.StatusUnprocessableEntity,
		Detail:      detail,
		DeclineCode: code,
		PaymentId:   p.Id,
		Errors:      []paymentsapi.DeclinedMember{{Detail: detail, Pointer: "#/method"}},
	}
}

// answer answers a command with what it gave or failed with.
func answer(w http.ResponseWriter, status int, body any, err error) {
	if err == nil {
		write(w, status, mediaJSON, body)
		return
	}
	if d, ok := errors.AsType[*declined](err); ok {
		write(w, int(d.Status), mediaProblem, d)
		return
	}
	refuse(w, refusalOf(err))
}

// refusalOf gives the refusal that a command failed with.
func refusalOf(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	switch {
	case errors.Is(err, ledger.ErrKeyReused):
		return &refusal{http.StatusConflict, paymentsapi.ErrorCodeIdempotencyKeyReused, "The idempotency key was used with another input."}
	case errors.Is(err, ledger.ErrUndone):
		return &refusal{http.StatusPreconditionFailed, paymentsapi.ErrorCodeUndone, "The command was undone, or its undoing came before it."}
	}
	return &refusal{http.StatusInternalServerError, paymentsapi.ErrorCodeDefect, "This is a defect of the service."}
}

func refuse(w http.ResponseWriter, r *refusal) {
	write(w, r.status, mediaJSON, paymentsapi.ErrorAnswer{Error: paymentsapi.ErrorDetails{Code: r.code, Message: r.message}})
}

func write(w http.ResponseWriter, status int, mediaType string, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "The answer cannot be written.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller is gone if this fails
}
