package telemetry

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// provider makes spans, in place of the SDK's: what they cost is most of what traces cost, and these cost a small part of that (BenchmarkTrace compares). It
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
		to.OnEnd(s)
	}
}

// observe has the meter tell what becomes of traces and spans.
func (p *provider) observe(meter metric.Meter) {
	p.tail.observe(meter)
	for _, to := range p.processors {
		if q, ok := to.(*queue); ok {
			q.observe(meter)
		}
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
	var fixed *names.Fixed
	if len(options) > 0 {
		if first, ok := options[0].(*names.Fixed); ok {
			fixed, options = first, options[1:]
		}
	}
	var c trace.SpanConfig
	if len(options) > 0 {
		c = trace.NewSpanStartConfig(options...)
	}
	outer := trace.SpanFromContext(ctx)
	above, ours := outer.(*brief)
	if !ours || c.NewRoot() {
		return t.root(ctx, outer.SpanContext(), name, fixed, &c)
	}
	if above.silent() {
		return ctx, above
	}
	s := above.trace.span()
	s.parent = above.id
	return t.begin(ctx, s, name, fixed, &c)
}

// root starts a span that is below none of this process.
func (t *tracer) root(ctx context.Context, parent trace.SpanContext, name string, fixed *names.Fixed, c *trace.SpanConfig) (context.Context, trace.Span) {
	if c.NewRoot() {
		parent = trace.SpanContext{}
		ctx = trace.ContextWithSpanContext(ctx, parent)
	}
	own := randomSpanContext().WithTraceState(parent.TraceState())
	if parent.IsValid() {
		own = own.WithTraceID(parent.TraceID())
	}
	asked := sdktrace.SamplingParameters{ParentContext: ctx, TraceID: own.TraceID(), Name: name, Kind: c.SpanKind(), Links: c.Links()}
	r := &recorded{tail: t.provider.tail, send: t.provider.send, above: parent, began: time.Now()}
	s := &r.root
	s.trace, s.parent = r, parent.SpanID()
	switch {
	case t.provider.sampler.ShouldSample(asked).Decision == sdktrace.RecordAndSample:
		own = own.WithTraceFlags(parent.TraceFlags() | trace.FlagsSampled)
		r.state.Store(kept)
	case t.provider.tail.begin():
		r.state.Store(undecided)
	default:
		r.state.Store(dropped)
		if parent.IsValid() {
			own = parent // nobody will know of another
		}
	}
	r.ids, s.id = own, own.SpanID()
	return t.begin(ctx, s, name, fixed, c)
}

// begin begins a span, and gives the context that it is in.
func (t *tracer) begin(ctx context.Context, s *brief, name string, fixed *names.Fixed, c *trace.SpanConfig) (context.Context, trace.Span) {
	s.tracer, s.name, s.fixed = t, name, fixed
	s.kind = uint8(trace.ValidateSpanKind(c.SpanKind())) //nolint:gosec // there are five
	if attributes, links := c.Attributes(), c.Links(); len(attributes)+len(links) > 0 {
		s.more = &details{attributes: attributes, links: links}
	}
	if at := c.Timestamp(); !at.IsZero() {
		s.began = at.Sub(s.trace.began)
	} else if s != &s.trace.root {
		s.began = time.Since(s.trace.began)
	}
	if !s.silent() {
		for _, p := range t.provider.starts {
			p.OnStart(ctx, s)
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
