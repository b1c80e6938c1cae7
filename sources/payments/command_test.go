package payments_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/payments"
)

func newPayment() payments.NewPayment {
	return payments.NewPayment{
		Reference: "checkout-7f3a91c2", CustomerID: "cus-00017", Amount: euros(4488),
		Method: payments.Card{Brand: "visa", Last4: "4242", ExpiryMonth: 9, ExpiryYear: 2029},
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	authorize := func(orderID, reference string, method payments.PaymentMethod) func(context.Context, *payments.Source) (*payments.Payment, error) {
		return func(ctx context.Context, s *payments.Source) (*payments.Payment, error) {
			return s.Authorize(ctx, key, payments.NewPayment{
				OrderID: orderID, Reference: reference, CustomerID: "cus-00017", Amount: euros(4488), Method: method,
			})
		}
	}
	for name, test := range map[string]struct {
		do   func(context.Context, *payments.Source) (*payments.Payment, error)
		want string
	}{
		"Authorize with a card, before the order": {
			authorize("", "checkout-7f3a91c2", payments.Card{Brand: "visa", Last4: "4242", ExpiryMonth: 9, ExpiryYear: 2029}),
			`POST /payments ` + key + ` {"amount":{"currency":"EUR","value":4488},"customer_id":"cus-00017",` +
				`"method":{"card":{"expiry_month":9,"expiry_year":2029,"last4":"4242","network":"visa"},"type":"card"},"reference":"checkout-7f3a91c2"}`,
		},
		"Authorize with a bank transfer, for an order": {
			authorize("ord-000042", "", payments.BankTransfer{Bank: "Spreebank", IBANLast4: "0815"}),
			`POST /payments ` + key + ` {"amount":{"currency":"EUR","value":4488},"customer_id":"cus-00017",` +
				`"method":{"bank_transfer":{"bank_name":"Spreebank","iban_last4":"0815"},"type":"bank_transfer"},"order_id":"ord-000042"}`,
		},
		"Authorize with a gift card, for both": {
			authorize("ord-000042", "checkout-7f3a91c2", payments.GiftCard{CodeLast4: "X7QP"}),
			`POST /payments ` + key + ` {"amount":{"currency":"EUR","value":4488},"customer_id":"cus-00017",` +
				`"method":{"gift_card":{"code_last4":"X7QP"},"type":"gift_card"},"order_id":"ord-000042","reference":"checkout-7f3a91c2"}`,
		},
		"Capture": {
			func(ctx context.Context, s *payments.Source) (*payments.Payment, error) {
				return s.Capture(ctx, key, "pay-000042", euros(4488), "")
			},
			`POST /payments/pay-000042/capture ` + key + ` {"amount":{"currency":"EUR","value":4488}}`,
		},
		"Capture that names the order": {
			func(ctx context.Context, s *payments.Source) (*payments.Payment, error) {
				return s.Capture(ctx, key, "pay-000042", euros(4488), "ord-000042")
			},
			`POST /payments/pay-000042/capture ` + key + ` {"amount":{"currency":"EUR","value":4488},"order_id":"ord-000042"}`,
		},
		"Void": {
			func(ctx context.Context, s *payments.Source) (*payments.Payment, error) {
				return s.Void(ctx, key, "pay-000042")
			},
			`POST /payments/pay-000042/void ` + key,
		},
		"Refund": {
			func(ctx context.Context, s *payments.Source) (*payments.Payment, error) {
				return s.Refund(ctx, key, "pay-000042", euros(1999))
			},
			`POST /payments/pay-000042/refund ` + key + ` {"amount":{"currency":"EUR","value":1999}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, seen := served(t, "payment.json")
			got, err := test.do(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, seen.line); diff != "" {
				t.Errorf("-want +sent:\n%s", diff)
			}
			if diff := cmp.Diff(wantPayment(), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestUndoing(t *testing.T) {
	t.Parallel()
	const undoKey = "checkout-7f3a91c2-undo"
	voided := wantPayment()
	voided.Status, voided.Captured = payments.PaymentVoided, euros(0)
	some := recorded(t, "undone.json")
	for reason, test := range map[string]struct {
		answer string
		want   payments.UndonePayment
		code   fault.Code
	}{
		"money was let go of":               {some, payments.UndonePayment{Undone: true, Payment: voided}, ""},
		"there was none to let go of":       {strings.Replace(some, "true", "false", 1), payments.UndonePayment{Payment: voided}, ""},
		"nothing was done under the key":    {`{"undone":false}`, payments.UndonePayment{}, ""},
		"what was undone is not there":      {`{"undone":true}`, payments.UndonePayment{}, fault.SourceContractViolation},
		"the payment does not fit":          {strings.Replace(some, "4242", "42", 1), payments.UndonePayment{}, fault.SourceContractViolation},
		"whether it was undone is not said": {`{}`, payments.UndonePayment{}, fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, seen := answering(t, http.StatusOK, "application/json", test.answer)
			for want, do := range map[string]func(ctx context.Context, key, undone string) (payments.UndonePayment, error){
				`POST /payments/undo-authorize ` + undoKey + ` {"authorization_key":"` + key + `"}`: s.UndoAuthorize,
				`POST /payments/undo-capture ` + undoKey + ` {"capture_key":"` + key + `"}`:         s.UndoCapture,
			} {
				got, err := do(t.Context(), undoKey, key)
				if f := fault.From(err); (f == nil) != (test.code == "") || f != nil && f.Code != test.code {
					t.Errorf("failed with %v, want %q", err, test.code)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if seen.line != want {
					t.Errorf("sent %s, want %s", seen.line, want)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		status int
		body   string
		code   fault.Code
		want   string
	}{
		"there is no such payment": {http.StatusNotFound,
			`{"error":{"code":"payment_not_found","message":"Not for clients."}}`, fault.NotFound, payments.ReasonNoSuchPayment},
		"the key was used before": {http.StatusConflict,
			`{"error":{"code":"idempotency_key_reused","message":"Not for clients."}}`, fault.Conflict, payments.ReasonKeyReused},
		"the order has another payment": {http.StatusConflict,
			`{"error":{"code":"payment_exists","message":"Not for clients."}}`, fault.Conflict, payments.ReasonPaymentExists},
		"the payment's state": {http.StatusPreconditionFailed,
			`{"error":{"code":"wrong_state","message":"Not for clients."}}`, fault.PreconditionFailed, payments.ReasonWrongState},
		"more than there is": {http.StatusPreconditionFailed,
			`{"error":{"code":"amount_too_large","message":"Not for clients."}}`, fault.PreconditionFailed, payments.ReasonAmountTooLarge},
		"the command was undone": {http.StatusPreconditionFailed,
			`{"error":{"code":"undone","message":"Not for clients."}}`, fault.PreconditionFailed, payments.ReasonUndone},
		"the input is wrong": {http.StatusBadRequest,
			`{"error":{"code":"invalid_request","message":"Not for clients."}}`, fault.BadUserInput, "invalid_request"},
		"a code that is new":           {http.StatusConflict, `{"error":{"code":"too_loud","message":"Not for clients."}}`, fault.Conflict, "too_loud"},
		"a refusal that says nothing":  {http.StatusConflict, `{"message":"Not for clients."}`, fault.Conflict, ""},
		"what cannot be read":          {http.StatusPreconditionFailed, `Not for clients.`, fault.PreconditionFailed, ""},
		"the service failed by itself": {http.StatusInternalServerError, `{"error":{"code":"defect","message":"Not for clients."}}`, fault.SourceFailed, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, test.status, "application/json", test.body)
			for operation, do := range commands(t.Context(), s) {
				f := fault.From(do())
				if f == nil {
					t.Fatalf("%s did not fail", operation)
				}
				if f.Code != test.code || f.Reason != test.want || f.Source != "payments" || f.Operation != operation {
					t.Errorf("%s: got %v with the reason %q, want %s with %q", operation, f, f.Reason, test.code, test.want)
				}
				if strings.Contains(f.Message(), "Not for clients") || len(f.Violations) > 0 {
					t.Errorf("%s: clients would read %q and %v", operation, f.Message(), f.Violations)
				}
			}
		})
	}
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	const declined = `"type":"https://payments.storefront.example/problems/payment-declined","title":"Declined.","status":422,` +
		`"detail":"Use another method.","payment_id":"pay-000043","errors":[{"detail":"Use another method.","pointer":"#/method"}]`
	for reason, test := range map[string]struct{ body, want string }{
		"the issuer refuses":           {`{"decline_code":"refused",` + declined + `}`, payments.ReasonDeclined},
		"there is not enough money":    {`{"decline_code":"insufficient_funds",` + declined + `}`, payments.ReasonInsufficientFunds},
		"the card has expired":         {`{"decline_code":"expired",` + declined + `}`, payments.ReasonMethodExpired},
		"a cause that is new":          {`{"decline_code":"stolen",` + declined + `}`, payments.ReasonDeclined},
		"no cause is given":            {`{` + declined + `}`, payments.ReasonDeclined},
		"a cause that cannot be read":  {`{"decline_code":7,` + declined + `}`, payments.ReasonDeclined},
		"a problem that is no decline": {strings.Replace(`{"decline_code":"expired",`+declined+`}`, "payment-declined", "other", 1), "https://payments.storefront.example/problems/other"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, http.StatusUnprocessableEntity, "application/problem+json", test.body)
			_, err := s.Authorize(t.Context(), key, newPayment())
			f := fault.From(err)
			if f == nil || f.Code != fault.BadUserInput || f.Reason != test.want {
				t.Fatalf("got %v, want BAD_USER_INPUT with the reason %q", err, test.want)
			}
			if diff := cmp.Diff([]fault.Violation{{Field: "method", Message: "Use another method."}}, f.Violations); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCommandsRefuseWhatIsWrong(t *testing.T) {
	t.Parallel()
	for reason, do := range map[string]func(context.Context, *payments.Source) error{
		"a payment by no method": func(ctx context.Context, s *payments.Source) error {
			_, err := s.Authorize(ctx, key, payments.NewPayment{CustomerID: "cus-00017", Amount: sources.Money{Amount: 1, Currency: "EUR"}})
			return err
		},
		"a capture of no id": func(ctx context.Context, s *payments.Source) error {
			_, err := s.Capture(ctx, key, "..", euros(1), "")
			return err
		},
		"a voiding of no id": func(ctx context.Context, s *payments.Source) error { _, err := s.Void(ctx, key, "a/b"); return err },
		"a refund of no id": func(ctx context.Context, s *payments.Source) error {
			_, err := s.Refund(ctx, key, "", euros(1))
			return err
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, seen := served(t, "payment.json")
			if err := do(t.Context(), s); err == nil || fault.From(err).Code != fault.BadUserInput {
				t.Errorf("got %v, want BAD_USER_INPUT", err)
			}
			if seen.line != "" {
				t.Errorf("sent %s", seen.line)
			}
		})
	}
}
