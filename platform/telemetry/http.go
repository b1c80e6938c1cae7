package telemetry

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// RequestIDHeader carries the request's id in both directions.
const RequestIDHeader = "X-Request-Id"

// TraceIDHeader carries the id of the request's trace to the client. Errors have it too, but those of an answer that was shared have that
// of the request which was executed.
const TraceIDHeader = "X-Trace-Id"

const (
	maxRequestID     = 64
	requestIDLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
	maxLoggedPath    = 256
	maxLoggedMethod  = 16
)

// Middleware gives each request a span, an id and a line in the access log, which tells of its operation too: package live says what. The span goes on with the caller's trace. The id is
// the caller's X-Request-Id if that has 1 to 64 letters, digits, dots, hyphens or underscores; else it is made. routes are the paths
// that may stand in a span's name; other requests are named by their method alone, because anybody can make up paths.
func (t *Telemetry) Middleware(next http.Handler, log *slog.Logger, routes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := r.Header.Get(RequestIDHeader)
		if !isRequestID(id) {
			id = rand.Text()
		}
		w.Header().Set(RequestIDHeader, id)

		ctx := propagation.TraceContext{}.Extract(WithRequestID(r.Context(), id), callers{propagation.HeaderCarrier(r.Header)})
		ctx, span := t.startRequest(t.withBaggage(ctx, r.Header), r, routes)
		if sc := span.SpanContext(); sc.HasTraceID() {
			w.Header().Set(TraceIDHeader, sc.TraceID().String())
		}
		sent := &answer{ResponseWriter: w, head: r.Method == http.MethodHead}
		if r.Header.Get("Upgrade") != "" {
			ctx = withConnection(ctx)
			sent.taken = func() { endRequest(span, http.StatusSwitchingProtocols) } // what is done over the connection is apart
		}
		ctx, request := live.WithRequest(ctx, id, r.Header)
		body := &received{ReadCloser: r.Body}
		finished := false
		defer func() { // also when next panics
			status := sent.status
			switch {
			case !finished:
				status = http.StatusInternalServerError
			case status == 0:
				status = http.StatusOK
			}
			if streams(w.Header().Get("Content-Type")) {
				withPatience(ctx)
			}
			endRequest(span, status)
			t.metrics.requests.ended(ctx, r, routes, status, time.Since(start))
			if log.Enabled(ctx, slog.LevelInfo) {
				log.LogAttrs(ctx, slog.LevelInfo, live.AccessRequest, request.Line([]slog.Attr{
					slog.String("method", r.Method[:min(len(r.Method), maxLoggedMethod)]), slog.String("path", r.URL.Path[:min(len(r.URL.Path), maxLoggedPath)]),
					slog.String("protocol", r.Proto), slog.Int("status", status), slog.Int64("bytes_in", body.bytes.Load()), slog.Int64("bytes_out", sent.bytes),
					slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
				})...)
			}
			request.End()
		}()
		inner := r.WithContext(ctx)
		if r.Body != nil && r.Body != http.NoBody {
			inner.Body = body
		}
		next.ServeHTTP(sent, inner)
		finished = true
	})
}

// callers are the headers that say what trace a request belongs to. Nobody knows which of two traceparents holds; of tracestate several are one list.
type callers struct{ propagation.HeaderCarrier }

// Get gives the value of a header.
func (c callers) Get(key string) string {
	switch values := c.Values(key); {
	case len(values) < 2:
		return c.HeaderCarrier.Get(key)
	case key == "tracestate":
		return strings.Join(values, ",")
	default:
		return ""
	}
}

func (t *Telemetry) startRequest(ctx context.Context, r *http.Request, routes []string) (context.Context, trace.Span) {
	method := methodOf(r)
	name := method.Value.AsString()
	if name == otherMethod {
		name = "HTTP"
	}
	known := slices.Contains(routes, r.URL.Path)
	if known {
		name += " " + r.URL.Path
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(method, names.URLPath.String(r.URL.Path[:min(len(r.URL.Path), maxLoggedPath)]), names.Scheme.String(schemeOf(r)))
		if known {
			span.SetAttributes(names.Route.String(r.URL.Path))
		}
	}
	return ctx, span
}

func endRequest(span trace.Span, status int) {
	if !span.IsRecording() {
		return
	}
	names.Status.Count(span, status)
	if status >= http.StatusInternalServerError {
		span.SetAttributes(errorType(status))
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// errorType says how a request has failed: by its status; empty if that is not the gateway's failure.
func errorType(status int) attribute.KeyValue {
	if status < http.StatusInternalServerError {
		return names.ErrorType.String("")
	}
	return names.ErrorType.String(strconv.Itoa(status))
}

const otherMethod = "_OTHER"

// methodOf gives the method, or _OTHER for one that HTTP does not define.
func methodOf(r *http.Request) attribute.KeyValue {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return names.Method.String(r.Method)
	}
	return names.Method.String(otherMethod)
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func isRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		if strings.IndexByte(requestIDLetters, id[i]) < 0 {
			return false
		}
	}
	return true
}

// received counts what is read of a body. Who reads it may outlast the request.
type received struct {
	io.ReadCloser
	bytes atomic.Int64
}

func (r *received) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.bytes.Add(int64(n))
	return n, err
}

// answer notes what is sent. http.ResponseController reaches the writer below it by Unwrap.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	head   bool   // whether no body is sent, whatever is written
	taken  func() // told when the connection is taken over; nil if nobody wants to know
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	if !a.head {
		a.bytes += int64(n)
	}
	return n, err
}

// Flush sends what was written so far. It is here for those who ask for an http.Flusher.
func (a *answer) Flush() {
	_ = http.NewResponseController(a.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Hijack gives the connection to who takes it over. It is here for those who ask for an http.Hijacker, as what packs answers does.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil && a.taken != nil {
		a.taken()
	}
	return conn, buffered, err
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
