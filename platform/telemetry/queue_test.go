package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	service "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// ofSpans gives what metrics say of what sends spans: by their names, and with how it failed.
func ofSpans(data *metricdata.ResourceMetrics) map[string]int64 {
	got := map[string]int64{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			name, ours := strings.CutPrefix(m.Name, "otel.sdk.")
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ours || !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				failed, _ := p.Attributes.Value("error.type")
				got[strings.TrimSpace(name+" "+failed.AsString())] = p.Value
			}
		}
	}
	return got
}

// lastReader reads the metrics when they are measured for the last time, as what sends them to a collector does.
type lastReader struct {
	*sdkmetric.ManualReader
	data metricdata.ResourceMetrics
}

// Shutdown reads the metrics.
func (r *lastReader) Shutdown(ctx context.Context) error {
	return errors.Join(r.Collect(ctx, &r.data), r.ManualReader.Shutdown(ctx))
}

// TestFullQueue: a collector that hangs keeps nobody waiting, and what is dropped for it is counted.
func TestFullQueue(t *testing.T) { // not in parallel: it sets variables
	asked, answer := make(chan struct{}, 20), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	}))
	defer hanging.Close()
	for name, value := range map[string]string{"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2", "OTEL_BSP_SCHEDULE_DELAY": "1"} {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	reader := sdkmetric.NewManualReader()
	c := telemetry.Defaults()
	c.Exporter, c.Endpoint, c.Log, c.Reader = "otlp-http", hanging.URL, slog.New(slog.NewTextHandler(&log, nil)), reader
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	end := func() {
		_, span := tel.Tracer("test").Start(t.Context(), "x")
		span.End()
	}
	end()
	<-asked // it hangs from here on
	for range 20 {
		end()
	}
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	if got, want := ofSpans(&data), map[string]int64{
		"processor.span.queue.size": 4, "processor.span.queue.capacity": 4, "processor.span.processed": 1, "processor.span.processed queue_full": 16,
		"exporter.span.exported": 0, "exporter.span.exported rejected": 0, "exporter.span.exported _OTHER": 0,
	}; !maps.Equal(got, want) {
		t.Errorf("while it hangs, got %v, want %v", got, want)
	}
	close(answer)
	for range 2 { // those that wait
		<-asked
	}
	end()
	<-asked // so that there is room again
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for _, line := range regexp.MustCompile(`spans were dropped.* spans=(\d+)`).FindAllStringSubmatch(log.String(), -1) {
		n, _ := strconv.Atoi(line[1]) // they are digits
		dropped += n
	}
	if dropped != 16 {
		t.Errorf("%d were dropped, says the log: %s", dropped, log.String())
	}
}

// choosy is a collector that answers everything in one way.
type choosy struct {
	service.UnimplementedTraceServiceServer
	partial *service.ExportTracePartialSuccess
	refuses bool
}

// Export answers over gRPC.
func (c choosy) Export(context.Context, *service.ExportTraceServiceRequest) (*service.ExportTraceServiceResponse, error) {
	if c.refuses {
		return nil, status.Error(codes.InvalidArgument, "none of them is welcome")
	}
	return &service.ExportTraceServiceResponse{PartialSuccess: c.partial}, nil
}

// ServeHTTP answers over HTTP.
func (c choosy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // what cannot be read is not looked at anyway
	answer, err := c.Export(r.Context(), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answered(w, answer)
}

// serve runs the collector, and gives its URL.
func (c choosy) serve(t *testing.T, exporter string) string {
	t.Helper()
	if exporter == "otlp-http" {
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		return server.URL
	}
	return "http://" + servedGRPC(t, func(server *grpc.Server) { service.RegisterTraceServiceServer(server, c) })
}

// TestSpansThatAreNotTaken: of spans that a collector rejects in part, those alone are lost, and metrics and the log say so.
func TestSpansThatAreNotTaken(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		answers                choosy
		sent, rejected, failed int64
		log                    []string // in its only line
	}{
		"all are taken":                   {choosy{}, 3, 0, 0, nil},
		"one is rejected":                 {choosy{partial: &service.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "too old"}}, 2, 1, 0, []string{"rejected spans", "spans=1", "of=3", "too old"}},
		"all are rejected":                {choosy{partial: &service.ExportTracePartialSuccess{RejectedSpans: 3}}, 0, 3, 0, []string{"rejected spans", "spans=3", "of=3"}},
		"more are rejected than were":     {choosy{partial: &service.ExportTracePartialSuccess{RejectedSpans: 9}}, 0, 3, 0, []string{"rejected spans", "spans=3", "of=3"}},
		"fewer are rejected than none":    {choosy{partial: &service.ExportTracePartialSuccess{RejectedSpans: -9}}, 3, 0, 0, []string{"has taken all spans"}},
		"all are taken, and it says more": {choosy{partial: &service.ExportTracePartialSuccess{ErrorMessage: "use the newer path"}}, 3, 0, 0, []string{"has taken all spans", "use the newer path"}},
		"it refuses":                      {choosy{refuses: true}, 0, 0, 3, []string{"were not sent", "spans=3", "none of them is welcome"}},
	} {
		for _, exporter := range []string{"otlp-http", "otlp-grpc"} {
			t.Run(reason+", "+exporter, func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				reader := &lastReader{ManualReader: sdkmetric.NewManualReader()}
				c := telemetry.Defaults()
				c.Exporter, c.Endpoint, c.Log, c.Reader = exporter, test.answers.serve(t, exporter), slog.New(slog.NewTextHandler(&log, nil)), reader
				tel, err := telemetry.New(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				ctx, root := tel.Tracer("test").Start(t.Context(), "x")
				for range 2 {
					_, span := tel.Tracer("test").Start(ctx, "y")
					span.End()
				}
				root.End()
				if err := tel.Shutdown(context.Background()); err != nil {
					t.Fatal(err)
				}
				if got, want := ofSpans(&reader.data), map[string]int64{
					"processor.span.queue.size": 0, "processor.span.queue.capacity": 2048, "processor.span.processed": 3, "processor.span.processed queue_full": 0,
					"exporter.span.exported": test.sent, "exporter.span.exported rejected": test.rejected, "exporter.span.exported _OTHER": test.failed,
				}; !maps.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
				said := strings.Count(log.String(), "\n")
				if said != min(len(test.log), 1) || slices.ContainsFunc(test.log, func(part string) bool { return !strings.Contains(log.String(), part) }) {
					t.Errorf("the log says %q, want %q in one line", log.String(), test.log)
				}
			})
		}
	}
}
