package orders_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/orders"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// states are what the small world's orders are in, in turn.
var states = []string{"pending", "paid", "shipped", "delivered", "cancelled"}

// smallWorld has n orders of three customers.
func smallWorld(n int) *world.World {
	w := &world.World{Now: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)}
	for i := range n {
		w.Orders = append(w.Orders, world.Order{
			ID:         fmt.Sprintf("ord-%06d", i+1),
			Number:     fmt.Sprintf("2026-%06d", i+1),
			CustomerID: fmt.Sprintf("cus-%05d", i%3+1),
			Status:     states[i%len(states)],
			PlacedAt:   w.Now.Add(time.Duration(i-n) * time.Hour),
			Lines: []world.OrderLine{
				{SKU: "SKU-000001", Name: "Lantern", Quantity: 2, Price: 1999},
				{SKU: "SKU-000002", Name: "Rope", Quantity: 1, Price: 1000},
			},
			ShippingCost: 490,
			Tax:          877,
			Address: world.Address{
				Recipient: "Ada Berger", Lines: []string{"Torstraße 12"}, City: "Berlin", Region: "Berlin", PostalCode: "10119", CountryCode: "DE",
			},
		})
	}
	return w
}

// start serves orders on a socket, and gives a client and the ledger.
func start(t *testing.T, w *world.World) (*ordersapi.ClientWithResponses, *ledger.Ledger, string) {
	t.Helper()
	l := ledger.New()
	server := httptest.NewServer(orders.New(w, l))
	t.Cleanup(server.Close)
	client, err := ordersapi.NewClientWithResponses(server.URL, ordersapi.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return client, l, server.URL
}

func TestABatchGivesEachKnownOrderOnce(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t, smallWorld(3))
	answer, err := client.BatchGetOrdersWithResponse(t.Context(), &ordersapi.BatchGetOrdersParams{Id: []string{"ord-000002", "ord-999999", "ord-000002"}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil || len(answer.JSON200.Items) != 1 {
		t.Fatalf("want one order, got %s %s", answer.Status(), answer.Body)
	}
	o := answer.JSON200.Items[0]
	if o.Id != "ord-000002" || o.Number != "2026-000002" || o.CustomerId != "cus-00002" || o.Status != ordersapi.OrderStatusPaid {
		t.Errorf("another order: %+v", o)
	}
	if o.Subtotal.MinorUnits != 4998 || o.Total.MinorUnits != 5488 || o.Lines[0].LineTotal.MinorUnits != 3998 || o.Total.Currency != "EUR" {
		t.Errorf("wrong sums: %+v", o)
	}
	if o.ShipTo.Region == nil || *o.ShipTo.Region != "Berlin" || o.ShipTo.Country != "DE" {
		t.Errorf("wrong address: %+v", o.ShipTo)
	}
}

func TestAListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t, smallWorld(30))
	for reason, c := range map[string]struct {
		customer string
		status   ordersapi.OrderStatus
		limit    int32
		want     []int // the orders' numbers
	}{
		"all, in parts that end evenly":          {limit: 10, want: downFrom(30, func(int) bool { return true })},
		"all, in parts that end unevenly":        {limit: 7, want: downFrom(30, func(int) bool { return true })},
		"of one customer":                        {customer: "cus-00002", limit: 4, want: downFrom(30, func(n int) bool { return n%3 == 2 })},
		"in one state":                           {status: "paid", limit: 5, want: downFrom(30, func(n int) bool { return n%5 == 2 })},
		"of one customer in one state":           {customer: "cus-00001", status: "pending", limit: 1, want: []int{16, 1}},
		"of a customer who has never bought any": {customer: "cus-77777", limit: 3},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			params := &ordersapi.ListOrdersParams{Limit: &c.limit}
			if c.customer != "" {
				params.CustomerId = &c.customer
			}
			if c.status != "" {
				params.Status = &c.status
			}
			var got []int
			for offset := int32(0); ; offset += c.limit {
				params.Offset = &offset
				answer, err := client.ListOrdersWithResponse(t.Context(), params)
				if err != nil {
					t.Fatal(err)
				}
				list := answer.JSON200
				if list == nil || int(list.Total) != len(c.want) || list.Offset != offset || list.Items == nil {
					t.Fatalf("want a list of %d from %d, got %s", len(c.want), offset, answer.Body)
				}
				for _, o := range list.Items {
					var n int
					if _, err := fmt.Sscanf(o.Id, "ord-%d", &n); err != nil {
						t.Fatal(err)
					}
					got = append(got, n)
				}
				if offset >= list.Total {
					break
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("want %v, got %v", c.want, got)
			}
		})
	}
}

func downFrom(n int, fits func(int) bool) []int {
	var numbers []int
	for ; n > 0; n-- {
		if fits(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestARequestThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	_, _, url := start(t, smallWorld(3))
	tooMany := "/orders/batch?id=a" + strings.Repeat("&id=a", 50)
	for reason, c := range map[string]struct {
		method, path, key, body string
		status                  int
	}{
		"a limit of none":                  {"GET", "/orders?limit=0", "", "", 400},
		"a limit above the highest":        {"GET", "/orders?limit=101", "", "", 400},
		"a limit that is no number":        {"GET", "/orders?limit=many", "", "", 400},
		"an offset below the beginning":    {"GET", "/orders?offset=-1", "", "", 400},
		"a state that no order is in":      {"GET", "/orders?status=lost", "", "", 400},
		"a batch of none":                  {"GET", "/orders/batch", "", "", 400},
		"a batch larger than the largest":  {"GET", tooMany, "", "", 400},
		"an operation that does not exist": {"DELETE", "/orders/ord-000001", "", "", 404},
		"a command without a key":          {"POST", "/orders", "", "{}", 400},
		"a command with a short key":       {"POST", "/orders/ord-000001/cancel", "short", "", 400},
		"a command with a long key":        {"POST", "/orders/ord-000001/mark-paid", strings.Repeat("k", 201), "", 400},
		"a body that is no JSON":           {"POST", "/orders", "key-00000001", "{", 400},
		"a body that is nothing":           {"POST", "/orders", "key-00000001", "null", 400},
		"a body that is a list":            {"POST", "/orders", "key-00000001", "[]", 400},
		"a batch with what is no id":       {"GET", "/orders/batch?id=ord-000001&id=a%2Fb", "", "", 400},
		"a batch with an empty id":         {"GET", "/orders/batch?id=", "", "", 400},
		"a list of what is no customer":    {"GET", "/orders?customer_id=a%20b", "", "", 400},
		"paying for what is no order":      {"POST", "/orders/a%2Fb/mark-paid", "key-00000001", "", 400},
		"cancelling what is no order":      {"POST", "/orders/a%2Fb/cancel", "key-00000001", "", 400},
		"a member of another type":         {"POST", "/orders", "key-00000001", `{"lines": 3}`, 400},
		"a body larger than any order":     {"POST", "/orders", "key-00000001", strings.Repeat(" ", 1<<20+1), 400},
		"undoing under no sensible key":    {"POST", "/orders/undo-create", "key-00000001", `{"creation_key": "x"}`, 422},
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
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			if media := answer.Header.Get("Content-Type"); answer.StatusCode != c.status || media != "application/problem+json" {
				t.Errorf("want a problem of %d, got %s as %s", c.status, answer.Status, media)
			}
		})
	}
}

func TestManyAtOnceUnderOneKeyPlaceOneOrder(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t, smallWorld(3))
	ids := make([]string, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			answer, err := client.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: "key-together"}, newOrder())
			if err != nil || answer.JSON201 == nil {
				t.Errorf("want an order, got %v, %v", answer, err)
				return
			}
			ids[i] = answer.JSON201.Id
			if _, err := client.ListOrdersWithResponse(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if distinct := slices.Compact(ids); len(distinct) != 1 {
		t.Errorf("want one order, got %v", distinct)
	}
	if n := len(l.Entries()); n != 1 {
		t.Errorf("want one entry, got %d", n)
	}
}

func TestTheGeneratedOrdersFitTheContract(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{Products: 400})
	client, _, _ := start(t, w)
	limit := int32(100)
	answer, err := client.ListOrdersWithResponse(t.Context(), &ordersapi.ListOrdersParams{Limit: &limit})
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil || len(answer.JSON200.Items) != 100 || int(answer.JSON200.Total) != len(w.Orders) {
		t.Fatalf("want 100 of %d orders, got %s %.200s", len(w.Orders), answer.Status(), answer.Body)
	}
	for i, o := range answer.JSON200.Items {
		if !o.Status.Valid() || len(o.Lines) == 0 || o.Total.MinorUnits < o.Subtotal.MinorUnits || len(o.ShipTo.Country) != 2 {
			t.Errorf("an order that the contract does not know: %+v", o)
		}
		if i > 0 && o.PlacedAt.After(answer.JSON200.Items[i-1].PlacedAt) {
			t.Errorf("%s is newer than the one before it", o.Id)
		}
	}
}
