package upstream

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// unrecorded is the span of what is not recorded.
var unrecorded trace.Span = noop.Span{}

// try begins the span of an attempt, below that of its call. A service's own spans are below it.
func (b *base) try(ctx context.Context, r *request) (context.Context, trace.Span) {
	if !r.recording() {
		return ctx, unrecorded
	}
	is := b.spans.of(b, r)
	ctx, span := b.Tracer.Start(ctx, is.attemptName, is.attempt...)
	if hedge, _ := ctx.Value(hedgeKey{}).(bool); hedge {
		span.SetAttributes(names.Hedge.Bool(true))
	}
	return ctx, span
}

// spans is what the spans of each operation begin with, which is made once: their number is bounded by the contract's.
type spans struct{ all sync.Map }

type spansOf struct {
	name, attemptName string
	call, attempt     []trace.SpanStartOption
}

// of gives what the spans of a call and of its attempts begin with.
func (s *spans) of(b *base, r *request) *spansOf {
	key := r.operation
	if r.http == nil {
		key = r.method // of several services, some may have the same name
	}
	if known, ok := s.all.Load(key); ok {
		return known.(*spansOf)
	}
	is := &spansOf{name: b.Name + " " + r.operation}
	is.call = []trace.SpanStartOption{names.NewFixed(names.Source.String(b.Name), names.SourceOperation.String(r.operation))}
	attributes := slices.Clip(b.peer)
	if r.http != nil {
		is.attemptName = r.http.Method
		attributes = append(attributes, names.Method.String(is.attemptName))
	} else {
		is.attemptName = r.method[1:]
		attributes = append(attributes, semconv.RPCSystemNameGRPC, names.RPCCall.String(is.attemptName))
	}
	is.attempt = []trace.SpanStartOption{names.NewFixed(attributes...), trace.WithSpanKind(trace.SpanKindClient)}
	s.all.Store(key, is)
	return is
}

// tried ends the span of an attempt. One that was abandoned has not failed: nobody waits for it any more.
func (b *base) tried(span trace.Span, f *fault.Error, abandoned bool) {
	if span.IsRecording() {
		switch {
		case abandoned:
			span.SetAttributes(names.ErrorType.String("cancelled"))
		case f != nil:
			span.SetAttributes(names.ErrorType.String(string(f.Code)))
			span.SetStatus(codes.Error, string(f.Code))
		}
	}
	span.End()
}

// carry has an attempt carry the trace and the baggage, and tells its span which one of the call it is, counted from 1.
func (r *request) carry(ctx context.Context, carrier propagation.TextMapCarrier, sent int32) {
	propagator.Inject(ctx, carrier)
	if r.baggage != "" {
		carrier.Set("baggage", r.baggage)
	}
	if sent > 1 && r.recording() {
		key := names.Resends.Key
		if _, rpc := carrier.(metadataCarrier); rpc {
			key = names.Retries.Key
		}
		trace.SpanFromContext(ctx).SetAttributes(key.Int(int(sent) - 1))
	}
}

// propagator carries the trace. Of baggage it carries nothing: a client can put anything there, and no source declares it.
var propagator = propagation.TraceContext{}

// apart begins the span of what is done for later callers, in a trace of its own that is linked to the one that it comes from, if there is one.
func (b *base) apart(ctx context.Context, name string, from []trace.Link) (context.Context, trace.Span) {
	if from == nil {
		return ctx, unrecorded
	}
	return b.Tracer.Start(ctx, name, trace.WithNewRoot(), trace.WithLinks(from...), trace.WithAttributes(names.Source.String(b.Name)))
}

// peerOf gives the attributes of a service at a host and, mostly, a port.
func peerOf(host string) []attribute.KeyValue {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return []attribute.KeyValue{names.Address.String(host)}
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return []attribute.KeyValue{names.Address.String(name)}
	}
	return []attribute.KeyValue{names.Address.String(name), names.Port.Int(number)}
}
