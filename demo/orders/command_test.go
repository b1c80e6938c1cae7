package orders_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

func eur(amount int32) ordersapi.Money { return ordersapi.Money{MinorUnits: amount, Currency: "EUR"} }

func newOrder() ordersapi.NewOrder {
	return ordersapi.NewOrder{
		CustomerId:   "cus-00009",
		Lines:        []ordersapi.NewOrderLine{{Sku: "SKU-000001", Name: "Lantern", Quantity: 3, UnitPrice: eur(1999)}},
		ShippingCost: eur(490),
		Tax:          eur(1036),
		ShipTo: ordersapi.Address{
			Recipient: "Ada Berger", Street: []string{"Torstraße 12"}, City: "Berlin", PostalCode: "10119", Country: "DE",
		},
	}
}

// create places an order.
func create(t *testing.T, client *ordersapi.ClientWithResponses, key string, in ordersapi.NewOrder) *ordersapi.CreateOrderResponse {
	t.Helper()
	asCaller := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Caller-Sub", "ada")
		return nil
	}
	answer, err := client.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key}, in, asCaller)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// undo undoes the placing of an order.
func undo(t *testing.T, client *ordersapi.ClientWithResponses, key, creationKey string) *ordersapi.UndoCreateOrderResponse {
	t.Helper()
	params := &ordersapi.UndoCreateOrderParams{IdempotencyKey: key}
	answer, err := client.UndoCreateOrderWithResponse(t.Context(), params, ordersapi.UndoCreate{CreationKey: creationKey})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// command sends a command that needs an order's id and a key alone.
func command(t *testing.T, client *ordersapi.ClientWithResponses, name, id, key string) (int, *ordersapi.Order) {
	t.Helper()
	if name == "markPaid" {
		answer, err := client.MarkPaidWithResponse(t.Context(), id, &ordersapi.MarkPaidParams{IdempotencyKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode(), answer.JSON200
	}
	answer, err := client.CancelOrderWithResponse(t.Context(), id, &ordersapi.CancelOrderParams{IdempotencyKey: key})
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode(), answer.JSON200
}

func TestAnOrderIsPlacedOnce(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t, smallWorld(3))
	first := create(t, client, "key-00000001", newOrder())
	if first.JSON201 == nil {
		t.Fatalf("want an order, got %s %s", first.Status(), first.Body)
	}
	o := first.JSON201
	if o.Id != "ord-000004" || o.Status != ordersapi.OrderStatusPending || o.Subtotal != eur(5997) || o.Total != eur(6487) {
		t.Errorf("another order: %+v", o)
	}
	again := create(t, client, "key-00000001", newOrder())
	if again.StatusCode() != http.StatusCreated || string(again.Body) != string(first.Body) {
		t.Errorf("want the same answer again, got %s %s", again.Status(), again.Body)
	}
	other := newOrder()
	other.Lines[0].Quantity++
	if answer := create(t, client, "key-00000001", other); answer.StatusCode() != http.StatusConflict {
		t.Errorf("want the key refused, got %s", answer.Status())
	}
	second := create(t, client, "key-00000002", newOrder())

	customer := "cus-00009"
	list, err := client.ListOrdersWithResponse(t.Context(), &ordersapi.ListOrdersParams{CustomerId: &customer})
	if err != nil {
		t.Fatal(err)
	}
	if list.JSON200 == nil || list.JSON200.Total != 2 || list.JSON200.Items[0].Id != second.JSON201.Id {
		t.Errorf("want two orders, the later first, got %s", list.Body)
	}
	if entries := l.Entries(); len(entries) != 2 || entries[0].Command != "createOrder" || entries[0].Caller != "ada" {
		t.Errorf("want two entries with their caller, got %+v", entries)
	}
}

func TestANewOrderIsTheNewest(t *testing.T) {
	t.Parallel()
	w := smallWorld(1)
	w.Orders[0].PlacedAt = time.Now().AddDate(100, 0, 0).UTC()
	client, _, _ := start(t, w)
	last := w.Orders[0].PlacedAt
	for _, key := range []string{"key-00000001", "key-00000002"} {
		o := create(t, client, key, newOrder()).JSON201
		if o == nil || !o.PlacedAt.After(last) {
			t.Fatalf("want an order after %v, got %+v", last, o)
		}
		last = o.PlacedAt
	}
}

func TestAnOrderThatIsNotAcceptable(t *testing.T) {
	t.Parallel()
	client, l, _ := start(t, smallWorld(1))
	for reason, c := range map[string]struct {
		change  func(o *ordersapi.NewOrder)
		pointer string
	}{
		"nobody buys":              {func(o *ordersapi.NewOrder) { o.CustomerId = "" }, "#/customer_id"},
		"nothing is bought":        {func(o *ordersapi.NewOrder) { o.Lines = nil }, "#/lines"},
		"too many lines":           {func(o *ordersapi.NewOrder) { o.Lines = make([]ordersapi.NewOrderLine, 101) }, "#/lines"},
		"what nobody can be":       {func(o *ordersapi.NewOrder) { o.CustomerId = "cus/00001" }, "#/customer_id"},
		"what no product can be":   {func(o *ordersapi.NewOrder) { o.Lines[0].Sku = strings.Repeat("x", 129) }, "#/lines/0/sku"},
		"a line without a product": {func(o *ordersapi.NewOrder) { o.Lines[0].Sku = "" }, "#/lines/0/sku"},
		"none of a product":        {func(o *ordersapi.NewOrder) { o.Lines[0].Quantity = 0 }, "#/lines/0/quantity"},
		"a negative price":         {func(o *ordersapi.NewOrder) { o.Lines[0].UnitPrice = eur(-1) }, "#/lines/0/unit_price"},
		"two currencies":           {func(o *ordersapi.NewOrder) { o.Tax.Currency = "JPY" }, "#/tax"},
		"no currency":              {func(o *ordersapi.NewOrder) { o.Lines[0].UnitPrice.Currency = "" }, "#/lines/0/unit_price"},
		"a sum above 32 bits":      {func(o *ordersapi.NewOrder) { o.Lines[0].UnitPrice = eur(1 << 30) }, "#/lines"},
		"more tax than total":      {func(o *ordersapi.NewOrder) { o.Tax = eur(7000) }, "#/tax"},
		"no street":                {func(o *ordersapi.NewOrder) { o.ShipTo.Street = nil }, "#/ship_to/street"},
		"a street without a name":  {func(o *ordersapi.NewOrder) { o.ShipTo.Street = []string{""} }, "#/ship_to/street"},
		"an empty region":          {func(o *ordersapi.NewOrder) { o.ShipTo.Region = new(string) }, "#/ship_to/region"},
		"a country's name":         {func(o *ordersapi.NewOrder) { o.ShipTo.Country = "Germany" }, "#/ship_to/country"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			in := newOrder()
			c.change(&in)
			answer := create(t, client, "key-00000001", in)
			problem := answer.ApplicationproblemJSON422
			if problem == nil || problem.Errors == nil || (*problem.Errors)[0].Pointer != c.pointer || len(*problem.Errors) > 20 {
				t.Errorf("want %s refused, got %s %s", c.pointer, answer.Status(), answer.Body)
			}
		})
	}
	t.Cleanup(func() { // after the parallel cases
		if n := len(l.Entries()); n != 0 {
			t.Errorf("want nothing done, got %d entries", n)
		}
	})
}

func TestTheStateOfAnOrderDecides(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		command, id string
		status      int
		after       ordersapi.OrderStatus
		changes     bool
	}{
		"paying for a pending order":     {"markPaid", "ord-000001", 200, "paid", true},
		"paying twice":                   {"markPaid", "ord-000002", 412, "paid", false},
		"paying for a shipped order":     {"markPaid", "ord-000003", 412, "shipped", false},
		"paying for a cancelled order":   {"markPaid", "ord-000005", 412, "cancelled", false},
		"paying for no order":            {"markPaid", "ord-000099", 404, "", false},
		"cancelling a pending order":     {"cancelOrder", "ord-000001", 200, "cancelled", true},
		"cancelling a paid order":        {"cancelOrder", "ord-000002", 200, "cancelled", true},
		"cancelling a shipped order":     {"cancelOrder", "ord-000003", 412, "shipped", false},
		"cancelling a delivered order":   {"cancelOrder", "ord-000004", 412, "delivered", false},
		"cancelling a cancelled order":   {"cancelOrder", "ord-000005", 200, "cancelled", false},
		"cancelling what does not exist": {"cancelOrder", "ord-000099", 404, "", false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			client, l, _ := start(t, smallWorld(5))
			for range 2 { // the second time, the first outcome is given again
				status, o := command(t, client, c.command, c.id, "key-00000001")
				if status != c.status || (o != nil && o.Status != c.after) {
					t.Errorf("want %d, got %d with %+v", c.status, status, o)
				}
			}
			read, err := client.BatchGetOrdersWithResponse(t.Context(), &ordersapi.BatchGetOrdersParams{Id: []string{c.id}})
			if err != nil {
				t.Fatal(err)
			}
			if entries := l.Entries(); c.status == http.StatusOK && (len(entries) != 1 || entries[0].Changed != c.changes) {
				t.Errorf("want the ledger to say that it changed the order: %v; it says %+v", c.changes, entries)
			}
			for _, o := range read.JSON200.Items {
				if o.Status != c.after {
					t.Errorf("want it %s, it is %s", c.after, o.Status)
				}
			}
		})
	}
}

func TestUndoingCancelsTheOrderThatWasPlaced(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t, smallWorld(1))
	id := create(t, client, "key-create-1", newOrder()).JSON201.Id
	for range 2 {
		answer := undo(t, client, "key-undo-1", "key-create-1")
		if answer.JSON200 == nil || !answer.JSON200.Cancelled || answer.JSON200.OrderId == nil || *answer.JSON200.OrderId != id {
			t.Fatalf("want %s cancelled, got %s %s", id, answer.Status(), answer.Body)
		}
	}
	if answer := undo(t, client, "key-undo-2", "key-create-1"); answer.JSON200 == nil || answer.JSON200.Cancelled {
		t.Errorf("want nothing left to cancel, got %s %s", answer.Status(), answer.Body)
	}
	if answer := undo(t, client, "key-undo-1", "key-create-2"); answer.StatusCode() != http.StatusConflict {
		t.Errorf("want the key refused, got %s", answer.Status())
	}
	if answer := create(t, client, "key-create-1", newOrder()); answer.StatusCode() != http.StatusPreconditionFailed {
		t.Errorf("want the undone command refused, got %s", answer.Status())
	}
}

func TestUndoingFirstRefusesTheLateCommand(t *testing.T) {
	t.Parallel()
	client, _, _ := start(t, smallWorld(1))
	if answer := undo(t, client, "key-undo-1", "key-create-1"); answer.JSON200 == nil || answer.JSON200.Cancelled || answer.JSON200.OrderId != nil {
		t.Fatalf("want nothing cancelled, got %s %s", answer.Status(), answer.Body)
	}
	if answer := create(t, client, "key-create-1", newOrder()); answer.StatusCode() != http.StatusPreconditionFailed {
		t.Errorf("want the late command refused, got %s %s", answer.Status(), answer.Body)
	}
	list, err := client.ListOrdersWithResponse(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if list.JSON200 == nil || list.JSON200.Total != 1 {
		t.Errorf("want no order placed, got %s", list.Body)
	}
}
