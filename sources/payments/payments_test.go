package payments_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const key = "checkout-7f3a91c2-authorize"

// commands are all commands, by the operation that each calls.
func commands(ctx context.Context, s *payments.Source) map[string]func() error {
	return map[string]func() error{
		"authorizePayment": func() error { _, err := s.Authorize(ctx, key, newPayment()); return err },
		"capturePayment":   func() error { _, err := s.Capture(ctx, key, "pay-000042", euros(4488), "ord-000042"); return err },
		"voidPayment":      func() error { _, err := s.Void(ctx, key, "pay-000042"); return err },
		"refundPayment":    func() error { _, err := s.Refund(ctx, key, "pay-000042", euros(1999)); return err },

		"undoAuthorization": func() error { _, err := s.UndoAuthorize(ctx, key+"-undo", key); return err },
		"undoCapture":       func() error { _, err := s.UndoCapture(ctx, key+"-undo", key); return err },
	}
}

// paymentOutOfRange has what the contract excludes of the payment by card at a place of an answer.
func paymentOutOfRange(at string) map[string]any {
	const currency = "USD" // the other amounts are in EUR
	return map[string]any{
		at + "/id": sourcestest.Several{"", "../x"}, at + "/order_id": sourcestest.Several{"", "../x"}, at + "/customer_id": sourcestest.Several{"", "../x"},
		at + "/amount/value": -1, at + "/amount/currency": currency,
		at + "/captured_amount/value": -1, at + "/captured_amount/currency": currency,
		at + "/refunded_amount/value": sourcestest.Several{-1, 4489}, at + "/refunded_amount/currency": currency, // more than was taken
		at + "/method/card/network": "", at + "/method/card/last4": sourcestest.Several{"", "424", "4242424242424242", "424X"},
		at + "/method/card/expiry_month": sourcestest.Several{0, 13, -1}, at + "/method/card/expiry_year": sourcestest.Several{29, 1999, 2200},
	}
}

func TestSource(t *testing.T) {
	paymentRequired := []string{
		"/id", "/customer_id", "/status", "/method", "/method/type", "/method/card", "/method/card/network", "/method/card/last4", "/method/card/expiry_year",
		"/amount", "/amount/currency", "/captured_amount/value", "/refunded_amount", "/created_at",
	}
	under := func(at string) []string {
		list := make([]string, len(paymentRequired))
		for i, m := range paymentRequired {
			list[i] = at + m
		}
		return list
	}
	batchOutOfRange := paymentOutOfRange("/items/0")
	batchOutOfRange["/items/1/method/bank_transfer/bank_name"] = ""
	batchOutOfRange["/items/1/method/bank_transfer/iban_last4"] = sourcestest.Several{"", "DE02120300000000202051", "081 "}
	batchOutOfRange["/items/2/method/gift_card/code_last4"] = sourcestest.Several{"", "X7Q", "x7qp"}
	sourcestest.REST(t, payments.Inputs, func(h *upstream.HTTP) []sourcestest.Call {
		s := payments.New(h)
		calls := []sourcestest.Call{
			{
				Name: "ByIDs", Operation: "batchGetPayments", Answer: "batch.json",
				Do: func(ctx context.Context) error {
					_, err := s.ByIDs(ctx, []string{"pay-000042", "pay-000043", "pay-000044"})
					return err
				},
				Required: append(under("/items/0"), "/items", "/items/1/method/bank_transfer", "/items/2/method/gift_card/code_last4"),
				Enums:    []string{"/items/0/status", "/items/0/method/type", "/items/2/status"}, OutOfRange: batchOutOfRange,
			},
			{
				Name: "ByOrderID", Operation: "listPaymentsOfOrders", Answer: "by-order.json",
				Do: func(ctx context.Context) error {
					_, err := s.ByOrderID(ctx, []string{"ord-000042", "ord-000044"})
					return err
				},
				Required: append(under("/items/0"), "/items", "/items/0/order_id"),
				Enums:    []string{"/items/0/status", "/items/0/method/type"}, OutOfRange: paymentOutOfRange("/items/0"),
			},
		}
		for _, operation := range slices.Sorted(maps.Keys(commands(t.Context(), s))) { // each time in the same order
			call := sourcestest.Call{
				Name: operation, Operation: operation, Key: key, Answer: "payment.json",
				Do:       func(ctx context.Context) error { return commands(ctx, s)[operation]() },
				Required: paymentRequired,
				Enums:    []string{"/status", "/method/type"}, OutOfRange: paymentOutOfRange(""),
			}
			switch {
			case operation == "authorizePayment":
				call.OutOfRange["/customer_id"] = sourcestest.Several{"", "../x", "cus-00018"} // another customer's
			case strings.HasPrefix(operation, "undo"):
				call.Answer, call.Key = "undone.json", key+"-undo"
				call.Required = append(under("/payment"), "/undone")
				call.Enums = []string{"/payment/status", "/payment/method/type"}
				call.OutOfRange = paymentOutOfRange("/payment")
			default:
				call.OutOfRange["/id"] = sourcestest.Several{"", "../x", "pay-000043"} // another payment's
			}
			calls = append(calls, call)
		}
		return calls
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, payments.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

// request is what a service has received.
type request struct {
	line string // its method, URL, key and body; empty if there was none
}

// answering gives a source whose service answers everything alike, and what it received last.
func answering(t *testing.T, status int, media, body string) (*payments.Source, *request) {
	t.Helper()
	seen := &request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen.line = strings.TrimSpace(strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Idempotency-Key"), string(sent)}, " "))
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	h, err := upstream.NewHTTP(upstream.Options{Name: "payments", URL: server.URL}, payments.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return payments.New(h), seen
}

// served gives a source whose service answers everything with a recorded answer.
func served(t *testing.T, file string) (*payments.Source, *request) {
	t.Helper()
	return answering(t, http.StatusOK, "application/json", recorded(t, file))
}

func recorded(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func euros(amount int32) sources.Money { return sources.Money{Amount: amount, Currency: "EUR"} }

// wantPayment is the recorded payment.
func wantPayment() *payments.Payment {
	return &payments.Payment{
		ID:         sources.ID{Type: "Payment", Local: "pay-000042"},
		Status:     payments.PaymentCaptured,
		Method:     payments.Card{Brand: "visa", Last4: "4242", ExpiryMonth: 9, ExpiryYear: 2029},
		Amount:     euros(4488),
		Captured:   euros(4488),
		Refunded:   euros(0),
		CreatedAt:  time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC),
		OrderID:    "ord-000042",
		CustomerID: "cus-00017",
	}
}

func TestByIDs(t *testing.T) {
	t.Parallel()
	s, seen := served(t, "batch.json")
	got, err := s.ByIDs(t.Context(), []string{"pay-000042", "pay-000043", "pay-000044", "pay-999999"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /payments/batch?id=pay-000042&id=pay-000043&id=pay-000044&id=pay-999999"; seen.line != want {
		t.Errorf("asked for %s, want %s", seen.line, want)
	}
	held, declined := wantPayment(), wantPayment()
	held.ID.Local, held.Status, held.OrderID, held.Captured = "pay-000043", payments.PaymentAuthorized, "", euros(0)
	held.Method = payments.BankTransfer{Bank: "Spreebank", IBANLast4: "0815"}
	declined.ID.Local, declined.Status, declined.OrderID, declined.Captured = "pay-000044", payments.PaymentDeclined, "ord-000044", euros(0)
	declined.Method = payments.GiftCard{CodeLast4: "X7QP"}
	want := map[string]*payments.Payment{"pay-000042": wantPayment(), "pay-000043": held, "pay-000044": declined}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestByOrderID(t *testing.T) {
	t.Parallel()
	s, seen := served(t, "by-order.json")
	got, err := s.ByOrderID(t.Context(), []string{"ord-000044", "ord-000042", "ord-999999"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /payments/by-order?order_id=ord-000044&order_id=ord-000042&order_id=ord-999999"; seen.line != want {
		t.Errorf("asked for %s, want %s", seen.line, want)
	}
	if diff := cmp.Diff(wantPayment(), got["ord-000042"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p := got["ord-000044"]; p == nil || p.ID.Local != "pay-000044" || len(got) != 2 {
		t.Errorf("got %v for ord-000044, among %d", p, len(got))
	}
}

func TestWhatTypesCannotSay(t *testing.T) {
	t.Parallel()
	const number = "4242424242424242"
	for reason, change := range map[string][2]string{
		"a currency that is none":      {`"EUR"`, `"eur"`},
		"no currency at all":           {`"EUR"`, `""`},
		"another method than its type": {`"type": "card"`, `"type": "gift_card"`},
		"a whole number":               {`"last4": "4242"`, `"last4": "` + number + `"`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			good := recorded(t, "payment.json")
			body := strings.ReplaceAll(good, change[0], change[1])
			if body == good || !json.Valid([]byte(body)) {
				t.Fatalf("the recorded answer has no %s", change[0])
			}
			s, _ := answering(t, http.StatusOK, "application/json", body)
			p, err := s.Void(t.Context(), key, "pay-000042")
			f := fault.From(err)
			if f == nil || f.Code != fault.SourceContractViolation || f.Operation != "voidPayment" {
				t.Fatalf("got %v and %v, want a violation by voidPayment", p, err)
			}
			if strings.Contains(f.Error(), number) {
				t.Errorf("the log would hold a card's number: %v", f)
			}
		})
	}
}
