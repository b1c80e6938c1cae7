package inventory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

func TestCommandsSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer proto.Message
		do     func(*testing.T, *inventory.Source) error
		want   proto.Message
	}{
		"Reserve": {
			recorded(t, "reserved.json", &inventoryapi.ReserveResponse{}),
			func(t *testing.T, s *inventory.Source) error {
				got, err := s.Reserve(t.Context(), key, reserved)
				if err == nil && got.ID != "res-000412" {
					t.Errorf("Reserve gave %+v", got)
				}
				return err
			},
			&inventoryapi.ReserveRequest{IdempotencyKey: key, Reference: orderRef, Lines: []*inventoryapi.ReservationLine{
				{Sku: "SKU-000017", Quantity: 2}, {Sku: "SKU-000018", Quantity: 1},
			}},
		},
		"Release": {
			&inventoryapi.ReleaseResponse{}, // nothing was held
			func(t *testing.T, s *inventory.Source) error { return s.Release(t.Context(), undoing, key) },
			&inventoryapi.ReleaseRequest{IdempotencyKey: undoing, ReservationKey: key},
		},
		"ReleaseByReference": {
			&inventoryapi.ReleaseByReferenceResponse{},
			func(t *testing.T, s *inventory.Source) error {
				return s.ReleaseByReference(t.Context(), undoing, orderRef)
			},
			&inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: undoing, Reference: orderRef},
		},
		"Commit": {
			&inventoryapi.CommitResponse{},
			func(t *testing.T, s *inventory.Source) error { return s.Commit(t.Context(), key, "res-000412") },
			&inventoryapi.CommitRequest{IdempotencyKey: key, ReservationId: "res-000412"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, request := served(t, c.answer, nil)
			if err := c.do(t, s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *request, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	reserve := func(ctx context.Context, s *inventory.Source) error {
		_, err := s.Reserve(ctx, key, reserved)
		return err
	}
	release := func(ctx context.Context, s *inventory.Source) error { return s.Release(ctx, undoing, key) }
	commit := func(ctx context.Context, s *inventory.Source) error { return s.Commit(ctx, key, "res-000412") }
	for reason, c := range map[string]struct {
		do     func(context.Context, *inventory.Source) error
		status codes.Code
		info   string
		want   fault.Code
	}{
		"too little stock":             {reserve, codes.FailedPrecondition, inventory.ReasonOutOfStock, fault.PreconditionFailed},
		"undone before it arrived":     {reserve, codes.FailedPrecondition, inventory.ReasonCommandUndone, fault.PreconditionFailed},
		"a key with another input":     {reserve, codes.Aborted, inventory.ReasonKeyReused, fault.Conflict},
		"stock that has left":          {release, codes.FailedPrecondition, inventory.ReasonReservationCommitted, fault.PreconditionFailed},
		"a reservation nobody knows":   {commit, codes.NotFound, inventory.ReasonReservationUnknown, fault.NotFound},
		"a reservation that was ended": {commit, codes.FailedPrecondition, inventory.ReasonReservationReleased, fault.PreconditionFailed},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, nil, refusal(t, c.status, &errdetails.ErrorInfo{Reason: c.info, Domain: "inventory.mainstem.example"}))
			f := fault.From(c.do(t.Context(), s))
			if f == nil || f.Code != c.want || f.Reason != c.info {
				t.Errorf("failed with %v, want %s for the reason %s", f, c.want, c.info)
			}
		})
	}
}

func TestViolationsHaveTheNamesOfInputs(t *testing.T) {
	t.Parallel()
	s, _ := served(t, nil, refusal(t, codes.InvalidArgument, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "idempotency_key", Description: "must have 8 to 200 characters, not 3"},
		{Field: "lines[1].quantity", Description: "must be 1 to 10000, not 0"},
	}}))
	_, err := s.Reserve(t.Context(), "abc", reserved)
	f := fault.From(err)
	want := []fault.Violation{
		{Field: "idempotencyKey", Message: "must have 8 to 200 characters, not 3"},
		{Field: "lines[1].quantity", Message: "must be 1 to 10000, not 0"},
	}
	if diff := cmp.Diff(want, f.Violations); diff != "" || f.Code != fault.BadUserInput {
		t.Errorf("failed with %v: -want +got:\n%s", f, diff)
	}
}

func TestShortages(t *testing.T) {
	t.Parallel()
	s, _ := served(t, nil, refusal(t, codes.FailedPrecondition,
		&errdetails.ErrorInfo{Reason: inventory.ReasonOutOfStock, Domain: "inventory.mainstem.example"},
		&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "OUT_OF_STOCK", Subject: "SKU-000017", Description: "2 asked for, 1 available"},
			{Type: "NOT_KEPT", Subject: "SKU-000018", Description: "the warehouses do not keep the product"},
			{Type: "SOMETHING_NEW", Subject: "SKU-000019", Description: "what this contract does not know"},
		}}))
	_, err := s.Reserve(t.Context(), key, reserved)
	want := []inventory.Shortage{{SKU: "SKU-000017", Kept: true}, {SKU: "SKU-000018", Kept: false}}
	if diff := cmp.Diff(want, inventory.Shortages(err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for reason, err := range map[string]error{
		"no error":       nil,
		"no fault":       errors.New("something else"),
		"another reason": fault.New(fault.PreconditionFailed, ""),
		"no details":     &fault.Error{Code: fault.PreconditionFailed, Reason: inventory.ReasonOutOfStock},
	} {
		if got := inventory.Shortages(err); got != nil {
			t.Errorf("%s: got %v", reason, got)
		}
	}
}
