package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/rpc/rpctest"
)

func TestViolations(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		check func(*rpc.Violations)
		want  string
	}{
		"characters are counted, not bytes": {func(v *rpc.Violations) { v.Length("f", "üü", 1, 2) }, ""},
		"too short":                         {func(v *rpc.Violations) { v.Length("f", "", 1, 2) }, "must have 1 to 2 characters, not 0"},
		"too long":                          {func(v *rpc.Violations) { v.Length("f", "xxx", 1, 2) }, "must have 1 to 2 characters, not 3"},
		"too many":                          {func(v *rpc.Violations) { v.Count("f", 3, 0, 2) }, "must have 0 to 2 elements, not 3"},
		"as many as may be":                 {func(v *rpc.Violations) { v.Count("f", 2, 0, 2) }, ""},
		"too small":                         {func(v *rpc.Violations) { v.Between("f", 0, 1, 5) }, "must be 1 to 5, not 0"},
		"too large":                         {func(v *rpc.Violations) { v.Between("f", 6, 1, 5) }, "must be 1 to 5, not 6"},
		"within bounds":                     {func(v *rpc.Violations) { v.Between("f", 5, 1, 5) }, ""},
		"a short key":                       {func(v *rpc.Violations) { v.Key("f", "1234567") }, "must have 8 to 200 characters, not 7"},
		"a long key":                        {func(v *rpc.Violations) { v.Key("f", strings.Repeat("x", 201)) }, "must have 8 to 200 characters, not 201"},
		"a key":                             {func(v *rpc.Violations) { v.Key("f", "12345678") }, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var v rpc.Violations
			test.check(&v)
			if err := v.Err(); test.want != "" {
				got := rpctest.Refused[*errdetails.BadRequest](t, err, codes.InvalidArgument).GetFieldViolations()
				if len(got) != 1 || got[0].GetField() != "f" || got[0].GetDescription() != test.want {
					t.Errorf("got %v, want %q", got, test.want)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	const service rpc.Service = "bakery"
	for reason, test := range map[string]struct {
		err  error
		code codes.Code
		want string
	}{
		"a key used twice":           {ledger.ErrKeyReused, codes.Aborted, "IDEMPOTENCY_KEY_REUSED"},
		"an undone command":          {ledger.ErrUndone, codes.FailedPrecondition, "COMMAND_UNDONE"},
		"a refusal of the service's": {service.Refuse(codes.NotFound, "NO_BREAD", "none left"), codes.NotFound, "NO_BREAD"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := rpctest.Refused[*errdetails.ErrorInfo](t, service.Outcome(test.err), test.code)
			want := &errdetails.ErrorInfo{Reason: test.want, Domain: "bakery.mainstem.example"}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		})
	}
	if other := errors.New("other"); !errors.Is(service.Outcome(other), other) || service.Outcome(nil) != nil {
		t.Error("other errors are not given back")
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	said := metadata.NewIncomingContext(t.Context(), metadata.Pairs("caller-sub", "cus-00001"))
	for want, ctx := range map[string]context.Context{"cus-00001": said, "": t.Context()} {
		if got := rpc.Caller(ctx); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
