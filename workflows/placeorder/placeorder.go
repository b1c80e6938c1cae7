package placeorder

import (
	"context"
	"fmt"
	"strings"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows"
)

// Sources are the services that an order needs.
type Sources struct {
	Catalog   *catalog.Source
	Customers *customers.Source
	Inventory *inventory.Source
	Payments  *payments.Source
	Orders    *orders.Source
	Shipping  *shipping.Source
}

// New declares the workflow.
//
// No money is taken before the order is there to take it for, and the order is paid only once the money is taken. Whoever calls the order off in
// the middle has the last step refused, which undoes the others.
func New(sources Sources) workflows.Workflow[Checkout] {
	c := commands{sources}
	return workflows.Workflow[Checkout]{
		Name: "placeOrder",
		Subject: func(s Checkout) string {
			if s.OrderID == "" {
				return ""
			}
			return Subject(s.OrderID)
		},
		Steps: []workflows.Step[Checkout]{
			{Name: "price", Do: c.price, Calls: []string{"catalog batchGetProducts", "customers getCustomer"}},
			{
				Name: reserve, Do: c.reserve, Undo: c.release,
				Calls: []string{"inventory Reserve"}, UndoCalls: []string{"inventory Release"},
			},
			{
				Name: "authorize", Do: c.authorize, Undo: c.letGo,
				Calls: []string{"payments authorizePayment"}, UndoCalls: []string{"payments undoAuthorization"},
			},
			{
				Name: "order", Do: c.order, Undo: c.callOff, Done: told(OrderCreated), Undone: told(OrderCancelled),
				Calls: []string{"orders createOrder"}, UndoCalls: []string{"orders undoCreateOrder"},
			},
			{
				Name: "ship", Do: c.ship, Undo: c.keepBack,
				Calls: []string{"shipping CreateShipment"}, UndoCalls: []string{"shipping CancelShipment"},
			},
			{
				Name: "capture", Do: c.capture, Undo: c.giveBack,
				Calls: []string{"payments capturePayment"}, UndoCalls: []string{"payments undoCapture"},
			},
			{Name: "confirm", Do: c.confirm, Done: told(OrderPaid), Calls: []string{"orders markPaid"}}, // undone with the order
		},
	}
}

// reserve is the step that holds stock.
const reserve = "reserve"

// told gives what the log tells of the checkout's order, if there is one.
func told(kind string) func(s Checkout) []workflows.Event {
	return func(s Checkout) []workflows.Event {
		if s.OrderID == "" {
			return nil
		}
		return Told(kind, s.CustomerID, s.OrderID)
	}
}

// commands are the steps and what undoes them.
type commands struct{ Sources }

// reserve holds stock, for the run and not for the order, which there is none of yet.
func (c commands) reserve(ctx context.Context, key string, s Checkout) (Checkout, error) {
	s.Reference = strings.TrimSuffix(key, "-"+reserve)
	lines := make([]inventory.ReservationLine, len(s.Priced))
	for i, l := range s.Priced {
		lines[i] = inventory.ReservationLine{SKU: l.SKU, Quantity: l.Quantity}
	}
	held, err := c.Inventory.Reserve(ctx, key, inventory.NewReservation{Reference: s.Reference, Lines: lines})
	switch {
	case err == nil:
		s.ReservationID = held.ID
		return s, nil
	case fault.From(err).Reason == inventory.ReasonOutOfStock:
		problem := Problem{Kind: OutOfStock, Message: "There is too little of some products. Order fewer of them, with a new key; nothing was charged."}
		for _, lacking := range inventory.Shortages(err) {
			problem.SKUs = append(problem.SKUs, lacking.SKU)
		}
		return s.refuse(problem)
	}
	return s.notAccepted(err, "")
}

func (c commands) release(ctx context.Context, key, doKey string, _ Checkout) error {
	return c.Inventory.Release(ctx, key, doKey)
}

// declines are what a customer can do about each reason to decline a payment.
var declines = map[string]string{
	payments.ReasonDeclined:          "The payment was declined. Pay in another way, with a new key; nothing was charged.",
	payments.ReasonInsufficientFunds: "There is not enough money. Pay in another way, with a new key; nothing was charged.",
	payments.ReasonMethodExpired:     "What you wanted to pay with has expired. Pay in another way, with a new key; nothing was charged.",
}

func (c commands) authorize(ctx context.Context, key string, s Checkout) (Checkout, error) {
	held, err := c.Payments.Authorize(ctx, key, payments.NewPayment{
		Reference: s.Reference, CustomerID: s.CustomerID, Amount: s.Amounts.Total, Method: s.Payment.chosen(),
	})
	if err == nil {
		s.PaymentID = held.ID.Local
		return s, nil
	}
	reason := fault.From(err).Reason
	if message, ok := declines[reason]; ok {
		return s.refuse(Problem{Kind: PaymentDeclined, Message: message, Reason: reason})
	}
	return s.notAccepted(err, "payment")
}

func (c commands) letGo(ctx context.Context, key, doKey string, _ Checkout) error {
	_, err := c.Payments.UndoAuthorize(ctx, key, doKey)
	return err
}

func (c commands) order(ctx context.Context, key string, s Checkout) (Checkout, error) {
	placed, err := c.Orders.Create(ctx, key, orders.NewOrder{
		CustomerID: s.CustomerID, Lines: s.Priced, ShippingCost: s.Amounts.ShippingCost, Tax: s.Amounts.Tax, ShippingAddress: s.ShipTo,
	})
	if err != nil {
		return s.notAccepted(err, "")
	}
	s.OrderID = placed.ID.Local
	if placed.Total != s.Amounts.Total {
		return s, fault.Wrap(fault.SourceContractViolation, fmt.Errorf("the order %s costs %v, not %v", s.OrderID, placed.Total, s.Amounts.Total))
	}
	return s, nil
}

func (c commands) callOff(ctx context.Context, key, doKey string, _ Checkout) error {
	_, err := c.Orders.UndoCreate(ctx, key, doKey)
	return err
}

func (c commands) ship(ctx context.Context, key string, s Checkout) (Checkout, error) {
	sent, err := c.Shipping.Create(ctx, key, shipping.NewShipment{OrderID: s.OrderID, CustomerID: s.CustomerID, Address: s.ShipTo})
	switch {
	case err == nil:
		s.ShipmentID = sent.ID.Local
		return s, nil
	case fault.From(err).Reason == shipping.ReasonAddressNotServed:
		return s.refuse(Problem{
			Kind: AddressNotServed, Message: "No carrier goes to this country. Have it sent elsewhere, with a new key; nothing was charged.",
			Country: s.ShipTo.CountryCode,
		})
	}
	return s.notAccepted(err, "address")
}

func (c commands) keepBack(ctx context.Context, key, doKey string, _ Checkout) error {
	return c.Shipping.Cancel(ctx, key, doKey)
}

func (c commands) capture(ctx context.Context, key string, s Checkout) (Checkout, error) {
	_, err := c.Payments.Capture(ctx, key, s.PaymentID, s.Amounts.Total, s.OrderID)
	return s, err
}

func (c commands) giveBack(ctx context.Context, key, doKey string, _ Checkout) error {
	_, err := c.Payments.UndoCapture(ctx, key, doKey)
	return err
}

func (c commands) confirm(ctx context.Context, key string, s Checkout) (Checkout, error) {
	_, err := c.Orders.MarkPaid(ctx, key, s.OrderID)
	return s, err
}

// notAccepted gives what a step failed with: a refusal if the service says which values it does not accept, by the names that the client knows.
// A value whose name says nothing to clients is called by the part of the input that the step is about.
func (s Checkout) notAccepted(err error, part string) (Checkout, error) {
	f := fault.From(err)
	if f.Code != fault.BadUserInput || len(f.Violations) == 0 {
		return s, err
	}
	problems := make([]Problem, len(f.Violations))
	for i, v := range f.Violations {
		problems[i] = Problem{Kind: InvalidInput, Field: clientsName(v.Field, part), Message: "This value is not accepted. Nothing was charged."}
	}
	return s.refuse(problems...)
}

// clientsName gives what the client calls a field that a source refused.
func clientsName(field, part string) string {
	whole, rest, _ := strings.Cut(field, ".")
	switch {
	case whole == "shippingAddress" && rest != "":
		return "address." + rest
	case whole == "address", strings.HasPrefix(whole, "lines["):
		return field
	case addressFields[field]:
		return "address." + field
	case part != "":
		return part
	}
	return "lines"
}

// addressFields are what the orders service names without the address that they are of.
var addressFields = map[string]bool{"shippingAddress": true, "recipient": true, "city": true, "region": true, "postalCode": true, "countryCode": true}
