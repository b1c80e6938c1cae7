package inventory

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

const (
	maxLines     = 100
	maxQuantity  = 10_000
	maxReference = 100

	reserve = "reserve" // the command that Release undoes
)

// reservation is stock that is, or was, held.
type reservation struct {
	id        string
	reference string
	lines     []line
	state     state
}

type state int

const (
	held state = iota
	released
	committed
)

// line is so many of one product.
type line struct {
	SKU      string `json:"sku"`
	Quantity int32  `json:"quantity"`
}

// moved is what a command moved, as the ledger keeps it: what was held, given free or taken off the shelves. It is empty if
// nothing was. Of reservations that are released by their reference, and of those that the service starts with, there is a list.
type moved struct {
	ReservationID string `json:"reservationId,omitempty"`
	Reference     string `json:"reference,omitempty"`
	Lines         []line `json:"lines,omitempty"`
}

// all is a reservation that moves as a whole.
func (r *reservation) all() moved {
	return moved{ReservationID: r.id, Reference: r.reference, Lines: r.lines}
}

// wanted is what a reservation asks for, as the ledger keeps it.
type wanted struct {
	Reference string `json:"reference"`
	Lines     []line `json:"lines"`
}

// Reserve implements the contract.
func (s *service) Reserve(ctx context.Context, req *inventoryapi.ReserveRequest) (*inventoryapi.ReserveResponse, error) {
	if err := checkReserve(req); err != nil {
		return nil, err
	}
	lines := merged(req.GetLines())
	c := command(ctx, reserve, req.GetIdempotencyKey(), wanted{req.GetReference(), lines})
	done, err := ledger.Do(s.ledger, c, func() (moved, bool, error) {
		if err := s.lacking(lines); err != nil {
			return moved{}, false, err
		}
		for _, l := range lines {
			s.items[l.SKU].reserved += l.Quantity
			s.changed(l.SKU)
		}
		r := s.keep(req.GetReference(), lines)
		s.byKey[req.GetIdempotencyKey()] = r
		return r.all(), true, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &inventoryapi.ReserveResponse{ReservationId: done.ReservationID}, nil
}

func checkReserve(req *inventoryapi.ReserveRequest) error {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.Length("reference", req.GetReference(), 1, maxReference)
	v.Count("lines", len(req.GetLines()), 1, maxLines)
	for i, l := range req.GetLines() {
		v.ID(fmt.Sprintf("lines[%d].sku", i), l.GetSku())
		v.Between(fmt.Sprintf("lines[%d].quantity", i), l.GetQuantity(), 1, maxQuantity)
	}
	return v.Err()
}

// merged adds up the lines of the same product.
func merged(lines []*inventoryapi.ReservationLine) []line {
	all := make([]line, 0, len(lines))
	place := make(map[string]int, len(lines))
	for _, l := range lines {
		i, ok := place[l.GetSku()]
		if !ok {
			i = len(all)
			place[l.GetSku()] = i
			all = append(all, line{SKU: l.GetSku()})
		}
		all[i].Quantity += l.GetQuantity()
	}
	return all
}

// lacking gives the refusal that names every product of which there is too little, or nil.
func (s *service) lacking(lines []line) error {
	var failure errdetails.PreconditionFailure
	for _, l := range lines {
		kind, text := "", ""
		if it, ok := s.items[l.SKU]; !ok {
			kind, text = "NOT_KEPT", "the warehouses do not keep the product"
		} else if available := it.available(); available < l.Quantity {
			kind, text = "OUT_OF_STOCK", fmt.Sprintf("%d asked for, %d available", l.Quantity, available)
		}
		if kind != "" {
			failure.Violations = append(failure.Violations,
				&errdetails.PreconditionFailure_Violation{Type: kind, Subject: l.SKU, Description: text})
		}
	}
	if len(failure.Violations) == 0 {
		return nil
	}
	return me.Refuse(codes.FailedPrecondition, "OUT_OF_STOCK", "there is too little of a product", &failure)
}

// Release implements the contract.
func (s *service) Release(ctx context.Context, req *inventoryapi.ReleaseRequest) (*inventoryapi.ReleaseResponse, error) {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.Key("reservation_key", req.GetReservationKey())
	if err := v.Err(); err != nil {
		return nil, err
	}
	target := req.GetReservationKey()
	c := command(ctx, "release", req.GetIdempotencyKey(), target)
	done, err := ledger.Undo(s.ledger, c, ledger.Target{Name: reserve, Key: target}, func() (moved, bool, error) {
		r, ok := s.byKey[target]
		if ok && r.state == committed {
			return moved{}, false, me.Refuse(codes.FailedPrecondition, "RESERVATION_COMMITTED", "the stock has left the warehouse")
		}
		if !ok || r.state == released {
			return moved{}, false, nil
		}
		s.release(r)
		return r.all(), true, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &inventoryapi.ReleaseResponse{ReservationId: done.ReservationID}, nil
}

// ReleaseByReference implements the contract.
func (s *service) ReleaseByReference(ctx context.Context, req *inventoryapi.ReleaseByReferenceRequest) (*inventoryapi.ReleaseByReferenceResponse, error) {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.Length("reference", req.GetReference(), 1, maxReference)
	if err := v.Err(); err != nil {
		return nil, err
	}
	c := command(ctx, "releaseByReference", req.GetIdempotencyKey(), req.GetReference())
	done, err := ledger.Do(s.ledger, c, func() ([]moved, bool, error) {
		all := []moved{}
		for _, r := range s.byReference[req.GetReference()] {
			if r.state == held {
				s.release(r)
				all = append(all, r.all())
			}
		}
		return all, len(all) > 0, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	answer := &inventoryapi.ReleaseByReferenceResponse{}
	for _, m := range done {
		answer.ReservationIds = append(answer.ReservationIds, m.ReservationID)
	}
	return answer, nil
}

// Commit implements the contract.
func (s *service) Commit(ctx context.Context, req *inventoryapi.CommitRequest) (*inventoryapi.CommitResponse, error) {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.ID("reservation_id", req.GetReservationId())
	if err := v.Err(); err != nil {
		return nil, err
	}
	c := command(ctx, "commit", req.GetIdempotencyKey(), req.GetReservationId())
	_, err := ledger.Do(s.ledger, c, func() (moved, bool, error) {
		r, ok := s.reservations[req.GetReservationId()]
		if !ok {
			return moved{}, false, me.Refuse(codes.NotFound, "RESERVATION_UNKNOWN", "there is no such reservation")
		}
		if r.state == released {
			return moved{}, false, me.Refuse(codes.FailedPrecondition, "RESERVATION_RELEASED", "the stock is no longer held")
		}
		if r.state == committed {
			return moved{}, false, nil
		}
		s.commit(r)
		return r.all(), true, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &inventoryapi.CommitResponse{}, nil
}

// keep records a reservation of stock that is held already.
func (s *service) keep(reference string, lines []line) *reservation {
	r := &reservation{id: fmt.Sprintf("res-%06d", len(s.reservations)+1), reference: reference, lines: lines}
	s.reservations[r.id] = r
	s.byReference[reference] = append(s.byReference[reference], r)
	return r
}

func (s *service) release(r *reservation) {
	r.state = released
	for _, l := range r.lines {
		s.items[l.SKU].reserved -= l.Quantity
		s.changed(l.SKU)
	}
}

func (s *service) commit(r *reservation) {
	r.state = committed
	for _, l := range r.lines {
		it := s.items[l.SKU]
		it.reserved -= l.Quantity
		it.take(l.Quantity)
		s.changed(l.SKU)
	}
}

// changed dates a product's stock and tells who watches it.
func (s *service) changed(sku string) {
	it := s.items[sku]
	if now := time.Now().UTC(); now.After(it.changedAt) { // the world's own time may be ahead of ours
		it.changedAt = now
	}
	s.publish(it)
}

func command(ctx context.Context, name, key string, input any) ledger.Command {
	return ledger.Command{Name: name, Key: key, Caller: rpc.Caller(ctx), Input: input}
}
