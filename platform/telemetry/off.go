package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// offProvider records nothing. Its spans share the ids of the span that they start in, and only where there is none, ids are
// made. The SDK with a sampler that drops everything would give ids too, but new ones for every span: the caller's trace would
// show spans that nobody recorded, and each start would cost some allocations (BenchmarkStartOff compares).
type offProvider struct{ embedded.TracerProvider }

func (offProvider) Tracer(string, ...trace.TracerOption) trace.Tracer { return offTracer{} }

type offTracer struct{ embedded.Tracer }

func (offTracer) Start(ctx context.Context, _ string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	outer := trace.SpanContextFromContext(ctx)
	if !outer.IsValid() || len(options) > 0 && isRoot(options) {
		ctx = trace.ContextWithSpanContext(ctx, randomSpanContext())
	}
	return ctx, trace.SpanFromContext(ctx)
}

func isRoot(options []trace.SpanStartOption) bool {
	settings := trace.NewSpanStartConfig(options...)
	return settings.NewRoot()
}

// randomSpanContext makes ids as the SDK does: random, not secret, and never zero.
func randomSpanContext() trace.SpanContext {
	var traceID trace.TraceID
	var spanID trace.SpanID
	for !traceID.IsValid() || !spanID.IsValid() {
		for _, part := range [][]byte{traceID[:8], traceID[8:], spanID[:]} {
			binary.NativeEndian.PutUint64(part, rand.Uint64()) //nolint:gosec // an id is no secret
		}
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID})
}
