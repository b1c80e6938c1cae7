package telemetry

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// provider makes spans, in place of the SDK's: what they cost is most of what traces cost, and these cost a quarter of that (BenchmarkTrace compares). It
// decides once for a local root, and can change its mind when it is known what came of it; the SDK can do neither. All else is the SDK's: samplers, what
// batches and sends, what is said of the process.
type provider struct {
	embedded.TracerProvider
	sampler    sdktrace.Sampler
	tail       *tail
	processors []sdktrace.SpanProcessor // that are told of each end
	starts     []sdktrace.SpanProcessor // that are told of each beginning too
	resource   *resource.Resource
}

// Tracer gives the tracer of an instrumentation scope.
func (p *provider) Tracer(name string, _ ...trace.TracerOption) trace.Tracer {
	return &tracer{provider: p, scope: instrumentation.Scope{Name: name}}
}

// send gives a span that has ended to whoever sends it.
func (p *provider) send(s *brief) {
	for _, to := range p.processors {
		to.OnEnd(finished{span: s})
	}
}

// shutdown has all that is left sent.
func (p *provider) shutdown(ctx context.Context) error {
	var errs []error
	for _, one := range p.processors {
		errs = append(errs, one.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

type tracer struct {
	embedded.Tracer
	provider *provider
	scope    instrumentation.Scope
}

// Start starts a span: below one of ours as that is, else as the sampler decides.
func (t *tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	outer := trace.SpanFromContext(ctx)
	above, ours := outer.(*brief)
	if ours && above.silent() && len(options) == 0 {
		return ctx, above
	}
	c := trace.NewSpanStartConfig(options...)
	if !ours || c.NewRoot() {
		return t.root(ctx, outer.SpanContext(), name, &c)
	}
	if above.silent() {
		return ctx, above
	}
	s := t.span(name, &c, above.context.WithSpanID(newSpanID()), above.context)
	s.trace = above.trace
	return t.begun(ctx, s)
}

// root starts a span that is below none of this process.
func (t *tracer) root(ctx context.Context, parent trace.SpanContext, name string, c *trace.SpanConfig) (context.Context, trace.Span) {
	if c.NewRoot() {
		parent = trace.SpanContext{}
		ctx = trace.ContextWithSpanContext(ctx, parent)
	}
	own := randomSpanContext()
	if parent.IsValid() {
		own = own.WithTraceID(parent.TraceID())
	}
	decided := t.provider.sampler.ShouldSample(sdktrace.SamplingParameters{
		ParentContext: ctx, TraceID: own.TraceID(), Name: name, Kind: c.SpanKind(), Attributes: c.Attributes(), Links: c.Links(),
	})
	own = own.WithTraceState(parent.TraceState())
	s := t.span(name, c, own, parent)
	if decided.Decision == sdktrace.RecordAndSample {
		s.context = own.WithTraceFlags(trace.FlagsSampled)
		s.trace = &recorded{send: t.provider.send, root: s}
		s.trace.state.Store(kept)
	} else if s.trace = t.provider.tail.begin(s); s.trace == nil && parent.IsValid() {
		s.context = parent // nobody will know of another
	}
	return t.begun(ctx, s)
}

// span makes a span.
func (t *tracer) span(name string, c *trace.SpanConfig, own, parent trace.SpanContext) *brief {
	s := &brief{tracer: t, context: own, parent: parent, name: name, kind: trace.ValidateSpanKind(c.SpanKind()), began: c.Timestamp(), attributes: c.Attributes()}
	if s.began.IsZero() {
		s.began = time.Now()
	}
	for _, l := range c.Links() {
		s.links = append(s.links, sdktrace.Link{SpanContext: l.SpanContext, Attributes: l.Attributes})
	}
	return s
}

// begun tells of a span that has begun, and gives the context that it is in.
func (t *tracer) begun(ctx context.Context, s *brief) (context.Context, trace.Span) {
	for _, p := range t.provider.starts {
		if !s.silent() {
			p.OnStart(ctx, beginning{s, finished{span: s}})
		}
	}
	return trace.ContextWithSpan(ctx, s), s
}

// newSpanID makes the id of a span as the SDK does: random, not secret, and never zero.
func newSpanID() (id trace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // an id is no secret
	}
	return id
}
