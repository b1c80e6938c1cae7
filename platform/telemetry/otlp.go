package telemetry

import (
	"context"
	"math"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// sender sends spans by one of the SDK's clients, which know everything about the connection. It writes spans as they are on the wire by itself: as messages of
// protobuf they would be fifteen allocations each. They stand in messages as fields that are not known there, which are sent as they are.
type sender struct {
	client otlptrace.Client
	scopes map[instrumentation.Scope][]byte // what was written of each, whose memory is used again
}

// newOTLP gives what sends spans by a client, those of our provider alone. It does not wait for a connection.
func newOTLP(ctx context.Context, client otlptrace.Client) (sdktrace.SpanExporter, error) {
	return sender{client, map[instrumentation.Scope][]byte{}}, client.Start(ctx)
}

// ExportSpans sends spans. As the SDK has it of exporters, one call comes after the other.
func (s sender) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for scope, b := range s.scopes {
		s.scopes[scope] = b[:0]
	}
	for _, span := range spans {
		if own, ok := span.(*brief); ok {
			scope := own.tracer.scope
			s.scopes[scope] = appendMessage(s.scopes[scope], scopeSpansSpans, func(b []byte) []byte { return appendSpan(b, own) })
		}
	}
	var scopes []*traces.ScopeSpans
	for scope, b := range s.scopes {
		if len(b) == 0 {
			continue
		}
		one := &traces.ScopeSpans{Scope: &common.InstrumentationScope{Name: scope.Name, Version: scope.Version}, SchemaUrl: scope.SchemaURL}
		one.ProtoReflect().SetUnknown(b)
		scopes = append(scopes, one)
	}
	if len(scopes) == 0 {
		return nil
	}
	of := &traces.ResourceSpans{Resource: resourceOf(spans[0].Resource()), ScopeSpans: scopes, SchemaUrl: spans[0].Resource().SchemaURL()} // all have the same
	return s.client.UploadTraces(ctx, []*traces.ResourceSpans{of})
}

// Shutdown closes the connection.
func (s sender) Shutdown(ctx context.Context) error { return s.client.Stop(ctx) }

func resourceOf(r *resource.Resource) *resources.Resource {
	var b []byte
	for _, a := range r.Attributes() {
		b = appendAttribute(b, 1, a)
	}
	message := &resources.Resource{}
	message.ProtoReflect().SetUnknown(b)
	return message
}

// Numbers of fields in opentelemetry/proto/trace/v1/trace.proto. Those of events and links are named where they are written.
const (
	scopeSpansSpans protowire.Number = 2

	spanTraceID    protowire.Number = 1
	spanSpanID     protowire.Number = 2
	spanTraceState protowire.Number = 3
	spanParentID   protowire.Number = 4
	spanName       protowire.Number = 5
	spanKind       protowire.Number = 6
	spanStart      protowire.Number = 7
	spanEnd        protowire.Number = 8
	spanAttributes protowire.Number = 9
	spanEvents     protowire.Number = 11
	spanLinks      protowire.Number = 13
	spanStatus     protowire.Number = 15
	spanFlags      protowire.Number = 16
)

// Bits of a span's flags beside those of W3C.
const (
	remoteIsKnown = 0x100
	remote        = 0x200
)

func appendSpan(b []byte, s *brief) []byte {
	own, parent := s.SpanContext(), s.Parent()
	traceID := own.TraceID()
	b = appendBytes(b, spanTraceID, traceID[:])
	b = appendBytes(b, spanSpanID, s.id[:])
	if state := own.TraceState(); state.Len() > 0 {
		b = appendString(b, spanTraceState, state.String())
	}
	if s.parent.IsValid() {
		b = appendBytes(b, spanParentID, s.parent[:])
	}
	b = appendString(b, spanName, s.name)
	b = appendVarint(b, spanKind, uint64(s.kind))
	start := s.StartTime().UnixNano()
	b = appendFixed(b, spanStart, start)
	b = appendFixed(b, spanEnd, start+s.took.Nanoseconds())
	if s.fixed != nil {
		b = append(b, s.fixed.Wire(appendOfMany)...)
	}
	if s.count.key != nil {
		b = appendAttribute(b, spanAttributes, s.count.key.Int64(s.count.n))
	}
	if s.also != nil {
		b = append(b, s.also.Wire(appendOfMany)...)
	}
	more := s.details()
	for _, a := range more.attributes {
		b = appendAttribute(b, spanAttributes, a)
	}
	for _, e := range more.events {
		b = appendMessage(b, spanEvents, func(b []byte) []byte { return appendEvent(b, e) })
	}
	for _, l := range more.links {
		b = appendMessage(b, spanLinks, func(b []byte) []byte { return appendLink(b, l) })
	}
	b = appendMessage(b, spanStatus, func(b []byte) []byte { return appendStatus(b, s) })
	return appendFlags(b, spanFlags, own.TraceFlags(), parent.IsRemote())
}

// appendOfMany gives what is the same of many spans as it stands in each.
func appendOfMany(f *names.Fixed) (b []byte) {
	for _, a := range f.Attributes {
		b = appendAttribute(b, spanAttributes, a)
	}
	for _, l := range f.Links {
		b = appendMessage(b, spanLinks, func(b []byte) []byte { return appendLink(b, l) })
	}
	return b
}

func appendEvent(b []byte, e sdktrace.Event) []byte {
	b = appendFixed(b, 1, e.Time.UnixNano())
	b = appendString(b, 2, e.Name)
	for _, a := range e.Attributes {
		b = appendAttribute(b, 3, a)
	}
	return b
}

func appendLink(b []byte, l trace.Link) []byte {
	traceID, spanID := l.SpanContext.TraceID(), l.SpanContext.SpanID()
	b = appendBytes(b, 1, traceID[:])
	b = appendBytes(b, 2, spanID[:])
	for _, a := range l.Attributes {
		b = appendAttribute(b, 4, a)
	}
	return appendFlags(b, 6, l.SpanContext.TraceFlags(), l.SpanContext.IsRemote())
}

func appendStatus(b []byte, s *brief) []byte {
	switch codes.Code(s.code) {
	case codes.Error:
		return appendVarint(appendString(b, 2, s.details().description), 3, 2)
	case codes.Ok:
		return appendVarint(b, 3, 1)
	default:
		return b
	}
}

func appendFlags(b []byte, number protowire.Number, flags trace.TraceFlags, isRemote bool) []byte {
	all := uint32(flags) | remoteIsKnown
	if isRemote {
		all |= remote
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, number, protowire.Fixed32Type), all)
}

// appendAttribute appends a KeyValue.
func appendAttribute(b []byte, number protowire.Number, a attribute.KeyValue) []byte {
	return appendMessage(b, number, func(b []byte) []byte {
		b = appendString(b, 1, string(a.Key))
		return appendMessage(b, 2, func(b []byte) []byte { return appendValue(b, a.Value) })
	})
}

// appendValue appends what is in an AnyValue. Kinds of values that the gateway has none of are written as texts.
func appendValue(b []byte, v attribute.Value) []byte {
	switch v.Type() {
	case attribute.STRING:
		return appendString(b, 1, v.AsString())
	case attribute.BOOL:
		return appendVarint(b, 2, protowire.EncodeBool(v.AsBool()))
	case attribute.INT64:
		return appendVarint(b, 3, uint64(v.AsInt64())) //nolint:gosec // as protobuf has it
	case attribute.FLOAT64:
		return protowire.AppendFixed64(protowire.AppendTag(b, 4, protowire.Fixed64Type), math.Float64bits(v.AsFloat64()))
	case attribute.STRINGSLICE:
		return appendMessage(b, 5, func(b []byte) []byte {
			for _, one := range v.AsStringSlice() {
				b = appendMessage(b, 1, func(b []byte) []byte { return appendString(b, 1, one) })
			}
			return b
		})
	default:
		return appendString(b, 1, v.String())
	}
}

// appendMessage appends a field with what write appends to it.
func appendMessage(b []byte, number protowire.Number, write func([]byte) []byte) []byte {
	b = protowire.AppendTag(b, number, protowire.BytesType)
	start := len(b)
	b = write(append(b, 0))                                     // most are shorter than 128 bytes
	length := len(b) - start - 1                                // never negative: b has grown
	if size := protowire.SizeVarint(uint64(length)); size > 1 { //nolint:gosec // see above
		b = append(b, make([]byte, size-1)...)
		copy(b[start+size:], b[start+1:start+1+length])
	}
	protowire.AppendVarint(b[:start], uint64(length)) //nolint:gosec // see above
	return b
}

func appendBytes(b []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
}

// appendString appends a text. What is no UTF-8, such as a path that somebody has made up, would have a collector refuse all that comes with it.
func appendString(b []byte, number protowire.Number, value string) []byte {
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), value)
}

func appendVarint(b []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), value)
}

func appendFixed(b []byte, number protowire.Number, value int64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, number, protowire.Fixed64Type), uint64(value)) //nolint:gosec // after 1970
}
