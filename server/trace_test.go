package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestTrace: a request goes on with its client's trace, through operation, step and batch to the call of a service.
func TestTrace(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	c := alone(t)
	c.Telemetry.Processor = recorder
	body := `{"query": "query Two { products(first: 1) { totalCount } review(id: \"UmV2aWV3OnJldi0x\") { body } }"}`
	request, err := http.NewRequest(http.MethodPost, run(t, c)+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()

	names := map[string]string{"b7ad6b7169203331": "the client"} // by the span's id
	var spans []sdktrace.ReadOnlySpan
	for _, s := range recorder.Started() {
		names[s.SpanContext().SpanID().String()] = s.Name()
		spans = append(spans, s)
	}
	var tree []string
	for _, s := range spans {
		if id := s.SpanContext().TraceID().String(); id != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("%s is of the trace %s", s.Name(), id)
		}
		tree = append(tree, names[s.Parent().SpanID().String()]+" > "+s.Name())
	}
	slices.Sort(tree)
	want := []string{
		"POST /graphql > query Two",
		"Query.products > catalog listProducts",
		"batch reviews > reviews BatchGetReviews",
		"catalog listProducts > GET",
		"query Two > Query.products",
		"query Two > Query.review",
		"query Two > batch reviews",
		"reviews BatchGetReviews > mainstem.reviews.v1.Reviews/BatchGetReviews",
		"the client > POST /graphql",
	}
	if !slices.Equal(tree, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(tree, "\n"), strings.Join(want, "\n"))
	}
}
