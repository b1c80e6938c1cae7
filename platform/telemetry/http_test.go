package telemetry_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mainstem/mainstem/platform/telemetry"
)

func attributesOf(span sdktrace.ReadOnlySpan) map[string]any {
	all := map[string]any{}
	for _, a := range span.Attributes() {
		all[string(a.Key)] = a.Value.AsInterface()
	}
	return all
}

func TestMiddlewareTracesAndLogs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, target string
		handler        http.HandlerFunc
		name           string
		status         int
		bytes          float64
		failed         bool
	}{
		"a known path":       {"POST", "/graphql?token=hunter2", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }, "POST /graphql", 200, 5, false},
		"an unknown path":    {"GET", "/made/up", http.NotFound, "GET", 404, 19, false},
		"no body is sent":    {"HEAD", "/made/up", http.NotFound, "HEAD", 404, 0, false},
		"nothing is written": {"GET", "/graphql", func(http.ResponseWriter, *http.Request) {}, "GET /graphql", 200, 0, false},
		"an unknown method":  {"BREW", "/graphql", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }, "HTTP /graphql", 405, 0, false},
		"a failure": {"GET", "/graphql", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			w.WriteHeader(http.StatusOK)
		}, "GET /graphql", 503, 0, true},
		"early hints": {"GET", "/graphql", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
		}, "GET /graphql", 202, 0, false},
		"a panic": {"GET", "/graphql", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "GET /graphql", 500, 0, true},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			var out bytes.Buffer
			handler := tel.Middleware(test.handler, telemetry.NewLogger(&out, slog.LevelInfo), "/graphql")
			r := httptest.NewRequest(test.method, test.target, nil)
			r.Header.Set("traceparent", "00-"+callerTrace+"-"+callerSpan+"-01")
			func() {
				defer func() { _ = recover() }()
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}()

			span := spans.Ended()[0]
			path, _, _ := strings.Cut(test.target, "?")
			want := map[string]any{
				"http.request.method": test.method, "url.path": path, "url.scheme": "http", "http.response.status_code": int64(test.status),
			}
			if test.failed {
				want["error.type"] = strconv.Itoa(test.status)
			}
			if test.method == "BREW" {
				want["http.request.method"] = "_OTHER"
			}
			if path == "/graphql" {
				want["http.route"] = path
			}
			if diff := cmp.Diff(want, attributesOf(span)); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if span.Name() != test.name || (span.Status().Code == codes.Error) != test.failed || span.Parent().SpanID().String() != callerSpan {
				t.Errorf("span %q, status %v, parent %v", span.Name(), span.Status(), span.Parent().SpanID())
			}

			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]any{"msg": "request", "method": test.method, "path": path, "status": float64(test.status),
				"bytes_out": test.bytes, "trace_id": callerTrace, "span_id": span.SpanContext().SpanID().String()} {
				if line[name] != value {
					t.Errorf("%s is %v, want %v", name, line[name], value)
				}
			}
			if _, ok := line["duration_ms"].(float64); !ok || strings.Contains(out.String(), "hunter2") {
				t.Errorf("line: %s", out.String())
			}
		})
	}
}

// TestSeveralTraceHeaders: of two traceparents none holds, and tracestate may come in parts.
func TestSeveralTraceHeaders(t *testing.T) {
	t.Parallel()
	const one, other = "00-" + callerTrace + "-" + callerSpan + "-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for reason, test := range map[string]struct {
		header http.Header
		trace  string // "" for one of its own
		state  string
	}{
		"one":                         {http.Header{"Traceparent": {one}, "Tracestate": {"a=1,b=2"}}, callerTrace, "a=1,b=2"},
		"two traceparents":            {http.Header{"Traceparent": {one, other}, "Tracestate": {"a=1"}}, "", ""},
		"tracestate in parts":         {http.Header{"Traceparent": {one}, "Tracestate": {"a=1", "b=2"}}, callerTrace, "a=1,b=2"},
		"a part of it is not a state": {http.Header{"Traceparent": {one}, "Tracestate": {"a=1", "=="}}, callerTrace, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header = test.header
			tel.Middleware(http.NotFoundHandler(), slog.New(slog.DiscardHandler)).ServeHTTP(httptest.NewRecorder(), r)
			span := spans.Ended()[0].SpanContext()
			if id := span.TraceID().String(); span.TraceState().String() != test.state || (test.trace != "") != (id == callerTrace) || id == other[3:35] {
				t.Errorf("trace %s with state %q, want %q with %q", id, span.TraceState(), test.trace, test.state)
			}
		})
	}
}

func TestMiddlewareNamesRequests(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sent     string
		accepted bool
	}{
		"a good id":      {"client-7_a.B", true},
		"the longest id": {strings.Repeat("a", 64), true},
		"no id":          {"", false},
		"too long":       {strings.Repeat("a", 65), false},
		"a line break":   {"a\nb", false},
		"a quote":        {`a"b`, false},
		"another script": {"ä", false},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			inside := ""
			tel := start(t, telemetry.Config{})
			handler := tel.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				inside = telemetry.RequestID(r.Context())
				if traceID(r.Context()) == "" {
					t.Error("there is no trace id")
				}
			}), slog.New(slog.DiscardHandler))
			r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
			r.Header["X-Request-Id"] = []string{test.sent}
			handler.ServeHTTP(w, r)
			if answered := w.Header().Get("X-Request-Id"); answered != inside || inside == "" || (inside == test.sent) != test.accepted {
				t.Errorf("sent %q, inside %q, answered %q", test.sent, inside, answered)
			}
		})
	}
}

func TestMiddlewareTellsTheTrace(t *testing.T) {
	t.Parallel()
	recording, _ := record(t)
	unsampled := start(t, telemetry.Config{Processor: tracetest.NewSpanRecorder()})
	for reason, tel := range map[string]*telemetry.Telemetry{"recording": recording, "not sampled": unsampled, "off": start(t, telemetry.Config{})} {
		for _, caller := range []string{"", callerTrace} {
			t.Run(reason+", the caller's trace is "+caller, func(t *testing.T) {
				t.Parallel()
				inside := ""
				handler := tel.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = traceID(r.Context()) }), slog.New(slog.DiscardHandler))
				r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
				if caller != "" {
					r.Header.Set("Traceparent", "00-"+caller+"-"+callerSpan+"-01")
				}
				handler.ServeHTTP(w, r)
				if told := w.Header().Get("X-Trace-Id"); len(told) != 32 || told != inside || caller != "" && told != caller {
					t.Errorf("told %q, inside %q", told, inside)
				}
			})
		}
	}
}

func TestMiddlewareLetsAnswersStream(t *testing.T) {
	t.Parallel()
	flushes := map[string]func(http.ResponseWriter) error{
		"http.Flusher":            func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return nil },
		"http.ResponseController": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	}
	for reason, flush := range flushes {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, _ := record(t)
			read := make(chan struct{})
			server := httptest.NewServer(tel.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "first\n")
				if err := flush(w); err != nil {
					t.Error(err)
				}
				<-read // the client has the first part before the answer ends
			}), slog.New(slog.DiscardHandler)))
			defer server.Close()
			defer server.CloseClientConnections()
			response, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			line, err := bufio.NewReader(response.Body).ReadString('\n')
			close(read)
			if line != "first\n" || err != nil {
				t.Errorf("read %q, %v", line, err)
			}
		})
	}
}

func TestMiddlewareLetsConnectionsBeTakenOver(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	done := make(chan struct{})
	handler := tel.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		hijacker, ok := w.(http.Hijacker) // which not everybody looks for behind Unwrap
		if !ok {
			t.Error("it is no http.Hijacker")
			return
		}
		connection, _, err := hijacker.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = connection.Close()
	}), slog.New(slog.DiscardHandler))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	if response, err := server.Client().Get(server.URL); err == nil {
		_ = response.Body.Close()
	}
	<-done
	if got := attributesOf(spans.Ended()[0])["http.response.status_code"]; got != int64(101) {
		t.Errorf("the status is %v", got)
	}
}
