package upstream_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mainstem/mainstem/platform/upstream"
)

// TestStreamsAreTold: each has one span, from its opening to its end, in a trace of its own that is linked to whoever has opened it. If that one was not
// sampled, only a stream that fails has one.
func TestStreamsAreTold(t *testing.T) {
	t.Parallel()
	lost := func(grpc.ServerStream) error { return status.Error(codes.Unavailable, "secret") }
	quiet := func(s grpc.ServerStream) error { <-s.Context().Done(); return nil }
	const told = "shop.Shop/Get client"
	for reason, test := range map[string]struct {
		end    func(grpc.ServerStream) error // after a message
		leave  bool                          // whether the caller goes after it
		want   string
		orElse string // if the opener was not sampled
	}{
		"the service ends it":       {end: func(grpc.ServerStream) error { return nil }, want: told + " OK"},
		"the service fails":         {end: lost, want: told + " UNAVAILABLE SOURCE_UNAVAILABLE Error", orElse: told + " UNAVAILABLE SOURCE_UNAVAILABLE Error"},
		"the caller goes":           {end: quiet, leave: true, want: told + " CANCELLED"},
		"what comes is no message":  {end: func(s grpc.ServerStream) error { return s.SendMsg([]byte("\xff")) }, want: told + " CANCELLED SOURCE_CONTRACT_VIOLATION Error", orElse: told + " CANCELLED SOURCE_CONTRACT_VIOLATION Error"},
		"many messages are no more": {end: func(s grpc.ServerStream) error { return many(s, 50) }, want: told + " OK"},
	} {
		for _, sampled := range []bool{true, false} {
			t.Run(reason+map[bool]string{true: ", sampled", false: ", not sampled"}[sampled], func(t *testing.T) {
				t.Parallel()
				received := make(chan string, 1)
				url := startGRPC(t, func(s grpc.ServerStream) error {
					received <- metadataOf(s, "traceparent")[0]
					if err := s.SendMsg(encoded(t, "one")); err != nil {
						return err
					}
					return test.end(s)
				})
				ended := make(chan sdktrace.ReadOnlySpan, 10)
				tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(telling{tracetest.NewSpanRecorder(), ended})).Tracer("test")
				opener := trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{2}, TraceFlags: trace.TraceFlags(0).WithSampled(sampled)})
				ctx, cancel := context.WithCancel(trace.ContextWithSpanContext(t.Context(), opener))
				defer cancel()
				before := time.Now()
				s, err := watch(upstream.WithKeys(ctx, 3), newGRPC(t, upstream.Options{URL: url, Tracer: tracer}, upstream.Inputs{}))
				if err != nil {
					t.Fatal(err)
				}
				parent := <-received
				for err == nil && !test.leave {
					err = s.RecvMsg(new(wrapperspb.StringValue))
				}
				if errors.Is(err, io.EOF) {
					err = nil
				}
				if (err != nil) != (test.orElse != "") {
					t.Errorf("the stream ended with %v", err)
				}
				after := time.Now()
				cancel()
				want := test.want
				if !sampled {
					want = test.orElse
				}
				if want == "" {
					select {
					case span := <-ended:
						t.Errorf("there is the span %s", story(span))
					default:
					}
					return
				}
				span := <-ended
				if got := story(span); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				links := span.Links()
				if len(links) != 1 || !links[0].SpanContext.Equal(opener) || span.Parent().IsValid() || span.SpanContext().TraceID() == opener.TraceID() {
					t.Errorf("%v of %v is linked to %v", span.SpanContext(), span.Parent(), links)
				}
				above := opener
				if sampled {
					above = span.SpanContext()
				}
				if want := "00-" + above.TraceID().String() + "-" + above.SpanID().String() + "-" + above.TraceFlags().String(); parent != want {
					t.Errorf("the service is told %s, want %s", parent, want)
				}
				if span.StartTime().Before(before) || span.StartTime().After(after) {
					t.Errorf("it began at %v, and not between %v and %v", span.StartTime(), before, after)
				}
				if len(span.Events()) > 0 || len(ended) > 0 {
					t.Errorf("there are the events %v, and %d spans more", span.Events(), len(ended))
				}
			})
		}
	}
}

// TestAStreamThatCannotBeginIsTold: the span of one that the service has not answered is ended, and failed.
func TestAStreamThatCannotBeginIsTold(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	ctx, opener := tracer.Start(t.Context(), "opener")
	defer opener.End()
	if _, err := watch(ctx, newGRPC(t, upstream.Options{URL: "grpc://127.0.0.1:1", Tracer: tracer}, upstream.Inputs{})); err == nil {
		t.Fatal("it is open")
	}
	if all := spans.Ended(); len(all) != 1 || story(all[0]) != "shop.Shop/Get client UNAVAILABLE SOURCE_UNAVAILABLE Error" {
		t.Errorf("got %v", all)
	}
}

// many sends so many messages.
func many(s grpc.ServerStream, n int) error {
	for range n {
		if err := s.SendMsg([]byte{}); err != nil {
			return err
		}
	}
	return nil
}

// telling is a recorder that tells of each span which has ended.
type telling struct {
	*tracetest.SpanRecorder
	ended chan<- sdktrace.ReadOnlySpan
}

// OnEnd tells of a span.
func (l telling) OnEnd(s sdktrace.ReadOnlySpan) { l.ended <- s }

// story gives what a span says of how a stream went.
func story(s sdktrace.ReadOnlySpan) string {
	line := s.Name() + " " + s.SpanKind().String()
	for _, key := range []string{"rpc.response.status_code", "error.type"} {
		for _, a := range s.Attributes() {
			if string(a.Key) == key {
				line += " " + a.Value.AsString()
			}
		}
	}
	if code := s.Status().Code; code != 0 {
		line += " " + code.String()
	}
	var keys []string
	for _, a := range s.Attributes() {
		keys = append(keys, string(a.Key))
	}
	for _, key := range []string{"mainstem.source", "mainstem.operation", "mainstem.keys", "rpc.system.name", "rpc.method", "server.address", "server.port"} {
		if key != "mainstem.keys" && !slices.Contains(keys, key) {
			line += " without " + key
		}
	}
	return line
}
