package upstream

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// TestJoinedCallsAreLinked: who joins a call under way has no attempt of her own, and a link to the call that has.
func TestJoinedCallsAreLinked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewSpanRecorder()
		h, _ := scripted(t, Policy{Share: true}, always(said{status: 200, after: 10 * time.Millisecond}))
		h.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
		var all sync.WaitGroup
		for _, at := range []time.Duration{0, time.Millisecond} {
			all.Go(func() { caller{at: at, what: "read a"}.call(t.Context(), h) })
		}
		all.Wait()
		synctest.Wait()
		var led, joined, attempts []sdktrace.ReadOnlySpan
		for _, s := range spans.Ended() {
			switch {
			case s.SpanKind() == trace.SpanKindClient:
				attempts = append(attempts, s)
			case len(s.Links()) > 0:
				joined = append(joined, s)
			default:
				led = append(led, s)
			}
		}
		if len(led) != 1 || len(joined) != 1 || len(attempts) != 1 {
			t.Fatalf("%d calls, %d that have joined and %d attempts, want one of each", len(led), len(joined), len(attempts))
		}
		if !joined[0].Links()[0].SpanContext.Equal(led[0].SpanContext()) || attempts[0].Parent().SpanID() != led[0].SpanContext().SpanID() {
			t.Errorf("linked to %v, and the attempt is below %v; the call is %v", joined[0].Links(), attempts[0].Parent(), led[0].SpanContext())
		}
	})
}

// TestRetriesAreTold: each attempt is a span of its own that knows how many came before, and the call has an event.
func TestRetriesAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewSpanRecorder()
		p := Policy{Retry: retries(1).Retry}
		p.Retry.Base = 0
		h, _ := scripted(t, p, inOrder(said{status: 503}, good))
		h.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
		caller{what: "read a"}.call(t.Context(), h)
		synctest.Wait()
		var got []string
		for _, s := range spans.Ended() {
			line := s.Name()
			for _, a := range s.Attributes() {
				if a.Key == "http.response.status_code" || a.Key == "http.request.resend_count" {
					line += " " + a.Value.String()
				}
			}
			for _, e := range s.Events() {
				line += " " + e.Name
			}
			got = append(got, line)
		}
		if want := []string{"GET 503", "GET 1 200", h.Name + " Op retry"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
