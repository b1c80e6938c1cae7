package telemetry_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// unsampled makes a Telemetry that samples nothing, and keeps what it is told to.
func unsampled(t testing.TB, change func(*telemetry.Config)) (*telemetry.Telemetry, *tracetest.SpanRecorder, *sdkmetric.ManualReader) {
	t.Helper()
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	c := telemetry.Defaults()
	c.SampleRatio, c.Processor, c.Reader = 0, spans, reader
	if change != nil {
		change(&c)
	}
	return start(t, c), spans, reader
}

// operation is a request with an operation and a call below it, and time that each takes; a subscription's request takes it when the operation has begun. fail
// says which of them fails.
func operation(ctx context.Context, tracer trace.Tracer, fail string, kind string, took time.Duration) {
	end := func(span trace.Span, name string) {
		if fail == name {
			span.SetStatus(codes.Error, "SOURCE_FAILED")
		}
		span.End()
	}
	ctx, request := tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	ctx, op := tracer.Start(ctx, "operation", trace.WithAttributes(names.OperationType.String(kind)))
	_, call := tracer.Start(ctx, "call", trace.WithSpanKind(trace.SpanKindClient))
	call.AddEvent("retry", trace.WithAttributes(attribute.String("why", "because")))
	call.SetAttributes(attribute.Int("tries", 1), attribute.Int("tries", 2))
	if kind != "subscription" {
		time.Sleep(took) // of a synctest bubble
	}
	end(call, "call")
	end(op, "operation")
	if kind == "subscription" {
		time.Sleep(took)
	}
	end(request, "request")
}

// TestWhatIsKeptUnsampled: operations that fail or are slow, and nothing else.
func TestWhatIsKeptUnsampled(t *testing.T) {
	t.Parallel()
	off := func(c *telemetry.Config) { c.Tail.Enabled = false }
	never := func(c *telemetry.Config) { c.Slow = 0 }
	all := []string{"call", "operation", "request"}
	for reason, test := range map[string]struct {
		fail, kind string
		took       time.Duration
		change     func(*telemetry.Config)
		want       []string
	}{
		"good and fast":                         {"", "query", 999 * time.Millisecond, nil, nil},
		"slow":                                  {"", "query", time.Second, nil, all},
		"slow, which is not asked for":          {"", "query", time.Hour, never, nil},
		"a subscription, which may take long":   {"", "subscription", time.Hour, nil, nil},
		"failed":                                {"operation", "query", 0, nil, all},
		"a subscription that failed":            {"operation", "subscription", 0, nil, all},
		"the request failed":                    {"request", "query", 0, nil, all},
		"a call failed, and a retry did better": {"call", "query", 0, nil, nil},
		"failed, and nothing is kept":           {"operation", "query", 0, off, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tel, spans, _ := unsampled(t, test.change)
				operation(t.Context(), tel.Tracer("test"), test.fail, test.kind, test.took)
				var got []string
				for _, s := range spans.Ended() {
					got = append(got, s.Name())
					if !s.SpanContext().IsSampled() || s.EndTime().Sub(s.StartTime()) != test.took || s.InstrumentationScope().Name != "test" {
						t.Errorf("%s: sampled %t, %s, %v", s.Name(), s.SpanContext().IsSampled(), s.EndTime().Sub(s.StartTime()), s.InstrumentationScope())
					}
				}
				slices.Sort(got)
				if !slices.Equal(got, test.want) {
					t.Errorf("kept %q, want %q", got, test.want)
				}
				if len(got) == 0 {
					return
				}
				call := named(t, spans, "call")
				if len(call.Attributes()) != 1 || call.Attributes()[0].Value.AsInt64() != 2 || len(call.Events()) != 1 || call.SpanKind() != trace.SpanKindClient {
					t.Errorf("the call has %v and %v", call.Attributes(), call.Events())
				}
				if got := tree(spans.Ended()); !slices.Contains(got, "request > operation > call") {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// TestServicesSeeThatNothingIsSampled: whether a trace is kept is not known when they are called.
func TestServicesSeeThatNothingIsSampled(t *testing.T) {
	t.Parallel()
	tel, spans, _ := unsampled(t, nil)
	ctx, root := tel.Tracer("test").Start(fromCaller(t.Context(), "00"), "request")
	if sc := root.SpanContext(); sc.IsSampled() || sc.TraceID().String() != callerTrace || !root.IsRecording() {
		t.Errorf("%+v, recording %t", sc, root.IsRecording())
	}
	if got := traceID(ctx); got != callerTrace {
		t.Errorf("the trace is %s", got)
	}
	root.SetStatus(codes.Error, "")
	root.End()
	root.SetName("late")
	_, later := tel.Tracer("test").Start(ctx, "later")
	later.End()
	if got := tree(spans.Ended()); !slices.Equal(got, []string{"request", "request > later"}) {
		t.Errorf("kept %q", got)
	}
	if parent := spans.Ended()[0].Parent(); parent.SpanID().String() != callerSpan || !parent.IsRemote() {
		t.Errorf("it is below %+v", parent)
	}
}

// TestTheRandomFlagGoesOn: what the caller says of the trace's id holds for what is below it, as W3C Trace Context 2 has it.
func TestTheRandomFlagGoesOn(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]trace.TraceFlags{"01": 1, "03": 3} {
		tel := start(t, telemetry.Config{SampleRatio: 1, Processor: tracetest.NewSpanRecorder()})
		_, span := tel.Tracer("test").Start(fromCaller(t.Context(), flags), "request")
		if got := span.SpanContext().TraceFlags(); got != want {
			t.Errorf("of %s it has made %s", flags, got)
		}
	}
}

// TestStreamsLeaveRoom: what has opened a stream is not remembered for as long as that lasts, so that many of them do not keep others from being kept.
func TestStreamsLeaveRoom(t *testing.T) {
	t.Parallel()
	tel, spans, _ := unsampled(t, func(c *telemetry.Config) { c.Tail.Traces = 1 })
	tracer := tel.Tracer("test")
	ctx, request := tracer.Start(t.Context(), "request")
	_, op := tracer.Start(ctx, "operation", trace.WithAttributes(names.OperationType.String("subscription")))
	op.End()
	operation(t.Context(), tracer, "operation", "query", 0)
	request.End()
	if got := tree(spans.Ended()); !slices.Equal(got, []string{"request", "request > operation", "request > operation > call"}) {
		t.Errorf("kept %q", got)
	}
}

// TestLinkedAsItBegan: what begins a trace of its own is sampled if what it is linked to was.
func TestLinkedAsItBegan(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]bool{"00": false, "01": true} {
		for _, ratio := range []float64{0, 1} {
			t.Run(fmt.Sprint(flags, " at ", ratio), func(t *testing.T) {
				t.Parallel()
				tel := start(t, telemetry.Config{SampleRatio: ratio, Processor: tracetest.NewSpanRecorder()})
				from := trace.LinkFromContext(fromCaller(t.Context(), flags))
				_, span := tel.Tracer("test").Start(t.Context(), "event", trace.WithNewRoot(), trace.WithLinks(from))
				if span.SpanContext().IsSampled() != want || span.SpanContext().TraceID() == from.SpanContext.TraceID() {
					t.Errorf("%+v", span.SpanContext())
				}
			})
		}
	}
}

// TestMemoryOfUnsampledTracesIsBounded: in traces, spans and bytes; what is forgotten is counted, and given back in the end.
func TestMemoryOfUnsampledTracesIsBounded(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		limits telemetry.TailConfig
		kept   int // of two traces with a root and ten spans each
		want   map[string]int64
	}{
		"enough": {telemetry.TailConfig{Traces: 2, Spans: 11, Bytes: 1 << 20}, 22, map[string]int64{"traces": 0, "spans": 0, "bytes": 0}},
		"traces": {telemetry.TailConfig{Traces: 1, Spans: 11, Bytes: 1 << 20}, 11, map[string]int64{"traces": 1, "spans": 0, "bytes": 0}},
		"spans":  {telemetry.TailConfig{Traces: 2, Spans: 4, Bytes: 1 << 20}, 10, map[string]int64{"traces": 0, "spans": 12, "bytes": 0}},
		"bytes":  {telemetry.TailConfig{Traces: 2, Spans: 11, Bytes: 1_100}, 5, map[string]int64{"traces": 0, "spans": 0, "bytes": 17}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans, reader := unsampled(t, func(c *telemetry.Config) {
				c.Tail = test.limits
				c.Tail.Enabled = true
			})
			tracer := tel.Tracer("test")
			for range 2 { // what is forgotten makes room
				for _, fail := range []bool{false, true} {
					roots := make([]trace.Span, 2)
					for i := range roots {
						var ctx context.Context
						ctx, roots[i] = tracer.Start(t.Context(), "root")
						for range 10 {
							_, span := tracer.Start(ctx, "inner")
							span.End()
						}
					}
					for _, root := range roots {
						if fail {
							root.SetStatus(codes.Error, "")
						}
						root.End()
					}
				}
			}
			if got := len(spans.Ended()); got != 2*test.kept {
				t.Errorf("kept %d spans, want %d", got, 2*test.kept)
			}
			for what, want := range test.want {
				if got := counted(t, reader, names.TracesForgotten.Name, what); got != 4*want {
					t.Errorf("%d are said to be forgotten for %s, want %d", got, what, 4*want)
				}
			}
			if got := counted(t, reader, names.TracesKept.Name, "failed"); got != 2*2-2*test.want["traces"] {
				t.Errorf("%d traces are said to be kept", got)
			}
		})
	}
}

// counted gives what a counter says of one result.
func counted(t *testing.T, reader *sdkmetric.ManualReader, name, result string) int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || m.Name != name {
				continue
			}
			for _, p := range sum.DataPoints {
				if got, _ := p.Attributes.Value(names.Result.Key); got.AsString() == result {
					return p.Value
				}
			}
		}
	}
	t.Fatalf("%s is not measured", name)
	return 0
}

// BenchmarkTrace is what the spans of an operation with 64 calls cost; by the SDK too, which has no tail.
func BenchmarkTrace(b *testing.B) {
	b.Run("the SDK's", func(b *testing.B) {
		benchmarkTrace(b, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nothing{})).Tracer("test"))
	})
	for name, change := range map[string]func(*telemetry.Config){
		"off":       func(c *telemetry.Config) { c.Processor = nil },
		"unsampled": func(c *telemetry.Config) { c.Tail.Enabled = false },
		"tail":      func(*telemetry.Config) {},
		"sampled":   func(c *telemetry.Config) { c.SampleRatio = 1 },
	} {
		b.Run(name, func(b *testing.B) {
			c := telemetry.Defaults()
			c.SampleRatio, c.Processor, c.Slow = 0, nothing{}, config.Duration(time.Minute)
			change(&c)
			benchmarkTrace(b, start(b, c).Tracer("test"))
		})
	}
}

func benchmarkTrace(b *testing.B, tracer trace.Tracer) {
	b.Helper()
	call := []trace.SpanStartOption{names.NewFixed(attribute.String("source", "catalog"), attribute.String("operation", "list"))}
	b.ReportAllocs()
	for b.Loop() {
		ctx, root := tracer.Start(context.Background(), "request")
		for range 64 {
			if !trace.SpanFromContext(ctx).IsRecording() {
				continue
			}
			_, span := tracer.Start(ctx, "call", call...)
			names.Keys.Count(span, 3)
			span.End()
		}
		root.End()
	}
}
