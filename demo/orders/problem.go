package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
	problemTypes = "https://orders.storefront.example/problems/"
)

// problem is a refusal, as it goes out.
type problem ordersapi.Problem

func (p *problem) Error() string { return p.Detail }

func malformed(detail string) *problem {
	return &problem{Type: problemTypes + "malformed", Title: "The request cannot be read.", Status: http.StatusBadRequest, Detail: detail}
}

func noSuchOperation(r *http.Request) *problem {
	return &problem{
		Type: problemTypes + "no-such-operation", Title: "There is no such operation.", Status: http.StatusNotFound,
		Detail: fmt.Sprintf("There is no operation %s %s.", r.Method, r.URL.Path),
	}
}

func noSuchOrder(id string) *problem {
	return &problem{
		Type: problemTypes + "no-such-order", Title: "There is no such order.", Status: http.StatusNotFound,
		Detail: fmt.Sprintf("There is no order %s.", id),
	}
}

func stateForbids(o *ordersapi.Order) *problem {
	return &problem{
		Type: problemTypes + "state-forbids", Title: "The order's state does not allow this.", Status: http.StatusPreconditionFailed,
		Detail: fmt.Sprintf("The order %s is %s.", o.Id, o.Status),
	}
}

func notAccepted(violations []ordersapi.Violation) *problem {
	return &problem{
		Type: problemTypes + "not-accepted", Title: "The input is not acceptable.", Status: http.StatusUnprocessableEntity,
		Detail: "Members of the body are not acceptable.", Errors: &violations,
	}
}

// problemOf gives the problem that a command failed with.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, ledger.ErrKeyReused):
		return &problem{
			Type: problemTypes + "key-reused", Title: "The idempotency key was used with another input.", Status: http.StatusConflict,
			Detail: "Use a new key for a new command.",
		}
	case errors.Is(err, ledger.ErrUndone):
		return &problem{
			Type: problemTypes + "undone", Title: "The command is undone.", Status: http.StatusPreconditionFailed,
			Detail: "It was undone, or its undoing came before it. Nothing more will be done under this key.",
		}
	}
	return &problem{
		Type: problemTypes + "defect", Title: "The service failed.", Status: http.StatusInternalServerError,
		Detail: "This is a defect of the service.",
	}
}

// refuse answers with a problem document.
func refuse(w http.ResponseWriter, p *problem) {
	write(w, int(p.Status), mediaProblem, p)
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
