package names

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Fixed is the attributes that every span of one sort begins with, made once: as the first option of a span they are neither copied nor, when they are sent,
// written again. To tracers of others it is an option like any. Make it by NewFixed. It is safe for concurrent use.
type Fixed struct {
	trace.SpanStartOption
	Attributes []attribute.KeyValue // not to be changed

	once sync.Once
	wire []byte
}

// NewFixed gives the attributes as an option.
func NewFixed(attributes ...attribute.KeyValue) *Fixed {
	return &Fixed{SpanStartOption: trace.WithAttributes(attributes...), Attributes: attributes}
}

// Wire gives what write made of the attributes when it was asked for first.
func (f *Fixed) Wire(write func([]attribute.KeyValue) []byte) []byte {
	f.once.Do(func() { f.wire = write(f.Attributes) })
	return f.wire
}

// Count tells a span that the attribute is a number. Spans of the gateway's own are told it without memory being asked for.
func (a Attribute) Count(span trace.Span, n int) {
	if own, ok := span.(interface{ SetCount(attribute.Key, int) }); ok {
		own.SetCount(a.Key, n)
		return
	}
	span.SetAttributes(a.Int(n))
}
