package upstream

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mainstem/mainstem/platform/fault"
)

// The attributes of a source call's span and of its metrics.
const (
	AttrSource    = "mainstem.source"
	AttrOperation = "mainstem.operation"
	AttrKeys      = "mainstem.keys"
	AttrCode      = "mainstem.code"
	AttrHow       = "mainstem.how"
	AttrAction    = "mainstem.action"
)

// propagator carries the trace. Baggage is not carried: a client can put anything there, and no source declares it.
var propagator = propagation.TraceContext{}

// observed makes a call one span, measures it, and reports it to whoever asks.
func (b *base) observed(next call) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		ctx, span := b.span(ctx, r.operation)
		defer span.End()
		propagator.Inject(ctx, r.carrier)
		start := time.Now()
		note := noting(ctx)
		if r.record = nil; note != nil {
			r.record = new(record)
		}
		answer, f := next(ctx, r)
		if f != nil {
			f = f.At(b.Name, r.operation)
		}
		if r.kept == nil && (r.how == "" || r.how == howRevalidated) { // else it was not asked for this call, or the cache has noted what it said
			b.note(f)
		}
		b.passBack(ctx, answer)
		if note != nil {
			b.report(ctx, r, note, start, f)
		}
		b.meters.called(ctx, r, time.Since(start), f)
		if span.IsRecording() {
			if r.how != "" {
				span.SetAttributes(attribute.String(AttrHow, string(r.how)))
			}
			if f != nil {
				span.SetAttributes(attribute.String(AttrCode, string(f.Code)))
				span.SetStatus(codes.Error, string(f.Code))
			}
		}
		return answer, f
	}
}

// asClient is what every call's span is.
var asClient = trace.WithSpanKind(trace.SpanKindClient)

// span begins a call's span. In a trace that is not sampled there is none, and the service sees what the caller has.
func (b *base) span(ctx context.Context, operation string) (context.Context, trace.Span) {
	if parent := trace.SpanContextFromContext(ctx); b.Tracer == nil || parent.IsValid() && !parent.IsSampled() {
		return ctx, noop.Span{}
	}
	attributes := make([]attribute.KeyValue, 0, 3)
	attributes = append(attributes, attribute.String(AttrSource, b.Name), attribute.String(AttrOperation, operation))
	if n, ok := ctx.Value(keysKey{}).(int); ok {
		attributes = append(attributes, attribute.Int(AttrKeys, n))
	}
	return b.Tracer.Start(ctx, b.Name+" "+operation, asClient, trace.WithAttributes(attributes...))
}

// acted tells the log, the metrics and the call's span what a policy has done with a call.
func (b *base) acted(ctx context.Context, r *request, action string, args ...any) {
	b.meters.acted(ctx, r, action)
	r.record.decided(action)
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent(action, trace.WithAttributes(attribute.String(AttrAction, action)))
	}
	b.Log.InfoContext(ctx, messages[action], append([]any{"source", b.Name, "operation", r.operation}, args...)...)
}

// messages are what the log says of what policies do.
var messages = map[string]string{
	actRetry: "retry: calling a source again",
	actHedge: "hedge: calling a source a second time, as it is slow",
	actFull:  "concurrency limit: a source has as many calls as it may have, and as many wait: refused",
	actSpent: "retry budget: a source's retries are used up: its fault stands",
	actStale: "cache: a source's kept answer is used though it is not fresh",
}

// What policies do with calls.
const (
	actRetry = "retry"
	actHedge = "hedge"
	actFull  = "refuse"
	actSpent = "budget"
	actStale = "stale"
)

// breakerChanged tells of a breaker's new state.
func (b *base) breakerChanged(operation string, e circuitbreaker.StateChangedEvent) {
	m := e.Metrics()
	args := []any{"source", b.Name, "from", e.OldState.String(), "to", e.NewState.String()}
	if operation != "" {
		args = append(args, "operation", operation)
	}
	if e.NewState == circuitbreaker.OpenState {
		args = append(args, "calls", m.Executions(), "failed", m.Failures(), "wait", b.Policy.Breaker.Delay.String())
	}
	b.Log.Warn("breaker: it has changed", args...)
}

// meters measure a source's calls. A nil one measures nothing.
type meters struct {
	source   string
	duration metric.Float64Histogram
	actions  metric.Int64Counter

	mu      sync.RWMutex
	options map[measured]metric.MeasurementOption // made once each: their number is bounded by the contract's
}

// measured is what calls and actions are told apart by.
type measured struct {
	operation string
	code      fault.Code
	how       how
	action    string
}

// newMeters makes the instruments of a source.
func newMeters(b *base) (*meters, error) {
	if b.Meter == nil {
		return nil, nil
	}
	m := &meters{source: b.Name, options: map[measured]metric.MeasurementOption{}}
	var err error
	m.duration, err = b.Meter.Float64Histogram("mainstem.source.call.duration", metric.WithUnit("s"),
		metric.WithDescription("How long calls of a source took, attempts and waits included."),
		metric.WithExplicitBucketBoundaries(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))
	if err != nil {
		return nil, err
	}
	m.actions, err = b.Meter.Int64Counter("mainstem.source.actions", metric.WithDescription("What policies did with calls of a source: retry, hedge, refuse, budget, stale."))
	if err != nil {
		return nil, err
	}
	return m, m.observe(b)
}

// observe makes the gauges. All sources have the same ones, so that each registers what it observes: what is given along with a gauge is
// taken of the first source only.
func (m *meters) observe(b *base) error {
	source := metric.WithAttributes(attribute.String(AttrSource, b.Name))
	gauges := map[metric.Int64ObservableGauge]func(o metric.Observer, gauge metric.Int64Observable){}
	add := func(name, says string, observe func(o metric.Observer, gauge metric.Int64Observable)) error {
		gauge, err := b.Meter.Int64ObservableGauge(name, metric.WithDescription(says))
		gauges[gauge] = observe
		return err
	}
	count := func(of func() int64) func(o metric.Observer, gauge metric.Int64Observable) {
		return func(o metric.Observer, gauge metric.Int64Observable) { o.ObserveInt64(gauge, of(), source) }
	}
	err := errors.Join(
		add("mainstem.source.calls.running", "How many calls of a source are under way.", count(b.running.Load)),
		add("mainstem.source.calls.waiting", "How many calls of a source wait for their turn.", count(b.queued.Load)),
		add("mainstem.source.calls.limit", "How many calls of a source may be under way; 0 for any number.", count(b.limitNow)),
		add("mainstem.source.breaker.state", "0 closed, 1 open, 2 half open.", func(o metric.Observer, gauge metric.Int64Observable) {
			for operation, state := range b.breakers.states() {
				o.ObserveInt64(gauge, int64(state), source, metric.WithAttributes(attribute.String(AttrOperation, operation)))
			}
		}),
	)
	if err != nil {
		return err
	}
	for gauge, observe := range gauges {
		if _, err := b.Meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
			observe(o, gauge)
			return nil
		}, gauge); err != nil {
			return err
		}
	}
	return nil
}

func (m *meters) called(ctx context.Context, r *request, took time.Duration, f *fault.Error) {
	if m == nil {
		return
	}
	of := measured{operation: r.operation, how: r.how}
	if f != nil {
		of.code = f.Code
	}
	m.duration.Record(ctx, took.Seconds(), m.option(of))
}

func (m *meters) acted(ctx context.Context, r *request, action string) {
	if m != nil {
		m.actions.Add(ctx, 1, m.option(measured{operation: r.operation, action: action}))
	}
}

// option gives the attributes of a measurement.
func (m *meters) option(of measured) metric.MeasurementOption {
	m.mu.RLock()
	o, ok := m.options[of]
	m.mu.RUnlock()
	if ok {
		return o
	}
	attributes := []attribute.KeyValue{attribute.String(AttrSource, m.source), attribute.String(AttrOperation, of.operation)}
	for key, value := range map[string]string{AttrCode: string(of.code), AttrHow: string(of.how), AttrAction: of.action} {
		if value != "" {
			attributes = append(attributes, attribute.String(key, value))
		}
	}
	o = metric.WithAttributeSet(attribute.NewSet(attributes...))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.options[of] = o
	return o
}

// discard is the log of a source that has none.
var discard = slog.New(slog.DiscardHandler)

// counters are how many calls are under way, and wait for their turn.
type counters struct{ running, queued atomic.Int64 }
