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
)

// reservation is stock that is, or was, held.
type reservation struct {
	id    string
	lines []line
	state state
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

// What the ledger keeps of the commands.
type (
	reserved struct {
		ReservationID string `json:"reservationId"`
		Reference     string `json:"reference"`
		Lines         []line `json:"lines"`
	}
	given struct {
		ReservationIDs []string `json:"reservationIds"`
	}
	taken struct {
		ReservationID string `json:"reservationId"`
	}
)

// Reserve implements the contract.
func (s *service) Reserve(ctx context.Context, req *inventoryapi.ReserveRequest) (*inventoryapi.ReserveResponse, error) {
	if err := checkReserve(req); err != nil {
		return nil, err
	}
	lines := merged(req.GetLines())
	c := command(ctx, "reserve", req.GetIdempotencyKey(), []any{req.GetReference(), lines})
	done, err := ledger.Do(s.ledger, c, func() (reserved, error) {
		if err := s.lacking(lines); err != nil {
			return reserved{}, err
		}
		for _, l := range lines {
			s.items[l.SKU].reserved += l.Quantity
			s.changed(l.SKU)
		}
		r := s.keep(req.GetReference(), lines)
		s.byKey[req.GetIdempotencyKey()] = r
		return reserved{ReservationID: r.id, Reference: req.GetReference(), Lines: lines}, nil
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
		if l.GetSku() == "" {
			v.Add(fmt.Sprintf("lines[%d].sku", i), "must not be empty")
		}
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
	done, err := ledger.Undo(s.ledger, c, target, func(bool) (given, error) {
		r, ok := s.byKey[target] // the target may also be the key of another command, which is not for us to undo
		if ok && r.state == committed {
			return given{}, me.Refuse(codes.FailedPrecondition, "RESERVATION_COMMITTED", "the stock has left the warehouse")
		}
		if !ok || r.state == released {
			return given{}, nil
		}
		s.release(r)
		return given{ReservationIDs: []string{r.id}}, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	answer := &inventoryapi.ReleaseResponse{}
	if len(done.ReservationIDs) > 0 {
		answer.ReservationId = done.ReservationIDs[0]
	}
	return answer, nil
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
	done, err := ledger.Do(s.ledger, c, func() (given, error) {
		var ids []string
		for _, r := range s.byReference[req.GetReference()] {
			if r.state == held {
				s.release(r)
				ids = append(ids, r.id)
			}
		}
		return given{ReservationIDs: ids}, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &inventoryapi.ReleaseByReferenceResponse{ReservationIds: done.ReservationIDs}, nil
}

// Commit implements the contract.
func (s *service) Commit(ctx context.Context, req *inventoryapi.CommitRequest) (*inventoryapi.CommitResponse, error) {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.Length("reservation_id", req.GetReservationId(), 1, maxReference)
	if err := v.Err(); err != nil {
		return nil, err
	}
	c := command(ctx, "commit", req.GetIdempotencyKey(), req.GetReservationId())
	_, err := ledger.Do(s.ledger, c, func() (taken, error) {
		r, ok := s.reservations[req.GetReservationId()]
		if !ok {
			return taken{}, me.Refuse(codes.NotFound, "RESERVATION_UNKNOWN", "there is no such reservation")
		}
		if r.state == released {
			return taken{}, me.Refuse(codes.FailedPrecondition, "RESERVATION_RELEASED", "the stock is no longer held")
		}
		if r.state == held {
			s.commit(r)
		}
		return taken{ReservationID: r.id}, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &inventoryapi.CommitResponse{}, nil
}

// keep records a reservation of stock that is held already.
func (s *service) keep(reference string, lines []line) *reservation {
	r := &reservation{id: fmt.Sprintf("res-%06d", len(s.reservations)+1), lines: lines}
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
