package payments_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// summary gives a payment's status, what was captured and what was refunded; nothing for none.
func summary(p *paymentsapi.Payment) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", p.Status, p.CapturedAmount.Value, p.RefundedAmount.Value)
}

func undoAuthorization(t *testing.T, client *paymentsapi.ClientWithResponses, key, target string) (int, *paymentsapi.Undone) {
	t.Helper()
	params := &paymentsapi.UndoAuthorizationParams{IdempotencyKey: key}
	answer, err := client.UndoAuthorizationWithResponse(t.Context(), params, paymentsapi.UndoAuthorization{AuthorizationKey: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func undoCapture(t *testing.T, client *paymentsapi.ClientWithResponses, key, target string) (int, *paymentsapi.Undone) {
	t.Helper()
	params := &paymentsapi.UndoCaptureParams{IdempotencyKey: key}
	answer, err := client.UndoCaptureWithResponse(t.Context(), params, paymentsapi.UndoCapture{CaptureKey: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func TestUndoingReleasesWhatIsLeft(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		captured, refunded int32 // before; 0 for not at all
		void               bool  // before
		undoes             string
		undone             bool
		after              string
	}{
		"the hold stands":                        {0, 0, false, "authorization", true, "voided 0 0"},
		"the hold was lifted already":            {0, 0, true, "authorization", false, "voided 0 0"},
		"a part was captured":                    {3000, 0, false, "capture", true, "refunded 3000 3000"},
		"a part was refunded":                    {5000, 2000, false, "capture", true, "refunded 5000 5000"},
		"all was refunded":                       {5000, 5000, false, "capture", false, "refunded 5000 5000"},
		"what was held is captured":              {5000, 0, false, "authorization", true, "refunded 5000 5000"},
		"what was held is captured and refunded": {5000, 5000, false, "authorization", false, "refunded 5000 5000"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, _, _ := start(t)
			id := authorize(t, client, "key-authorize", authorization("", "4242")).JSON201.Id
			if c.captured > 0 {
				capture(t, client, "key-capture", id, paymentsapi.Capture{Amount: eur(c.captured)})
			}
			if c.refunded > 0 {
				refund(t, client, "key-refund", id, eur(c.refunded))
			}
			if c.void {
				void(t, client, "key-void", id)
			}
			undo := undoAuthorization
			if c.undoes == "capture" {
				undo = undoCapture
			}
			target := map[string]string{"authorization": "key-authorize", "capture": "key-capture"}[c.undoes]
			for range 2 { // the second time, the first outcome is given again
				status, got := undo(t, client, "key-undo-1", target)
				if status != http.StatusOK || got.Undone != c.undone || summary(got.Payment) != c.after {
					t.Fatalf("want %t and %q, got %d %+v", c.undone, c.after, status, got)
				}
			}
			if _, got := undo(t, client, "key-undo-2", target); got == nil || got.Undone {
				t.Errorf("want nothing left to undo, got %+v", got)
			}
			if after := summary(read(t, client, id)); after != c.after {
				t.Errorf("want %q at the end, got %q", c.after, after)
			}
			late := authorize(t, client, "key-authorize", authorization("", "4242"))
			if refused := late.JSON412 != nil; refused != (c.undoes == "authorization") {
				t.Errorf("want an undone command refused, and no other, got %s", late.Status())
			}
		})
	}
}

func TestUndoingFirstRefusesTheLateAuthorization(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t)
	if status, got := undoAuthorization(t, client, "key-undo-1", "key-authorize"); status != http.StatusOK || got.Undone || got.Payment != nil {
		t.Fatalf("want nothing undone, got %d %+v", status, got)
	}
	late := authorize(t, client, "key-authorize", authorization("ord-000006", "4242"))
	if late.JSON412 == nil || late.JSON412.Error.Code != "undone" {
		t.Errorf("want the late command refused, got %s %s", late.Status(), late.Body)
	}
	if p := current(t, client, "ord-000006"); p != nil {
		t.Errorf("want no payment, got %+v", p)
	}
	if status, _ := undoAuthorization(t, client, "key-undo-1", "key-another-one"); status != http.StatusConflict {
		t.Errorf("want the key refused, got %d", status)
	}
}

func TestUndoingFirstRefusesTheLateCapture(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t)
	if status, got := undoCapture(t, client, "key-undo-1", "key-capture"); status != http.StatusOK || got.Undone || got.Payment != nil {
		t.Fatalf("want nothing undone, got %d %+v", status, got)
	}
	if status, _ := capture(t, client, "key-capture", "pay-000001", paymentsapi.Capture{Amount: eur(5000)}); status != http.StatusPreconditionFailed {
		t.Errorf("want the late command refused, got %d", status)
	}
	if after := summary(read(t, client, "pay-000001")); after != "authorized 0 0" {
		t.Errorf("want the hold to stand, got %q", after)
	}
}

func TestUndoingAnotherKindOfCommandLeavesIt(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t)
	first := authorize(t, client, "key-authorize", authorization("", "4242"))
	if status, got := undoCapture(t, client, "key-undo-1", "key-authorize"); status != http.StatusOK || got.Undone || got.Payment != nil {
		t.Fatalf("want nothing undone, got %d %+v", status, got)
	}
	again := authorize(t, client, "key-authorize", authorization("", "4242"))
	if string(again.Body) != string(first.Body) {
		t.Errorf("want the first answer again, got %s %s", again.Status(), again.Body)
	}
	if _, got := undoAuthorization(t, client, "key-undo-2", "key-authorize"); got == nil || !got.Undone {
		t.Errorf("want the hold lifted, got %+v", got)
	}
	if status, _ := void(t, client, "key-void-1", first.JSON201.Id); status != http.StatusOK {
		t.Errorf("want voiding what is voided accepted, got %d", status)
	}
	for i, changed := range []bool{true, false, true, false} {
		if e := l.Entries()[i]; e.Changed != changed || e.Input == nil {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
}
