package telemetry_test

import (
	"context"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mainstem/mainstem/platform/telemetry"
)

func TestStepsThatOutliveTheResponse(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	release, left, more := make(chan struct{}), make(chan struct{}), true
	var first context.Context
	responses, ctx := run(t.Context(), t, tel, "{ products { name } }", once(func(ctx context.Context) *graphql.Response {
		first = ctx
		entered := make(chan struct{})
		go func() {
			defer close(left)
			_, _ = resolve(ctx, "Product", "stock", true, func(context.Context) (any, error) { close(entered); <-release; return nil, nil })
		}()
		<-entered // and the deadline passes, say
		return &graphql.Response{HasNext: &more}
	}))
	responses(ctx)
	if got := tree(spans.Ended()); !slices.Equal(got, []string{"Product.stock"}) {
		t.Errorf("spans with the first response: %v", got)
	}
	_, _ = resolve(first, "Product", "related", true, nothing) // a deferred part
	responses(ctx)
	close(release)
	<-left
	if got := tree(spans.Ended()); !slices.Equal(got, []string{"query", "query > Product.related", "query > Product.stock"}) {
		t.Errorf("spans: %v", got)
	}
}

func TestDeferredPartsBelongToTheOperation(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	parts := 0
	responses, ctx := run(t.Context(), t, tel, "{ products { name } }", func(context.Context) graphql.ResponseHandler {
		return func(context.Context) *graphql.Response {
			parts++
			more := parts < 3
			return &graphql.Response{HasNext: &more}
		}
	})
	for range 2 {
		responses(ctx)
		if len(spans.Ended()) != 0 {
			t.Fatal("the operation has ended too early")
		}
	}
	responses(ctx)
	named(t, spans, "query")
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	exec := func(ctx context.Context) graphql.ResponseHandler {
		_, _ = resolve(ctx, "Subscription", "changed", true, nothing)
		events := 2
		return func(ctx context.Context) *graphql.Response {
			if events == 0 {
				return nil
			}
			events--
			_, _ = resolve(ctx, "Product", "stock", true, nothing)
			return &graphql.Response{}
		}
	}
	event := "subscription Watch > Product.stock"
	want := []string{"subscription Watch", event, event, "subscription Watch > Subscription.changed"}
	tests := map[string]struct {
		leave bool // the client does not wait for the end
		want  []string
	}{
		"to its end":                 {false, want},
		"until the client goes away": {true, []string{want[0], event, want[3]}},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			ended := &endSignal{SpanRecorder: tracetest.NewSpanRecorder(), name: want[0], ended: make(chan struct{})}
			tel := start(t, telemetry.Config{SampleRatio: 1, Processor: ended})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			responses, ctx := run(ctx, t, tel, "subscription Watch { changed { name } }", exec)
			if responses(ctx); test.leave {
				cancel()
			} else if responses(ctx) == nil || responses(ctx) != nil {
				t.Error("there are not two events")
			}
			<-ended.ended
			if diff := cmp.Diff(test.want, tree(ended.Ended())); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

// endSignal tells when the span with this name has ended.
type endSignal struct {
	*tracetest.SpanRecorder
	name  string
	ended chan struct{}
}

func (e *endSignal) OnEnd(span sdktrace.ReadOnlySpan) {
	e.SpanRecorder.OnEnd(span)
	if span.Name() == e.name {
		close(e.ended)
	}
}
