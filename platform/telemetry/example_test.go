package telemetry_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry"
)

func ExampleTelemetry_Middleware() {
	tel, err := telemetry.New(context.Background(), telemetry.Defaults())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()

	handler := tel.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("request", telemetry.RequestID(r.Context()), "in trace", trace.SpanContextFromContext(r.Context()).TraceID())
	}), slog.New(slog.DiscardHandler), "/graphql")

	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	r.Header.Set("X-Request-Id", "client-7")
	r.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	// Output: request client-7 in trace 4bf92f3577b34da6a3ce929d0e0e4736
}

func ExampleNewLogger() {
	var out strings.Builder
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	ctx := telemetry.WithRequestID(context.Background(), "client-7")
	log.WithGroup("source").InfoContext(ctx, "asked", "name", "orders", "api_key", "hunter2")

	_, line, _ := strings.Cut(out.String(), `"level"`) // after the time
	fmt.Println(`"level"` + line)
	// Output: "level":"INFO","msg":"asked","request_id":"client-7","source":{"name":"orders","api_key":"[redacted]"}}
}
