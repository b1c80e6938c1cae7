// Package telemetry traces, measures and logs what a gateway does: OpenTelemetry spans for requests, operations and steps, metrics that
// Prometheus reads, and structured logs that name the trace they belong to. Nothing in it is global.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/config"
)

// Scope is the instrumentation scope of the gateway's own spans.
const Scope = "github.com/mainstem/mainstem/platform/telemetry"

// Config says where spans and metrics go. Its zero value sends them nowhere.
type Config struct {
	Exporter    string          `yaml:"exporter" desc:"Where spans go: otlp-grpc, otlp-http or console; nowhere when empty." jsonschema:"enum=,enum=otlp-grpc,enum=otlp-http,enum=console"`
	Endpoint    string          `yaml:"endpoint" desc:"The collector: a URL, or host and port. When empty, OTEL_EXPORTER_OTLP_ENDPOINT says it."`
	Insecure    bool            `yaml:"insecure" desc:"Whether an endpoint of host and port is reached without TLS."`
	SampleRatio float64         `yaml:"sampleRatio" desc:"Which part of the traces is recorded, from 0 to 1, unless the caller has decided already." jsonschema:"minimum=0,maximum=1"`
	ServiceName string          `yaml:"serviceName" desc:"How the gateway is called in traces and metrics."`
	Slow        config.Duration `yaml:"slow" desc:"From what duration on an operation is slow: it is logged with what was run for it, and its trace is kept; 0 for none."`
	Prometheus  bool            `yaml:"prometheus" desc:"Whether /metrics shows the gateway's metrics, to whoever can reach it."`

	Tail    TailConfig    `yaml:"tail" desc:"Traces that were not sampled, and are kept all the same."`
	Baggage []string      `yaml:"baggage" desc:"What of callers' baggage is passed on to sources: names. Nothing else of it is."`
	Metrics MetricsConfig `yaml:"metrics" desc:"Where metrics are sent, beside /metrics."`

	Level     *Level                 `yaml:"-"` // of the log, if it can be changed
	Log       *slog.Logger           `yaml:"-"` // hears of spans that could not be sent; slog.Default() when nil
	Console   io.Writer              `yaml:"-"` // of the console exporter; os.Stderr when nil
	Processor sdktrace.SpanProcessor `yaml:"-"` // gets every span too, whatever the exporter: for tests
	Reader    sdkmetric.Reader       `yaml:"-"` // reads the metrics too: for tests

	samplerName, samplerArgument string // as OpenTelemetry's variables have them
}

// Defaults gives the settings of a gateway that sends no spans, and would send all.
func Defaults() Config {
	return Config{
		SampleRatio: 1, ServiceName: "mainstem", Slow: config.Duration(time.Second), Metrics: MetricsConfig{OperationNames: 200},
		Tail: TailConfig{Enabled: true, Traces: 5_000, Spans: 500, Bytes: 64 << 20},
	}
}

// traces says whether any spans are recorded.
func (c Config) traces() bool { return c.Exporter != "" || c.Processor != nil }

// Validate gives config.Problems for settings that New would refuse.
func (c Config) Validate() error {
	var problems config.Problems
	switch c.Exporter {
	case "", exporterGRPC, exporterHTTP, exporterConsole:
	default:
		problems = append(problems, config.Problem{Path: "exporter", Message: fmt.Sprintf("%q is none of otlp-grpc, otlp-http and console", c.Exporter)})
	}
	if c.SampleRatio < 0 || c.SampleRatio > 1 {
		problems = append(problems, config.Problem{Path: "sampleRatio", Message: "a number from 0 to 1 is wanted"})
	}
	if c.Slow < 0 {
		problems = append(problems, config.Problem{Path: "slow", Message: "must not be less than nothing"})
	}
	if c.Tail.Traces < 0 || c.Tail.Spans < 0 {
		problems = append(problems, config.Problem{Path: "tail", Message: "must be 0 or more of each"})
	}
	for _, name := range c.Baggage {
		if !baggageName.MatchString(name) {
			problems = append(problems, config.Problem{Path: "baggage", Message: fmt.Sprintf("%q is no name of something in baggage", name)})
		}
	}
	problems = append(problems, c.endpointProblems("endpoint")...)
	switch c.Metrics.Exporter {
	case "", "otlp-grpc", "otlp-http":
	default:
		problems = append(problems, config.Problem{Path: "metrics.exporter", Message: fmt.Sprintf("%q is neither otlp-grpc nor otlp-http", c.Metrics.Exporter)})
	}
	problems = append(problems, Config{Endpoint: c.Metrics.Endpoint, Insecure: c.Metrics.Insecure}.endpointProblems("metrics.endpoint")...)
	if c.Metrics.OperationNames < 0 {
		problems = append(problems, config.Problem{Path: "metrics.operationNames", Message: "must be 0 or more"})
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// endpointProblems says what is wrong with the endpoint, which is at a path of the settings.
func (c Config) endpointProblems(path string) config.Problems {
	if u, err := url.Parse(c.endpointURL("")); c.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return config.Problems{{Path: path, Message: fmt.Sprintf("%q is neither an http or https URL nor host and port", c.Endpoint)}}
	}
	return nil
}

// endpointURL gives the endpoint as a URL, with a default for its path.
func (c Config) endpointURL(path string) string {
	address := c.Endpoint
	if !strings.Contains(address, "://") {
		scheme := "https://"
		if c.Insecure {
			scheme = "http://"
		}
		address = scheme + address
	}
	if u, err := url.Parse(address); err == nil && strings.Trim(u.Path, "/") == "" {
		return strings.TrimRight(address, "/") + path
	}
	return address
}

// Telemetry makes spans and instruments. It is safe for concurrent use.
type Telemetry struct {
	provider  trace.TracerProvider
	tracer    trace.Tracer
	recording bool
	metrics   metrics
	baggage   []string                    // what is passed on
	shutdown  func(context.Context) error // of the spans
}

// New makes a Telemetry. It does not wait for the collector; spans that cannot be sent are dropped, and that is logged.
//
// Without an exporter no span is recorded, yet each request has a trace id for its log and its errors: the one that the caller
// sent, or a random one. What the caller sent of the trace stays as it is, as W3C Trace Context wants of who takes no part in it.
func New(ctx context.Context, c Config) (*Telemetry, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	c, err := c.fromEnvironment(os.Getenv, os.Environ())
	if err != nil {
		return nil, err
	}
	t := &Telemetry{provider: offProvider{}, baggage: c.Baggage, shutdown: func(context.Context) error { return nil }}
	described, err := c.resource(ctx)
	if err != nil {
		return nil, err
	}
	var spans *provider
	if c.traces() {
		if spans, err = newProvider(ctx, c, described); err != nil {
			return nil, err
		}
		t.provider, t.shutdown, t.recording = spans, spans.shutdown, true
	}
	if t.metrics, err = newMetrics(ctx, c, described); err != nil {
		return nil, errors.Join(err, t.shutdown(ctx))
	}
	if meter := t.Meter(Scope); meter != nil && spans != nil {
		spans.observe(meter)
	}
	t.tracer = t.provider.Tracer(Scope)
	return t, nil
}

// newProvider makes what makes spans.
func newProvider(ctx context.Context, c Config, described *resource.Resource) (*provider, error) {
	sampler, err := c.sampler()
	if err != nil {
		return nil, err
	}
	processor, err := newProcessor(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("telemetry: exporter: %w", err)
	}
	p := &provider{sampler: sampler, resource: described}
	p.tail = &tail{slow: c.Slow.Std(), limits: c.Tail}
	if processor != nil {
		p.processors = append(p.processors, processor)
	}
	if c.Processor != nil {
		p.processors, p.starts = append(p.processors, c.Processor), append(p.starts, c.Processor)
	}
	return p, nil
}

// The exporters of spans.
const (
	exporterGRPC    = "otlp-grpc"
	exporterHTTP    = "otlp-http"
	exporterConsole = "console"
)

// newProcessor gives what sends spans: in batches to a collector, at once to a console.
func newProcessor(ctx context.Context, c Config) (sdktrace.SpanProcessor, error) {
	var exporter sdktrace.SpanExporter
	var name string // as OpenTelemetry has it
	var err error
	switch c.Exporter {
	case exporterGRPC:
		var options []otlptracegrpc.Option
		if c.Insecure {
			options = append(options, otlptracegrpc.WithInsecure())
		}
		if c.Endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(c.endpointURL("")))
		}
		name = "otlp_grpc_span_exporter"
		exporter, err = newOTLP(ctx, otlptracegrpc.NewClient(options...))
	case exporterHTTP:
		options := []otlptracehttp.Option{otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf)} // whatever the variables say: there is no other
		if c.Insecure {
			options = append(options, otlptracehttp.WithInsecure())
		}
		if c.Endpoint != "" {
			options = append(options, otlptracehttp.WithEndpointURL(c.endpointURL("/v1/traces")))
		}
		name = "otlp_http_span_exporter"
		exporter, err = newOTLP(ctx, otlptracehttp.NewClient(options...))
	case exporterConsole:
		var out io.Writer = os.Stderr
		if c.Console != nil {
			out = c.Console
		}
		return sdktrace.NewSimpleSpanProcessor(newConsole(out)), nil
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return newQueue(exporter, name, c.logger()), nil
}

// Recording says whether spans are recorded at all. Where they are not, whoever begins many need not look for those that they would be below.
func (t *Telemetry) Recording() bool { return t.recording }

// Tracer makes spans of the instrumentation scope.
func (t *Telemetry) Tracer(scope string) trace.Tracer { return t.provider.Tracer(scope) }

// Shutdown sends what is left, until ctx ends, and stops. Spans that end later are dropped, and nothing is measured any more.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if err := errors.Join(t.shutdown(ctx), t.metrics.shutdown(ctx)); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	return nil
}
