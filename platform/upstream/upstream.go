// Package upstream calls services over HTTP and gRPC, under one policy: every call declares its source, has a timeout and a bound
// on its answer's size, passes on what the source declared and nothing else, carries the trace, and fails with a *fault.Error. What else calls
// go through, such as retries and a circuit breaker, is each source's Policy; policies in chain.go says in which order.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
)

// Options are what a source's client is made of. Zero values stand for the defaults, and none of the policies.
type Options struct {
	Name        string        // the source's name, as in @source(name:)
	URL         string        // http://, https://, grpc:// or grpcs:// and a host; REST may have a path
	Timeout     time.Duration // of one attempt; 2 s
	MaxBytes    int64         // of one answer; 8 MiB
	Policy      Policy
	Connections Connections
	Return      []string     // the headers of answers that are passed on to the client; see WithReturned
	Tracer      trace.Tracer // of a span for each call; none if nil
	Meter       metric.Meter // of its metrics; none if nil
	Log         *slog.Logger // hears what policies do; nobody if nil
	// Began is told of each call when it begins, with the source and the operation. What it gives is told how often the call was tried, how it was answered if
	// not by a call of its own (as Call has it), and the code of its fault, if there is one. Nobody is told if it is nil.
	Began func(ctx context.Context, source, operation string) (ended func(attempts int, how string, code fault.Code))
}

func (o *Options) setDefaults() {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.Log == nil {
		o.Log = discard
	}
}

// base is what HTTP and gRPC clients share.
type base struct {
	Options
	counters
	inputs     Inputs
	send       call // through all policies
	flights    flights
	breakers   breakers
	limiter    limiter // nil if there is no limit
	cache      *cache  // nil if nothing is kept
	background *background
	meters     *meters
	peer       []attribute.KeyValue // of the service, for spans
	spans      spans
	last       atomic.Pointer[fault.Error] // the last call's fault; nil after a success
}

// init makes what is common of a client that sends by wire.
func (b *base) init(o Options, inputs Inputs, wire func(ctx context.Context, r *request) (*reply, error)) error {
	if err := inputs.check(); err != nil {
		return err
	}
	b.Options, b.inputs = o, inputs
	b.breakers = breakers{policy: o.Policy.Breaker, changed: b.breakerChanged}
	b.background = newBackground()
	b.send = b.through(wire)
	b.meters = newMeters(b)
	return nil
}

// orNil gives a fault as an error.
func orNil(f *fault.Error) error {
	if f == nil {
		return nil
	}
	return f
}

// waiting says that the caller's runner waits for a service. What goes before and after, such as decoding, can add to a batch, and is not to be
// in it.
func (b *base) waiting(next call) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		wave.Block(ctx)
		defer wave.Unblock(ctx)
		return next(ctx, r)
	}
}

// timed bounds each attempt by the source's timeout and by what the request has left, and gives what it fails with as a fault.
func (b *base) timed(wire func(ctx context.Context, r *request) (*reply, error)) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		if r.late() { // a probe has no deadline
			return nil, fault.Wrap(fault.DeadlineExceeded, errLate)
		}
		begun := time.Now()
		end := begun.Add(b.Timeout)
		if !r.deadline.IsZero() && r.deadline.Before(end) {
			end = r.deadline
		}
		attempt, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		attempt, noted := r.record.begin(attempt)
		attempt, span := b.try(attempt, r)
		answer, err := wire(attempt, r)
		f := b.faultOf(ctx, r, err)
		if f != nil && f.Code == fault.DeadlineExceeded && !errors.Is(ctx.Err(), context.Canceled) && time.Since(begun) >= b.Timeout/2 {
			f = fault.Wrap(fault.DeadlineExceeded, fmt.Errorf("%w: %w", errSlow, err))
		}
		abandoned := err != nil && errors.Is(ctx.Err(), context.Canceled)
		r.record.end(noted, f, abandoned)
		b.tried(span, f, abandoned)
		return answer, f
	}
}

// errSlow is why the breaker counts a call that its request's deadline has cut off: the service had half of its timeout. Without that, it would
// not see a service that hangs where all clients have less time than that.
var errSlow = errors.New("the service had half of its timeout")

// faultOf gives a call's error as a fault. When time was up, it says whose: the request's or the source's.
func (b *base) faultOf(ctx context.Context, r *request, err error) *fault.Error {
	if err == nil {
		return nil
	}
	f, known := errors.AsType[*fault.Error](err)
	timedOut := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || (known && f.Code == fault.SourceTimeout)
	switch {
	case timedOut && (ctx.Err() != nil || r.over()):
		return fault.Wrap(fault.DeadlineExceeded, err)
	case known:
		return f
	case timedOut:
		return fault.Wrap(fault.SourceTimeout, fmt.Errorf("no answer within %s: %w", b.Timeout, err))
	default:
		return fault.Wrap(fault.SourceUnavailable, err)
	}
}

// over says whether the request's time is up or about to be: a service that was told the deadline may give up a moment before us.
func (r *request) over() bool {
	return !r.deadline.IsZero() && time.Until(r.deadline) < 10*time.Millisecond
}

// note keeps what a call says of the source's health.
func (b *base) note(f *fault.Error) {
	if f == nil {
		b.last.Store(nil)
		return
	}
	switch f.Code {
	case fault.SourceUnavailable, fault.SourceTimeout, fault.SourceFailed, fault.SourceContractViolation, fault.RateLimited:
		b.last.Store(f)
	case fault.DeadlineExceeded, fault.Overloaded, fault.Internal: // says nothing of the source
	default: // a refusal: the service works
		b.last.Store(nil)
	}
}

// limitNow gives how many calls may be under way now; 0 for any number.
func (b *base) limitNow() int64 {
	if b.limiter == nil {
		return 0
	}
	return int64(b.limiter.limit())
}

// State is what a client knows of its service.
type State struct {
	Reachable bool       `json:"reachable"`           // whether a connection could be made just now
	LastFault fault.Code `json:"lastFault,omitempty"` // how the last call failed; empty if it did not
	Breaker   string     `json:"breaker,omitempty"`   // closed, open or half-open; empty where there is none. Of several, the most open
	Running   int64      `json:"running"`             // calls under way
	Waiting   int64      `json:"waiting"`             // calls that wait for their turn
	Limit     int64      `json:"limit,omitempty"`     // how many may be under way; 0 for any number
}

func (b *base) state(reachable bool) State {
	s := State{Reachable: reachable, Running: b.running.Load(), Waiting: b.queued.Load(), Limit: b.limitNow()}
	if f := b.last.Load(); f != nil {
		s.LastFault = f.Code
	}
	if b.Policy.Breaker.Enabled {
		s.Breaker = b.breakers.worst().String()
	}
	return s
}

type keysKey struct{}

// WithKeys notes how many keys the next call asks for, for its span.
func WithKeys(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, keysKey{}, n)
}

// Violation gives the fault of an answer, or of one of its items, that does not fit the contract. Sources' wire.go uses it for
// what types cannot say; the call that it came from adds source and operation.
func Violation(format string, args ...any) *fault.Error {
	return fault.Wrap(fault.SourceContractViolation, fmt.Errorf(format, args...))
}
