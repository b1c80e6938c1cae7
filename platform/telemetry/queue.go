package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// queue sends spans in batches, by the SDK, and counts and logs those that are lost: of what finds its queue full the SDK tells nobody, and of errors a global
// handler.
type queue struct {
	sdktrace.SpanProcessor
	capacity int64 // as many as the SDK's own, which so is never full
	exporter string

	waiting, dropped, taken atomic.Int64
	sent, rejected, failed  atomic.Int64 // of those taken
}

// newQueue gives what sends spans by an exporter, of the type that OpenTelemetry calls so.
func newQueue(exporter sdktrace.SpanExporter, name string, log *slog.Logger) *queue {
	q := &queue{capacity: sdktrace.DefaultMaxQueueSize, exporter: name}
	if n, err := strconv.ParseInt(os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE"), 10, 64); err == nil { // it has been looked at
		q.capacity = n
	}
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(&countedExporter{SpanExporter: exporter, log: log, queue: q})
	return q
}

// OnEnd takes a span, or drops it.
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > q.capacity {
		q.waiting.Add(-1)
		q.dropped.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// observe has the meter tell what becomes of spans.
func (q *queue) observe(meter metric.Meter) {
	processor := component("batching_span_processor")
	names.SpansWaiting.Observe(meter, func(_ context.Context, tell names.Tell) { tell(float64(q.waiting.Load()), processor...) })
	names.SpansCapacity.Observe(meter, func(_ context.Context, tell names.Tell) { tell(float64(q.capacity), processor...) })
	names.SpansProcessed.Observe(meter, func(_ context.Context, tell names.Tell) {
		tell(float64(q.taken.Load()), processor...)
		tell(float64(q.dropped.Load()), append(processor, names.ErrorType.String("queue_full"))...)
	})
	exporter := component(q.exporter)
	names.SpansExported.Observe(meter, func(_ context.Context, tell names.Tell) {
		tell(float64(q.sent.Load()), exporter...)
		tell(float64(q.rejected.Load()), append(exporter, names.ErrorType.String("rejected"))...)
		tell(float64(q.failed.Load()), append(exporter, names.ErrorType.String("_OTHER"))...)
	})
}

// component gives how OpenTelemetry tells parts of its SDKs apart: there is one of each here.
func component(name string) []attribute.KeyValue {
	return []attribute.KeyValue{names.ComponentType.String(name), names.ComponentName.String(name + "/0")}
}

// countedExporter is called by one goroutine at a time.
type countedExporter struct {
	sdktrace.SpanExporter
	log    *slog.Logger
	queue  *queue
	logged int64 // of those dropped
}

// ExportSpans sends spans, or logs that it could not.
func (e *countedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	all := int64(len(spans))
	e.queue.waiting.Add(-all)
	e.queue.taken.Add(all)
	e.tellDropped(ctx)
	err := e.SpanExporter.ExportSpans(ctx, spans)
	rejected, partly := rejectedBy(err)
	switch rejected = min(rejected, all); {
	case err == nil:
		e.queue.sent.Add(all)
	case !partly:
		e.queue.failed.Add(all)
		e.log.WarnContext(ctx, "spans were not sent", "spans", all, "error", err)
	case rejected > 0:
		e.queue.rejected.Add(rejected)
		e.queue.sent.Add(all - rejected)
		e.log.WarnContext(ctx, "the collector has rejected spans", "spans", rejected, "of", all, "error", err)
	default:
		e.queue.sent.Add(all)
		e.log.WarnContext(ctx, "the collector has taken all spans, and says something of them", "spans", all, "error", err)
	}
	return nil
}

// Shutdown is called when none waits any more.
func (e *countedExporter) Shutdown(ctx context.Context) error {
	e.tellDropped(ctx)
	return e.SpanExporter.Shutdown(ctx)
}

// tellDropped logs how many spans were dropped since it was last said.
func (e *countedExporter) tellDropped(ctx context.Context) {
	if dropped := e.queue.dropped.Load(); dropped > e.logged {
		e.log.WarnContext(ctx, "spans were dropped: more have ended than could be sent", "spans", dropped-e.logged)
		e.logged = dropped
	}
}

// rejectedBy gives how many of what it was sent a collector has rejected, if it took the others. The SDK's clients have types of their own for that, which nobody
// else can name.
func rejectedBy(err error) (items int64, partly bool) {
	var answer interface {
		error
		As(any) bool
		Is(error) bool
	}
	if !errors.As(err, &answer) || reflect.TypeOf(answer).Kind() != reflect.Struct {
		return 0, false
	}
	if field := reflect.ValueOf(answer).FieldByName("RejectedItems"); field.IsValid() && field.CanInt() {
		return max(field.Int(), 0), true
	}
	return 0, false
}
