package orders_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const key = "checkout-7f3a91c2-create"

// orderOutOfRange has what the contract excludes of the order at a place of an answer.
func orderOutOfRange(at string) map[string]any {
	const currency = "USD" // the other amounts are in EUR
	return map[string]any{
		at + "/id": sourcestest.Several{"", "../x"}, at + "/customer_id": sourcestest.Several{"", "../x"}, at + "/number": "",
		at + "/lines": []any{}, at + "/lines/0/sku": sourcestest.Several{"", "../x"}, at + "/lines/0/name": "", at + "/lines/0/quantity": sourcestest.Several{0, -1},
		at + "/lines/0/unit_price/minor_units": -1, at + "/lines/0/line_total/minor_units": -1, at + "/lines/0/line_total/currency": currency,
		at + "/subtotal/minor_units": -1, at + "/shipping_cost/minor_units": -1, at + "/tax/minor_units": -1, at + "/total/minor_units": -1,
		at + "/total/currency":    currency,
		at + "/ship_to/recipient": "", at + "/ship_to/street": sourcestest.Several{[]any{}, []any{""}}, at + "/ship_to/city": "",
		at + "/ship_to/postal_code": "", at + "/ship_to/country": sourcestest.Several{"", "D", "de", "DEU"},
	}
}

func TestSource(t *testing.T) {
	under := func(at string, members ...string) []string {
		list := make([]string, len(members))
		for i, m := range members {
			list[i] = at + m
		}
		return list
	}
	orderRequired := []string{
		"/id", "/number", "/customer_id", "/status", "/placed_at", "/lines", "/lines/0/sku", "/lines/0/quantity", "/lines/0/unit_price/currency",
		"/lines/0/line_total", "/subtotal", "/shipping_cost/minor_units", "/tax", "/total/currency", "/ship_to", "/ship_to/street", "/ship_to/country",
	}
	commanded, created := orderOutOfRange(""), orderOutOfRange("")
	commanded["/id"] = sourcestest.Several{"", "../x", "ord-000041"} // another order's
	created["/customer_id"] = sourcestest.Several{"", "../x", "cus-00018"}
	listOutOfRange := orderOutOfRange("/items/0")
	listOutOfRange["/offset"] = sourcestest.Several{-1, 1} // none was asked for
	listOutOfRange["/total"] = -1
	sourcestest.REST(t, orders.Inputs, func(h *upstream.HTTP) []sourcestest.Call {
		s := orders.New(h)
		first := sources.PageArgs{First: 1}
		return []sourcestest.Call{
			{
				Name: "ByIDs", Operation: "batchGetOrders", Answer: "batch.json",
				Do: func(ctx context.Context) error {
					_, err := s.ByIDs(ctx, []string{"ord-000041", "ord-000042"})
					return err
				},
				Required: append(under("/items/0", orderRequired...), "/items", "/items/1/id"),
				Enums:    []string{"/items/0/status", "/items/1/status"}, OutOfRange: orderOutOfRange("/items/0"),
			},
			{
				Name: "List", Operation: "listOrders", Answer: "list.json",
				Do: func(ctx context.Context) error {
					return sourcestest.PageFault(s.List(ctx, orders.OrderQuery{CustomerID: orders.Everybody, Page: first}))
				},
				Required: append(under("/items/0", orderRequired...), "/items", "/offset", "/total"),
				Enums:    []string{"/items/0/status"}, OutOfRange: listOutOfRange,
			},
			{
				Name: "Lists", Operation: "listOrders", Answer: "list.json", Requests: 2, Absent: true,
				Do: func(ctx context.Context) error {
					_, err := s.Lists(ctx, []orders.OrderQuery{{CustomerID: "cus-00017", Page: first}, {CustomerID: "cus-00018", Page: first}})
					return err
				},
				Required: []string{"/items", "/offset", "/total"}, OutOfRange: map[string]any{"/offset": -1, "/total": -1},
			},
			{
				Name: "Create", Operation: "createOrder", Key: key, Answer: "order.json",
				Do: func(ctx context.Context) error {
					_, err := s.Create(ctx, key, newOrder())
					return err
				},
				Required: orderRequired,
				Enums:    []string{"/status"}, OutOfRange: created,
			},
			{
				Name: "MarkPaid", Operation: "markPaid", Key: key, Answer: "order.json",
				Do: func(ctx context.Context) error {
					_, err := s.MarkPaid(ctx, key, "ord-000042")
					return err
				},
				Required: []string{"/id", "/status"},
				Enums:    []string{"/status"}, OutOfRange: commanded,
			},
			{
				Name: "Cancel", Operation: "cancelOrder", Key: key, Answer: "order.json",
				Do: func(ctx context.Context) error {
					_, err := s.Cancel(ctx, key, "ord-000042")
					return err
				},
				Required: []string{"/id", "/status"},
				Enums:    []string{"/status"}, OutOfRange: commanded,
			},
			{
				Name: "UndoCreate", Operation: "undoCreateOrder", Key: key + "-undo", Answer: "undone.json",
				Do: func(ctx context.Context) error {
					_, err := s.UndoCreate(ctx, key+"-undo", key)
					return err
				},
				Required: []string{"/cancelled"}, OutOfRange: map[string]any{"/order_id": sourcestest.Several{"", "../x"}},
			},
		}
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, orders.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

// requests are what a service has received, each as its method, URL, key and body.
type requests struct {
	mu   sync.Mutex
	list []string
}

func (r *requests) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.list, "\n")
}

// answering gives a source whose service answers by a function of the URL.
func answering(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (*orders.Source, *requests) {
	t.Helper()
	seen := &requests{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen.mu.Lock()
		seen.list = append(seen.list, strings.TrimSpace(strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Idempotency-Key"), string(body)}, " ")))
		seen.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	h, err := upstream.NewHTTP(upstream.Options{Name: "orders", URL: server.URL}, orders.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return orders.New(h), seen
}

// served gives a source whose service answers everything with a recorded answer.
func served(t *testing.T, file string) (*orders.Source, *requests) {
	t.Helper()
	recorded, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return answering(t, reply(http.StatusOK, "application/json", string(recorded)))
}

func reply(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func euros(amount int32) sources.Money { return sources.Money{Amount: amount, Currency: "EUR"} }

// wantOrder is the recorded order with an id.
func wantOrder(id, number string, status orders.OrderStatus) *orders.Order {
	return &orders.Order{
		ID:       sources.ID{Type: "Order", Local: id},
		Number:   number,
		Status:   status,
		PlacedAt: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC),
		Lines: []orders.OrderLine{
			{SKU: "SKU-000007", Name: "Trail lantern", Quantity: 2, UnitPrice: euros(1999), Total: euros(3998)},
		},
		Subtotal:     euros(3998),
		ShippingCost: euros(490),
		Tax:          euros(717),
		Total:        euros(4488),
		ShippingAddress: sources.Address{
			Recipient: "Ada Berger", Lines: []string{"Hof 2", "Torstraße 12"}, City: "Berlin", PostalCode: "10119", CountryCode: "DE",
		},
		CustomerID: "cus-00017",
	}
}

func TestByIDs(t *testing.T) {
	t.Parallel()
	s, seen := served(t, "batch.json")
	got, err := s.ByIDs(t.Context(), []string{"ord-000041", "ord-000042", "ord-999999"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /orders/batch?id=ord-000041&id=ord-000042&id=ord-999999"; seen.all() != want {
		t.Errorf("asked for %s, want %s", seen.all(), want)
	}
	cancelled := wantOrder("ord-000041", "2026-000041", orders.OrderCancelled)
	region := "Brandenburg"
	cancelled.ShippingAddress.Region = &region
	want := map[string]*orders.Order{"ord-000041": cancelled, "ord-000042": wantOrder("ord-000042", "2026-000042", orders.OrderPaid)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatTypesCannotSay(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	for reason, change := range map[string][2]string{
		"an amount too large":     {`"total": {"minor_units": 4488`, `"total": {"minor_units": 2147483648`},
		"a currency that is none": {`"EUR"`, `"eur"`},
		"no currency at all":      {`"EUR"`, `""`},
		"a time that is none":     {`2026-03-14T15:09:26Z`, `yesterday`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			body := strings.ReplaceAll(string(recorded), change[0], change[1])
			if body == string(recorded) || !json.Valid([]byte(body)) {
				t.Fatalf("the recorded answer has no %s", change[0])
			}
			s, _ := answering(t, reply(http.StatusOK, "application/json", body))
			o, err := s.MarkPaid(t.Context(), key, "ord-000042")
			if f := fault.From(err); f == nil || f.Code != fault.SourceContractViolation || f.Operation != "markPaid" {
				t.Errorf("got %v and %v, want a violation by markPaid", o, err)
			}
		})
	}
}
