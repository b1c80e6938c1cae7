package demo

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// requestLog writes one line at debug level for each request of a service, with the trace that it belongs to.
type requestLog struct{ *slog.Logger }

func (l requestLog) write(ctx context.Context, start time.Time, traceparent string, more ...slog.Attr) {
	more = append(more, slog.Duration("took", time.Since(start)), slog.String("traceparent", traceparent))
	l.LogAttrs(ctx, slog.LevelDebug, "request", more...)
}

func (l requestLog) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start, noted := time.Now(), &notedWriter{ResponseWriter: w}
		defer l.request(r, start, noted) // also if a panic cuts the connection
		next.ServeHTTP(noted, r)
		if noted.status == 0 {
			noted.status = http.StatusOK
		}
	})
}

func (l requestLog) request(r *http.Request, start time.Time, noted *notedWriter) {
	l.write(r.Context(), start, r.Header.Get("Traceparent"),
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", noted.status))
}

// notedWriter remembers the status; 0 as long as there is none.
type notedWriter struct {
	http.ResponseWriter
	status int
}

func (w *notedWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *notedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (l requestLog) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	start := time.Now()
	answer, err := next(ctx, req)
	l.call(ctx, start, info.FullMethod, err)
	return answer, err
}

func (l requestLog) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	start := time.Now()
	err := next(srv, stream)
	l.call(stream.Context(), start, info.FullMethod, err)
	return err
}

func (l requestLog) call(ctx context.Context, start time.Time, method string, err error) {
	if !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	traceparent := ""
	if values := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(values) > 0 {
		traceparent = values[0]
	}
	l.write(ctx, start, traceparent, slog.String("method", method), slog.String("status", status.Code(err).String()))
}
