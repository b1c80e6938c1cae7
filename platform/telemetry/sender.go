package telemetry

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mainstem/mainstem/platform/config"
)

// MetricsConfig says where metrics are sent, beside the page that Prometheus reads.
type MetricsConfig struct {
	Exporter       string          `yaml:"exporter" desc:"How metrics are sent to a collector: otlp-grpc or otlp-http. When empty, OTEL_METRICS_EXPORTER and OTEL_EXPORTER_OTLP_PROTOCOL say it." jsonschema:"enum=,enum=otlp-grpc,enum=otlp-http"`
	Endpoint       string          `yaml:"endpoint" desc:"The collector: a URL, or host and port. When empty it is that of traces, if they go the same way; else OTEL_EXPORTER_OTLP_ENDPOINT says it."`
	Insecure       bool            `yaml:"insecure" desc:"Whether an endpoint of host and port is reached without TLS."`
	Interval       config.Duration `yaml:"interval" desc:"How often metrics are sent. When 0, OTEL_METRIC_EXPORT_INTERVAL says it, or else it is a minute."`
	OperationNames int             `yaml:"operationNames" desc:"How many names of operations metrics tell apart, beside those of trusted documents; others are _other." jsonschema:"minimum=0"`
}

// collector gives where metrics are sent to, as an endpoint of its own; none if OpenTelemetry's variables say it.
func (c Config) collector() Config {
	own := Config{Endpoint: c.Metrics.Endpoint, Insecure: c.Metrics.Insecure}
	if own.Endpoint == "" && c.Endpoint != "" && c.Metrics.Exporter == c.Exporter && c.endpointURL("/") == c.endpointURL("")+"/" { // a path would be that of traces
		own.Endpoint, own.Insecure = c.Endpoint, c.Insecure
	}
	return own
}

// newSender gives what sends metrics to a collector; nil if they are not sent. It does not wait for the collector.
func newSender(ctx context.Context, c Config) (sdkmetric.Reader, error) {
	to := c.collector()
	var exporter sdkmetric.Exporter
	var err error
	switch c.Metrics.Exporter {
	case "otlp-grpc":
		var options []otlpmetricgrpc.Option
		if to.Insecure {
			options = append(options, otlpmetricgrpc.WithInsecure())
		}
		if to.Endpoint != "" {
			options = append(options, otlpmetricgrpc.WithEndpointURL(to.endpointURL("")))
		}
		exporter, err = otlpmetricgrpc.New(ctx, options...)
	case "otlp-http":
		var options []otlpmetrichttp.Option
		if to.Insecure {
			options = append(options, otlpmetrichttp.WithInsecure())
		}
		if to.Endpoint != "" {
			options = append(options, otlpmetrichttp.WithEndpointURL(to.endpointURL("/v1/metrics")))
		}
		exporter, err = otlpmetrichttp.New(ctx, options...)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("telemetry: metrics: exporter: %w", err)
	}
	var options []sdkmetric.PeriodicReaderOption
	if c.Metrics.Interval > 0 {
		options = append(options, sdkmetric.WithInterval(c.Metrics.Interval.Std()))
	}
	return sdkmetric.NewPeriodicReader(loggedSender{exporter, c.logger()}, options...), nil
}

func (c Config) logger() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}

// loggedSender logs what could not be sent, or was not taken. The SDK would tell a global handler.
type loggedSender struct {
	sdkmetric.Exporter
	log *slog.Logger
}

func (s loggedSender) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	err := s.Exporter.Export(ctx, data)
	rejected, partly := rejectedBy(err)
	switch {
	case err == nil:
	case !partly:
		s.log.WarnContext(ctx, "metrics were not sent", "error", err)
	case rejected > 0:
		s.log.WarnContext(ctx, "the collector has rejected metrics", "points", rejected, "error", err)
	default:
		s.log.WarnContext(ctx, "the collector has taken all metrics, and says something of them", "error", err)
	}
	return nil
}
