package upstream

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// limiter lets a bounded number of calls through at once, and a bounded number wait for their turn.
type limiter interface {
	// acquire waits for a turn until ctx ends or so much time is over. It fails with bulkhead.ErrFull or adaptivelimiter.ErrExceeded if too
	// many wait or its time is over. Whoever got a turn calls release: with whether how long it took says something about the service.
	acquire(ctx context.Context, wait time.Duration) (release func(ended bool), err error)
	limit() int
}

// limited waits for one of the source's permits.
func (b *base) limited(next call) call {
	p := b.Policy.Concurrency
	switch {
	case p.Max == 0:
		return next
	case p.Adaptive:
		b.limiter = newAdaptive(p)
	default:
		b.limiter = newFixed(p)
	}
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		wait := time.Duration(math.MaxInt64)
		if !r.deadline.IsZero() {
			wait = max(time.Until(r.deadline), 0)
		}
		turn := b.turn(r)
		queue := b.queued.Add(1) - 1
		release, err := b.limiter.acquire(ctx, wait)
		b.queued.Add(-1)
		turn.come(r, queue, err)
		if err != nil {
			return nil, b.turnedAway(ctx, r, err)
		}
		b.running.Add(1)
		ended := false
		defer func() {
			b.running.Add(-1)
			release(ended)
		}()
		if f := b.breakers.refusal(r.operation); f != nil { // it has opened while the call waited
			asked(r, circuitbreaker.OpenState)
			return nil, f
		}
		answer, f := next(ctx, r)
		healthy, _ := health(f)
		ended = healthy || f.Code == fault.SourceTimeout // else it was cut off, or failed as quickly as no answer comes
		return answer, f
	}
}

// turnOf is a call's wait for its turn.
type turnOf struct {
	begun       time.Time // zero if nobody wants to be told
	limit       int
	unavoidable bool // whether all permits were taken
}

func (b *base) turn(r *request) (t turnOf) {
	if r.record != nil || r.recording() {
		t = turnOf{time.Now(), b.limiter.limit(), b.running.Load() >= b.limitNow()}
	}
	return t
}

// come tells of a call whose turn has come, or that has got none, if it had to wait.
func (t turnOf) come(r *request, queue int64, err error) {
	if t.begun.IsZero() || !t.unavoidable && err == nil {
		return
	}
	waited := time.Since(t.begun)
	if r.recording() {
		r.span.AddEvent("wait", trace.WithAttributes(names.Waited.Float64(waited.Seconds()), names.Queue.Int64(queue)))
	}
	r.record.waited(Turn{Limit: t.limit, Queue: queue, Waited: waited, Refused: err != nil})
}

// turnedAway gives the fault of a call that got no turn.
func (b *base) turnedAway(ctx context.Context, r *request, err error) *fault.Error {
	if ctx.Err() != nil || r.over() {
		return fault.Wrap(fault.DeadlineExceeded, errors.Join(err, errors.New("while it waited for its turn")))
	}
	b.acted(ctx, r, actFull, "limit", b.limiter.limit())
	f := fault.Wrap(fault.Overloaded, err)
	f.RetryAfter = time.Second
	return f
}

// fixed is a limiter with a constant limit.
type fixed struct {
	admitted bulkhead.Bulkhead[any] // who waits or runs
	permits  bulkhead.Bulkhead[any] // who runs
	max      int
	release  func(ended bool)
}

func newFixed(p LimitPolicy) *fixed {
	l := &fixed{admitted: bulkhead.New[any](uint(p.Max + p.Queue)), permits: bulkhead.New[any](uint(p.Max)), max: p.Max}
	l.release = func(bool) {
		l.permits.ReleasePermit()
		l.admitted.ReleasePermit()
	}
	return l
}

func (l *fixed) acquire(ctx context.Context, wait time.Duration) (func(ended bool), error) {
	if !l.admitted.TryAcquirePermit() {
		return nil, bulkhead.ErrFull
	}
	if err := l.permits.AcquirePermitWithMaxWait(ctx, wait); err != nil {
		l.admitted.ReleasePermit()
		return nil, err
	}
	return l.release, nil
}

func (l *fixed) limit() int { return l.max }

// adaptive is a limiter whose limit follows how fast the service answers.
type adaptive struct {
	permits adaptivelimiter.AdaptiveLimiter[any]
	waiting atomic.Int64
	queue   int64
}

// The limit of an adaptive limiter begins at startLimit and is never less than leastLimit.
const (
	startLimit = 20
	leastLimit = 2
)

func newAdaptive(p LimitPolicy) *adaptive {
	limit := uint(p.Max)
	return &adaptive{
		permits: adaptivelimiter.NewBuilder[any]().WithLimits(min(leastLimit, limit), limit, min(startLimit, limit)).Build(),
		queue:   int64(p.Queue),
	}
}

func (l *adaptive) acquire(ctx context.Context, wait time.Duration) (func(ended bool), error) {
	permit, ok := l.permits.TryAcquirePermit()
	if !ok {
		defer l.waiting.Add(-1)
		if l.waiting.Add(1) > l.queue {
			return nil, adaptivelimiter.ErrExceeded
		}
		var err error
		if permit, err = l.permits.AcquirePermitWithMaxWait(ctx, wait); err != nil {
			return nil, err
		}
	}
	return func(ended bool) {
		if ended {
			permit.Record()
		} else {
			permit.Drop()
		}
	}, nil
}

func (l *adaptive) limit() int { return l.permits.Limit() }
