package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
)

// metrics are what is measured, and what shows it. The zero value measures nothing.
type metrics struct {
	provider   *sdkmetric.MeterProvider
	handler    http.Handler // nil if Prometheus does not ask
	operations *operationMeters
	steps      *stepMeters
	requests   *requestMeters
}

const (
	maxScrapes = 4      // how many may read the metrics at once: each has them gathered
	maxSeries  = 20_000 // of one metric: what goes beyond is one series, should anything here not be bounded
)

// newMetrics makes what measures, if anybody wants to know.
func newMetrics(ctx context.Context, c Config, described *resource.Resource) (metrics, error) {
	if !c.Prometheus && c.Metrics.Exporter == "" && c.Reader == nil {
		return metrics{}, nil
	}
	filter := exemplar.AlwaysOffFilter // there is no trace to name
	if c.traces() {
		filter = exemplar.TraceBasedFilter
	}
	options := []sdkmetric.Option{
		sdkmetric.WithResource(described), sdkmetric.WithExemplarFilter(filter), sdkmetric.WithCardinalityLimit(maxSeries),
	}
	var m metrics
	if c.Prometheus {
		registry := prometheus.NewRegistry() // of its own
		exporter, err := otelprometheus.New(
			otelprometheus.WithRegisterer(registry),
			otelprometheus.WithoutScopeInfo(), // of no use to whoever looks, and a label of each series
		)
		if err != nil {
			return metrics{}, fmt.Errorf("telemetry: metrics: %w", err)
		}
		options = append(options, sdkmetric.WithReader(exporter))
		m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			MaxRequestsInFlight: maxScrapes,
			EnableOpenMetrics:   true, // which alone has exemplars
		})
	}
	sender, err := newSender(ctx, c)
	if err != nil {
		return metrics{}, err
	}
	for _, reader := range []sdkmetric.Reader{sender, c.Reader} {
		if reader != nil {
			options = append(options, sdkmetric.WithReader(reader))
		}
	}
	m.provider = sdkmetric.NewMeterProvider(options...)
	meter := m.provider.Meter(Scope)
	m.operations = newOperationMeters(meter, c.Metrics.OperationNames)
	m.steps = newStepMeters(meter)
	m.requests = newRequestMeters(meter)
	observeProcess(meter)
	if err := runtime.Start(runtime.WithMeterProvider(m.provider)); err != nil {
		return metrics{}, errors.Join(fmt.Errorf("telemetry: metrics: %w", err), m.shutdown(ctx))
	}
	return m, nil
}

func (m metrics) shutdown(ctx context.Context) error {
	if m.provider == nil {
		return nil
	}
	return m.provider.Shutdown(ctx)
}

// Meter makes instruments of the instrumentation scope; nil if nothing is measured.
func (t *Telemetry) Meter(scope string) metric.Meter {
	if t.metrics.provider == nil {
		return nil
	}
	return t.metrics.provider.Meter(scope)
}

// Metrics shows what is measured, as Prometheus reads it; nil if it is not to.
func (t *Telemetry) Metrics() http.Handler { return t.metrics.handler }
