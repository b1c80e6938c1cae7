package payments

import (
	"net/http"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// UndoAuthorization answers POST /payments/undo-authorize.
func (s *service) UndoAuthorization(w http.ResponseWriter, r *http.Request, params paymentsapi.UndoAuthorizationParams) {
	var in paymentsapi.UndoAuthorization
	if err := read(w, r, params.IdempotencyKey, &in); err != nil {
		refuse(w, err)
		return
	}
	c := commandOf(r, "undoAuthorization", params.IdempotencyKey, in)
	s.undo(w, c, "authorization_key", ledger.Target{Name: authorizePayment, Key: in.AuthorizationKey}, s.authorizedBy)
}

// UndoCapture answers POST /payments/undo-capture.
func (s *service) UndoCapture(w http.ResponseWriter, r *http.Request, params paymentsapi.UndoCaptureParams) {
	var in paymentsapi.UndoCapture
	if err := read(w, r, params.IdempotencyKey, &in); err != nil {
		refuse(w, err)
		return
	}
	c := commandOf(r, "undoCapture", params.IdempotencyKey, in)
	s.undo(w, c, "capture_key", ledger.Target{Name: capturePayment, Key: in.CaptureKey}, s.capturedBy)
}

// undo undoes the target, whose payment the index has if it was done. The ledger sees to it that it never will be, if it was
// not.
func (s *service) undo(w http.ResponseWriter, c ledger.Command, member string, target ledger.Target, index map[string]*paymentsapi.Payment) {
	if err := checkKey(target.Key); err != nil {
		refuse(w, invalid(member+": "+err.message))
		return
	}
	undone, err := ledger.Undo(s.ledger, c, target, func() (paymentsapi.Undone, bool, error) {
		p := index[target.Key]
		if p == nil {
			return paymentsapi.Undone{}, false, nil
		}
		moved := release(p)
		after := *p
		return paymentsapi.Undone{Undone: moved, Payment: &after}, moved, nil
	})
	answer(w, http.StatusOK, undone, err)
}

// release lets go of what a payment holds and gives back what it kept, and says whether there was any.
func release(p *paymentsapi.Payment) bool {
	if p.Status == paymentsapi.PaymentStatusAuthorized {
		p.Status = paymentsapi.PaymentStatusVoided
		return true
	}
	if rest := kept(p); rest > 0 {
		giveBack(p, rest)
		return true
	}
	return false
}
