package upstream

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// observed makes a call one span, measures it, and reports it to whoever asks.
func (b *base) observed(next call) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		ctx, span := b.span(ctx, r)
		r.span = span
		defer span.End()
		start := names.Began(span)
		note := r.terms.calls
		ended := b.begun(ctx, r.operation)
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
		b.passBack(r.terms.returned, answer)
		if span.IsRecording() {
			if kept := hows[r.how]; kept != nil {
				kept.Tell(span)
			}
			if f != nil {
				span.SetAttributes(names.ErrorCode.String(string(f.Code)))
				span.SetStatus(codes.Error, string(f.Code))
			}
		}
		took := names.End(span, start)
		if note != nil {
			b.report(ctx, r, note, start, took, f)
		}
		b.meters.called(ctx, r, took, f)
		ended(int(r.attempts.Load()), string(r.how), faultCode(f))
		return answer, f
	}
}

// hows are what spans are told of how calls were answered by what is kept.
var hows = map[how]*names.Fixed{
	howFresh:       names.NewFixed(names.How.String(string(howFresh))),
	howRevalidated: names.NewFixed(names.How.String(string(howRevalidated))),
	howStale:       names.NewFixed(names.How.String(string(howStale))),
}

// begun tells who wants to know that a call begins, and gives what is to be told of its end.
func (b *base) begun(ctx context.Context, operation string) func(attempts int, how string, code fault.Code) {
	if b.Began == nil {
		return func(int, string, fault.Code) {}
	}
	return b.Began(ctx, b.Name, operation)
}

func faultCode(f *fault.Error) fault.Code {
	if f == nil {
		return ""
	}
	return f.Code
}

// span begins a call's span. Where nothing is recorded there is none, and the service sees what the caller has.
func (b *base) span(ctx context.Context, r *request) (context.Context, trace.Span) {
	if b.Tracer == nil {
		return ctx, unrecorded
	}
	is := b.spans.of(b, r)
	inner, span := b.Tracer.Start(ctx, is.name, is.call...)
	if !span.IsRecording() {
		return ctx, unrecorded
	}
	if keys, batch := ctx.Value(keysKey{}).(int); batch {
		names.Keys.Count(span, keys)
	}
	return inner, span
}

// acted tells the log, the metrics and the call's span what a policy has done with a call.
func (b *base) acted(ctx context.Context, r *request, action string, args ...any) {
	b.meters.acted(ctx, r, action)
	decided(r, action)
	b.Log.InfoContext(ctx, messages[action], append([]any{"source", b.Name, "operation", r.operation}, args...)...)
}

// decided tells whoever wants to be told of the call, and its span, what a policy has done with it.
func decided(r *request, action string) {
	r.record.decided(action)
	if r.recording() {
		r.span.AddEvent(action, trace.WithAttributes(names.Action.String(action)))
	}
}

// asked tells the same of the state in which a breaker is that the call has come to.
func asked(r *request, state circuitbreaker.State) {
	r.record.asked(state.String())
	if state != circuitbreaker.ClosedState && r.recording() {
		r.span.AddEvent("breaker", trace.WithAttributes(names.Breaker.String(state.String())))
	}
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

// discard is the log of a source that has none.
var discard = slog.New(slog.DiscardHandler)

// counters are how many calls are under way, and wait for their turn.
type counters struct{ running, queued atomic.Int64 }
