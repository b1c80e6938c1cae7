package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/cancelorder"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// cancelled is what a test reads of a cancellation.
type cancelled struct {
	State    string
	Problems []struct {
		Kind      string `json:"__typename"`
		Retryable bool
	}
}

// calledOff asks for an order to be called off until it is, or it is not: each time with the same key, which gives the same cancellation. It
// calls stuck whenever it is stuck.
func calledOff(t *testing.T, s *stack, header http.Header, order string, stuck func()) cancelled {
	t.Helper()
	query := fmt.Sprintf(`mutation { cancelOrder(input: { orderId: "${Order:%s}", idempotencyKey: "off-with-%[1]s" }) {
		cancellation { state problems { __typename ... on CancellationFailed { retryable } } }
	} }`, order)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		o := <-question{query: query, header: header}.begin(t.Context(), t, s)
		answer, _ := decode[struct {
			CancelOrder struct{ Cancellation cancelled }
		}](t, []byte(o.good(t)))
		switch c := answer.CancelOrder.Cancellation; c.State {
		case "PENDING", "UNDOING":
		case "STUCK":
			stuck()
		default:
			return c
		}
	}
	t.Fatal("it does not end")
	return cancelled{}
}

// TestOrdersThatAreBeingPlaced: they are not called off, since their checkout may do so itself.
func TestOrdersThatAreBeingPlaced(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: signing(t) + hurried, broken: map[string]breaking.Break{"shipping": {Down: true}}})
	owner := signed(t, "cus-00001", "")
	id := placed(t, s, owner, "one-that-hangs")
	for e := range s.follow(t, owner, fmt.Sprintf(`subscription { checkoutChanged(id: %q) { kind } }`, id)) {
		if e.Data["checkoutChanged"].Kind == "STEP_STUCK" {
			break
		}
	}
	c := calledOff(t, s, owner, "ord-000101", func() { t.Fatal("it is stuck") })
	if c.State != "REFUSED" || len(c.Problems) != 1 || c.Problems[0].Kind != "OrderBeingPlaced" {
		t.Errorf("got %+v", c)
	}
}

// TestOutagesOfCancellations: while the order is as it was, a cancellation gives up; then all of it is done, once, when the service is back.
func TestOutagesOfCancellations(t *testing.T) {
	t.Parallel()
	for service, want := range map[string]string{"orders": "FAILED", "shipping": "FAILED", "payments": "COMPLETED", "inventory": "COMPLETED"} {
		for reason, wrong := range map[string]breaking.Break{"down": {Down: true}, "silent": {LoseAnswers: 1}} {
			t.Run(service+" "+reason, func(t *testing.T) {
				t.Parallel()
				s := start(t, options{config: signing(t) + hurried, broken: map[string]breaking.Break{service: wrong}})
				c := calledOff(t, s, signed(t, "cus-00001", ""), "ord-000098", func() {
					if err := s.demo.Break(service, breaking.Break{}); err != nil {
						t.Fatal(err)
					}
				})
				var commands []string
				for _, service := range s.demo.Services() {
					for _, entry := range s.demo.Ledger(service.Name) {
						if entry.Changed && entry.Key != "" {
							commands = append(commands, entry.Command)
						}
					}
				}
				slices.Sort(commands)
				switch {
				case c.State != want:
					t.Errorf("it ends %s, want %s", c.State, want)
				case want == "FAILED" && (len(commands) > 0 || len(c.Problems) != 1 || !c.Problems[0].Retryable):
					t.Errorf("it fails with %+v, having done %v", c, commands)
				case want == "COMPLETED" && !slices.Equal(commands, []string{"cancelOrder", "cancelShipmentById", "refundPayment", "releaseByReference"}):
					t.Errorf("it has done %v", commands)
				}
			})
		}
	}
}

// cancellation is a run of cancelOrder by hand.
type cancellation struct {
	t     *testing.T
	run   string
	steps map[string]workflows.Step[cancelorder.Cancellation]
	state cancelorder.Cancellation
}

// byHand begins a cancellation of an order that was not placed here.
func byHand(t *testing.T, s resolvers.Sources, run, order string) *cancellation {
	t.Helper()
	w := cancelorder.New(cancelorder.Sources{Inventory: s.Inventory, Payments: s.Payments, Orders: s.Orders, Shipping: s.Shipping},
		func(context.Context, string) (*workflows.Run[placeorder.Checkout], error) { return nil, nil })
	c := &cancellation{t: t, run: run, steps: map[string]workflows.Step[cancelorder.Cancellation]{}, state: cancelorder.Cancellation{OrderID: order}}
	for _, step := range w.Steps {
		c.steps[step.Name] = step
	}
	return c
}

func (c *cancellation) do(steps ...string) {
	c.t.Helper()
	for _, step := range steps {
		state, err := c.steps[step].Do(c.t.Context(), c.run+"-"+step, c.state)
		if err != nil {
			c.t.Fatalf("%s: %v", step, err)
		}
		c.state = state
	}
}

// parcelOf gives how far the latest shipment of an order is; empty if there is none.
func parcelOf(t *testing.T, s resolvers.Sources, order string) shipping.ShipmentStatus {
	t.Helper()
	found, err := s.Shipping.ByOrderID(t.Context(), []string{order})
	if err != nil {
		t.Fatal(err)
	}
	if found[order] == nil {
		return ""
	}
	return found[order].Status
}

// TestParcelsThatComeLate: one that a checkout has ordered since the cancellation looked for it is kept back as well.
func TestParcelsThatComeLate(t *testing.T) {
	t.Parallel()
	const order = "ord-000097"
	s := connect(t)
	c := byHand(t, s, "late-run", order)
	c.do("check", "shipment")
	if _, err := s.Shipping.Create(t.Context(), "late-parcel", shipping.NewShipment{OrderID: order, CustomerID: "cus-00001", Address: c.state.ShipTo}); err != nil {
		t.Fatal(err)
	}
	c.do("order", "parcel", "parcel", "money", "money", "stock")
	if got := parcelOf(t, s, order); got != shipping.ShipmentCancelled {
		t.Errorf("the parcel is %s", got)
	}
}

// TestParcelsAreSentAfterAll: what a cancellation kept back goes, if the cancellation is undone, and stays on its way when what was asked of the
// service arrives once more.
func TestParcelsAreSentAfterAll(t *testing.T) {
	t.Parallel()
	const order = "ord-000098"
	s := connect(t)
	for run, before := range map[string][]string{"not-kept-back": {"check"}, "kept-back": {"check", "shipment"}} {
		c := byHand(t, s, run, order)
		c.do(before...)
		for range 2 {
			if err := c.steps["shipment"].Undo(t.Context(), run+"-undo-shipment", run+"-shipment", c.state); err != nil {
				t.Fatalf("%s: %v", run, err)
			}
		}
		if _, err := s.Shipping.CancelByID(t.Context(), run+"-shipment", c.state.ShipmentID); err != nil {
			t.Fatalf("%s: %v", run, err)
		}
		if got := parcelOf(t, s, order); got != shipping.ShipmentLabelled {
			t.Errorf("%s: the parcel is %s", run, got)
		}
	}
}
