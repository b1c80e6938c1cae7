package telemetry

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
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

// TestAsTheSDKSendsIt: what is written by hand is what the SDK's exporter sends.
func TestAsTheSDKSendsIt(t *testing.T) {
	t.Parallel()
	state, err := trace.ParseTraceState("vendor=theirs")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_800_000_000, 123)
	own := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, TraceState: state})
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{3}, Remote: true})
	many := make([]attribute.KeyValue, 0, 50)
	for range cap(many) {
		many = append(many, attribute.String("a rather long name of an attribute", "and a value of it, which is longer than what fits into a length of one byte, "+
			"so that it has to be moved when it is known how long it is, once for each message that it is in"))
	}
	spans := tracetest.SpanStubs{
		{
			Name: "full", SpanContext: own, Parent: parent, SpanKind: trace.SpanKindClient, StartTime: at, EndTime: at.Add(time.Second),
			Attributes: []attribute.KeyValue{
				attribute.String("text", "ö"), attribute.Int("number", -1), attribute.Bool("is", true), attribute.Float64("part", 0.5),
				attribute.StringSlice("list", []string{"a", ""}), attribute.String("empty", ""),
			},
			Events: []sdktrace.Event{{Name: "retry", Time: at, Attributes: []attribute.KeyValue{attribute.Int("n", 300)}}},
			Links:  []sdktrace.Link{{SpanContext: parent, Attributes: []attribute.KeyValue{attribute.Bool("is", false)}}, {SpanContext: own}},
			Status: sdktrace.Status{Code: codes.Error, Description: "SOURCE_FAILED"},
		},
		{Name: "no \xff UTF-8", SpanContext: own, SpanKind: trace.SpanKindInternal, StartTime: at, EndTime: at},
		{Name: "good", SpanContext: own, SpanKind: trace.SpanKindServer, StartTime: at, EndTime: at, Status: sdktrace.Status{Code: codes.Ok}, Attributes: many},
	}
	for i := range spans {
		spans[i].Resource = resource.NewSchemaless(attribute.String("service.name", "mainstem"), attribute.Int("pid", 1))
		spans[i].InstrumentationScope = instrumentation.Scope{Name: "scope"}
	}
	var theirs, ours wire
	sdk, err := otlptrace.New(t.Context(), &theirs)
	if err != nil {
		t.Fatal(err)
	}
	own2, err := newOTLP(t.Context(), &ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := own2.ExportSpans(t.Context(), spans.Snapshots()); err != nil {
		t.Fatal(err)
	}
	spans[1].Name = "no \uFFFD UTF-8" // else the SDK sends nothing
	if err := sdk.ExportSpans(t.Context(), spans.Snapshots()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(theirs.got, ours.got, protocmp.Transform()); diff != "" {
		t.Errorf("(-the SDK +us):\n%s", diff)
	}
}
