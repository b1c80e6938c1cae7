package upstream

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// meters measure a source's calls. A nil one measures nothing.
type meters struct {
	duration metric.Float64Histogram
	actions  metric.Int64Counter
	sets     *names.Sets[measured] // their number is bounded by the contract's operations
	timeout  time.Duration
	observed []metric.Registration
}

// measured is what calls and actions are told apart by.
type measured struct {
	operation string
	code      fault.Code
	how       how
	action    string
}

// newMeters makes the instruments of a source.
func newMeters(b *base) *meters {
	if b.Meter == nil {
		return nil
	}
	source := names.Source.String(b.Name)
	m := &meters{
		duration: names.SourceCallDuration.Histogram(b.Meter), actions: names.SourceActions.Counter(b.Meter), timeout: b.Timeout,
		sets: names.NewSets(func(of measured) []attribute.KeyValue {
			return []attribute.KeyValue{
				source, names.SourceOperation.String(of.operation), names.ErrorCode.String(string(of.code)),
				names.How.String(string(of.how)), names.Action.String(of.action),
			}
		}),
	}
	count := func(of func() int64) func(context.Context, names.Tell) {
		return func(_ context.Context, tell names.Tell) { tell(float64(of()), source) }
	}
	m.observed = []metric.Registration{
		names.SourceRunning.Observe(b.Meter, count(b.running.Load)),
		names.SourceWaiting.Observe(b.Meter, count(b.queued.Load)),
		names.SourceLimit.Observe(b.Meter, count(b.limitNow)),
		names.SourceBreaker.Observe(b.Meter, func(_ context.Context, tell names.Tell) {
			for operation, state := range b.breakers.states() {
				tell(float64(state), source, names.SourceOperation.String(operation))
			}
		}),
	}
	return m
}

func (m *meters) called(ctx context.Context, r *request, took time.Duration, f *fault.Error) {
	if m == nil {
		return
	}
	of := measured{operation: r.operation, how: r.how}
	if f != nil {
		of.code = f.Code
		// A caller who has gone soon says nothing of the service; one who has waited for half of its timeout does: see errSlow.
		if f.Code == fault.DeadlineExceeded && errors.Is(ctx.Err(), context.Canceled) && took < m.timeout/2 {
			of.how = howAbandoned
		}
	}
	m.duration.Record(ctx, took.Seconds(), m.sets.Of(of).Record...)
}

func (m *meters) acted(ctx context.Context, r *request, action string) {
	if m != nil {
		m.actions.Add(ctx, 1, m.sets.Of(measured{operation: r.operation, action: action}).Add...)
	}
}

// stop has nothing observed any more.
func (m *meters) stop() {
	if m == nil {
		return
	}
	for _, r := range m.observed {
		_ = r.Unregister() // which cannot fail
	}
}
