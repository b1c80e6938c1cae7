package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
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

// receiver is a collector: it keeps the names of the metrics that it is sent, and answers all in one way.
type receiver struct {
	otlp.UnimplementedMetricsServiceServer
	names   chan []string
	partial *otlp.ExportMetricsPartialSuccess
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
	return &otlp.ExportMetricsServiceResponse{PartialSuccess: c.partial}, nil
}

// ServeHTTP takes metrics over HTTP.
func (c receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	sent := &otlp.ExportMetricsServiceRequest{}
	if err != nil || proto.Unmarshal(body, sent) != nil || r.URL.Path != "/v1/metrics" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer, _ := c.Export(r.Context(), sent) // it cannot fail
	answered(w, answer)
}

// answered writes what a collector answers over HTTP.
func answered(w http.ResponseWriter, answer proto.Message) {
	body, _ := proto.Marshal(answer) // it is valid
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body) // whoever has gone does not want it
}

// servedGRPC has a collector served until the test ends, and gives its host and port.
func servedGRPC(t *testing.T, register func(*grpc.Server)) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
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
	return servedGRPC(t, func(server *grpc.Server) { otlp.RegisterMetricsServiceServer(server, c) })
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

// TestMetricsThatAreNotTaken: of metrics that a collector rejects in part, the log says how many points.
func TestMetricsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		answers *otlp.ExportMetricsPartialSuccess
		log     []string // in each line; nothing is logged if there is none
	}{
		"all are taken":                   {nil, nil},
		"some are rejected":               {&otlp.ExportMetricsPartialSuccess{RejectedDataPoints: 2, ErrorMessage: "too old"}, []string{"has rejected metrics", "points=2", "too old"}},
		"fewer are rejected than none":    {&otlp.ExportMetricsPartialSuccess{RejectedDataPoints: -2}, []string{"has taken all metrics"}},
		"all are taken, and it says more": {&otlp.ExportMetricsPartialSuccess{ErrorMessage: "use the newer path"}, []string{"has taken all metrics", "use the newer path"}},
	} {
		for exporter, serve := range map[string]func(*testing.T, receiver) string{"otlp-http": overHTTP, "otlp-grpc": overGRPC} {
			t.Run(reason+", "+exporter, func(t *testing.T) {
				t.Parallel()
				to := newReceiver()
				to.partial = test.answers
				var log bytes.Buffer
				c := telemetry.Defaults()
				c.Metrics.Exporter, c.Metrics.Endpoint, c.Metrics.Insecure, c.Log = exporter, "http://"+serve(t, to), true, slog.New(slog.NewTextHandler(&log, nil))
				tel, err := telemetry.New(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if err := tel.Shutdown(context.Background()); err != nil { // it sends all once more
					t.Fatal(err)
				}
				to.received(t, "process.uptime")
				lines := slices.Collect(strings.Lines(log.String()))
				if (len(lines) == 0) != (test.log == nil) {
					t.Errorf("the log says %q", lines)
				}
				for _, line := range lines {
					if slices.ContainsFunc(test.log, func(part string) bool { return !strings.Contains(line, part) }) {
						t.Errorf("the log says %q, want %q", line, test.log)
					}
				}
			})
		}
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
