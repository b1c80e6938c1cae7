package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestFromGRPCCode(t *testing.T) {
	t.Parallel()
	for given, want := range map[codes.Code]Code{
		codes.Canceled:           SourceTimeout,
		codes.Unknown:            SourceFailed,
		codes.InvalidArgument:    BadUserInput,
		codes.DeadlineExceeded:   SourceTimeout,
		codes.NotFound:           NotFound,
		codes.AlreadyExists:      Conflict,
		codes.PermissionDenied:   Forbidden,
		codes.ResourceExhausted:  RateLimited,
		codes.FailedPrecondition: PreconditionFailed,
		codes.Aborted:            Conflict,
		codes.OutOfRange:         BadUserInput,
		codes.Unimplemented:      SourceContractViolation,
		codes.Internal:           SourceFailed,
		codes.Unavailable:        SourceUnavailable,
		codes.DataLoss:           SourceFailed,
		codes.Unauthenticated:    Forbidden,
		17:                       SourceContractViolation, // gRPC defines 16
		4711:                     SourceContractViolation,
	} {
		err := status.Error(given, "secret")
		f := FromGRPC(err)
		if f.Code != want {
			t.Errorf("%s is %s, want %s", given, f.Code, want)
		}
		if f.Reason != given.String() {
			t.Errorf("%s has the reason %q", given, f.Reason)
		}
		if f.Message() != want.Doc().Message {
			t.Errorf("%s: clients read %q", given, f.Message())
		}
		if !errors.Is(f, err) || !strings.Contains(f.Error(), "secret") {
			t.Errorf("%s: the log has %q", given, f.Error())
		}
	}
}

func TestFromGRPCWithoutAStatus(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		err  error
		code Code
	}{
		"another error":    {errors.New("no status"), SourceFailed},
		"a wrapped status": {fmt.Errorf("calling: %w", status.Error(codes.NotFound, "")), NotFound},
		"no error at all":  {nil, Internal},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if f := FromGRPC(test.err); f.Code != test.code {
				t.Errorf("got %s, want %s", f.Code, test.code)
			}
		})
	}
}

func TestFromGRPCDetails(t *testing.T) {
	t.Parallel()
	retry := func(d time.Duration) *errdetails.RetryInfo {
		return &errdetails.RetryInfo{RetryDelay: durationpb.New(d)}
	}
	bad := func(n int, field, description string) *errdetails.BadRequest {
		list := make([]*errdetails.BadRequest_FieldViolation, n)
		for i := range list {
			list[i] = &errdetails.BadRequest_FieldViolation{Field: field, Description: description}
		}
		return &errdetails.BadRequest{FieldViolations: list}
	}
	type want struct {
		Reason     string
		RetryAfter time.Duration
		Violations []Violation
	}
	for reason, test := range map[string]struct {
		code    codes.Code
		details []protoadapt.MessageV1
		want    want
	}{
		"none":                     {codes.Aborted, nil, want{Reason: "Aborted"}},
		"a reason":                 {codes.Aborted, []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: "OUT_OF_STOCK", Domain: "shop.test"}}, want{Reason: "OUT_OF_STOCK"}},
		"when to ask again":        {codes.ResourceExhausted, []protoadapt.MessageV1{retry(1500 * time.Millisecond)}, want{Reason: "ResourceExhausted", RetryAfter: 1500 * time.Millisecond}},
		"never":                    {codes.Unavailable, []protoadapt.MessageV1{retry(1 << 62)}, want{Reason: "Unavailable", RetryAfter: maxRetryAfter}},
		"in the past":              {codes.Unavailable, []protoadapt.MessageV1{retry(-time.Second)}, want{Reason: "Unavailable"}},
		"without saying when":      {codes.Unavailable, []protoadapt.MessageV1{&errdetails.RetryInfo{}}, want{Reason: "Unavailable"}},
		"a violation":              {codes.InvalidArgument, []protoadapt.MessageV1{bad(1, "rating", "From 1 to 5.")}, want{Reason: "InvalidArgument", Violations: []Violation{{"rating", "From 1 to 5."}}}},
		"one without a sentence":   {codes.InvalidArgument, []protoadapt.MessageV1{bad(1, "rating", "")}, want{Reason: "InvalidArgument"}},
		"one that is none":         {codes.Aborted, []protoadapt.MessageV1{bad(1, "rating", "From 1 to 5.")}, want{Reason: "Aborted"}},
		"what nobody here reads":   {codes.Internal, []protoadapt.MessageV1{&errdetails.DebugInfo{Detail: "secret"}}, want{Reason: "Internal"}},
		"all together":             {codes.OutOfRange, []protoadapt.MessageV1{bad(1, "a", "b"), retry(time.Second), &errdetails.ErrorInfo{Reason: "R"}}, want{"R", time.Second, []Violation{{"a", "b"}}}},
		"more than clients need":   {codes.InvalidArgument, []protoadapt.MessageV1{bad(50, "a", "b"), bad(50, "a", "b")}, want{Reason: "InvalidArgument", Violations: repeated(Violation{"a", "b"}, maxViolations)}},
		"longer than clients need": {codes.InvalidArgument, []protoadapt.MessageV1{bad(1, strings.Repeat("a", 500), strings.Repeat("é", 500))}, want{Reason: "InvalidArgument", Violations: []Violation{{"", strings.Repeat("é", 150)}}}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			st, err := status.New(test.code, "secret").WithDetails(test.details...)
			if err != nil {
				t.Fatal(err)
			}
			f := FromGRPC(st.Err())
			if diff := cmp.Diff(test.want, want{f.Reason, f.RetryAfter, f.Violations}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(f.Message(), "secret") {
				t.Errorf("clients read %q", f.Message())
			}
		})
	}
}

func TestFromGRPCPassesOverDetailsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	st := status.New(codes.NotFound, "").Proto()
	st.Details = []*anypb.Any{
		{TypeUrl: "type.googleapis.com/no.such.Type", Value: []byte("x")},
		{TypeUrl: "type.googleapis.com/google.rpc.ErrorInfo", Value: []byte("\xff\xff")},
		nil,
	}
	if f := FromGRPC(status.ErrorProto(st)); f.Code != NotFound || f.Reason != "NotFound" {
		t.Errorf("got %v with the reason %q", f, f.Reason)
	}
}

func repeated(v Violation, n int) []Violation {
	list := make([]Violation, n)
	for i := range list {
		list[i] = v
	}
	return list
}
