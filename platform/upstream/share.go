package upstream

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// flights are the reads that are under way and can be joined, by key.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// flight is one read for all who have asked for it.
type flight struct {
	end   context.CancelFunc
	span  trace.SpanContext // of the call that it was begun by
	told  *names.Fixed      // what the spans of those who have joined are told; nil while there is none
	cut   time.Time         // when the caller that it was begun by stops waiting; zero for never
	done  chan struct{}     // closed when there is an outcome; nil while nobody has joined
	reply *reply
	fault *fault.Error

	callers int // that wait for it
}

// toldShared is what the span of a call is told that was answered by another one.
var toldShared = names.NewFixed(names.How.String(string(howShared)))

// shared has equal reads that are in flight be one call. A caller who goes ends the call only if nobody else waits for it.
func (b *base) shared(next call) call {
	if !b.Policy.Share {
		return next
	}
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		if r.kind != read {
			defer b.flights.retire() // what is read from now on may not come from before what was written
			return next(ctx, r)
		}
		if r.key == "" || r.fresh || r.kept != nil || b.cache.ready(r) {
			return next(ctx, r)
		}
		for {
			f, inner := b.flights.join(ctx, r, b.Timeout)
			if inner != nil {
				return b.flights.fly(ctx, inner, r, f, next)
			}
			if !f.wait(ctx, r) {
				b.flights.leave(r.key, f)
				return nil, fault.Wrap(fault.DeadlineExceeded, context.DeadlineExceeded)
			}
			if f.fault == nil || f.fault.Code != fault.DeadlineExceeded { // else it was another's deadline
				r.how = howShared
				if r.recording() {
					f.told.Tell(r.span)
				}
				return f.reply, f.fault
			}
		}
	}
}

// join gives the flight of a key. If there is none to join, it begins one and gives the context that it is to have: the caller's, but that it
// ends only when nobody waits any more. A flight is not joined that was begun with less time than an attempt may take, by one who has more.
func (all *flights) join(ctx context.Context, r *request, timeout time.Duration) (*flight, context.Context) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if f := all.all[r.key]; f != nil && (!f.hurried(timeout) || !r.deadline.IsZero() && !r.deadline.After(f.cut)) {
		if f.done == nil {
			f.done = make(chan struct{})
			if f.told = toldShared; f.span.IsValid() {
				f.told = &names.Fixed{Attributes: toldShared.Attributes, Links: []trace.Link{{SpanContext: f.span}}}
			}
		}
		f.callers++
		return f, nil
	}
	inner, end := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{end: end, cut: r.deadline, callers: 1}
	if r.recording() {
		f.span = r.span.SpanContext()
	}
	if all.all == nil {
		all.all = map[string]*flight{}
	}
	all.all[r.key] = f
	return f, inner
}

// hurried says whether a flight has less time left than an attempt may take.
func (f *flight) hurried(timeout time.Duration) bool {
	return !f.cut.IsZero() && time.Until(f.cut) < timeout
}

// fly makes a flight's call and tells all who have joined.
func (all *flights) fly(ctx, inner context.Context, r *request, f *flight, next call) (*reply, *fault.Error) {
	stop := context.AfterFunc(ctx, func() { all.leave(r.key, f) })
	returned := false
	defer func() {
		if !returned {
			f.fault = unreturned() // of those who have joined
		}
		stop()
		all.land(r.key, f)
		f.end()
	}()
	f.reply, f.fault = next(inner, r)
	returned = true
	return f.reply, f.fault
}

// wait waits for a flight, and says whether it has landed while the caller had time.
func (f *flight) wait(ctx context.Context, r *request) bool {
	wave.Block(ctx)
	defer wave.Unblock(ctx)
	var over <-chan time.Time
	if !r.deadline.IsZero() {
		timer := time.NewTimer(time.Until(r.deadline))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
	case <-over:
	}
	return false
}

// leave counts a caller out who has gone. The last one ends the call, which nobody can join then.
func (all *flights) leave(key string, f *flight) {
	all.mu.Lock()
	defer all.mu.Unlock()
	f.callers--
	if f.callers == 0 {
		all.remove(key, f)
		f.end()
	}
}

// land has nobody join any more, and wakes those who have.
func (all *flights) land(key string, f *flight) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.remove(key, f)
	if f.done != nil {
		close(f.done)
	}
}

// retire has nobody join the flights that are under way.
func (all *flights) retire() {
	all.mu.Lock()
	defer all.mu.Unlock()
	clear(all.all)
}

func (all *flights) remove(key string, f *flight) {
	if all.all[key] == f {
		delete(all.all, key)
	}
}
