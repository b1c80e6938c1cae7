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
