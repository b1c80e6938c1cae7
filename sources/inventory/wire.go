package inventory

import (
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

// Why the inventory refuses, in fault.Error.Reason.
const (
	ReasonOutOfStock           = "OUT_OF_STOCK"           // there is too little of a product, or the warehouses do not keep it
	ReasonCommandUndone        = "COMMAND_UNDONE"         // the command was undone
	ReasonReservationCommitted = "RESERVATION_COMMITTED"  // the stock has left the warehouse
	ReasonReservationReleased  = "RESERVATION_RELEASED"   // the stock is no longer held
	ReasonReservationUnknown   = "RESERVATION_UNKNOWN"    // there is no such reservation
	ReasonKeyReused            = "IDEMPOTENCY_KEY_REUSED" // the key belongs to another command, or to another input
	ReasonWatcherTooSlow       = "WATCHER_TOO_SLOW"       // stock changes faster than it is read
)

// The kinds of the violations that come with ReasonOutOfStock.
const (
	tooFew  = "OUT_OF_STOCK"
	notKept = "NOT_KEPT"
)

// lowStock is how many of a product still are few.
const lowStock = 10

func stockLevel(m *inventoryapi.Stock) (*StockLevel, error) {
	if !sources.ValidLocal(m.GetSku()) {
		return nil, upstream.Violation("the stock of %q: not an id", m.GetSku())
	}
	if m.GetAvailable() < 0 || m.GetReserved() < 0 {
		return nil, upstream.Violation("%q: %d are available and %d reserved", m.GetSku(), m.GetAvailable(), m.GetReserved())
	}
	if err := m.GetUpdatedAt().CheckValid(); err != nil {
		return nil, upstream.Violation("%q: updated_at: %w", m.GetSku(), err)
	}
	if len(m.GetWarehouses()) == 0 {
		return nil, upstream.Violation("%q lies in no warehouse", m.GetSku())
	}
	warehouses := make([]WarehouseStock, len(m.GetWarehouses()))
	for i, w := range m.GetWarehouses() {
		if w.GetCode() == "" || w.GetOnHand() < 0 {
			return nil, upstream.Violation("%q: the warehouse %q has %d", m.GetSku(), w.GetCode(), w.GetOnHand())
		}
		warehouses[i] = WarehouseStock{Warehouse: w.GetCode(), OnHand: w.GetOnHand()}
	}
	return &StockLevel{
		Available:  m.GetAvailable(),
		Reserved:   m.GetReserved(),
		Status:     stockStatus(m.GetAvailable()),
		Warehouses: warehouses,
		UpdatedAt:  m.GetUpdatedAt().AsTime(),
	}, nil
}

func stockStatus(available int32) StockStatus {
	switch {
	case available == 0:
		return StockOut
	case available <= lowStock:
		return StockLow
	default:
		return StockIn
	}
}

func reserveRequest(key string, r NewReservation) *inventoryapi.ReserveRequest {
	lines := make([]*inventoryapi.ReservationLine, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = &inventoryapi.ReservationLine{Sku: l.SKU, Quantity: l.Quantity}
	}
	return &inventoryapi.ReserveRequest{IdempotencyKey: key, Reference: r.Reference, Lines: lines}
}

func reservation(m *inventoryapi.ReserveResponse) (*Reservation, error) {
	if !sources.ValidLocal(m.GetReservationId()) {
		return nil, upstream.Violation("the reservation %q: not an id", m.GetReservationId())
	}
	return &Reservation{ID: m.GetReservationId()}, nil
}

// Shortages gives the products that a Reserve failed for with ReasonOutOfStock, in the service's order; none for any other error.
func Shortages(err error) []Shortage {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Reason != ReasonOutOfStock {
		return nil
	}
	var all []Shortage
	for _, detail := range status.Convert(f.Unwrap()).Details() {
		failure, _ := detail.(*errdetails.PreconditionFailure)
		for _, v := range failure.GetViolations() {
			if kind := v.GetType(); kind == tooFew || kind == notKept {
				all = append(all, Shortage{SKU: v.GetSubject(), Kept: kind != notKept})
			}
		}
	}
	return all
}

// inputFields gives what inputs call the fields that have another name at the service.
var inputFields = map[string]string{
	"idempotency_key": "idempotencyKey",
	"reservation_key": "reservationKey",
	"reservation_id":  "reservationId",
}
