package telemetry

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newQueue gives what sends spans in batches, and logs what could not be sent. The SDK drops what finds its queue full and tells nobody, and of errors it tells a
// global handler.
func newQueue(exporter sdktrace.SpanExporter, log *slog.Logger) sdktrace.SpanProcessor {
	given := new(atomic.Int64)
	room := sizeFrom("OTEL_BSP_MAX_QUEUE_SIZE", sdktrace.DefaultMaxQueueSize) + sizeFrom("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", sdktrace.DefaultMaxExportBatchSize)
	return queue{sdktrace.NewBatchSpanProcessor(&loggedExporter{SpanExporter: exporter, log: log, given: given, room: room}), given}
}

// sizeFrom gives a number of spans that a variable says, which has been looked at.
func sizeFrom(variable string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(os.Getenv(variable), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// queue counts what it is given.
type queue struct {
	sdktrace.SpanProcessor
	given *atomic.Int64
}

// OnEnd takes a span, or drops it.
func (q queue) OnEnd(s sdktrace.ReadOnlySpan) {
	q.given.Add(1)
	q.SpanProcessor.OnEnd(s)
}

// loggedExporter is called by one goroutine at a time.
type loggedExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger

	given       *atomic.Int64
	room        int64 // how many spans may wait
	taken, lost int64
}

// ExportSpans sends spans, or logs that it could not.
func (e *loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.taken += int64(len(spans))
	e.missing(ctx, e.room)
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.WarnContext(ctx, "spans were not sent", "spans", len(spans), "error", err)
	}
	return nil
}

// Shutdown is called when none waits any more.
func (e *loggedExporter) Shutdown(ctx context.Context) error {
	e.missing(ctx, 0)
	return e.SpanExporter.Shutdown(ctx)
}

// missing logs how many spans were given and cannot be waiting, as so many may.
func (e *loggedExporter) missing(ctx context.Context, waiting int64) {
	if lost := e.given.Load() - e.taken - waiting; lost > e.lost {
		e.log.WarnContext(ctx, "spans were dropped: more have ended than could be sent", "spans", lost-e.lost)
		e.lost = lost
	}
}
