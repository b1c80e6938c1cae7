package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
)

// audited are the services whose ledgers have to fit together.
var audited = []string{"inventory", "orders", "payments", "shipping"}

// audit gives what does not balance in the services' books while no workflow runs: stock that is held, money that is held or kept, and parcels
// on their way without a live order that they are for; live orders without these; and whatever was done twice. It gives nothing if they do.
func audit(d *demo.Demo) []string { return booksOf(d.World(), ledgersOf(d)).audit() }

// placedOrders gives the orders that were placed and are not called off.
func placedOrders(d *demo.Demo) (ids []string) {
	for id, o := range booksOf(d.World(), ledgersOf(d)).orders {
		if o.run != "" && o.Status != "cancelled" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func ledgersOf(d *demo.Demo) map[string][]ledger.Entry {
	ledgers := map[string][]ledger.Entry{}
	for _, service := range audited {
		ledgers[service] = d.Ledger(service)
	}
	return ledgers
}

// auditAt is audit for a demo in another process, which has the same world: its control server shows the ledgers.
func auditAt(t *testing.T, w *world.World, controlURL string) []string {
	t.Helper()
	ledgers := map[string][]ledger.Entry{}
	for _, service := range audited {
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, controlURL+"/ledger/"+service, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var entries []ledger.Entry
		err = json.NewDecoder(resp.Body).Decode(&entries)
		if closed := resp.Body.Close(); err != nil || closed != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the ledger of %s: %s, %v, %v", service, resp.Status, err, closed)
		}
		ledgers[service] = entries
	}
	return booksOf(w, ledgers).audit()
}

// books are the services' books: what they have now, according to what they had and did.
type books struct {
	orders   map[string]*bookedOrder
	payments map[string]*bookedPayment
	parcels  map[string]*bookedParcel
	held     map[string]*bookedStock // what is held, by the reservation's id
	wrong    []string
}

type (
	bookedOrder struct {
		ID     string
		Status string
		Lines  []struct {
			SKU      string
			Quantity int32
		}
		Total struct {
			MinorUnits int32 `json:"minor_units"`
		}
		run     string // that placed it; empty for an order of before
		touched bool   // something was done to it
		sent    bool   // it was there before, and had a parcel
	}
	bookedPayment struct {
		ID        string
		OrderID   string `json:"order_id"`
		Reference string
		Status    string
		Amount    bookedAmount
		Captured  bookedAmount `json:"captured_amount"`
		Refunded  bookedAmount `json:"refunded_amount"`
		before    bool         // it was there before
	}
	bookedAmount struct{ Value int32 }
	bookedParcel struct {
		ID      string `json:"shipmentId"`
		OrderID string `json:"orderId"`
		Status  string
		before  bool
	}
	bookedStock struct {
		ID        string `json:"reservationId"`
		Reference string
		Lines     []struct {
			SKU      string
			Quantity int32
		}
		before bool
	}
)

// kept is what the payment has of the customer's money, or could take.
func (p *bookedPayment) kept() int32 {
	if p.Status == "authorized" {
		return p.Amount.Value
	}
	return p.Captured.Value - p.Refunded.Value
}

// booksOf gives the books of a world and of what was done in it.
func booksOf(w *world.World, ledgers map[string][]ledger.Entry) *books {
	b := &books{
		orders: map[string]*bookedOrder{}, payments: map[string]*bookedPayment{}, parcels: map[string]*bookedParcel{}, held: map[string]*bookedStock{},
	}
	b.open(w)
	for service, book := range map[string]func(ledger.Entry){"inventory": b.stock, "orders": b.order, "payments": b.payment, "shipping": b.parcel} {
		for _, e := range ledgers[service] {
			book(e)
		}
	}
	return b
}

// audit gives what does not balance.
func (b *books) audit() []string {
	b.checkOrders()
	b.checkRest()
	slices.Sort(b.wrong)
	return b.wrong
}

// open books what the world has from the beginning. The stock that its orders hold is in the inventory's own opening balance.
func (b *books) open(w *world.World) {
	for i := range w.Orders {
		o := &w.Orders[i]
		b.orders[o.ID] = &bookedOrder{ID: o.ID, Status: o.Status}
		if p := o.Payment; p != nil {
			b.payments[p.ID] = &bookedPayment{
				ID: p.ID, OrderID: o.ID, Status: p.Status, before: true,
				Amount: bookedAmount{p.Amount}, Captured: bookedAmount{p.Captured}, Refunded: bookedAmount{p.Refunded},
			}
		}
		if s := o.Shipment; s != nil {
			b.orders[o.ID].sent = s.Status != "cancelled"
			b.parcels[s.ID] = &bookedParcel{ID: s.ID, OrderID: o.ID, Status: s.Status, before: true}
		}
	}
}

// detail reads what a command did.
func detail[T any](e ledger.Entry) T {
	var v T
	encoded, err := json.Marshal(e.Detail)
	if err == nil {
		err = json.Unmarshal(encoded, &v)
	}
	if err != nil {
		panic(fmt.Sprintf("the ledger's entry %+v: %v", e, err)) // the demo has written it
	}
	return v
}

// runOf gives the run of a workflow that a key is of.
func runOf(key string) string {
	run, _, _ := strings.Cut(key, "-")
	return run
}

func (b *books) stock(e ledger.Entry) {
	switch {
	case e.Command == ledger.Opening:
		for _, held := range detail[[]*bookedStock](e) {
			held.before = true
			b.held[held.ID] = held
		}
	case !e.Changed:
	case e.Command == "reserve":
		held := detail[*bookedStock](e)
		b.held[held.ID] = held
	case e.Command == "releaseByReference":
		for _, freed := range detail[[]bookedStock](e) {
			delete(b.held, freed.ID)
		}
	default: // release and commit
		delete(b.held, detail[bookedStock](e).ID)
	}
}

func (b *books) order(e ledger.Entry) {
	if e.Command == "undoCreateOrder" {
		if undone := detail[struct {
			Cancelled bool
			OrderID   string `json:"order_id"`
		}](e); undone.Cancelled {
			b.orders[undone.OrderID].Status = "cancelled"
		}
		return
	}
	o := detail[*bookedOrder](e)
	if known := b.orders[o.ID]; known != nil {
		known.Status, known.touched = o.Status, known.touched || e.Changed
		return
	}
	o.run, o.touched = runOf(e.Key), true
	for _, other := range b.orders {
		if other.run == o.run {
			b.report("the orders %s and %s were placed by one run", other.ID, o.ID)
		}
	}
	b.orders[o.ID] = o
}

func (b *books) payment(e ledger.Entry) {
	p := detail[*bookedPayment](e)
	if e.Undoes != "" {
		p = detail[struct{ Payment *bookedPayment }](e).Payment
	}
	if p == nil {
		return // there was nothing to undo
	}
	if known := b.payments[p.ID]; known != nil {
		p.before = known.before
	}
	b.payments[p.ID] = p
}

func (b *books) parcel(e ledger.Entry) {
	s := detail[*bookedParcel](e)
	if s.ID == "" {
		return // there was nothing to undo
	}
	if known := b.parcels[s.ID]; known != nil {
		s.before = known.before
	}
	b.parcels[s.ID] = s
}

func (b *books) report(format string, args ...any) {
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// checkOrders checks that each live order that was placed has what it needs, once, and that none has anything that is called off. What the world
// has from the beginning need not fit.
func (b *books) checkOrders() {
	for _, o := range b.orders {
		var money, taken int32
		var payments, parcels, stocks []string
		var fits bool
		for _, p := range b.payments {
			if p.OrderID == o.ID && p.kept() != 0 {
				payments, money = append(payments, p.ID), money+p.kept()
				taken += p.Captured.Value - p.Refunded.Value
			}
		}
		for _, s := range b.parcels {
			if s.OrderID == o.ID && s.Status != "cancelled" {
				parcels = append(parcels, s.ID)
			}
		}
		for _, h := range b.held {
			if h.Reference == o.ID || o.run != "" && h.Reference == o.run {
				stocks, fits = append(stocks, h.ID), holds(h, o)
			}
		}
		switch {
		case !o.touched && o.sent && len(parcels) != 1:
			b.report("the order %s of before has the parcels %q", o.ID, parcels)
		case !o.touched: // the world has it so
		case o.Status == "cancelled" && len(payments)+len(parcels)+len(stocks) > 0:
			b.report("the order %s is cancelled, and has payments %q, parcels %q, stock %q", o.ID, payments, parcels, stocks)
		case o.Status == "cancelled" || o.run == "":
		case o.Status != "paid" || len(payments) != 1 || taken != o.Total.MinorUnits || money != taken:
			b.report("the order %s is %s for %d, and has payments %q, which have %d and took %d", o.ID, o.Status, o.Total.MinorUnits, payments, money, taken)
		case len(parcels) != 1:
			b.report("the order %s has the parcels %q", o.ID, parcels)
		case len(stocks) != 1 || !fits:
			b.report("the order %s has the stock %q, which is what it is made of: %t", o.ID, stocks, fits)
		}
	}
}

// holds says whether a reservation holds what an order is made of.
func holds(h *bookedStock, o *bookedOrder) bool {
	count := map[string]int32{}
	for _, l := range o.Lines {
		count[l.SKU] += l.Quantity
	}
	for _, l := range h.Lines {
		count[l.SKU] -= l.Quantity
	}
	return !slices.ContainsFunc(slices.Collect(maps.Values(count)), func(n int32) bool { return n != 0 })
}

// checkRest checks that nothing is held, kept or sent without an order.
func (b *books) checkRest() {
	byRun := map[string]*bookedOrder{}
	for _, o := range b.orders {
		if o.run != "" {
			byRun[o.run] = o
		}
	}
	for _, h := range b.held {
		if !h.before && byRun[h.Reference] == nil && b.orders[h.Reference] == nil {
			b.report("the stock of %s is held for %q, which is no order", h.ID, h.Reference)
		}
	}
	for _, p := range b.payments {
		if p.Captured.Value < p.Refunded.Value {
			b.report("the payment %s took %d and gave back %d", p.ID, p.Captured.Value, p.Refunded.Value)
		}
		if !p.before && p.kept() != 0 && b.orders[p.OrderID] == nil {
			b.report("the payment %s is %s, and is for no order", p.ID, p.Status)
		}
	}
	for _, s := range b.parcels {
		if !s.before && s.Status != "cancelled" && b.orders[s.OrderID] == nil {
			b.report("the parcel %s is for no order", s.ID)
		}
	}
}
