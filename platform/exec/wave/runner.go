package wave

import (
	"context"
	"sync/atomic"
)

// runner is what a context knows of the runner that it is given to. Its fields are guarded by the wave's lock.
type runner struct {
	wave    *Wave
	blocked func()
	depth   int // how many of its goroutines wait, and how deep; it runs while this is zero
}

type runnerKey struct{}

// Context gives the context of one runner, which has been added. blocked, if it is not nil, is called each time that the runner is about to
// go from running to waiting: outside of locks, by the goroutine that will wait, and while the runner still counts as running, so that what
// it starts can add to the batches that wait. The runner may have several goroutines: it waits while at least one of them does.
func (w *Wave) Context(ctx context.Context, blocked func()) context.Context {
	return context.WithValue(ctx, runnerKey{}, &runner{wave: w, blocked: blocked})
}

func runnerOf(ctx context.Context) *runner {
	r, _ := ctx.Value(runnerKey{}).(*runner)
	return r
}

// From gives the wave that ctx's runner is of, nil if there is none.
func From(ctx context.Context) *Wave {
	if r := runnerOf(ctx); r != nil {
		return r.wave
	}
	return nil
}

// Block says that ctx's runner waits for something outside of the operation, such as a service or a lock, until Unblock. Without a wave it
// does nothing.
func Block(ctx context.Context) {
	r := runnerOf(ctx)
	if r == nil {
		return
	}
	r.wave.mu.Lock()
	leaving := r.stop()
	r.wave.mu.Unlock()
	leave(leaving)
}

// Unblock says that what Block said is over. Without a Block before, or without a wave, it does nothing.
func Unblock(ctx context.Context) {
	if r := runnerOf(ctx); r != nil {
		r.wave.mu.Lock()
		r.goOn()
		r.wave.mu.Unlock()
	}
}

// stop counts one more wait of the runner, and gives the batches that leave for it. The wave's lock is held, but not while blocked is
// called: what that starts can add to batches, and so comes before this runner stops.
func (r *runner) stop() []Batch {
	w := r.wave
	r.depth++
	if r.depth == 1 {
		if r.blocked != nil {
			w.mu.Unlock()
			r.blocked()
			w.mu.Lock()
		}
		w.running--
	}
	return w.ready()
}

// goOn counts one wait less. The wave's lock is held.
func (r *runner) goOn() {
	if r.depth == 0 {
		return
	}
	r.depth--
	if r.depth == 0 {
		r.wave.running++
	}
}

// Go runs fn in a goroutine that is a runner of its own; without a wave in ctx, in a plain one. A panic of fn is nobody's to recover but
// fn's.
func Go(ctx context.Context, fn func(ctx context.Context)) {
	w := From(ctx)
	if w == nil {
		go fn(ctx)
		return
	}
	w.Add(1)
	go func() {
		Deepen()
		defer w.Done()
		fn(w.Context(ctx, nil))
	}()
}

// Parallel runs fn n times at once, each in a goroutine that is a runner of its own, and waits until all are done. Meanwhile ctx's runner
// waits; it runs again before the last of them has ended. If n is one, fn runs where it is called.
func Parallel(ctx context.Context, n int, fn func(ctx context.Context)) {
	if n <= 1 {
		if n == 1 {
			fn(ctx)
		}
		return
	}
	all := NewWaiter(ctx)
	var left atomic.Int64
	left.Store(int64(n))
	for range n {
		Go(ctx, func(ctx context.Context) {
			defer func() {
				if left.Add(-1) == 0 {
					all.Wake()
				}
			}()
			fn(ctx)
		})
	}
	all.Wait(nil)
}
