// Package rpc holds what the demo's gRPC services share: how they say no, and how they learn who is behind a call.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/mainstem/mainstem/demo/ledger"
)

// Caller gives the subject behind a call, from the metadata `caller-sub`; empty if the call does not say.
func Caller(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, "caller-sub"); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Service is a service's name as its contract has it. It goes into the domain of the refusals' ErrorInfo.
type Service string

// Refuse gives a status with an ErrorInfo and, if wanted, more details.
func (s Service) Refuse(code codes.Code, reason, message string, more ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: string(s) + ".mainstem.example"}
	return withDetails(code, message, append([]protoadapt.MessageV1{info}, more...)...)
}

// Outcome turns the ledger's own refusals into statuses. Every other error, nil included, is given back as it is.
func (s Service) Outcome(err error) error {
	switch {
	case errors.Is(err, ledger.ErrKeyReused):
		return s.Refuse(codes.Aborted, "IDEMPOTENCY_KEY_REUSED", err.Error())
	case errors.Is(err, ledger.ErrUndone):
		return s.Refuse(codes.FailedPrecondition, "COMMAND_UNDONE", err.Error())
	}
	return err
}

// Violations are the fields of a request that are not as documented. The zero value is ready; it is not safe for concurrent use.
type Violations []*errdetails.BadRequest_FieldViolation

// Add says what is wrong with a field.
func (v *Violations) Add(field, format string, args ...any) {
	*v = append(*v, &errdetails.BadRequest_FieldViolation{Field: field, Description: fmt.Sprintf(format, args...)})
}

// Length checks how many characters a field has.
func (v *Violations) Length(field, value string, least, most int) {
	if n := utf8.RuneCountInString(value); n < least || n > most {
		v.Add(field, "must have %d to %d characters, not %d", least, most, n)
	}
}

// Count checks how many elements a repeated field has.
func (v *Violations) Count(field string, n, least, most int) {
	if n < least || n > most {
		v.Add(field, "must have %d to %d elements, not %d", least, most, n)
	}
}

// id is what the contracts allow as an id or a stock keeping unit.
var id = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// ID checks an id or a stock keeping unit.
func (v *Violations) ID(field, value string) {
	if !id.MatchString(value) {
		v.Add(field, "must have 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '~' and '-'")
	}
}

// IDs checks how many ids a repeated field has, and, if it is not too many, each of them.
func (v *Violations) IDs(field string, values []string, least, most int) {
	if len(values) < least || len(values) > most {
		v.Count(field, len(values), least, most)
		return
	}
	for i, value := range values {
		v.ID(fmt.Sprintf("%s[%d]", field, i), value)
	}
}

// Between checks a number.
func (v *Violations) Between(field string, value, least, most int32) {
	if value < least || value > most {
		v.Add(field, "must be %d to %d, not %d", least, most, value)
	}
}

// Key checks an idempotency key.
func (v *Violations) Key(field, key string) { v.Length(field, key, 8, 200) }

// Err gives INVALID_ARGUMENT with a BadRequest that names every violation, or nil if there is none.
func (v Violations) Err() error {
	if len(v) == 0 {
		return nil
	}
	message := fmt.Sprintf("%s %s", v[0].GetField(), v[0].GetDescription())
	return withDetails(codes.InvalidArgument, message, &errdetails.BadRequest{FieldViolations: v})
}

func withDetails(code codes.Code, message string, details ...protoadapt.MessageV1) error {
	st, err := status.New(code, message).WithDetails(details...)
	if err != nil { // the details are messages of known types, and the code is never OK
		panic(fmt.Sprintf("building a status: %v", err))
	}
	return st.Err()
}
