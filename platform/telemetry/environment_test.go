package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// nothing is a processor that does nothing.
type nothing struct{}

func (nothing) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (nothing) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (nothing) Shutdown(context.Context) error                  { return nil }
func (nothing) ForceFlush(context.Context) error                { return nil }

// TestEnvironment: OpenTelemetry's variables say what the settings leave open. It is not parallel: the environment is everybody's.
func TestEnvironment(t *testing.T) {
	for reason, test := range map[string]struct {
		environment map[string]string
		change      func(*telemetry.Config)
		sampled     bool
		attributes  map[attribute.Key]string // of the resource
		fail        string
	}{
		"nothing is said":         {nil, nil, true, map[attribute.Key]string{"service.name": "mainstem"}, ""},
		"a sampler":               {map[string]string{"OTEL_TRACES_SAMPLER": "always_off"}, nil, false, nil, ""},
		"a ratio":                 {map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, nil, false, nil, ""},
		"a sampler, and settings": {map[string]string{"OTEL_TRACES_SAMPLER": "always_on"}, func(c *telemetry.Config) { c.SampleRatio = 0 }, false, nil, ""},
		"no sampler":              {map[string]string{"OTEL_TRACES_SAMPLER": "dice"}, nil, false, nil, `OTEL_TRACES_SAMPLER: "dice"`},
		"no ratio":                {map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"}, nil, false, nil, "OTEL_TRACES_SAMPLER_ARG"},
		"no exporter":             {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, nil, false, nil, `OTEL_TRACES_EXPORTER: "zipkin"`},
		"no protocol":             {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, nil, false, nil, "http/json"},
		"two exporters":           {map[string]string{"OTEL_TRACES_EXPORTER": "console, otlp"}, nil, false, nil, "OTEL_TRACES_EXPORTER: one exporter"},
		"no protocol of metrics":  {map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json"}, nil, false, nil, "METRICS_PROTOCOL"},
		"no exporter of metrics":  {map[string]string{"OTEL_METRICS_EXPORTER": "otlp, console"}, nil, false, nil, `OTEL_METRICS_EXPORTER: "console"`},
		"a name":                  {map[string]string{"OTEL_SERVICE_NAME": "shop"}, nil, true, map[attribute.Key]string{"service.name": "shop"}, ""},
		"a name, and settings": {
			map[string]string{"OTEL_SERVICE_NAME": "shop"}, func(c *telemetry.Config) { c.ServiceName = "gate" }, true,
			map[attribute.Key]string{"service.name": "gate"}, "",
		},
		"a resource": {
			map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,deployment.environment.name=test"}, nil, true,
			map[attribute.Key]string{"service.name": "shop", "deployment.environment.name": "test"}, "",
		},
		"what is found out otherwise": {
			map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=pod-1,service.version=1.2.3"}, nil, true,
			map[attribute.Key]string{"service.instance.id": "pod-1", "service.version": "1.2.3"}, "",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			spans := tracetest.NewSpanRecorder()
			c := telemetry.Defaults()
			c.Processor, c.Tail.Enabled = spans, false
			if test.change != nil {
				test.change(&c)
			}
			tel, err := telemetry.New(t.Context(), c)
			if test.fail != "" {
				if err == nil || !strings.Contains(err.Error(), test.fail) {
					t.Errorf("failed with %v, want %s", err, test.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, span := tel.Tracer("test").Start(t.Context(), "x")
			span.End()
			if span.SpanContext().IsSampled() != test.sampled {
				t.Errorf("sampled is %t", span.SpanContext().IsSampled())
			}
			for key, want := range test.attributes {
				if got, _ := spans.Ended()[0].Resource().Set().Value(key); got.AsString() != want {
					t.Errorf("%s is %q, want %q", key, got.AsString(), want)
				}
			}
		})
	}
}

// TestExporterOfTheEnvironment: an exporter that the variables name sends what they say besides, such as headers, until they disable all of it.
func TestExporterOfTheEnvironment(t *testing.T) {
	var mu sync.Mutex
	var got []string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // it is not looked at
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.URL.Path+" "+r.Header.Get("X-Token"))
	}))
	defer collector.Close()
	for name, value := range map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_EXPORTER_OTLP_HEADERS": "x-token=secret", "OTEL_BSP_SCHEDULE_DELAY": "1",
	} {
		t.Setenv(name, value)
	}
	for _, disabled := range []string{"false", "true"} {
		t.Setenv("OTEL_SDK_DISABLED", disabled)
		tel, err := telemetry.New(t.Context(), telemetry.Defaults())
		if err != nil {
			t.Fatal(err)
		}
		_, span := tel.Tracer("test").Start(t.Context(), "x")
		span.End()
		if err := tel.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 1 || got[0] != "/v1/traces secret" {
		t.Errorf("the collector got %q", got)
	}
}
