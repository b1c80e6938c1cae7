// Package upstream calls services over HTTP and gRPC, under one policy: every call declares its source, has a timeout and a bound
// on its answer's size, passes on what the source declared and nothing else, carries the trace, and fails with a *fault.Error.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
)

// Options are what a source's client is made of. Zero values stand for the defaults.
type Options struct {
	Name     string        // the source's name, as in @source(name:)
	URL      string        // http://, https://, grpc:// or grpcs:// and a host; REST may have a path
	Timeout  time.Duration // of one call; 2 s
	MaxBytes int64         // of one answer; 8 MiB
	Tracer   trace.Tracer  // of a span for each call; none if nil

	Connections Connections // how the service is connected to
}

func (o *Options) setDefaults() {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
}

// The attributes of a source call's span.
const (
	AttrSource    = "mainstem.source"
	AttrOperation = "mainstem.operation"
	AttrKeys      = "mainstem.keys"
	AttrCode      = "mainstem.code"
)

// propagator carries the trace. Baggage is not carried: a client can put anything there, and no source declares it.
var propagator = propagation.TraceContext{}

// base is what HTTP and gRPC clients share.
type base struct {
	Options
	inputs Inputs
	last   atomic.Pointer[fault.Error] // the last call's fault; nil after a success
}

// call runs one call: it is refused unless the running field declares the source, ends after the source's timeout, and is one
// span. do gets the context of the wire; what it fails with becomes a fault of this source and operation.
func (b *base) call(ctx context.Context, operation string, do func(ctx context.Context) error) error {
	if err := Declared(ctx, b.Name); err != nil {
		return err
	}
	wire, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	wire, span := b.span(wire, operation)
	defer span.End()
	start := time.Now()
	f := b.faultOf(ctx, do(wire))
	b.note(f)
	b.report(ctx, operation, start, f)
	if f == nil {
		return nil
	}
	f = f.At(b.Name, operation)
	if span.IsRecording() {
		span.SetAttributes(attribute.String(AttrCode, string(f.Code)))
		span.SetStatus(codes.Error, string(f.Code))
	}
	return f
}

// asClient is what every call's span is.
var asClient = trace.WithSpanKind(trace.SpanKindClient)

// span begins a call's span. In a trace that is not sampled there is none, and the service sees what the caller has.
func (b *base) span(ctx context.Context, operation string) (context.Context, trace.Span) {
	if parent := trace.SpanContextFromContext(ctx); parent.IsValid() && !parent.IsSampled() {
		return ctx, noop.Span{}
	}
	attributes := make([]attribute.KeyValue, 0, 3)
	attributes = append(attributes, attribute.String(AttrSource, b.Name), attribute.String(AttrOperation, operation))
	if n, ok := ctx.Value(keysKey{}).(int); ok {
		attributes = append(attributes, attribute.Int(AttrKeys, n))
	}
	return b.Tracer.Start(ctx, b.Name+" "+operation, asClient, trace.WithAttributes(attributes...))
}

// onWire says that ctx's runner waits for a service while do runs. What goes before and after, such as decoding, can add to a batch, and is
// not to be in it.
func onWire(ctx context.Context, do func() error) error {
	wave.Block(ctx)
	defer wave.Unblock(ctx)
	return do()
}

// faultOf gives a call's error as a fault. When time was up, it says whose: the request's or the source's.
func (b *base) faultOf(ctx context.Context, err error) *fault.Error {
	if err == nil {
		return nil
	}
	f, known := errors.AsType[*fault.Error](err)
	timedOut := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || (known && f.Code == fault.SourceTimeout)
	switch {
	case timedOut && requestIsOver(ctx):
		return fault.Wrap(fault.DeadlineExceeded, err)
	case known:
		return f
	case timedOut:
		return fault.Wrap(fault.SourceTimeout, fmt.Errorf("no answer within %s: %w", b.Timeout, err))
	default:
		return fault.Wrap(fault.SourceUnavailable, err)
	}
}

// requestIsOver says whether ctx has ended or is about to: a service that was told the deadline may give up a moment before us.
func requestIsOver(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < 10*time.Millisecond
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
	case fault.DeadlineExceeded, fault.Internal: // says nothing of the source
	default: // a refusal: the service works
		b.last.Store(nil)
	}
}

// State is what a client knows of its service.
type State struct {
	Reachable bool       `json:"reachable"`           // whether a connection could be made just now
	LastFault fault.Code `json:"lastFault,omitempty"` // how the last call failed; empty if it did not
}

func (b *base) state(reachable bool) State {
	s := State{Reachable: reachable}
	if f := b.last.Load(); f != nil {
		s.LastFault = f.Code
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
