package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// maxBody bounds a body in bytes: the largest order that the contract allows takes less.
const maxBody = 1 << 20

// createOrder is the command that undoCreateOrder undoes.
const createOrder = "createOrder"

// orderNamed is what a command on one order asks for, as the ledger keeps it.
type orderNamed struct {
	ID string `json:"id"`
}

// CreateOrder answers POST /orders.
func (s *service) CreateOrder(w http.ResponseWriter, r *http.Request, params ordersapi.CreateOrderParams) {
	var in ordersapi.NewOrder
	if err := read(w, r, params.IdempotencyKey, &in, newOrderMembers); err != nil {
		refuse(w, err)
		return
	}
	if found := checkNewOrder(in); len(found) > 0 {
		refuse(w, notAccepted(found))
		return
	}
	c := commandOf(r, createOrder, params.IdempotencyKey, in)
	o, err := ledger.Do(s.ledger, c, func() (ordersapi.Order, bool, error) {
		o := s.place(in)
		s.byKey[c.Key] = o
		return *o, true, nil
	})
	answer(w, http.StatusCreated, o, err)
}

// MarkPaid answers POST /orders/{id}/mark-paid.
func (s *service) MarkPaid(w http.ResponseWriter, r *http.Request, id string, params ordersapi.MarkPaidParams) {
	if err := checkNamed(id, params.IdempotencyKey); err != nil {
		refuse(w, err)
		return
	}
	o, err := ledger.Do(s.ledger, commandOf(r, "markPaid", params.IdempotencyKey, orderNamed{id}), func() (ordersapi.Order, bool, error) {
		o := s.byID[id]
		if o == nil {
			return ordersapi.Order{}, false, noSuchOrder(id)
		}
		if o.Status != ordersapi.OrderStatusPending {
			return ordersapi.Order{}, false, stateForbids(o)
		}
		o.Status = ordersapi.OrderStatusPaid
		return *o, true, nil
	})
	answer(w, http.StatusOK, o, err)
}

// CancelOrder answers POST /orders/{id}/cancel.
func (s *service) CancelOrder(w http.ResponseWriter, r *http.Request, id string, params ordersapi.CancelOrderParams) {
	if err := checkNamed(id, params.IdempotencyKey); err != nil {
		refuse(w, err)
		return
	}
	o, err := ledger.Do(s.ledger, commandOf(r, "cancelOrder", params.IdempotencyKey, orderNamed{id}), func() (ordersapi.Order, bool, error) {
		o := s.byID[id]
		if o == nil {
			return ordersapi.Order{}, false, noSuchOrder(id)
		}
		cancelled, err := cancel(o)
		if err != nil {
			return ordersapi.Order{}, false, err
		}
		return *o, cancelled, nil
	})
	answer(w, http.StatusOK, o, err)
}

// UndoCreateOrder answers POST /orders/undo-create.
func (s *service) UndoCreateOrder(w http.ResponseWriter, r *http.Request, params ordersapi.UndoCreateOrderParams) {
	var in ordersapi.UndoCreate
	if err := read(w, r, params.IdempotencyKey, &in, undoCreateMembers); err != nil {
		refuse(w, err)
		return
	}
	if found := checkUndoCreate(in); len(found) > 0 {
		refuse(w, notAccepted(found))
		return
	}
	c := commandOf(r, "undoCreateOrder", params.IdempotencyKey, in)
	target := ledger.Target{Name: createOrder, Key: in.CreationKey}
	undone, err := ledger.Undo(s.ledger, c, target, func() (ordersapi.UndoneCreate, bool, error) {
		o := s.byKey[in.CreationKey]
		if o == nil { // never placed; the ledger sees to it that it never will be
			return ordersapi.UndoneCreate{}, false, nil
		}
		cancelled, err := cancel(o)
		return ordersapi.UndoneCreate{Cancelled: cancelled, OrderId: &o.Id}, cancelled, err
	})
	answer(w, http.StatusOK, undone, err)
}

// place makes an order of input that is checked. The caller holds the ledger's lock.
func (s *service) place(in ordersapi.NewOrder) *ordersapi.Order {
	now := time.Now().UTC().Truncate(time.Millisecond)
	n := len(s.all) + 1
	if n > 1 { // the list is by age, and the world's own time may be ahead of ours
		if newest := s.all[n-2].PlacedAt; !now.After(newest) {
			now = newest.Add(time.Second)
		}
	}
	o := &ordersapi.Order{
		Id:           fmt.Sprintf("ord-%06d", n),
		Number:       fmt.Sprintf("%d-%06d", now.Year(), n),
		CustomerId:   in.CustomerId,
		Status:       ordersapi.OrderStatusPending,
		PlacedAt:     now,
		Subtotal:     ordersapi.Money{Currency: in.ShippingCost.Currency},
		ShippingCost: in.ShippingCost,
		Tax:          in.Tax,
		ShipTo:       in.ShipTo,
	}
	for _, line := range in.Lines {
		total := line.UnitPrice
		total.MinorUnits *= line.Quantity
		o.Lines = append(o.Lines, ordersapi.OrderLine{
			Sku: line.Sku, Name: line.Name, Quantity: line.Quantity, UnitPrice: line.UnitPrice, LineTotal: total,
		})
		o.Subtotal.MinorUnits += total.MinorUnits
	}
	o.Total = o.Subtotal
	o.Total.MinorUnits += in.ShippingCost.MinorUnits
	s.add(o)
	return o
}

// cancel calls an order off, and says whether it was not called off before. It fails for one that is on its way or has arrived.
func cancel(o *ordersapi.Order) (bool, error) {
	switch o.Status {
	case ordersapi.OrderStatusCancelled:
		return false, nil
	case ordersapi.OrderStatusPending, ordersapi.OrderStatusPaid:
		o.Status = ordersapi.OrderStatusCancelled
		return true, nil
	default:
		return false, stateForbids(o)
	}
}

func commandOf(r *http.Request, name, key string, input any) ledger.Command {
	return ledger.Command{Name: name, Key: key, Caller: r.Header.Get("Caller-Sub"), Input: input}
}

// read checks a command's key and reads its body, which has the members that are required.
func read(w http.ResponseWriter, r *http.Request, key string, body any, required members) *problem {
	if err := checkKey(key); err != nil {
		return err
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return malformed(fmt.Sprintf("The body cannot be read, or is larger than %d bytes.", maxBody))
	}
	if err := json.Unmarshal(b, body); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return malformed(fmt.Sprintf("The member %s of the body has another type.", wrong.Field))
		}
		return malformed("The body is not JSON.")
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil || value == nil {
		return malformed("The body is not a JSON object.")
	}
	var missing violations
	if missing.present("#", value, required); len(missing) > 0 {
		return notAccepted(missing)
	}
	return nil
}

// answer answers a command with what it gave or failed with.
func answer(w http.ResponseWriter, status int, body any, err error) {
	if err != nil {
		refuse(w, problemOf(err))
		return
	}
	write(w, status, mediaJSON, body)
}
