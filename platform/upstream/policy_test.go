package upstream_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/platform/upstream"
)

const short = 50 * time.Millisecond

// hang does nothing with the one call until the caller has gone. It closes arrived, then left.
func hang(arrived, left chan<- struct{}) service {
	return func(ctx context.Context, _ map[string][]string) error {
		close(arrived)
		<-ctx.Done()
		close(left)
		return ctx.Err()
	}
}

func TestTimeUp(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		timeout, deadline time.Duration // deadline is the request's; none if zero
		cancel            bool          // the request, once the call has arrived
		want              fault.Code
	}{
		"the source's own":                   {short, 0, false, fault.SourceTimeout},
		"the source's own, before another":   {short, time.Minute, false, fault.SourceTimeout},
		"the request's":                      {time.Minute, short, false, fault.DeadlineExceeded},
		"both at once":                       {short, short, false, fault.DeadlineExceeded},
		"the request is cancelled":           {time.Minute, 0, true, fault.DeadlineExceeded},
		"the request is cancelled before it": {time.Minute, time.Minute, true, fault.DeadlineExceeded},
	} {
		for protocol, start := range protocols {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				arrived, left := make(chan struct{}), make(chan struct{})
				c := start(t, upstream.Options{Timeout: test.timeout}, upstream.Inputs{}, hang(arrived, left))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.deadline > 0 {
					var end context.CancelFunc
					ctx, end = context.WithTimeout(ctx, test.deadline)
					defer end()
				}
				failed := make(chan error, 1)
				go func() { failed <- c.call(ctx) }()
				if test.cancel {
					await(t, arrived, "the call to arrive")
					cancel()
				}
				wantCode(t, <-failed, test.want)
				select {
				case <-arrived:
					await(t, left, "the service to see that the caller has gone")
				default: // on a slow machine, time may be up before the call arrives
				}
			})
		}
	}
}

func TestOverBeforeTheCall(t *testing.T) {
	t.Parallel()
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := start(t, upstream.Options{}, upstream.Inputs{}, func(context.Context, map[string][]string) error {
				t.Error("the service was called")
				return nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			wantCode(t, c.call(ctx), fault.DeadlineExceeded)
		})
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		keys int // none if zero
		fail error
		want map[attribute.Key]attribute.Value
	}{
		"good": {0, nil, map[attribute.Key]attribute.Value{}},
		"good, for keys": {7, nil, map[attribute.Key]attribute.Value{
			names.Keys.Key: attribute.IntValue(7),
		}},
		"failed": {0, errors.New("secret"), map[attribute.Key]attribute.Value{
			names.ErrorCode.Key: attribute.StringValue(string(fault.SourceFailed)),
		}},
		"failed, for keys": {1, errors.New("secret"), map[attribute.Key]attribute.Value{
			names.Keys.Key: attribute.IntValue(1), names.ErrorCode.Key: attribute.StringValue(string(fault.SourceFailed)),
		}},
	} {
		for protocol, start := range protocols {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				spans := tracetest.NewInMemoryExporter()
				tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")
				c := start(t, upstream.Options{Tracer: tracer}, upstream.Inputs{}, func(context.Context, map[string][]string) error { return test.fail })
				ctx := t.Context()
				if test.keys > 0 {
					ctx = upstream.WithKeys(ctx, test.keys)
				}
				if err := c.call(ctx); (err != nil) != (test.fail != nil) {
					t.Fatalf("failed with %v", err)
				}
				ended := spans.GetSpans() // its attempts first
				if len(ended) < 2 {
					t.Fatalf("%d spans, want those of a call and an attempt", len(ended))
				}
				s := ended[len(ended)-1]
				if s.Name != "shop Get" || s.SpanKind != trace.SpanKindInternal || (s.Status.Code == codes.Error) != (test.fail != nil) {
					t.Errorf("the span is %s of kind %s with status %v", s.Name, s.SpanKind, s.Status)
				}
				want := maps.Clone(test.want)
				want[names.Source.Key], want[names.SourceOperation.Key] = attribute.StringValue("shop"), attribute.StringValue("Get")
				got := map[attribute.Key]attribute.Value{}
				for _, a := range s.Attributes {
					got[a.Key] = a.Value
				}
				if !maps.Equal(got, want) {
					t.Errorf("the span has %v, want %v", got, want)
				}
			})
		}
	}
}

func TestTraceGoesOn(t *testing.T) {
	t.Parallel()
	const theirTrace = "0af7651916cd43dd8448eb211c80319c"
	traceID, err := trace.TraceIDFromHex(theirTrace)
	if err != nil {
		t.Fatal(err)
	}
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{7}, TraceFlags: trace.FlagsSampled})
	for protocol := range protocols {
		t.Run(protocol+": without a tracer", func(t *testing.T) {
			t.Parallel()
			got := received(trace.ContextWithSpanContext(t.Context(), parent), t, protocol, upstream.Inputs{})
			if want := "00-" + theirTrace + "-0700000000000000-01"; len(got) != 1 || got["traceparent"] != want {
				t.Errorf("the service received %v, want traceparent %s alone", got, want)
			}
		})
		t.Run(protocol+": with a tracer", func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewInMemoryExporter()
			tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")
			var got string
			c := protocols[protocol](t, upstream.Options{Tracer: tracer}, upstream.Inputs{}, func(_ context.Context, received map[string][]string) error {
				got = received["traceparent"][0]
				return nil
			})
			wantCode(t, c.call(trace.ContextWithSpanContext(t.Context(), parent)), "")
			c.stop()
			ended := spans.GetSpans()
			if len(ended) != 2 || ended[1].Parent.SpanID() != parent.SpanID() || ended[0].Parent.SpanID() != ended[1].SpanContext.SpanID() {
				t.Fatalf("the spans are %v, want an attempt below a call below the caller's", ended)
			}
			if want := "00-" + theirTrace + "-" + ended[0].SpanContext.SpanID().String() + "-01"; got != want {
				t.Errorf("the service received traceparent %s, want %s: that of the attempt", got, want)
			}
		})
	}
}

// TestBaggageIsNotPassedOn: but what the gateway has allowed.
func TestBaggageIsNotPassedOn(t *testing.T) {
	t.Parallel()
	member, err := baggage.NewMember("role", "admin")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	for protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			if got := received(baggage.ContextWithBaggage(t.Context(), bag), t, protocol, upstream.Inputs{}); len(got) != 0 {
				t.Errorf("the service received %v, which it does not declare", got)
			}
			got := received(upstream.WithRequest(t.Context(), upstream.Request{Baggage: "tenant=acme"}), t, protocol, upstream.Inputs{})
			if len(got) != 1 || got["baggage"] != "tenant=acme" {
				t.Errorf("the service received %v, want the baggage alone", got)
			}
		})
	}
}

// TestState is not parallel: another test's service might be given the port of the one that has stopped.
func TestState(t *testing.T) {
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			c := start(t, upstream.Options{}, upstream.Inputs{}, func(context.Context, map[string][]string) error { return nil })
			if got := c.state(t.Context()); got != (upstream.State{Reachable: true}) {
				t.Errorf("of a service that was never called, the state is %+v", got)
			}
			c.stop()
			if got := c.state(t.Context()); got != (upstream.State{}) {
				t.Errorf("of a service that has stopped, the state is %+v", got)
			}
			wantCode(t, c.call(t.Context()), fault.SourceUnavailable)
			if got := c.state(t.Context()); got != (upstream.State{LastFault: fault.SourceUnavailable}) {
				t.Errorf("after a call that did not reach it, the state is %+v", got)
			}
			over, cancel := context.WithCancel(t.Context())
			cancel()
			if got := c.state(over); got.Reachable {
				t.Errorf("with no time left, the state is %+v", got)
			}
		})
	}
}
