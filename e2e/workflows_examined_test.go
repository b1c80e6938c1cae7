package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/cancelorder"
	"github.com/mainstem/mainstem/workflows/placeorder"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestPlaceOrderExamined plays everything that can happen to a checkout against the services.
func TestPlaceOrderExamined(t *testing.T) {
	t.Parallel()
	workflowstest.Run(t, workflowstest.Examined[placeorder.Checkout]{
		Golden: "testdata/workflows/placeorder.md", Update: *update,
		Begin: func(t *testing.T) workflowstest.Beginning[placeorder.Checkout] {
			s := newBackends(t)
			return workflowstest.Beginning[placeorder.Checkout]{
				Workflow: placeorder.New(s.checkout), Input: anything(), Owner: buyer,
				Books: func(end workflows.State) []string { return s.books(end == workflows.Completed) },
			}
		},
	})
}

// TestCancelOrderExamined plays everything that can happen to a cancellation, of an order that is held, paid and sent.
func TestCancelOrderExamined(t *testing.T) {
	t.Parallel()
	workflowstest.Run(t, workflowstest.Examined[cancelorder.Cancellation]{
		Golden: "testdata/workflows/cancelorder.md", Update: *update,
		Begin: func(t *testing.T) workflowstest.Beginning[cancelorder.Cancellation] {
			s := newBackends(t)
			checkout := &workflows.Run[placeorder.Checkout]{State: workflows.Completed, Value: s.place(t, "run", checkoutSteps)}
			placed := func(context.Context, string) (*workflows.Run[placeorder.Checkout], error) { return checkout, nil }
			return workflowstest.Beginning[cancelorder.Cancellation]{
				Workflow: cancelorder.New(s.cancellation, placed), Owner: buyer,
				Input: cancelorder.Cancellation{OrderID: checkout.Value.OrderID, CustomerID: buyer.Subject},
				Books: func(end workflows.State) []string { return s.books(end != workflows.Completed) },
			}
		},
	})
}

// backends are the demo's, for one case, with sources in front of them.
type backends struct {
	demo         *demo.Demo
	checkout     placeorder.Sources
	cancellation cancelorder.Sources
}

func newBackends(t *testing.T) *backends {
	t.Helper()
	log := telemetry.NewLogger(t.Output(), slog.LevelWarn)
	d, err := demo.Start(t.Context(), demo.Options{Products: products, Seed: seed, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	options := func(name string) upstream.Options {
		return upstream.Options{Name: name, URL: d.URL(name), Timeout: patience, Log: log}
	}
	overHTTP := func(name string, inputs upstream.Inputs) *upstream.HTTP {
		c, err := upstream.NewHTTP(options(name), inputs)
		return closing(t, c, err)
	}
	overGRPC := func(name string, inputs upstream.Inputs) *upstream.GRPC {
		c, err := upstream.NewGRPC(options(name), inputs)
		return closing(t, c, err)
	}
	s := placeorder.Sources{
		Catalog:   catalog.New(overHTTP("catalog", catalog.Inputs)),
		Customers: customers.New(overHTTP("customers", customers.Inputs)),
		Inventory: inventory.New(overGRPC("inventory", inventory.Inputs)),
		Payments:  payments.New(overHTTP("payments", payments.Inputs)),
		Orders:    orders.New(overHTTP("orders", orders.Inputs)),
		Shipping:  shipping.New(overGRPC("shipping", shipping.Inputs)),
	}
	return &backends{demo: d, checkout: s, cancellation: cancelorder.Sources{
		Inventory: s.Inventory, Payments: s.Payments, Orders: s.Orders, Shipping: s.Shipping,
	}}
}

// checkoutSteps is how many steps a checkout has.
const checkoutSteps = 7

// closing closes a client when the test ends.
func closing[C io.Closer](t *testing.T, client C, err error) C {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// buyer is who orders.
var buyer = workflows.Actor{Issuer: "https://issuer.test", Subject: "cus-00001"}

// anything gives a checkout of two products that are there.
func anything() placeorder.Checkout {
	return placeorder.Checkout{
		CustomerID: buyer.Subject, Lines: []placeorder.Line{{SKU: "SKU-000003", Quantity: 2}, {SKU: "SKU-000023", Quantity: 1}},
		Payment: placeorder.Method{Card: &payments.Card{Brand: "visa", Last4: "4242", ExpiryMonth: 12, ExpiryYear: 2030}},
	}
}

// place does the steps of a checkout as a run would, the first so many of them, and gives the checkout.
func (s *backends) place(t *testing.T, run string, steps int) placeorder.Checkout {
	t.Helper()
	ctx := upstream.WithRequest(t.Context(), upstream.Request{Claims: map[string]string{"iss": buyer.Issuer, "sub": buyer.Subject}, Fresh: true})
	c := anything()
	for _, step := range placeorder.New(s.checkout).Steps[:steps] {
		var err error
		if c, err = step.Do(ctx, run+"-"+step.Name, c); err != nil {
			t.Fatalf("%s: %v", step.Name, err)
		}
	}
	return c
}

// books gives what does not balance, and whether there is one order where there is to be one.
func (s *backends) books(ordered bool) []string {
	wrong := audit(s.demo)
	if placed := placedOrders(s.demo); ordered != (len(placed) == 1) || len(placed) > 1 {
		wrong = append(wrong, fmt.Sprintf("the orders %q are placed, and there is to be one: %t", placed, ordered))
	}
	return wrong
}
