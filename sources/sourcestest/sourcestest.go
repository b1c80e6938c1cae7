// Package sourcestest examines sources: it plays every fault that a service can have against every call that a source makes, over
// real sockets, and checks what the source makes of it, and what the service was sent.
package sourcestest

import (
	"context"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
)

// Call is one call that a source can make.
type Call struct {
	Name      string                      // the source's method
	Operation string                      // the contract's name of what it calls, which its faults must have
	Answer    string                      // the file in testdata that holds a recorded answer, as JSON
	Do        func(context.Context) error // makes the call; fails as the source does, or as PageFault says

	Key      string // of a command: the idempotency key that Do gives it. The service must get it each time
	Requests int    // how many requests one Do makes; 0 stands for 1
	Absent   bool   // NOT_FOUND means that there is no such thing, which is no fault

	// Required and Enums are JSON pointers into Answer: members that the source cannot do without, and members whose values are of
	// a closed set. Removing one, or giving it a value that the contract does not know, must be a contract violation.
	Required []string
	Enums    []string

	// OutOfRange has, by JSON pointers into Answer, values of the right type that are excluded: by the contract, such as a negative count or
	// "../x" for an id; or by the call, such as the id of another thing. Several for more than one. Each must be a contract violation.
	OutOfRange map[string]any

	Message proto.Message // gRPC: an empty message of the answer's type

	// Stream is what a call that reads a stream has in place of Do: it gives nil for each message, or its fault. Answer is one message.
	Stream func(context.Context) iter.Seq[error]
}

// Several are values that OutOfRange has for one member. They are tried one by one.
type Several []any

// PageFault gives err, or the first fault of a page's items.
func PageFault[T any](page *sources.Page[T], err error) error {
	if err != nil {
		return err
	}
	for _, e := range page.Edges {
		if e.Fault != nil {
			return e.Fault
		}
	}
	return nil
}

// want is what a source must make of what a service does.
type want struct {
	code       fault.Code // empty: no fault
	retryAfter int        // seconds
	anyCalls   bool       // the service cannot count the calls
}
