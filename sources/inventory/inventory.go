// Package inventory reads and reserves stock at the inventory service.
package inventory

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

// StockLevel is how many of a product there are.
type StockLevel struct {
	Available  int32
	Reserved   int32
	Status     StockStatus
	Warehouses []WarehouseStock
	UpdatedAt  time.Time
}

// StockStatus is a product's stock in one word.
type StockStatus string

// The states of a stock.
const (
	StockIn  StockStatus = "IN_STOCK"
	StockLow StockStatus = "LOW_STOCK"
	StockOut StockStatus = "OUT_OF_STOCK"
)

// WarehouseStock is how many of a product one warehouse has.
type WarehouseStock struct {
	Warehouse string
	OnHand    int32
}

// StockChange is the stock of a product from some moment on, or why it is not known.
type StockChange struct {
	SKU   string
	Stock *StockLevel
	Fault *fault.Error // nil with a stock
}

// NewReservation is stock to hold: all of it or none.
type NewReservation struct {
	Reference string // what the stock is held for, such as an order's local id
	Lines     []ReservationLine
}

// ReservationLine is so many of one product.
type ReservationLine struct {
	SKU      string
	Quantity int32
}

// Reservation is stock that is held.
type Reservation struct {
	ID string // the reservation's local id
}

// Shortage is a product of which there is too little for a reservation.
type Shortage struct {
	SKU  string
	Kept bool // whether the warehouses keep the product at all
}

// MaxBatch is how many products one call can ask for.
const MaxBatch = 200

// Inputs is what the inventory is given of a request: who is behind a command, for its records.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// Source reads and reserves stock. It is safe for concurrent use.
type Source struct {
	grpc   *upstream.GRPC
	client inventoryapi.InventoryClient
}

// New makes the source of the inventory that g calls.
func New(g *upstream.GRPC) *Source {
	return &Source{grpc: g, client: inventoryapi.NewInventoryClient(g)}
}

// StockBySKU gives the stock of products by their SKUs, MaxBatch at most. A product that the warehouses do not keep is absent.
func (s *Source) StockBySKU(ctx context.Context, skus []string) (map[string]*StockLevel, error) {
	answer, err := s.client.BatchGetStock(upstream.WithKeys(ctx, len(skus)), &inventoryapi.BatchGetStockRequest{Skus: skus})
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(s.grpc.Origin("BatchGetStock"), skus, answer.GetStock(), nil,
		func(m **inventoryapi.Stock) string { return (*m).GetSku() },
		func(m **inventoryapi.Stock) (*StockLevel, error) { return stockLevel(*m) })
}

// Changes gives the present stock of each product that the warehouses keep, and from then on each product's stock whenever it
// changes. It takes 1 to MaxBatch SKUs, and opens a stream each time that it is ranged over.
//
// The changes end, without a fault, when ctx does, and when the consumer stops. A change that does not fit the contract comes as its SKU
// and a fault, and others follow it. Every other fault is the last thing that comes; with ReasonWatcherTooSlow, changes were lost, and
// ranging again starts from the present stock.
func (s *Source) Changes(ctx context.Context, skus []string) iter.Seq2[StockChange, error] {
	return func(yield func(StockChange, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // which also ends the stream
		stream, err := s.client.WatchStock(upstream.WithKeys(ctx, len(skus)), &inventoryapi.WatchStockRequest{Skus: skus})
		for err == nil {
			var answer *inventoryapi.WatchStockResponse
			answer, err = stream.Recv()
			if err == nil && !yield(s.change(skus, answer.GetStock())) {
				return
			}
		}
		if f := s.streamEnd(err); f.Code != fault.DeadlineExceeded {
			yield(StockChange{}, f)
		}
	}
}

// change gives the change that a message of the stream is. A mixed-up product must not be taken for the one that was asked for.
func (s *Source) change(skus []string, m *inventoryapi.Stock) (StockChange, error) {
	stock, f := upstream.Convert(s.grpc.Origin("WatchStock"), nil, m, func(m *inventoryapi.Stock) (*StockLevel, error) {
		if !slices.Contains(skus, m.GetSku()) {
			return nil, upstream.Violation("the stock of %q, which was not asked for", m.GetSku())
		}
		return stockLevel(m)
	})
	if f != nil {
		return StockChange{SKU: m.GetSku()}, f
	}
	return StockChange{SKU: m.GetSku(), Stock: stock}, nil
}

// streamEnd gives the fault that a stream ended with. The service has promised to go on until we end it.
func (s *Source) streamEnd(err error) *fault.Error {
	if errors.Is(err, io.EOF) {
		o := s.grpc.Origin("WatchStock")
		return upstream.Violation("the service ended the stream").At(o.Source, o.Operation)
	}
	return fault.From(err)
}

// Reserve holds stock. The same key with the same reservation gives the first outcome again.
//
// It fails with PRECONDITION_FAILED and ReasonOutOfStock, of which Shortages gives the products, or with ReasonCommandUndone after a
// Release of this key; with CONFLICT and ReasonKeyReused; and with BAD_USER_INPUT.
func (s *Source) Reserve(ctx context.Context, key string, r NewReservation) (*Reservation, error) {
	answer, err := s.client.Reserve(ctx, reserveRequest(key, r))
	if err != nil {
		return nil, fault.RenameViolations(err, inputFields)
	}
	held, f := upstream.Convert(s.grpc.Origin("Reserve"), nil, answer, reservation)
	if f != nil {
		return nil, f
	}
	return held, nil
}

// Release undoes the Reserve that had the key reservationKey; it has a key of its own. It succeeds too if that Reserve never arrived, was
// refused or was undone before, and a Reserve that arrives after it is refused.
//
// It fails with PRECONDITION_FAILED and ReasonReservationCommitted, with CONFLICT and ReasonKeyReused, and with BAD_USER_INPUT.
func (s *Source) Release(ctx context.Context, key, reservationKey string) error {
	_, err := s.client.Release(ctx, &inventoryapi.ReleaseRequest{IdempotencyKey: key, ReservationKey: reservationKey})
	return fault.RenameViolations(err, inputFields)
}

// ReleaseByReference makes all stock available again that is held for one reference. It succeeds too if nothing is held.
//
// It fails with CONFLICT and ReasonKeyReused, and with BAD_USER_INPUT.
func (s *Source) ReleaseByReference(ctx context.Context, key, reference string) error {
	_, err := s.client.ReleaseByReference(ctx, &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: key, Reference: reference})
	return fault.RenameViolations(err, inputFields)
}

// Commit takes the stock of a reservation off the shelves, because it was handed to a carrier. It succeeds too if that was done before.
//
// It fails with NOT_FOUND and ReasonReservationUnknown, with PRECONDITION_FAILED and ReasonReservationReleased, with CONFLICT and
// ReasonKeyReused, and with BAD_USER_INPUT.
func (s *Source) Commit(ctx context.Context, key, reservationID string) error {
	_, err := s.client.Commit(ctx, &inventoryapi.CommitRequest{IdempotencyKey: key, ReservationId: reservationID})
	return fault.RenameViolations(err, inputFields)
}
