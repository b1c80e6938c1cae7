package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// TestAuditFinds: the audit finds a checkout that is neither done nor undone, wherever it stopped, and finds it in another process as well.
func TestAuditFinds(t *testing.T) {
	t.Parallel()
	steps := placeorder.New(placeorder.Sources{}).Steps
	if len(steps) != checkoutSteps {
		t.Fatalf("a checkout has %d steps", len(steps))
	}
	for done := range len(steps) + 1 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			c := s.place(t, "run", done)
			wrong := audit(s.demo)
			if balances := done <= 1 || done == len(steps); balances != (len(wrong) == 0) {
				t.Errorf("the audit gives %q", wrong)
			}
			if there := auditAt(t, s.demo.World(), s.demo.ControlURL()); strings.Join(there, "\n") != strings.Join(wrong, "\n") {
				t.Errorf("the audit gives %q in another process, and here %q", there, wrong)
			}
			all := placeorder.New(s.checkout).Steps
			for i := done - 1; i > 0; i-- {
				if undo := all[i].Undo; undo != nil {
					if err := undo(t.Context(), "run-undo-"+all[i].Name, "run-"+all[i].Name, c); err != nil {
						t.Fatal(err)
					}
					// The parcel, the order and the payment are looked at before the stock is, which is undone last.
					if wrong := audit(s.demo); (i > 1) != (len(wrong) > 0) {
						t.Errorf("after undoing %s, the audit gives %q", all[i].Name, wrong)
					}
				}
			}
			if placed := placedOrders(s.demo); len(placed) > 0 {
				t.Errorf("the orders %q are placed", placed)
			}
		})
	}
}

// TestAuditFindsWhatIsTooMuch: what is whole, and has something more.
func TestAuditFindsWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	key := func(step string) string { return "run-" + step }
	for reason, spoil := range map[string]func(*testing.T, *backends, placeorder.Checkout) error{
		"stock that is held twice": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := placeorder.New(s.checkout).Steps[1].Do(t.Context(), key("again")+"-reserve", c)
			return err
		},
		"money that is held twice": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := placeorder.New(s.checkout).Steps[2].Do(t.Context(), key("again"), c)
			return err
		},
		"an order that is placed twice": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := placeorder.New(s.checkout).Steps[3].Do(t.Context(), key("again"), c)
			return err
		},
		"a parcel that is called off": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := s.checkout.Shipping.CancelByID(t.Context(), key("parcel"), c.ShipmentID)
			return err
		},
		"an order that is called off": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := s.checkout.Orders.Cancel(t.Context(), key("cancel"), c.OrderID)
			return err
		},
		"money that is given back": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := s.checkout.Payments.Refund(t.Context(), key("refund"), c.PaymentID, c.Amounts.Total)
			return err
		},
		"some money that is given back": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			some := c.Amounts.Total
			some.Amount = 1
			_, err := s.checkout.Payments.Refund(t.Context(), key("refund"), c.PaymentID, some)
			return err
		},
		"stock that is let go": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			return s.checkout.Inventory.ReleaseByReference(t.Context(), key("stock"), c.Reference)
		},
		"a parcel for no order": func(t *testing.T, s *backends, c placeorder.Checkout) error {
			_, err := s.checkout.Shipping.Create(t.Context(), key("parcel"), shipping.NewShipment{
				OrderID: "ord-999999", CustomerID: c.CustomerID, Address: c.ShipTo,
			})
			return err
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			c := s.place(t, "run", checkoutSteps)
			if wrong := audit(s.demo); len(wrong) > 0 {
				t.Fatalf("an order that is whole is not: %q", wrong)
			}
			if err := spoil(t, s, c); err != nil {
				t.Fatal(err)
			}
			if wrong := audit(s.demo); len(wrong) == 0 {
				t.Error("the audit finds nothing")
			}
		})
	}
}
