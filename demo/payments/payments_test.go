package payments_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/payments"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// begun are the payments of the small world's orders, in turn: ord-000001 is authorized, and so on.
var begun = []*world.Payment{
	{Status: "authorized", Kind: "card", Brand: "visa", Last4: "4242", Month: 9, Year: 2029, Amount: 5000},
	{Status: "captured", Kind: "bank_transfer", Brand: "Nordbank", Last4: "0815", Amount: 5000, Captured: 5000},
	{Status: "voided", Kind: "gift_card", Last4: "7777", Amount: 5000},
	{Status: "refunded", Kind: "card", Brand: "amex", Last4: "1111", Month: 1, Year: 2028, Amount: 5000, Captured: 5000, Refunded: 2000},
	{Status: "declined", Kind: "card", Brand: "visa", Last4: "2222", Month: 1, Year: 2028, Amount: 5000},
	nil,
}

func smallWorld() *world.World {
	w := &world.World{Now: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)}
	for i, p := range begun {
		o := world.Order{ID: fmt.Sprintf("ord-%06d", i+1), CustomerID: "cus-00001"}
		if p != nil {
			c := *p
			c.ID, c.CreatedAt = fmt.Sprintf("pay-%06d", i+1), w.Now
			o.Payment = &c
		}
		w.Orders = append(w.Orders, o)
	}
	return w
}

// start serves payments on a socket, and gives a client, the ledger and the address.
func start(t *testing.T) (*paymentsapi.ClientWithResponses, *ledger.Ledger, string) {
	t.Helper()
	l := ledger.New()
	server := httptest.NewServer(payments.New(smallWorld(), l))
	t.Cleanup(server.Close)
	client, err := paymentsapi.NewClientWithResponses(server.URL, paymentsapi.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return client, l, server.URL
}

// read gives a payment, or nil if there is none.
func read(t *testing.T, client *paymentsapi.ClientWithResponses, id string) *paymentsapi.Payment {
	t.Helper()
	answer, err := client.BatchGetPaymentsWithResponse(t.Context(), &paymentsapi.BatchGetPaymentsParams{Id: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil {
		t.Fatalf("want payments, got %s %s", answer.Status(), answer.Body)
	}
	if len(answer.JSON200.Items) == 0 {
		return nil
	}
	return &answer.JSON200.Items[0]
}

// current gives the current payment of an order, or nil if there is none.
func current(t *testing.T, client *paymentsapi.ClientWithResponses, orderID string) *paymentsapi.Payment {
	t.Helper()
	params := &paymentsapi.ListPaymentsOfOrdersParams{OrderId: []string{orderID, "ord-999999", orderID}}
	answer, err := client.ListPaymentsOfOrdersWithResponse(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil || len(answer.JSON200.Items) > 1 {
		t.Fatalf("want one payment at most, got %s %s", answer.Status(), answer.Body)
	}
	if len(answer.JSON200.Items) == 0 {
		return nil
	}
	return &answer.JSON200.Items[0]
}

func TestEachPaymentIsReadByItsIDAndItsOrder(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t)
	for reason, c := range map[string]struct {
		n      int
		method func(m paymentsapi.Method) bool
	}{
		"by card": {1, func(m paymentsapi.Method) bool {
			return m.Type == "card" && *m.Card == paymentsapi.CardMethod{Network: "visa", Last4: "4242", ExpiryMonth: 9, ExpiryYear: 2029} && m.GiftCard == nil
		}},
		"by transfer": {2, func(m paymentsapi.Method) bool {
			return m.Type == "bank_transfer" && *m.BankTransfer == paymentsapi.BankTransferMethod{BankName: "Nordbank", IbanLast4: "0815"} && m.Card == nil
		}},
		"by gift card": {3, func(m paymentsapi.Method) bool {
			return m.Type == "gift_card" && m.GiftCard.CodeLast4 == "7777" && m.BankTransfer == nil
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			id, order := fmt.Sprintf("pay-%06d", c.n), fmt.Sprintf("ord-%06d", c.n)
			for _, p := range []*paymentsapi.Payment{read(t, client, id), current(t, client, order)} {
				if p == nil || p.Id != id || *p.OrderId != order || p.CustomerId != "cus-00001" || string(p.Status) != begun[c.n-1].Status {
					t.Fatalf("another payment: %+v", p)
				}
				if !c.method(p.Method) || p.Amount.Value != 5000 || p.CapturedAmount.Value != begun[c.n-1].Captured || p.Amount.Currency != "EUR" {
					t.Errorf("wrong payment: %+v", p)
				}
			}
		})
	}
	if p := current(t, client, "ord-000006"); p != nil {
		t.Errorf("want no payment, got %+v", p)
	}
}

func TestARequestThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	_, l, url := start(t)
	const good = `{"reference": "r", "customer_id": "c", "amount": {"value": 1, "currency": "EUR"}, "method": %s}`
	card := func(last4, month string) string {
		return fmt.Sprintf(good, `{"type": "card", "card": {"network": "visa", "last4": "`+last4+`", "expiry_month": `+month+`, "expiry_year": 2030}}`)
	}
	const key = "key-00000001"
	for reason, c := range map[string]struct {
		method, path, key, body string
		status                  int
		says                    string
	}{
		"a batch of none":                {"GET", "/payments/batch", "", "", 400, "invalid_request"},
		"a batch above the largest":      {"GET", "/payments/batch?id=a" + strings.Repeat("&id=a", 100), "", "", 400, "invalid_request"},
		"orders above the most":          {"GET", "/payments/by-order?order_id=a" + strings.Repeat("&order_id=a", 100), "", "", 400, "invalid_request"},
		"a batch with what is no id":     {"GET", "/payments/batch?id=pay-000001&id=a%2Fb", "", "", 400, "invalid_request"},
		"an order's id that is none":     {"GET", "/payments/by-order?order_id=", "", "", 400, "order_id"},
		"voiding what is no payment":     {"POST", "/payments/a%2Fb/void", key, "", 400, "invalid_request"},
		"capturing what is no payment":   {"POST", "/payments/a%2Fb/capture", key, "{}", 400, "id: "},
		"refunding what is no payment":   {"POST", "/payments/a%2Fb/refund", key, "{}", 400, "id: "},
		"for what is no order":           {"POST", "/payments", key, `{"order_id": "a/b"}`, 400, "order_id"},
		"of what is no customer":         {"POST", "/payments", key, `{"order_id": "o", "customer_id": "a b"}`, 400, "customer_id"},
		"an operation there is not":      {"GET", "/payments", "", "", 404, "operation_not_found"},
		"authorizing without a key":      {"POST", "/payments", "", card("4242", "9"), 400, "idempotency_key_required"},
		"capturing without a key":        {"POST", "/payments/pay-000001/capture", "", "{}", 400, "idempotency_key_required"},
		"voiding without a key":          {"POST", "/payments/pay-000001/void", "", "", 400, "idempotency_key_required"},
		"refunding without a key":        {"POST", "/payments/pay-000002/refund", "", "{}", 400, "idempotency_key_required"},
		"undoing without a key":          {"POST", "/payments/undo-capture", "", "{}", 400, "idempotency_key_required"},
		"a short key":                    {"POST", "/payments/pay-000001/void", "short", "", 400, "idempotency_key_required"},
		"a long key":                     {"POST", "/payments/pay-000001/void", strings.Repeat("k", 201), "", 400, "idempotency_key_required"},
		"undoing under no sensible key":  {"POST", "/payments/undo-authorize", key, `{"authorization_key": "x"}`, 400, "authorization_key"},
		"a body that is no JSON":         {"POST", "/payments", key, "{", 400, "invalid_request"},
		"a body of another type":         {"POST", "/payments", key, `{"amount": 3}`, 400, "amount"},
		"a body above the largest":       {"POST", "/payments", key, strings.Repeat(" ", 64<<10+1), 400, "larger"},
		"neither order nor reference":    {"POST", "/payments", key, `{}`, 400, "order_id"},
		"no customer":                    {"POST", "/payments", key, `{"order_id": "o"}`, 400, "customer_id"},
		"no amount":                      {"POST", "/payments", key, `{"order_id": "o", "customer_id": "c"}`, 400, "amount"},
		"no method":                      {"POST", "/payments", key, fmt.Sprintf(good, "{}"), 400, "method"},
		"a method without its member":    {"POST", "/payments", key, fmt.Sprintf(good, `{"type": "card"}`), 400, "method"},
		"a method with another's member": {"POST", "/payments", key, fmt.Sprintf(good, `{"type": "card", "gift_card": {}}`), 400, "method"},
		"more than a card's last four":   {"POST", "/payments", key, card("424242", "9"), 400, "last4"},
		"a thirteenth month":             {"POST", "/payments", key, card("4242", "13"), 400, "expiry_month"},
		"a bank without a name":          {"POST", "/payments", key, fmt.Sprintf(good, `{"type": "bank_transfer", "bank_transfer": {}}`), 400, "bank_name"},
		"a gift card without a code":     {"POST", "/payments", key, fmt.Sprintf(good, `{"type": "gift_card", "gift_card": {}}`), 400, "code_last4"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.key != "" {
				r.Header.Set("Idempotency-Key", c.key)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := paymentsapi.ParseBatchGetPaymentsResponse(response)
			if err != nil {
				t.Fatal(err)
			}
			refused := answer.JSON400
			if refused == nil {
				refused = answer.JSONDefault
			}
			if answer.StatusCode() != c.status || refused == nil || !refused.Error.Code.Valid() || !strings.Contains(string(answer.Body), c.says) {
				t.Errorf("want %d that says %s, got %s %s", c.status, c.says, answer.Status(), answer.Body)
			}
		})
	}
	t.Cleanup(func() { // after the parallel cases
		if n := len(l.Entries()); n != 0 {
			t.Errorf("want nothing done, got %d entries", n)
		}
	})
}

func TestManyAtOnceUnderOneKeyHoldMoneyOnce(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			params := &paymentsapi.AuthorizePaymentParams{IdempotencyKey: "key-together"}
			answer, err := client.AuthorizePaymentWithResponse(t.Context(), params, authorization("ord-000006", "4242"))
			if err != nil || answer.JSON201 == nil || answer.JSON201.Id != "pay-000006" {
				t.Errorf("want the first payment again, got %v, %v", answer, err)
			}
			list := &paymentsapi.ListPaymentsOfOrdersParams{OrderId: []string{"ord-000006"}}
			if _, err := client.ListPaymentsOfOrdersWithResponse(t.Context(), list); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(l.Entries()); n != 1 {
		t.Errorf("want one entry, got %d", n)
	}
}

func TestTheGeneratedPaymentsFitTheContract(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{Products: 400})
	server := httptest.NewServer(payments.New(w, ledger.New()))
	t.Cleanup(server.Close)
	client, err := paymentsapi.NewClientWithResponses(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	params := &paymentsapi.ListPaymentsOfOrdersParams{}
	want := 0
	for _, o := range w.Orders[:100] {
		params.OrderId = append(params.OrderId, o.ID)
		if o.Payment != nil {
			want++
		}
	}
	answer, err := client.ListPaymentsOfOrdersWithResponse(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil || len(answer.JSON200.Items) != want {
		t.Fatalf("want %d payments, got %s %.200s", want, answer.Status(), answer.Body)
	}
	for _, p := range answer.JSON200.Items {
		if !p.Status.Valid() || !p.Method.Type.Valid() || p.CapturedAmount.Value < p.RefundedAmount.Value || p.Amount.Value < 1 {
			t.Errorf("a payment that the contract does not know: %+v", p)
		}
	}
}
