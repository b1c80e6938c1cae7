package telemetry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// measuring makes a Telemetry that measures.
func measuring(t *testing.T) *telemetry.Telemetry {
	t.Helper()
	c := telemetry.Defaults()
	c.Prometheus = true
	return start(t, c)
}

// scrape gives what the metrics are shown as.
func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	shown := httptest.NewRecorder()
	tel.Metrics().ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if shown.Code != http.StatusOK {
		t.Fatalf("got %d and %s", shown.Code, shown.Body)
	}
	return shown.Body.String()
}

// calls counts a call by a Telemetry of its own.
func calls(t *testing.T, tel *telemetry.Telemetry, source string) {
	t.Helper()
	counter, err := tel.Meter("test").Int64Counter("shop.calls", metric.WithDescription("How many calls there were."))
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 1, metric.WithAttributes(attribute.String("shop.source", source)))
}

func TestMetricsAsPrometheusReadsThem(t *testing.T) {
	t.Parallel()
	tel := measuring(t)
	calls(t, tel, "reviews")
	shown := scrape(t, tel)
	for _, want := range []string{
		"# HELP shop_calls_total How many calls there were.",
		"# TYPE shop_calls_total counter",
		"shop_calls_total{shop_source=\"reviews\"} 1\n",
		"service_name=\"mainstem\"",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("there is no %q in\n%s", want, shown)
		}
	}
}

// TestMetricsAreOnesOwn: gateways of one process do not measure for each other, nor for what is global.
func TestMetricsAreOnesOwn(t *testing.T) {
	t.Parallel()
	global := otel.GetMeterProvider()
	one, other := measuring(t), measuring(t)
	calls(t, one, "reviews")
	if shown := scrape(t, other); strings.Contains(shown, "shop_calls") {
		t.Errorf("what one counts, the other shows:\n%s", shown)
	}
	if otel.GetMeterProvider() != global {
		t.Error("the global provider is another")
	}
}

// TestTheProcessIsMeasuredByConvention: what OpenTelemetry has as an UpDownCounter is one, so that collectors add it up.
func TestTheProcessIsMeasuredByConvention(t *testing.T) {
	t.Parallel()
	c, reader := telemetry.Defaults(), sdkmetric.NewManualReader()
	c.Reader = reader
	start(t, c)
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			kinds[m.Name] = fmt.Sprintf("%T", m.Data)
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok {
				kinds[m.Name] = fmt.Sprintf("sum, monotonic: %t", sum.IsMonotonic)
			}
		}
	}
	for _, name := range []string{"process.memory.usage", "process.unix.file_descriptor.count", "go.goroutine.count"} {
		if kind, told := kinds[name]; told && kind != "sum, monotonic: false" { // not all systems tell all
			t.Errorf("%s is a %s", name, kind)
		}
	}
}

// TestNoMetrics: nothing is measured unless it is asked for.
func TestNoMetrics(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Defaults())
	if tel.Meter("test") != nil || tel.Metrics() != nil {
		t.Error("there are metrics")
	}
}
