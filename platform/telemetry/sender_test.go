package telemetry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	otlp "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
)

// receiver is a collector: it keeps the names of the metrics that it is sent.
type receiver struct {
	otlp.UnimplementedMetricsServiceServer
	names chan []string
}

// Export takes metrics over gRPC.
func (c receiver) Export(_ context.Context, sent *otlp.ExportMetricsServiceRequest) (*otlp.ExportMetricsServiceResponse, error) {
	var all []string
	for _, resource := range sent.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				all = append(all, m.GetName())
			}
		}
	}
	select {
	case c.names <- all:
	default: // one at a time is enough
	}
	return &otlp.ExportMetricsServiceResponse{}, nil
}

// ServeHTTP takes metrics over HTTP.
func (c receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	sent := &otlp.ExportMetricsServiceRequest{}
	if err != nil || proto.Unmarshal(body, sent) != nil || r.URL.Path != "/v1/metrics" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), sent) // it cannot fail
}

func newReceiver() receiver { return receiver{names: make(chan []string, 1)} }

// overHTTP and overGRPC serve a collector, and give its host and port.
func overHTTP(t *testing.T, c receiver) string {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func overGRPC(t *testing.T, c receiver) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	otlp.RegisterMetricsServiceServer(server, c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// received waits until a collector is sent a metric. What is sent first may be from before there were any.
func (c receiver) received(t *testing.T, name string) {
	t.Helper()
	var seen []string
	for over := time.After(20 * time.Second); ; {
		select {
		case seen = <-c.names:
			if slices.Contains(seen, name) {
				return
			}
		case <-over:
			t.Errorf("there is no %s; at last there were %v", name, seen)
			return
		}
	}
}

func TestMetricsAreSent(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		by     string
		serve  func(*testing.T, receiver) string
		config func(c *telemetry.Config, address string)
	}{
		"over gRPC": {"otlp-grpc", overGRPC, func(c *telemetry.Config, address string) {
			c.Metrics.Endpoint, c.Metrics.Insecure = address, true
		}},
		"over HTTP": {"otlp-http", overHTTP, func(c *telemetry.Config, address string) {
			c.Metrics.Endpoint = "http://" + address
		}},
		"where traces go": {"otlp-http", overHTTP, func(c *telemetry.Config, address string) {
			c.Exporter, c.Endpoint, c.Insecure = "otlp-http", address, true
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			to := newReceiver()
			c := telemetry.Defaults()
			c.Metrics.Exporter, c.Metrics.Interval = test.by, config.Duration(time.Millisecond)
			test.config(&c, test.serve(t, to))
			tel := start(t, c)
			if tel.Metrics() != nil {
				t.Error("there is a page for Prometheus, which nobody has asked for")
			}
			to.received(t, "process.uptime")
		})
	}
}

// TestMetricsByEnvironment: what OpenTelemetry's variables say holds where there is no setting.
func TestMetricsByEnvironment(t *testing.T) { // not in parallel: it sets variables
	for reason, test := range map[string]struct {
		environment map[string]string
		serve       func(*testing.T, receiver) string
		page, sent  bool
	}{
		"nothing":                   {map[string]string{}, overHTTP, false, false},
		"none":                      {map[string]string{"OTEL_METRICS_EXPORTER": "none"}, overHTTP, false, false},
		"by HTTP unless it is said": {map[string]string{"OTEL_METRICS_EXPORTER": "otlp"}, overHTTP, false, true},
		"by gRPC":                   {map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, overGRPC, false, true},
		"by gRPC, and traces not": {map[string]string{
			"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc",
		}, overGRPC, false, true},
		"both ways":    {map[string]string{"OTEL_METRICS_EXPORTER": "otlp, prometheus"}, overHTTP, true, true},
		"switched off": {map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, overHTTP, false, false},
	} {
		t.Run(reason, func(t *testing.T) {
			to := newReceiver()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+test.serve(t, to))
			t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "1")
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			tel := start(t, telemetry.Defaults())
			if page := tel.Metrics() != nil; page != test.page {
				t.Errorf("there is a page for Prometheus: %t, want %t", page, test.page)
			}
			if measured := tel.Meter("test") != nil; measured != (test.page || test.sent) {
				t.Errorf("something is measured: %t", measured)
			}
			if test.sent {
				to.received(t, "process.uptime")
			}
		})
	}
}

// TestMetricsSettings: what New would not do anything useful with is refused.
func TestMetricsSettings(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		config telemetry.MetricsConfig
		path   string
	}{
		"an exporter that is none": {telemetry.MetricsConfig{Exporter: "console"}, "metrics.exporter"},
		"an endpoint that is none": {telemetry.MetricsConfig{Endpoint: "ftp://collector"}, "metrics.endpoint"},
		"fewer names than none":    {telemetry.MetricsConfig{OperationNames: -1}, "metrics.operationNames"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := telemetry.Defaults()
			c.Metrics = test.config
			if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), test.path) {
				t.Errorf("got %v, want something about %s", err, test.path)
			}
		})
	}
}
