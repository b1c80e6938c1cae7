package names

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Fixed is what is the same of many spans, made once: spans of the gateway's own neither copy it nor, when they are sent, write it again. Those of one sort
// begin with it, as their first option; to tracers of others it is an option like any. Make it by NewFixed. It is safe for concurrent use.
type Fixed struct {
	trace.SpanStartOption
	Attributes []attribute.KeyValue // not to be changed
	Links      []trace.Link         // not to be changed; of what spans are told later only, by Tell

	once sync.Once
	wire []byte
}

// NewFixed gives attributes that spans begin with or are told.
func NewFixed(attributes ...attribute.KeyValue) *Fixed {
	return &Fixed{SpanStartOption: trace.WithAttributes(attributes...), Attributes: attributes}
}

// Tell tells a span that is under way.
func (f *Fixed) Tell(span trace.Span) {
	if own, ok := span.(interface{ SetFixed(*Fixed) }); ok {
		own.SetFixed(f)
		return
	}
	span.SetAttributes(f.Attributes...)
	for _, l := range f.Links {
		span.AddLink(l)
	}
}

// Wire gives what write made of it when it was asked for first.
func (f *Fixed) Wire(write func(*Fixed) []byte) []byte {
	f.once.Do(func() { f.wire = write(f) })
	return f.wire
}

// Began gives when a span that has just begun did, or when it is now if it does not say so. What has a span need not look at the clock.
func Began(span trace.Span) time.Time {
	if own, ok := span.(interface{ StartTime() time.Time }); ok {
		return own.StartTime()
	}
	return time.Now()
}

// End ends a span, and gives how long it took since Began.
func End(span trace.Span, began time.Time) time.Duration {
	if own, ok := span.(interface{ EndNow() time.Duration }); ok {
		return own.EndNow()
	}
	span.End()
	return time.Since(began)
}

// Count tells a span that the attribute is a number. Spans of the gateway's own are told it without memory being asked for.
func (a *Attribute) Count(span trace.Span, n int) {
	if own, ok := span.(interface{ SetCount(*attribute.Key, int) }); ok {
		own.SetCount(&a.Key, n)
		return
	}
	span.SetAttributes(a.Int(n))
}
