package telemetry

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// resource gives what spans and metrics say of the gateway. OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME go before what is found out here, and settings before
// both. Each process has an id of its own: without it, what several gateways count would be one series in a collector, which jumps from one to the other.
func (c Config) resource(ctx context.Context) (*resource.Resource, error) {
	var settings []attribute.KeyValue
	if c.ServiceName != "" {
		settings = append(settings, semconv.ServiceName(c.ServiceName))
	}
	described, err := resource.New(ctx, resource.WithService(), resource.WithAttributes(version()...),
		resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithAttributes(settings...))
	if err != nil {
		return nil, fmt.Errorf("telemetry: resource: %w", err)
	}
	return described, nil
}

// version gives what the program was built from, if that is known.
func version() []attribute.KeyValue {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return []attribute.KeyValue{semconv.ServiceVersion(info.Main.Version)}
	}
	return nil
}
