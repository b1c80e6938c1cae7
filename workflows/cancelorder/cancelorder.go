package cancelorder

import (
	"context"
	"errors"
	"fmt"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// Sources are the services that have part in an order.
type Sources struct {
	Inventory *inventory.Source
	Payments  *payments.Source
	Orders    *orders.Source
	Shipping  *shipping.Source
}

// Placed gives the checkout that an order was placed by; nil if it was not placed here, or that is not kept any more.
type Placed func(ctx context.Context, orderID string) (*workflows.Run[placeorder.Checkout], error)

// New declares the workflow.
//
// Until the parcel is kept back there is a way back: it can be sent after all. From then on everything has to be done. A checkout that goes on
// meanwhile, since it was not known yet, finds its order called off, and takes back what it did; what it did before is looked for once the order
// is called off, when it can do no more.
func New(sources Sources, placed Placed) workflows.Workflow[Cancellation] {
	c := commands{sources, placed}
	return workflows.Workflow[Cancellation]{
		Name:    "cancelOrder",
		Subject: func(s Cancellation) string { return placeorder.Subject(s.OrderID) },
		Steps: []workflows.Step[Cancellation]{
			{Name: "check", Do: c.check, Calls: []string{"orders batchGetOrders", "shipping BatchGetShipmentsByOrder"}},
			{
				Name: "shipment", Do: c.keepBack, Undo: c.sendAfterAll,
				Calls: []string{"shipping CancelShipmentById"}, UndoCalls: []string{"shipping CancelShipmentById", "shipping CreateShipment"},
			},
			{Name: "order", Do: c.callOff, Must: true, Done: told, Calls: []string{"orders cancelOrder"}},
			{Name: "parcel", Do: c.keepLateBack, Must: true, Calls: []string{"shipping BatchGetShipmentsByOrder", "shipping CancelShipmentById"}},
			{Name: "money", Do: c.money, Must: true, Calls: []string{"payments listPaymentsOfOrders", "payments voidPayment", "payments refundPayment"}},
			{Name: "stock", Do: c.stock, Must: true, Calls: []string{"inventory ReleaseByReference"}},
		},
	}
}

// told gives what the log tells of the order.
func told(s Cancellation) []workflows.Event {
	if s.Cancelled {
		return nil
	}
	return placeorder.Told(placeorder.OrderCancelled, s.Owner, s.OrderID)
}

// commands are the steps and what undoes them.
type commands struct {
	Sources
	placed Placed
}

// check finds out whether the order can be called off, and what for. One that was called off before can be: whatever is left of it goes.
func (c commands) check(ctx context.Context, _ string, s Cancellation) (Cancellation, error) {
	found, err := c.Orders.ByIDs(ctx, []string{s.OrderID})
	if err != nil {
		return s, itsOwn(err)
	}
	o := found[s.OrderID]
	if o == nil || s.CustomerID != "" && o.CustomerID != s.CustomerID {
		return s.refuse(OrderNotFound)
	}
	if o.Status == orders.OrderShipped || o.Status == orders.OrderDelivered {
		return s.refuse(OrderOnItsWay)
	}
	checkout, err := c.placed(ctx, s.OrderID)
	if err != nil {
		return s, err
	}
	s.Reference = s.OrderID // what the stock of orders is held for that were placed elsewhere
	if checkout != nil {
		if !checkout.Ended() {
			return s.refuse(OrderBeingPlaced)
		}
		s.Reference = checkout.Value.Reference
	}
	s.Owner, s.ShipTo, s.Cancelled = o.CustomerID, o.ShippingAddress, o.Status == orders.OrderCancelled
	parcel, err := c.parcel(ctx, s.OrderID)
	if err == nil && parcel != nil {
		s.ShipmentID = parcel.ID.Local
	}
	return s, err
}

// parcel gives the order's parcel that is not called off; nil if there is none.
func (c commands) parcel(ctx context.Context, orderID string) (*shipping.Shipment, error) {
	found, err := c.Shipping.ByOrderID(ctx, []string{orderID})
	p := found[orderID]
	if err != nil || p == nil || p.Status == shipping.ShipmentCancelled {
		return nil, itsOwn(err)
	}
	return p, nil
}

func (c commands) keepBack(ctx context.Context, key string, s Cancellation) (Cancellation, error) {
	if s.ShipmentID == "" {
		return s, nil
	}
	_, err := c.Shipping.CancelByID(ctx, key, s.ShipmentID)
	if err != nil && fault.From(err).Reason == shipping.ReasonInTransit {
		return s.refuse(OrderOnItsWay)
	}
	return s, err
}

// sendAfterAll has the order sent again. The service has no undoing of a cancellation that may still come, so it is carried out first: whatever
// comes under its key after that changes nothing.
func (c commands) sendAfterAll(ctx context.Context, key, doKey string, s Cancellation) error {
	if s.ShipmentID == "" {
		return nil
	}
	_, err := c.Shipping.CancelByID(ctx, doKey, s.ShipmentID)
	if err != nil && fault.From(err).Reason == shipping.ReasonInTransit {
		return nil // it was never called off
	}
	if err != nil {
		return err
	}
	_, err = c.Shipping.Create(ctx, key, shipping.NewShipment{OrderID: s.OrderID, CustomerID: s.Owner, Address: s.ShipTo})
	if err != nil && fault.From(err).Reason == shipping.ReasonOrderHasShipment {
		return nil // somebody else has had it sent
	}
	return err
}

func (c commands) callOff(ctx context.Context, key string, s Cancellation) (Cancellation, error) {
	_, err := c.Orders.Cancel(ctx, key, s.OrderID)
	return s, err
}

// keepLateBack keeps a parcel back that was ordered since check looked for one. There will be no more: who sends an order sees to it that it is
// not called off.
func (c commands) keepLateBack(ctx context.Context, key string, s Cancellation) (Cancellation, error) {
	parcel, err := c.parcel(ctx, s.OrderID)
	if err == nil && parcel != nil {
		_, err = c.Shipping.CancelByID(ctx, key, parcel.ID.Local)
	}
	return s, err
}

// rounds is how often the payment is looked at: others may move its money at the same time.
const rounds = 3

// money lets go of the money that is held, or gives back what was taken.
func (c commands) money(ctx context.Context, key string, s Cancellation) (Cancellation, error) {
	for round := 1; ; round++ {
		found, err := c.Payments.ByOrderID(ctx, []string{s.OrderID})
		if err != nil {
			return s, itsOwn(err)
		}
		if err = c.giveBack(ctx, key, found[s.OrderID]); err == nil {
			return s, nil
		}
		reason := fault.From(err).Reason
		if overtaken := reason == payments.ReasonWrongState || reason == payments.ReasonAmountTooLarge; !overtaken || round == rounds {
			return s, err
		}
	}
}

// giveBack gives back what a payment holds or has kept, as it was when it was read. The key of a refund has its amount: after somebody else's,
// it is another command.
func (c commands) giveBack(ctx context.Context, key string, p *payments.Payment) error {
	if p == nil {
		return nil
	}
	left := sources.Money{Amount: p.Captured.Amount - p.Refunded.Amount, Currency: p.Captured.Currency}
	var err error
	switch {
	case p.Status == payments.PaymentAuthorized:
		_, err = c.Payments.Void(ctx, key, p.ID.Local)
	case left.Amount > 0:
		_, err = c.Payments.Refund(ctx, fmt.Sprintf("%s-%d", key, left.Amount), p.ID.Local, left)
	}
	return err
}

func (c commands) stock(ctx context.Context, key string, s Cancellation) (Cancellation, error) {
	return s, c.Inventory.ReleaseByReference(ctx, key, s.Reference)
}

// itsOwn gives the fault of the one that was asked for out of what a read of several failed with; nil for nil.
func itsOwn(err error) error {
	if items, ok := errors.AsType[fault.Items[string]](err); ok {
		return items.Any()
	}
	return err
}
