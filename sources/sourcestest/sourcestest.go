// Package sourcestest examines sources: it plays every fault that a service can have against every call that a source makes, over
// real sockets, and checks what the source makes of it.
package sourcestest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
)

// Call is one call that a source can make.
type Call struct {
	Name   string                      // the source's method
	Answer string                      // the file in testdata that holds a recorded answer, as JSON
	Do     func(context.Context) error // makes the call; fails as the source does, or as PageFault says

	Requests int  // how many requests one Do makes; 0 stands for 1
	Absent   bool // NOT_FOUND means that there is no such thing, which is no fault

	// Required and Enums are JSON pointers into Answer: members that the source cannot do without, and members whose values are of
	// a closed set. Removing one, or giving it a value that the contract does not know, must be a contract violation.
	Required []string
	Enums    []string

	// OutOfRange has, by JSON pointers into Answer, values of the right type that the contract excludes, such as a negative count or "../x"
	// for an id; Several for more than one. Each must be a contract violation.
	OutOfRange map[string]any

	Message proto.Message // gRPC: an empty message of the answer's type
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

// What every call of an examination carries. Services must not see what their source did not declare, and clients must not see what
// services say.
const (
	secretToken = "token-5f2c91"
	secretBody  = "body-77aa03"
	retryAfter  = 7 * time.Second
	patience    = 10 * time.Second // how long to wait for what must happen
	maxBytes    = 1 << 20
	shortTime   = 100 * time.Millisecond // a source's timeout, where the fault is slowness
)

// request is what a client sent, as far as sources may see it.
func request() upstream.Request {
	header := http.Header{}
	header.Set("Authorization", "Bearer "+secretToken)
	header.Set("Cookie", "session="+secretToken)
	header.Set("Accept-Language", "de")
	header.Set("X-Undeclared", "undeclared")
	return upstream.Request{Header: header, Claims: map[string]string{"iss": "https://issuer.test", "sub": "subject-1"}}
}

// want is what a source must make of a fault.
type want struct {
	code       fault.Code // empty: no fault
	retryAfter time.Duration
	anyCalls   bool // the service cannot count the calls
}

// examine makes a call and checks what it failed with.
func examine(t *testing.T, c Call, w want, address string, calls func() int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(upstream.WithRequest(t.Context(), request()), patience)
	defer cancel()
	check(t, c.Do(ctx), w, address)
	if n := max(c.Requests, 1); !w.anyCalls && calls() != n {
		t.Errorf("%s made %d requests, want %d", c.Name, calls(), n)
	}
}

func check(t *testing.T, err error, w want, address string) {
	t.Helper()
	f := faultOf(t, err)
	if w.code == "" {
		if f != nil {
			t.Errorf("failed: %v", f)
		}
		return
	}
	if f == nil {
		t.Fatalf("did not fail, want %s", w.code)
	}
	if f.Code != w.code {
		t.Errorf("failed with %v, want %s", f, w.code)
	}
	if f.Source == "" || f.Operation == "" {
		t.Errorf("the fault does not say where it comes from: source %q, operation %q", f.Source, f.Operation)
	}
	if f.RetryAfter != w.retryAfter {
		t.Errorf("RetryAfter is %s, want %s", f.RetryAfter, w.retryAfter)
	}
	for _, secret := range []string{address, "127.0.0.1", "http", secretBody, secretToken} {
		if strings.Contains(f.Message(), secret) {
			t.Errorf("clients would read %q in %q", secret, f.Message())
		}
	}
	if strings.Contains(f.Error(), secretToken) {
		t.Errorf("the log would hold a token: %v", f)
	}
}

// faultOf gives what err says went wrong. Any error but a *fault.Error or fault.Items fails the test.
func faultOf(t *testing.T, err error) *fault.Error {
	t.Helper()
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if f := itemFault(err); f != nil {
		return f
	}
	t.Fatalf("failed with a %T, want a *fault.Error: %v", err, err)
	return nil
}

// itemFault gives one of the faults of fault.Items, whatever their keys are.
func itemFault(err error) *fault.Error {
	if items, ok := errors.AsType[interface {
		error
		Any() *fault.Error
	}](err); ok {
		return items.Any()
	}
	return nil
}

// cancelling checks that a call ends when its context does, while the service hangs.
func cancelling(t *testing.T, c Call, s service) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Do(ctx) }()
	await(t, s.arrived, "a request")
	cancel()
	select {
	case err := <-done:
		check(t, err, want{code: fault.DeadlineExceeded}, s.address)
	case <-time.After(patience):
		t.Fatalf("%s does not end when it is cancelled", c.Name)
	}
	await(t, s.left, "the service to see that the caller has gone")
}

func await(t *testing.T, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
	}
}

// service is a service that misbehaves.
type service struct {
	url     string
	address string
	calls   func() int
	arrived chan struct{} // a request has arrived
	left    chan struct{} // the caller of a request that hung has gone
}

func recorded(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noLeaks checks, when the test and its clean-ups are over, that no goroutine is left.
func noLeaks(t *testing.T) {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}
