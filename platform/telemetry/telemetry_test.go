package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerSpan  = "00f067aa0ba902b7"
)

// start makes a Telemetry that is shut down with the test.
func start(t testing.TB, c telemetry.Config) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tel.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tel
}

// record makes a Telemetry that keeps its spans.
func record(t testing.TB) (*telemetry.Telemetry, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	c := telemetry.Defaults()
	c.Processor = spans
	return start(t, c), spans
}

// fromCaller gives a context with what a caller's traceparent says.
func fromCaller(ctx context.Context, flags string) context.Context {
	header := propagation.MapCarrier{"traceparent": "00-" + callerTrace + "-" + callerSpan + "-" + flags}
	return propagation.TraceContext{}.Extract(ctx, header)
}

// traceID gives the id of the trace that ctx belongs to; "" if there is none.
func traceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

func TestIDsWithoutExporter(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Config{})
	tracer := tel.Tracer("test")

	ctx, span := tracer.Start(t.Context(), "outer")
	id := traceID(ctx)
	if len(id) != 32 || span.IsRecording() || !span.SpanContext().IsValid() || span.SpanContext().IsSampled() {
		t.Errorf("trace id %q, span context %+v", id, span.SpanContext())
	}
	if inner, _ := tracer.Start(ctx, "inner"); traceID(inner) != id {
		t.Error("an inner span is of another trace")
	}
	if root, _ := tracer.Start(ctx, "root", trace.WithNewRoot()); traceID(root) == id || traceID(root) == "" {
		t.Error("a new root is of the same trace")
	}
	if other, _ := tracer.Start(t.Context(), "other"); traceID(other) == id {
		t.Error("two traces have the same id")
	}

	ctx, _ = tracer.Start(fromCaller(t.Context(), "01"), "asked")
	sent := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, sent)
	if sent["traceparent"] != "00-"+callerTrace+"-"+callerSpan+"-01" {
		t.Errorf("what the caller sent is passed on as %v", sent)
	}
}

func TestSampling(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ratio   float64
		flags   string // the caller's; none if empty
		sampled bool
	}{
		"all":                      {1, "", true},
		"none":                     {0, "", false},
		"none but what the caller": {0, "01", true},
		"all but what the caller":  {1, "00", false},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewSpanRecorder()
			tel := start(t, telemetry.Config{SampleRatio: test.ratio, Processor: spans})
			ctx := t.Context()
			if test.flags != "" {
				ctx = fromCaller(ctx, test.flags)
			}
			ctx, span := tel.Tracer("test").Start(ctx, "x")
			span.End()
			if got := len(spans.Ended()) == 1; got != test.sampled || traceID(ctx) == "" {
				t.Errorf("recorded: %v, want %v; trace %q", got, test.sampled, traceID(ctx))
			}
			if test.flags != "" && traceID(ctx) != callerTrace {
				t.Error("the caller's trace does not go on")
			}
		})
	}
}

// collector takes spans over HTTP and says where they came.
func collector(t *testing.T, status int) (address string, paths chan string) {
	t.Helper()
	paths = make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		paths <- r.Method + " " + r.URL.Path
	}))
	t.Cleanup(server.Close)
	return server.URL, paths
}

func sendOne(t *testing.T, c telemetry.Config) {
	t.Helper()
	c.SampleRatio = 1
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer("test").Start(t.Context(), "x")
	span.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestExportOverHTTP(t *testing.T) {
	t.Parallel()
	tests := map[string]func(url string) telemetry.Config{
		"a URL": func(url string) telemetry.Config { return telemetry.Config{Endpoint: url} },
		"host and port": func(url string) telemetry.Config {
			return telemetry.Config{Endpoint: strings.TrimPrefix(url, "http://"), Insecure: true}
		},
		"a URL with a path": func(url string) telemetry.Config { return telemetry.Config{Endpoint: url + "/v1/traces"} },
	}
	for reason, configure := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url, paths := collector(t, http.StatusOK)
			c := configure(url)
			c.Exporter = "otlp-http"
			sendOne(t, c)
			if got := <-paths; got != "POST /v1/traces" {
				t.Errorf("the collector was asked %s", got)
			}
		})
	}
}

func TestExportToTheStandardVariable(t *testing.T) { // it sets a variable, so not in parallel
	url, paths := collector(t, http.StatusOK)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
	sendOne(t, telemetry.Config{Exporter: "otlp-http"})
	if got := <-paths; got != "POST /v1/traces" {
		t.Errorf("the collector was asked %s", got)
	}
}

func TestExportOverGRPC(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	methods := make(chan string, 10)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		methods <- method
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		return stream.SendMsg(&emptypb.Empty{})
	}))
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(listener) }()
	sendOne(t, telemetry.Config{Exporter: "otlp-grpc", Endpoint: listener.Addr().String(), Insecure: true})
	if got := <-methods; got != "/opentelemetry.proto.collector.trace.v1.TraceService/Export" {
		t.Errorf("the collector was asked %s", got)
	}
}

func TestFailedExportIsLogged(t *testing.T) {
	t.Parallel()
	url, paths := collector(t, http.StatusBadRequest)
	var logged bytes.Buffer
	sendOne(t, telemetry.Config{Exporter: "otlp-http", Endpoint: url, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	<-paths
	if !strings.Contains(logged.String(), "spans were not sent") {
		t.Errorf("logged: %s", logged.String())
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tel := start(t, telemetry.Config{Exporter: "console", Console: &out, SampleRatio: 1})
	outer, span := tel.Tracer("test").Start(t.Context(), "outer")
	ask(outer, t, tel, "{ lions { owner { id } } }", pride{owner: func(context.Context, int) error { return errors.New("cause") }}, nil)
	span.End()
	for _, want := range []string{`msg=Lion.owner`, `msg=outer`, `trace_id=` + traceID(outer), "parent_id=" + span.SpanContext().SpanID().String(),
		"graphql.field.name=owner", "error=INTERNAL_SERVER_ERROR"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "cause") {
		t.Error("the cause is shown")
	}
}

func TestConfigIsValidated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config telemetry.Config
		path   string // of the problem; none if empty
	}{
		"the defaults":            {telemetry.Defaults(), ""},
		"nothing":                 {telemetry.Config{}, ""},
		"an unknown exporter":     {telemetry.Config{Exporter: "zipkin"}, "exporter"},
		"more than all":           {telemetry.Config{SampleRatio: 1.5}, "sampleRatio"},
		"host and port":           {telemetry.Config{Endpoint: "collector:4317"}, ""},
		"an endpoint of a file":   {telemetry.Config{Endpoint: "file:///x"}, "endpoint"},
		"an endpoint that is not": {telemetry.Config{Endpoint: "http://"}, "endpoint"},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := telemetry.New(t.Context(), test.config)
			problem, _ := errors.AsType[config.Problem](err)
			if problem.Path != test.path || (err != nil) != (test.path != "") {
				t.Errorf("got %v, want a problem with %q", err, test.path)
			}
		})
	}
}

func TestConfigIsPartOfSettings(t *testing.T) {
	t.Parallel()
	type settings struct {
		Telemetry telemetry.Config `yaml:"telemetry"`
	}
	defaults := settings{telemetry.Defaults()}
	got, err := config.Load("", []string{"MAINSTEM_TELEMETRY_EXPORTER=console", "MAINSTEM_TELEMETRY_SAMPLE_RATIO=0.5"}, defaults)
	if err != nil || got.Telemetry.Exporter != "console" || got.Telemetry.SampleRatio != 0.5 {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = config.Load("", []string{"MAINSTEM_TELEMETRY_SAMPLE_RATIO=2"}, defaults)
	if problem, _ := errors.AsType[config.Problem](err); problem.Path != "telemetry.sampleRatio" || problem.Where != "MAINSTEM_TELEMETRY_SAMPLE_RATIO" {
		t.Errorf("got %v", err)
	}
	schema, err := config.Schema("Settings", defaults)
	if err != nil || !strings.Contains(string(schema), `"otlp-grpc"`) || strings.Contains(string(schema), "Processor") {
		t.Errorf("got %s, %v", schema, err)
	}
}

// BenchmarkStartOff compares what a span costs while nothing is recorded.
func BenchmarkStartOff(b *testing.B) {
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	tel := start(b, telemetry.Config{})
	for name, tracer := range map[string]trace.Tracer{"ours": tel.Tracer("x"), "SDK, never sampling": never.Tracer("x")} {
		b.Run(name+", request", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, span := tracer.Start(context.Background(), "request")
				span.End()
			}
		})
		ctx, _ := tracer.Start(context.Background(), "request")
		b.Run(name+", inner", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, span := tracer.Start(ctx, "inner")
				span.End()
			}
		})
	}
}
