package orders_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
)

func newOrder() orders.NewOrder {
	region := "Berlin"
	return orders.NewOrder{
		CustomerID:   "cus-00017",
		Lines:        []orders.NewOrderLine{{SKU: "SKU-000007", Name: "Trail lantern", Quantity: 2, UnitPrice: euros(1999)}},
		ShippingCost: euros(490),
		Tax:          euros(717),
		ShippingAddress: sources.Address{
			Recipient: "Ada Berger", Lines: []string{"Hof 2", "Torstraße 12"}, City: "Berlin", Region: &region, PostalCode: "10119", CountryCode: "DE",
		},
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do   func(context.Context, *orders.Source) (*orders.Order, error)
		want string
	}{
		"Create": {
			func(ctx context.Context, s *orders.Source) (*orders.Order, error) {
				return s.Create(ctx, key, newOrder())
			},
			`POST /orders ` + key + ` {"customer_id":"cus-00017",` +
				`"lines":[{"name":"Trail lantern","quantity":2,"sku":"SKU-000007","unit_price":{"currency":"EUR","minor_units":1999}}],` +
				`"ship_to":{"city":"Berlin","country":"DE","postal_code":"10119","recipient":"Ada Berger","region":"Berlin","street":["Hof 2","Torstraße 12"]},` +
				`"shipping_cost":{"currency":"EUR","minor_units":490},"tax":{"currency":"EUR","minor_units":717}}`,
		},
		"Create, of nothing to nowhere": {
			func(ctx context.Context, s *orders.Source) (*orders.Order, error) {
				return s.Create(ctx, key, orders.NewOrder{CustomerID: "cus-00017", ShippingCost: euros(0), Tax: euros(0)})
			},
			`POST /orders ` + key + ` {"customer_id":"cus-00017","lines":[],` +
				`"ship_to":{"city":"","country":"","postal_code":"","recipient":"","street":[]},` +
				`"shipping_cost":{"currency":"EUR","minor_units":0},"tax":{"currency":"EUR","minor_units":0}}`,
		},
		"MarkPaid": {
			func(ctx context.Context, s *orders.Source) (*orders.Order, error) {
				return s.MarkPaid(ctx, key, "ord-000042")
			},
			`POST /orders/ord-000042/mark-paid ` + key,
		},
		"Cancel": {
			func(ctx context.Context, s *orders.Source) (*orders.Order, error) {
				return s.Cancel(ctx, key, "ord-000042")
			},
			`POST /orders/ord-000042/cancel ` + key,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, seen := served(t, "order.json")
			got, err := test.do(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, seen.all()); diff != "" {
				t.Errorf("-want +sent:\n%s", diff)
			}
			if diff := cmp.Diff(wantOrder("ord-000042", "2026-000042", orders.OrderPaid), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestUndoCreate(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		answer string
		want   orders.UndoneOrder
		code   fault.Code
	}{
		"an order was cancelled":           {`{"cancelled":true,"order_id":"ord-000042"}`, orders.UndoneOrder{Cancelled: true, OrderID: "ord-000042"}, ""},
		"it had been cancelled before":     {`{"cancelled":false,"order_id":"ord-000042"}`, orders.UndoneOrder{OrderID: "ord-000042"}, ""},
		"none was placed":                  {`{"cancelled":false}`, orders.UndoneOrder{}, ""},
		"none was placed, and says null":   {`{"cancelled":false,"order_id":null}`, orders.UndoneOrder{}, ""},
		"none that is named was cancelled": {`{"cancelled":true}`, orders.UndoneOrder{}, fault.SourceContractViolation},
		"an id that is none":               {`{"cancelled":true,"order_id":"a/b"}`, orders.UndoneOrder{}, fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, seen := answering(t, reply(http.StatusOK, "application/json", test.answer))
			got, err := s.UndoCreate(t.Context(), "checkout-7f3a91c2-undo-create", key)
			if f := fault.From(err); (f == nil) != (test.code == "") || f != nil && f.Code != test.code {
				t.Errorf("failed with %v, want %q", err, test.code)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if want := `POST /orders/undo-create checkout-7f3a91c2-undo-create {"creation_key":"` + key + `"}`; seen.all() != want {
				t.Errorf("sent %s, want %s", seen.all(), want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		status int
		kind   string
		code   fault.Code
		want   string
	}{
		"there is no such order":       {http.StatusNotFound, "no-such-order", fault.NotFound, orders.ReasonNoSuchOrder},
		"the key was used before":      {http.StatusConflict, "key-reused", fault.Conflict, orders.ReasonKeyReused},
		"the order is on its way":      {http.StatusPreconditionFailed, "state-forbids", fault.PreconditionFailed, orders.ReasonStateForbids},
		"the command was undone":       {http.StatusPreconditionFailed, "undone", fault.PreconditionFailed, orders.ReasonUndone},
		"the input is not acceptable":  {http.StatusUnprocessableEntity, "not-accepted", fault.BadUserInput, orders.ReasonNotAccepted},
		"the service failed by itself": {http.StatusInternalServerError, "defect", fault.SourceFailed, "https://orders.storefront.example/problems/defect"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, reply(test.status, "application/problem+json", fmt.Sprintf(
				`{"type":"https://orders.storefront.example/problems/%s","title":"No.","status":%d,"detail":"Not for clients."}`, test.kind, test.status)))
			for name, do := range map[string]func() error{
				"createOrder":     func() error { _, err := s.Create(t.Context(), key, newOrder()); return err },
				"markPaid":        func() error { _, err := s.MarkPaid(t.Context(), key, "ord-000042"); return err },
				"cancelOrder":     func() error { _, err := s.Cancel(t.Context(), key, "ord-000042"); return err },
				"undoCreateOrder": func() error { _, err := s.UndoCreate(t.Context(), key+"-undo", key); return err },
			} {
				f := fault.From(do())
				if f == nil {
					t.Fatalf("%s did not fail", name)
				}
				if f.Code != test.code || f.Reason != test.want || f.Source != "orders" || f.Operation != name {
					t.Errorf("%s: got %v with the reason %q, want %s with %q", name, f, f.Reason, test.code, test.want)
				}
				if strings.Contains(f.Message(), "Not for clients") {
					t.Errorf("%s: clients would read %q", name, f.Message())
				}
			}
		})
	}
}

func TestViolationsAreInOurWords(t *testing.T) {
	t.Parallel()
	members := []string{
		"/customer_id", "/lines", "/lines/0/sku", "/lines/0/name", "/lines/0/quantity", "/lines/0/unit_price", "/shipping_cost", "/tax", "/ship_to",
		"/ship_to/recipient", "/ship_to/street", "/ship_to/city", "/ship_to/region", "/ship_to/postal_code", "/ship_to/country",
	}
	var said []string
	for _, member := range members {
		said = append(said, fmt.Sprintf(`{"detail":"Not this.","pointer":"#%s"}`, member))
	}
	s, _ := answering(t, reply(http.StatusUnprocessableEntity, "application/problem+json", fmt.Sprintf(
		`{"type":"https://orders.storefront.example/problems/not-accepted","title":"No.","status":422,"detail":"No.","errors":[%s]}`, strings.Join(said, ","))))
	_, err := s.Create(t.Context(), key, newOrder())
	var want []fault.Violation
	for _, field := range []string{
		"customerId", "lines", "sku", "name", "quantity", "unitPrice", "shippingCost", "tax", "shippingAddress",
		"recipient", "lines", "city", "region", "postalCode", "countryCode",
	} {
		want = append(want, fault.Violation{Field: field, Message: "Not this."})
	}
	if diff := cmp.Diff(want, fault.From(err).Violations); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCommandsRefuseWhatIsNoID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "..", "a/b", "a b"} {
		s, seen := served(t, "order.json")
		for name, do := range map[string]func(context.Context, string, string) (*orders.Order, error){"MarkPaid": s.MarkPaid, "Cancel": s.Cancel} {
			if _, err := do(t.Context(), key, id); err == nil || fault.From(err).Code != fault.BadUserInput {
				t.Errorf("%s of %q: got %v, want BAD_USER_INPUT", name, id, err)
			}
		}
		if seen.all() != "" {
			t.Errorf("sent %s", seen.all())
		}
	}
}
