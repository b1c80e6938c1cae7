package world_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/world"
)

func TestOrdersFit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world.World) {
		products, customers, _ := indexes(w)
		last := time.Time{}
		for i := range w.Orders {
			o := &w.Orders[i]
			c := customers[o.CustomerID]
			if c == nil {
				t.Errorf("%s is of %s, who does not exist", o.ID, o.CustomerID)
				continue
			}
			inOrder(t, o.ID, last, o.PlacedAt)
			inOrder(t, o.ID, c.CreatedAt, o.PlacedAt, w.Now)
			last = o.PlacedAt
			checkLines(t, o, products)
			checkPayment(t, o, w.Now)
			checkShipment(t, o, w.Now)
		}
	})
}

func checkLines(t *testing.T, o *world.Order, products map[string]*world.Product) {
	t.Helper()
	if len(o.Lines) < 1 || len(o.Lines) > 5 {
		t.Errorf("%s has %d lines", o.ID, len(o.Lines))
	}
	var sum int32
	for k, l := range o.Lines {
		sum += l.Quantity * l.Price
		if l.Quantity < 1 || l.Price < 1 || l.Name == "" {
			t.Errorf("%s has the line %+v", o.ID, l)
		}
		if slices.ContainsFunc(o.Lines[:k], func(x world.OrderLine) bool { return x.SKU == l.SKU }) {
			t.Errorf("%s has %s twice", o.ID, l.SKU)
		}
		if p := products[l.SKU]; p != nil && (p.Status == "announced" || p.CreatedAt.After(o.PlacedAt)) {
			t.Errorf("%s, of %v, has %s, which was not on sale", o.ID, o.PlacedAt, l.SKU)
		}
	}
	if o.Subtotal() != sum || o.Total() != sum+o.ShippingCost || o.ShippingCost < 0 || o.Tax < 1 || o.Tax >= o.Total() {
		t.Errorf("%s: lines %d, subtotal %d, sending %d, tax %d, total %d", o.ID, sum, o.Subtotal(), o.ShippingCost, o.Tax, o.Total())
	}
}

func checkPayment(t *testing.T, o *world.Order, now time.Time) {
	t.Helper()
	fitting := map[string][]string{
		"pending":   {"", "authorized", "declined"},
		"paid":      {"captured"},
		"shipped":   {"captured"},
		"delivered": {"captured", "refunded"},
		"cancelled": {"", "voided", "refunded", "declined"},
	}
	p := o.Payment
	if p == nil {
		p = &world.Payment{Amount: o.Total(), CreatedAt: o.PlacedAt, Kind: "gift_card"}
	}
	if !slices.Contains(fitting[o.Status], p.Status) {
		t.Errorf("%s is %s, its payment %q", o.ID, o.Status, p.Status)
	}
	inOrder(t, o.ID, o.PlacedAt, p.CreatedAt, now)
	taken, given := p.Status == "captured" || p.Status == "refunded", p.Status == "refunded"
	if p.Amount != o.Total() || (p.Captured == p.Amount) != taken || (p.Refunded > 0) != given || p.Refunded > p.Captured {
		t.Errorf("%s has the payment %+v", o.ID, p)
	}
	if isCard := p.Kind == "card"; (p.Month > 0 && p.Month <= 12) != isCard || (p.Year > 2026) != isCard || (p.Brand != "") == (p.Kind == "gift_card") {
		t.Errorf("%s is paid with %+v", o.ID, p)
	}
}

func checkShipment(t *testing.T, o *world.Order, now time.Time) {
	t.Helper()
	fitting := map[string][]string{
		"pending":   {""},
		"paid":      {"", "labelled"},
		"shipped":   {"in_transit", "out_for_delivery"},
		"delivered": {"delivered"},
		"cancelled": {"", "cancelled"},
	}
	s := o.Shipment
	if s == nil {
		s = &world.Shipment{}
	}
	if !slices.Contains(fitting[o.Status], s.Status) || (s.Status == "delivered") == s.DeliveredAt.IsZero() {
		t.Errorf("%s is %s, its shipment %+v", o.ID, o.Status, s)
	}
	moments := []time.Time{o.PlacedAt}
	for _, e := range s.Events {
		moments = append(moments, e.At)
	}
	inOrder(t, o.ID, append(moments, now)...)
	if s.Status == "delivered" && !moments[len(moments)-1].Equal(s.DeliveredAt) {
		t.Errorf("%s was delivered at %v, which is not its last event", o.ID, s.DeliveredAt)
	}
	if late := s.Status == "in_transit" || s.Status == "labelled"; late && !s.EstimatedAt.IsZero() && s.EstimatedAt.Before(now.Add(-time.Hour)) {
		t.Errorf("%s is %s and should have been there at %v", o.ID, s.Status, s.EstimatedAt)
	}
}

func TestFirstCustomerHasOneOfEach(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world.World) {
		c := w.Customers[0]
		if c.ID != "cus-00001" || c.Email == "" || c.Phone == "" || c.Avatar == "" || len(c.Addresses) == 0 {
			t.Errorf("the first customer is %+v", c)
		}
		has := map[string]bool{}
		for _, o := range w.Orders {
			if o.CustomerID == c.ID {
				has[o.Status] = true
				has["delivered, by card"] = has["delivered, by card"] || o.Status == "delivered" && o.Payment.Kind == "card"
			}
		}
		for _, r := range w.Reviews {
			has["review"] = has["review"] || r.CustomerID == c.ID
		}
		for _, want := range []string{"pending", "paid", "shipped", "delivered", "cancelled", "delivered, by card", "review"} {
			if !has[want] {
				t.Errorf("the first customer has nothing that is %q", want)
			}
		}
	})
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		world.Generate(world.Options{Products: 5000})
	}
}
