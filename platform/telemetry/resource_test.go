package telemetry_test

import (
	"regexp"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// described gives what a gateway says of itself with its spans, and with its metrics.
func described(t *testing.T) (spans, metrics *attribute.Set) {
	t.Helper()
	recorder, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	c := telemetry.Defaults()
	c.Processor, c.Reader = recorder, reader
	tel := start(t, c)
	_, span := tel.Tracer("test").Start(t.Context(), "x")
	span.End()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	return recorder.Ended()[0].Resource().Set(), data.Resource.Set()
}

// TestWhoItIs: gateways say who they are, each by an id of its own, so that a collector does not take several for one. What is not known is left out.
func TestWhoItIs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		spans, metrics := described(t)
		if !spans.Equals(metrics) {
			t.Errorf("spans are of %v, metrics of %v", spans, metrics)
		}
		id, _ := spans.Value("service.instance.id")
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id.AsString()) || seen[id.AsString()] {
			t.Errorf("the id is %q", id.AsString())
		}
		seen[id.AsString()] = true
		for _, a := range spans.ToSlice() {
			if a.Value.AsString() == "" {
				t.Errorf("%s is empty", a.Key)
			}
		}
	}
}
