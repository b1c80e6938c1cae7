package shipping_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/shipping"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	create := func(ctx context.Context, s *shipping.Source) error { _, err := s.Create(ctx, key, ordered); return err }
	cancel := func(ctx context.Context, s *shipping.Source) error { return s.Cancel(ctx, undoing, key) }
	byID := func(ctx context.Context, s *shipping.Source) error {
		_, err := s.CancelByID(ctx, key, "shp-000044")
		return err
	}
	read := func(ctx context.Context, s *shipping.Source) error {
		_, err := s.ByIDs(ctx, []string{"shp-000042"})
		return err
	}
	for reason, c := range map[string]struct {
		do     func(context.Context, *shipping.Source) error
		status codes.Code
		info   string
		want   fault.Code
	}{
		"an order that is shipped":        {create, codes.AlreadyExists, shipping.ReasonOrderHasShipment, fault.Conflict},
		"a country that nobody goes to":   {create, codes.FailedPrecondition, shipping.ReasonAddressNotServed, fault.PreconditionFailed},
		"undone before it arrived":        {create, codes.FailedPrecondition, shipping.ReasonCommandUndone, fault.PreconditionFailed},
		"a key with another input":        {create, codes.Aborted, shipping.ReasonKeyReused, fault.Conflict},
		"undoing what is on its way":      {cancel, codes.FailedPrecondition, shipping.ReasonInTransit, fault.PreconditionFailed},
		"cancelling what is on its way":   {byID, codes.FailedPrecondition, shipping.ReasonInTransit, fault.PreconditionFailed},
		"a shipment that nobody knows":    {byID, codes.NotFound, shipping.ReasonShipmentUnknown, fault.NotFound},
		"too many reads":                  {read, codes.ResourceExhausted, shipping.ReasonRateExceeded, fault.RateLimited},
		"too many commands":               {create, codes.ResourceExhausted, shipping.ReasonRateExceeded, fault.RateLimited},
		"too many commands that undo one": {cancel, codes.ResourceExhausted, shipping.ReasonRateExceeded, fault.RateLimited},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, nil, refusal(t, c.status,
				&errdetails.ErrorInfo{Reason: c.info, Domain: "shipping.mainstem.example"},
				&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)}))
			f := fault.From(c.do(t.Context(), s))
			if f == nil || f.Code != c.want || f.Reason != c.info {
				t.Fatalf("failed with %v, want %s for the reason %s", f, c.want, c.info)
			}
			if f.RetryAfter != 3*time.Second {
				t.Errorf("RetryAfter is %s", f.RetryAfter)
			}
		})
	}
}

func TestViolationsHaveTheNamesOfInputs(t *testing.T) {
	t.Parallel()
	for theirs, ours := range map[string]string{
		"address.postal_code":  "address.postalCode",
		"address.country_code": "address.countryCode",
		"address.lines[1]":     "address.lines[1]",
		"order_id":             "orderId",
		"idempotency_key":      "idempotencyKey",
	} {
		t.Run(theirs, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, nil, refusal(t, codes.InvalidArgument, &errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: theirs, Description: "is not as documented"}},
			}))
			_, err := s.Create(t.Context(), key, ordered)
			f := fault.From(err)
			want := []fault.Violation{{Field: ours, Message: "is not as documented"}}
			if diff := cmp.Diff(want, f.Violations); diff != "" || f.Code != fault.BadUserInput {
				t.Errorf("failed with %v: -want +got:\n%s", f, diff)
			}
		})
	}
}
