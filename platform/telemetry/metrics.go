package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// metrics are what is measured, and what shows it. The zero value measures nothing.
type metrics struct {
	provider *sdkmetric.MeterProvider
	handler  http.Handler
}

// maxScrapes bounds how many may read the metrics at once: each has them gathered.
const maxScrapes = 4

// newMetrics makes what measures for Prometheus, with a registry of its own.
func newMetrics(c Config) (metrics, error) {
	described, err := c.resource()
	if err != nil {
		return metrics{}, err
	}
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry),
		otelprometheus.WithoutScopeInfo(), // of no use to whoever looks, and a label of each series
	)
	if err != nil {
		return metrics{}, fmt.Errorf("telemetry: metrics: %w", err)
	}
	return metrics{
		provider: sdkmetric.NewMeterProvider(
			sdkmetric.WithResource(described),
			sdkmetric.WithReader(exporter),
			sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter), // nobody is shown them
		),
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}),
	}, nil
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

// Metrics shows what is measured, as Prometheus reads it; nil if nothing is.
func (t *Telemetry) Metrics() http.Handler { return t.metrics.handler }
