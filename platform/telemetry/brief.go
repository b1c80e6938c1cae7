package telemetry

import (
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// brief is a span of ours. It has no bounds of its own, since the gateway's spans are small. Where there is no trace, it records nothing, and neither
// does what is below it.
type brief struct {
	embedded.Span
	tracer          *tracer
	trace           *recorded // nil: it records nothing
	context, parent trace.SpanContext
	name            string
	kind            trace.SpanKind
	began, ended    time.Time
	over            atomic.Bool // whether it has ended

	// What follows is guarded by trace.mu until the span has ended, and then does not change.
	attributes []attribute.KeyValue
	events     []sdktrace.Event
	links      []sdktrace.Link
	status     sdktrace.Status
}

var _ trace.Span = (*brief)(nil)

// silent says whether nothing is recorded of the span's trace any more.
func (s *brief) silent() bool { return s.trace == nil || s.trace.state.Load() == dropped }

// change changes the span unless it has ended.
func (s *brief) change(do func()) {
	if s.silent() {
		return
	}
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if !s.over.Load() {
		do()
	}
}

// End ends the span. What is told of it later is not heard.
func (s *brief) End(options ...trace.SpanEndOption) {
	if s.trace == nil {
		return
	}
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if s.over.Swap(true) {
		return
	}
	if len(options) > 0 {
		c := trace.NewSpanEndConfig(options...)
		s.ended = c.Timestamp()
	}
	if s.ended.IsZero() {
		s.ended = time.Now()
	}
	s.trace.finish(s)
}

// AddEvent adds an event.
func (s *brief) AddEvent(name string, options ...trace.EventOption) {
	s.change(func() {
		c := trace.NewEventConfig(options...)
		s.events = append(s.events, sdktrace.Event{Name: name, Time: c.Timestamp(), Attributes: c.Attributes()})
	})
}

// AddLink adds a link.
func (s *brief) AddLink(l trace.Link) {
	s.change(func() { s.links = append(s.links, sdktrace.Link{SpanContext: l.SpanContext, Attributes: l.Attributes}) })
}

// IsRecording says whether what the span is told may be kept.
func (s *brief) IsRecording() bool { return !s.silent() && !s.over.Load() }

// RecordError does nothing: errors are told by their codes, since their texts may have anything in them.
func (s *brief) RecordError(error, ...trace.EventOption) {}

// SpanContext gives the span's ids, and whether it was sampled when its trace began.
func (s *brief) SpanContext() trace.SpanContext { return s.context }

// SetStatus sets the status.
func (s *brief) SetStatus(code codes.Code, description string) {
	s.change(func() { s.status = sdktrace.Status{Code: code, Description: description} })
}

// SetName changes the name.
func (s *brief) SetName(name string) { s.change(func() { s.name = name }) }

// SetAttributes adds attributes, or gives them other values.
func (s *brief) SetAttributes(list ...attribute.KeyValue) {
	s.change(func() {
	next:
		for _, a := range list {
			for i := range s.attributes {
				if s.attributes[i].Key == a.Key {
					s.attributes[i] = a
					continue next
				}
			}
			s.attributes = append(s.attributes, a)
		}
	})
}

// TracerProvider gives what makes further spans.
func (s *brief) TracerProvider() trace.TracerProvider { return s.tracer.provider }

// finished is a span that is sent, as exporters read it. The interface in it is nil: it is there for the method that nobody else can have.
type finished struct {
	sdktrace.ReadOnlySpan
	span *brief
}

func (f finished) Name() string { return f.span.name }

// SpanContext gives the span's ids, as of one that is sampled: it is, now.
func (f finished) SpanContext() trace.SpanContext {
	return f.span.context.WithTraceFlags(f.span.context.TraceFlags().WithSampled(true))
}

func (f finished) Parent() trace.SpanContext                     { return f.span.parent }
func (f finished) SpanKind() trace.SpanKind                      { return f.span.kind }
func (f finished) StartTime() time.Time                          { return f.span.began }
func (f finished) EndTime() time.Time                            { return f.span.ended }
func (f finished) Attributes() []attribute.KeyValue              { return f.span.attributes }
func (f finished) Links() []sdktrace.Link                        { return f.span.links }
func (f finished) Events() []sdktrace.Event                      { return f.span.events }
func (f finished) Status() sdktrace.Status                       { return f.span.status }
func (f finished) InstrumentationScope() instrumentation.Scope   { return f.span.tracer.scope }
func (f finished) InstrumentationLibrary() instrumentation.Scope { return f.span.tracer.scope }
func (f finished) Resource() *resource.Resource                  { return f.span.tracer.provider.resource }
func (finished) DroppedAttributes() int                          { return 0 }
func (finished) DroppedLinks() int                               { return 0 }
func (finished) DroppedEvents() int                              { return 0 }
func (finished) ChildSpanCount() int                             { return 0 }

// beginning is a span that has just begun, for processors that want to know of that.
type beginning struct {
	trace.Span
	finished
}

var _ sdktrace.ReadWriteSpan = beginning{}

// SpanContext gives the span's ids.
func (b beginning) SpanContext() trace.SpanContext { return b.Span.SpanContext() }
