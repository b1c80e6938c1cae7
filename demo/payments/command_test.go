package payments_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

func eur(value int32) paymentsapi.Amount { return paymentsapi.Amount{Value: value, Currency: "EUR"} }

// authorization holds 50 EUR for an order, or under a reference if there is no order.
func authorization(orderID, last4 string) paymentsapi.Authorization {
	reference := "checkout-1"
	in := paymentsapi.Authorization{
		Reference: &reference, CustomerId: "cus-00001", Amount: eur(5000),
		Method: paymentsapi.Method{Type: "card", Card: &paymentsapi.CardMethod{Network: "visa", Last4: last4, ExpiryMonth: 9, ExpiryYear: 2029}},
	}
	if orderID != "" {
		in.OrderId = &orderID
	}
	return in
}

func authorize(t *testing.T, client *paymentsapi.ClientWithResponses, key string, in paymentsapi.Authorization) *paymentsapi.AuthorizePaymentResponse {
	t.Helper()
	asCaller := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Caller-Sub", "ada")
		return nil
	}
	answer, err := client.AuthorizePaymentWithResponse(t.Context(), &paymentsapi.AuthorizePaymentParams{IdempotencyKey: key}, in, asCaller)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func capture(t *testing.T, client *paymentsapi.ClientWithResponses, key, id string, in paymentsapi.Capture) (int, *paymentsapi.Payment) {
	t.Helper()
	answer, err := client.CapturePaymentWithResponse(t.Context(), id, &paymentsapi.CapturePaymentParams{IdempotencyKey: key}, in)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func void(t *testing.T, client *paymentsapi.ClientWithResponses, key, id string) (int, *paymentsapi.Payment) {
	t.Helper()
	answer, err := client.VoidPaymentWithResponse(t.Context(), id, &paymentsapi.VoidPaymentParams{IdempotencyKey: key})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func refund(t *testing.T, client *paymentsapi.ClientWithResponses, key, id string, a paymentsapi.Amount) (int, *paymentsapi.Payment) {
	t.Helper()
	params := &paymentsapi.RefundPaymentParams{IdempotencyKey: key}
	answer, err := client.RefundPaymentWithResponse(t.Context(), id, params, paymentsapi.Refund{Amount: a})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func TestMoneyIsHeldOnce(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t)
	first := authorize(t, client, "key-00000001", authorization("ord-000006", "4242"))
	if p := first.JSON201; p == nil || p.Status != "authorized" || p.Amount != eur(5000) || p.CapturedAmount != eur(0) || *p.Reference != "checkout-1" {
		t.Fatalf("want a payment, got %s %s", first.Status(), first.Body)
	}
	again := authorize(t, client, "key-00000001", authorization("ord-000006", "4242"))
	if again.StatusCode() != http.StatusCreated || string(again.Body) != string(first.Body) {
		t.Errorf("want the same answer again, got %s %s", again.Status(), again.Body)
	}
	other := authorize(t, client, "key-00000001", authorization("ord-000006", "1111"))
	if other.JSON409 == nil || other.JSON409.Error.Code != "idempotency_key_reused" {
		t.Errorf("want the key refused, got %s %s", other.Status(), other.Body)
	}
	second := authorize(t, client, "key-00000002", authorization("ord-000006", "4242"))
	if second.JSON409 == nil || second.JSON409.Error.Code != "payment_exists" {
		t.Errorf("want a second payment refused, got %s %s", second.Status(), second.Body)
	}
	if p := current(t, client, "ord-000006"); p == nil || p.Id != first.JSON201.Id {
		t.Errorf("want the payment with its order, got %+v", p)
	}
	if entries := l.Entries(); len(entries) != 1 || entries[0].Command != "authorizePayment" || entries[0].Caller != "ada" {
		t.Errorf("want one entry with its caller, got %+v", entries)
	}
}

func TestAnOrderWhosePaymentKeepsNothingIsPaidAnew(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		order  string
		status int
	}{
		"the hold still stands":       {"ord-000001", 409},
		"the money was taken":         {"ord-000002", 409},
		"the hold was lifted":         {"ord-000003", 201},
		"a part was given back":       {"ord-000004", 409},
		"the first one was declined":  {"ord-000005", 201},
		"there was no payment before": {"ord-000006", 201},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, _, _ := start(t)
			if answer := authorize(t, client, "key-00000001", authorization(c.order, "4242")); answer.StatusCode() != c.status {
				t.Fatalf("want %d, got %s %s", c.status, answer.Status(), answer.Body)
			}
			if p := current(t, client, c.order); (p.Id == "pay-000006") != (c.status == 201) {
				t.Errorf("the wrong payment is current: %+v", p)
			}
		})
	}
}

func TestADeclinedPaymentIsKept(t *testing.T) {
	t.Parallel()
	transfer := paymentsapi.Method{Type: "bank_transfer", BankTransfer: &paymentsapi.BankTransferMethod{BankName: "Nordbank", IbanLast4: "9995"}}
	giftCard := paymentsapi.Method{Type: "gift_card", GiftCard: &paymentsapi.GiftCardMethod{CodeLast4: "9995"}}
	for reason, c := range map[string]struct {
		method paymentsapi.Method
		code   paymentsapi.DeclineCode
	}{
		"the issuer refuses":       {authorization("", "0002").Method, "refused"},
		"the card is empty":        {authorization("", "9995").Method, "insufficient_funds"},
		"the card has expired":     {authorization("", "0069").Method, "expired"},
		"the account is empty":     {transfer, "insufficient_funds"},
		"the gift card is used up": {giftCard, "insufficient_funds"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, l, _ := start(t)
			in := authorization("ord-000006", "")
			in.Method = c.method
			for range 2 { // the second time, it is declined by the ledger
				d := authorize(t, client, "key-00000001", in).ApplicationproblemJSON422
				if d == nil || d.DeclineCode != c.code || d.PaymentId != "pay-000006" || d.Errors[0].Pointer != "#/method" || d.Errors[0].Detail == "" {
					t.Fatalf("want it declined as %s, got %+v", c.code, d)
				}
			}
			if p := current(t, client, "ord-000006"); p == nil || p.Status != "declined" || p.Id != "pay-000006" {
				t.Errorf("want the declined payment, got %+v", p)
			}
			if n := len(l.Entries()); n != 0 {
				t.Errorf("want no money moved, got %d entries", n)
			}
		})
	}
}

func TestACaptureNamesTheOrder(t *testing.T) {
	t.Parallel()
	order := func(id string) *string { return &id }
	for reason, c := range map[string]struct {
		authorizedFor string
		capture       paymentsapi.Capture
		status        int
		order         string // that the payment is for at the end
	}{
		"it came after the authorization": {"", paymentsapi.Capture{Amount: eur(5000), OrderId: order("ord-000006")}, 200, "ord-000006"},
		"there is no order yet":           {"", paymentsapi.Capture{Amount: eur(5000)}, 200, ""},
		"it is paid otherwise":            {"", paymentsapi.Capture{Amount: eur(5000), OrderId: order("ord-000002")}, 409, ""},
		"it is the same as before":        {"ord-000006", paymentsapi.Capture{Amount: eur(5000), OrderId: order("ord-000006")}, 200, "ord-000006"},
		"it is another than before":       {"ord-000006", paymentsapi.Capture{Amount: eur(5000), OrderId: order("ord-000003")}, 412, "ord-000006"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, _, _ := start(t)
			id := authorize(t, client, "key-00000001", authorization(c.authorizedFor, "4242")).JSON201.Id
			if status, _ := capture(t, client, "key-00000002", id, c.capture); status != c.status {
				t.Fatalf("want %d, got %d", c.status, status)
			}
			p := read(t, client, id)
			if c.order == "" {
				if p.OrderId != nil {
					t.Errorf("want no order, got %s", *p.OrderId)
				}
				return
			}
			if p.OrderId == nil || *p.OrderId != c.order || current(t, client, c.order).Id != id {
				t.Errorf("want it to be for %s, got %+v", c.order, p)
			}
		})
	}
}

func TestTheStateOfAPaymentDecides(t *testing.T) {
	t.Parallel()
	jpy := paymentsapi.Amount{Value: 1, Currency: "JPY"}
	for reason, c := range map[string]struct {
		command, id string
		amount      paymentsapi.Amount
		status      int
		after       string // the status, what was captured, what was refunded
	}{
		"capturing all that is held":    {"capture", "pay-000001", eur(5000), 200, "captured 5000 0"},
		"capturing a part":              {"capture", "pay-000001", eur(1), 200, "captured 1 0"},
		"capturing more than is held":   {"capture", "pay-000001", eur(5001), 412, "authorized 0 0"},
		"capturing nothing":             {"capture", "pay-000001", eur(0), 400, "authorized 0 0"},
		"capturing in another currency": {"capture", "pay-000001", jpy, 400, "authorized 0 0"},
		"capturing twice":               {"capture", "pay-000002", eur(1), 412, "captured 5000 0"},
		"capturing what is voided":      {"capture", "pay-000003", eur(1), 412, "voided 0 0"},
		"capturing what was declined":   {"capture", "pay-000005", eur(1), 412, "declined 0 0"},
		"capturing what there is not":   {"capture", "pay-000099", eur(1), 404, ""},
		"voiding what is held":          {"void", "pay-000001", eur(0), 200, "voided 0 0"},
		"voiding what is taken":         {"void", "pay-000002", eur(0), 412, "captured 5000 0"},
		"voiding twice":                 {"void", "pay-000003", eur(0), 200, "voided 0 0"},
		"voiding what there is not":     {"void", "pay-000099", eur(0), 404, ""},
		"refunding what is held":        {"refund", "pay-000001", eur(1), 412, "authorized 0 0"},
		"refunding all":                 {"refund", "pay-000002", eur(5000), 200, "refunded 5000 5000"},
		"refunding a part":              {"refund", "pay-000002", eur(1), 200, "refunded 5000 1"},
		"refunding more than was taken": {"refund", "pay-000002", eur(5001), 412, "captured 5000 0"},
		"refunding the rest":            {"refund", "pay-000004", eur(3000), 200, "refunded 5000 5000"},
		"refunding more than the rest":  {"refund", "pay-000004", eur(3001), 412, "refunded 5000 2000"},
		"refunding nothing":             {"refund", "pay-000002", eur(0), 400, "captured 5000 0"},
		"refunding in another currency": {"refund", "pay-000002", jpy, 400, "captured 5000 0"},
		"refunding what there is not":   {"refund", "pay-000099", eur(1), 404, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, _, _ := start(t)
			for range 2 { // the second time, the first outcome is given again
				var status int
				var p *paymentsapi.Payment
				switch c.command {
				case "capture":
					status, p = capture(t, client, "key-00000001", c.id, paymentsapi.Capture{Amount: c.amount})
				case "void":
					status, p = void(t, client, "key-00000001", c.id)
				case "refund":
					status, p = refund(t, client, "key-00000001", c.id, c.amount)
				}
				if status != c.status || (p != nil && summary(p) != c.after) {
					t.Errorf("want %d and %q, got %d and %q", c.status, c.after, status, summary(p))
				}
			}
			if after := summary(read(t, client, c.id)); after != c.after {
				t.Errorf("want %q at the end, got %q", c.after, after)
			}
		})
	}
}
