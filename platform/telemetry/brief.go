package telemetry

import (
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// brief is a span of ours, while it is under way and as exporters read it when it has ended. It has no bounds of its own, since the gateway's spans are small. A
// page has dozens, most of which nobody will ever see: what few of them have is in details.
type brief struct {
	*sealed
	tracer      *tracer
	trace       *recorded
	next        *brief       // that ended after it
	id, parent  trace.SpanID // the parent is of this process, but for the root's
	began, took time.Duration
	name        string
	fixed       *names.Fixed // that it began with; nil for none

	// What follows is guarded by trace.mu until the span has ended, and then does not change.
	also  *names.Fixed // that it was told; nil for none
	count count
	more  *details // nil for none
	code  uint8    // of the status
	kind  uint8
	over  atomic.Bool // whether it has ended
}

// count is an attribute that is a number, as the one is that most spans have beside fixed; without a key it is none.
type count struct {
	key *attribute.Key
	n   int64
}

// details are what few spans have.
type details struct {
	description string // of the status
	attributes  []attribute.KeyValue
	events      []sdktrace.Event
	links       []trace.Link

	// Room for one of each, which is as many as there mostly are.
	attributeRoom [1]attribute.KeyValue
	linkRoom      [1]trace.Link
}

// sealed is what has the methods of a span that nobody else can have. Spans have none of it: these are never called.
type sealed struct {
	embedded.Span
	sdktrace.ReadOnlySpan
}

var _ sdktrace.ReadWriteSpan = (*brief)(nil)

// silent says whether nothing is recorded of the span's trace, or not any more.
func (s *brief) silent() bool { return s.trace.state.Load() == dropped }

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
	if s.silent() || s.over.Load() {
		return
	}
	ended := time.Since(s.trace.began)
	if len(options) > 0 {
		c := trace.NewSpanEndConfig(options...)
		if given := c.Timestamp(); !given.IsZero() {
			ended = given.Sub(s.trace.began)
		}
	}
	s.end(ended - s.began)
}

// EndNow ends the span, and gives how long it has been since it began: see names.End.
func (s *brief) EndNow() time.Duration {
	took := time.Since(s.trace.began) - s.began
	if !s.silent() {
		s.end(took)
	}
	return took
}

func (s *brief) end(took time.Duration) {
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if !s.over.Load() {
		s.took = took
		s.over.Store(true)
		s.trace.finish(s)
	}
}

// AddEvent adds an event.
func (s *brief) AddEvent(name string, options ...trace.EventOption) {
	s.change(func() {
		c := trace.NewEventConfig(options...)
		s.detailed().events = append(s.detailed().events, sdktrace.Event{Name: name, Time: c.Timestamp(), Attributes: c.Attributes()})
	})
}

// AddLink adds a link.
func (s *brief) AddLink(l trace.Link) {
	s.change(func() { s.detailed().links = append(s.detailed().links, l) })
}

func (s *brief) detailed() *details {
	if s.more == nil {
		s.more = new(details)
		s.more.attributes, s.more.links = s.more.attributeRoom[:0], s.more.linkRoom[:0]
	}
	return s.more
}

// IsRecording says whether what the span is told may be kept.
func (s *brief) IsRecording() bool { return !s.silent() && !s.over.Load() }

// RecordError does nothing: errors are told by their codes, since their texts may have anything in them.
func (s *brief) RecordError(error, ...trace.EventOption) {}

// SetStatus sets the status.
func (s *brief) SetStatus(code codes.Code, description string) {
	s.change(func() {
		s.code = uint8(code) //nolint:gosec // there are three
		if description != "" || s.more != nil {
			s.detailed().description = description
		}
	})
}

// SetName changes the name.
func (s *brief) SetName(name string) { s.change(func() { s.name = name }) }

// SetAttributes adds attributes, or gives them other values.
func (s *brief) SetAttributes(list ...attribute.KeyValue) {
	s.change(func() {
		for i := range list {
			s.set(&list[i])
		}
	})
}

// SetCount does the same of one that is a number: see names.Attribute.Count.
func (s *brief) SetCount(key *attribute.Key, n int) {
	s.change(func() {
		if s.count.key == nil && !s.has(*key) {
			s.count = count{key, int64(n)}
			return
		}
		a := key.Int(n)
		s.set(&a)
	})
}

// SetFixed does the same of what is the same of many spans: see names.Fixed.Tell.
func (s *brief) SetFixed(f *names.Fixed) {
	s.change(func() {
		if s.also == nil && !slices.ContainsFunc(f.Attributes, func(a attribute.KeyValue) bool { return s.has(a.Key) }) {
			s.also = f
			return
		}
		for i := range f.Attributes {
			s.set(&f.Attributes[i])
		}
		if len(f.Links) > 0 {
			s.detailed().links = append(s.detailed().links, f.Links...)
		}
	})
}

// has says whether the span has an attribute.
func (s *brief) has(key attribute.Key) bool {
	return s.fixed != nil && at(s.fixed.Attributes, key) >= 0 || s.also != nil && at(s.also.Attributes, key) >= 0 ||
		s.count.key != nil && *s.count.key == key || s.more != nil && at(s.more.attributes, key) >= 0
}

func (s *brief) set(a *attribute.KeyValue) {
	if s.has(a.Key) {
		more := s.detailed()
		more.attributes, more.links = s.Attributes(), s.spanLinks() // of its own
		s.fixed, s.also, s.count = nil, nil, count{}
		more.attributes[at(more.attributes, a.Key)] = *a
		return
	}
	s.detailed().attributes = append(s.detailed().attributes, *a)
}

// at says where in a list the attribute with a key is; -1 for nowhere. An attribute is too large to be handed about.
func at(list []attribute.KeyValue, key attribute.Key) int {
	for i := range list {
		if list[i].Key == key {
			return i
		}
	}
	return -1
}

// TracerProvider gives what makes further spans.
func (s *brief) TracerProvider() trace.TracerProvider { return s.tracer.provider }

// SpanContext gives the span's ids, and whether its trace is sampled, as far as it is known: one that was not may be, in the end.
func (s *brief) SpanContext() trace.SpanContext { return s.trace.context(s.id) }

// Parent gives the ids of the span that it is below.
func (s *brief) Parent() trace.SpanContext {
	if s == &s.trace.root {
		return s.trace.above
	}
	return s.trace.context(s.parent)
}

// Attributes gives all attributes.
func (s *brief) Attributes() []attribute.KeyValue {
	var all []attribute.KeyValue
	if s.fixed != nil {
		all = append(all, s.fixed.Attributes...)
	}
	if s.count.key != nil {
		all = append(all, s.count.key.Int64(s.count.n))
	}
	if s.also != nil {
		all = append(all, s.also.Attributes...)
	}
	return append(all, s.details().attributes...)
}

// spanLinks gives all links.
func (s *brief) spanLinks() []trace.Link {
	if s.also == nil {
		return s.details().links
	}
	return slices.Concat(s.also.Links, s.details().links)
}

// details gives what few spans have; nothing if the span has none.
func (s *brief) details() *details {
	if s.more == nil {
		return &none
	}
	return s.more
}

var none details

// Links gives all links, as exporters want them.
func (s *brief) Links() []sdktrace.Link {
	var links []sdktrace.Link
	for _, l := range s.spanLinks() {
		links = append(links, sdktrace.Link{SpanContext: l.SpanContext, Attributes: l.Attributes})
	}
	return links
}

// Status gives the status.
func (s *brief) Status() sdktrace.Status {
	return sdktrace.Status{Code: codes.Code(s.code), Description: s.details().description}
}

// The following are what exporters ask for.

func (s *brief) Name() string                                    { return s.name }
func (s *brief) SpanKind() trace.SpanKind                        { return trace.SpanKind(s.kind) }
func (s *brief) StartTime() time.Time                            { return s.trace.began.Add(s.began) }
func (s *brief) EndTime() time.Time                              { return s.StartTime().Add(s.took) }
func (s *brief) Events() []sdktrace.Event                        { return s.details().events }
func (s *brief) InstrumentationScope() instrumentation.Scope     { return s.tracer.scope }
func (s *brief) InstrumentationLibrary() instrumentation.Library { return s.tracer.scope } //nolint:staticcheck // the interface has it
func (s *brief) Resource() *resource.Resource                    { return s.tracer.provider.resource }
func (s *brief) DroppedAttributes() int                          { return 0 }
func (s *brief) DroppedLinks() int                               { return 0 }
func (s *brief) DroppedEvents() int                              { return 0 }
func (s *brief) ChildSpanCount() int                             { return 0 }
