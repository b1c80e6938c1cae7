package telemetry

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// wire keeps what a client is to send, as a collector reads it.
type wire struct{ got *traces.TracesData }

func (*wire) Start(context.Context) error { return nil }
func (*wire) Stop(context.Context) error  { return nil }

func (w *wire) UploadTraces(_ context.Context, spans []*traces.ResourceSpans) error {
	b, err := proto.Marshal(&traces.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	w.got = &traces.TracesData{}
	return proto.Unmarshal(b, w.got)
}

// keeping is a processor that has the spans which have ended.
type keeping struct {
	sdktrace.SpanProcessor
	spans []sdktrace.ReadOnlySpan
}

func (k *keeping) OnEnd(s sdktrace.ReadOnlySpan) { k.spans = append(k.spans, s) }

// TestAsTheSDKSendsIt: what is written by hand is what the SDK's exporter sends, also the second time, when memory is used again.
func TestAsTheSDKSendsIt(t *testing.T) {
	t.Parallel()
	state, err := trace.ParseTraceState("vendor=theirs")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_800_000_000, 123)
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{3}, Remote: true, TraceState: state})
	many := make([]attribute.KeyValue, 50)
	for i := range many {
		many[i] = attribute.String(fmt.Sprintf("a rather long name of attribute %d", i), "and a value of it, which is longer than what fits into a length of one byte, "+
			"so that it has to be moved when it is known how long it is, once for each message that it is in")
	}
	var spans keeping
	p := &provider{
		sampler: sdktrace.AlwaysSample(), tail: &tail{}, processors: []sdktrace.SpanProcessor{&spans},
		resource: resource.NewSchemaless(attribute.String("service.name", "mainstem"), attribute.Int("pid", 1)),
	}
	tracer := p.Tracer("scope")
	ctx, full := tracer.Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "full", names.NewFixed(many...),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(at), trace.WithAttributes(attribute.String("text", "ö"), attribute.Int("number", -1)),
		trace.WithLinks(trace.Link{SpanContext: parent, Attributes: []attribute.KeyValue{attribute.Bool("is", false)}}))
	full.SetAttributes(attribute.Bool("is", true), attribute.Float64("part", 0.5), attribute.StringSlice("list", []string{"a", ""}), attribute.String("empty", ""))
	full.AddEvent("retry", trace.WithTimestamp(at), trace.WithAttributes(attribute.Int("n", 300)))
	full.AddLink(trace.Link{SpanContext: full.SpanContext()})
	full.SetStatus(codes.Error, "SOURCE_FAILED")
	_, bad := tracer.Start(ctx, "no \xff UTF-8")
	bad.End()
	_, good := tracer.Start(ctx, "good", names.NewFixed(many[:2]...), trace.WithSpanKind(trace.SpanKindServer))
	good.SetStatus(codes.Ok, "")
	good.SetAttributes(many[7], attribute.String(string(many[0].Key), "another value than what is fixed"))
	good.End()
	told := &names.Fixed{Attributes: many[3:5], Links: []trace.Link{{SpanContext: parent}, {SpanContext: good.SpanContext()}}}
	for _, before := range []func(trace.Span){
		func(trace.Span) {}, // what all are told is the same
		func(s trace.Span) { s.SetAttributes(attribute.Int(string(many[4].Key), 7)) },
		func(s trace.Span) { s.AddLink(trace.Link{SpanContext: full.SpanContext()}); told.Tell(s) },
	} {
		_, one := tracer.Start(ctx, "told", names.NewFixed(many[:2]...))
		names.Keys.Count(one, 3)
		before(one)
		told.Tell(one)
		names.Keys.Count(one, 4)
		one.SetAttributes(many[5])
		if got, want := attribute.NewSet(one.(sdktrace.ReadOnlySpan).Attributes()...), attribute.NewSet(slices.Concat(many[:2], many[3:6], []attribute.KeyValue{names.Keys.Int(4)})...); got != want {
			t.Errorf("it has %v, not %v", got.Encoded(attribute.DefaultEncoder()), want.Encoded(attribute.DefaultEncoder()))
		}
		one.End()
	}
	_, other := p.Tracer("another scope").Start(ctx, "other")
	other.End()
	full.End(trace.WithTimestamp(at.Add(time.Second)))

	var theirs, ours wire
	sdk, err := otlptrace.New(t.Context(), &theirs)
	if err != nil {
		t.Fatal(err)
	}
	own, err := newOTLP(t.Context(), &ours)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		spans.spans[0].(*brief).name = "no \xff UTF-8"
		if err := own.ExportSpans(t.Context(), spans.spans); err != nil {
			t.Fatal(err)
		}
		spans.spans[0].(*brief).name = "no \uFFFD UTF-8" // else the SDK sends nothing
		if err := sdk.ExportSpans(t.Context(), spans.spans); err != nil {
			t.Fatal(err)
		}
		scopes := protocmp.SortRepeated(func(a, b *traces.ScopeSpans) bool { return a.GetScope().GetName() < b.GetScope().GetName() })
		if diff := cmp.Diff(theirs.got, ours.got, protocmp.Transform(), scopes); diff != "" {
			t.Errorf("(-the SDK +us):\n%s", diff)
		}
	}
	if got := len(ours.got.GetResourceSpans()[0].GetScopeSpans()); got != 2 {
		t.Errorf("%d scopes are sent", got)
	}
}
