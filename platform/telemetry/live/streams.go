package live

import (
	"context"
	"log/slog"
	"time"
)

// Stream notes that the request of a context is answered by a stream of a kind, and logs it. What it gives is to be told why the stream has ended.
func (r *Registry) Stream(ctx context.Context, kind string) (ended func(reason string)) {
	request := requestOf(ctx)
	if request == nil {
		return func(string) {}
	}
	request.mu.Lock()
	request.kind = kind
	if request.trace == "" {
		request.trace = traceOf(ctx)
	}
	request.mu.Unlock()
	r.streams.add(&request.link)
	r.log.LogAttrs(ctx, slog.LevelInfo, accessStream, slog.String("transport", kind), slog.String("state", "open"))
	return func(reason string) {
		r.streams.remove(&request.link)
		request.mu.Lock()
		request.reason = reason
		operations, events := request.operations, request.events
		request.mu.Unlock()
		r.log.LogAttrs(ctx, slog.LevelInfo, accessStream, slog.String("transport", kind), slog.String("state", "closed"),
			slog.String("reason", reason), slog.Int("operations", operations), slog.Int("events", events),
			milliseconds("duration_ms", time.Since(request.began)))
	}
}
