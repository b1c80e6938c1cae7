package telemetry_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestErrorsOfWhatComesLater: an operation of which a deferred part fails has failed, and that is said beside what failed before.
func TestErrorsOfWhatComesLater(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	p := pride{
		home:  func(context.Context) error { return fault.New(fault.NotFound, "") },
		owner: func(context.Context, int) error { return fault.New(fault.SourceUnavailable, "") },
	}
	post(t.Context(), t, serve(t, tel, p), `query Pride { lions(first: 1) { home { depth } ... @defer { owner { id } } } }`, `multipart/mixed;deferSpec=20220824`)
	span := named(t, spans, "query Pride")
	attributes := attributesOf(span)
	if diff := cmp.Diff([]string{"NOT_FOUND", "SOURCE_UNAVAILABLE"}, attributes["graphql.error.codes"]); diff != "" || attributes["graphql.error.count"] != int64(2) {
		t.Errorf("%v of %v (-want +got):\n%s", attributes["graphql.error.count"], attributes["graphql.error.codes"], diff)
	}
	if span.Status().Code != codes.Error {
		t.Errorf("status %v", span.Status())
	}
}

// deaf is where nobody counts.
type deaf struct {
	graph.SubscriptionResolver
	err error
}

func (d deaf) Numbers(context.Context, int) (<-chan int, error) { return nil, d.err }

// TestSubscriptionWithoutEvents: why there are none is told as an event would be, and so it is kept where it was not sampled.
func TestSubscriptionWithoutEvents(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	post(t.Context(), t, serve(t, tel, pride{numbers: fault.New(fault.SourceUnavailable, "")}), `subscription Pride { numbers(first: 3) }`, "text/event-stream")
	subscription, event := named(t, spans, "subscription Pride"), named(t, spans, "subscription Pride event")
	if event.Status().Code != codes.Error || event.Parent().IsValid() {
		t.Errorf("status %v, below %v", event.Status(), event.Parent())
	}
	if links := event.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != subscription.SpanContext().SpanID() {
		t.Errorf("links %v", links)
	}
}

// TestRefused: an operation that is not executed has a span too, which says why.
func TestRefused(t *testing.T) {
	t.Parallel()
	for query, code := range map[string]string{
		"query Pride { lions":           "GRAPHQL_PARSE_FAILED",
		"query Pride { tigers { id } }": "GRAPHQL_VALIDATION_FAILED",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			post(t.Context(), t, serve(t, tel, pride{}), query, "application/json")
			span := named(t, spans, "GraphQL Operation")
			attributes := attributesOf(span)
			if diff := cmp.Diff([]string{code}, attributes["graphql.error.codes"]); diff != "" {
				t.Errorf("the codes (-want +got):\n%s", diff)
			}
			if attributes["graphql.document.hash"] == nil || !span.EndTime().After(span.StartTime()) {
				t.Errorf("%v from %v to %v", attributes, span.StartTime(), span.EndTime())
			}
			if span.Status().Code != codes.Unset || len(spans.Ended()) != 1 {
				t.Errorf("status %v, in all %v", span.Status(), tree(spans.Ended()))
			}
		})
	}
}
