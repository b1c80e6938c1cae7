package wave_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// waits has a runner begin a batch and wait for it, and says how long it took.
func waits(t *testing.T, w *wave.Wave) time.Duration {
	t.Helper()
	begun := time.Now()
	x := wave.NewWaiter(w.Context(t.Context(), nil))
	w.Begin(waking{w, x})
	x.Wait(nil)
	return time.Since(begun)
}

// TestTheGuard: a runner that is blocked where nobody can see it delays a batch by the guard's time, and no longer.
func TestTheGuard(t *testing.T) {
	t.Parallel()
	for reason, guard := range map[string]time.Duration{"as asked for": 20 * time.Millisecond, "by default": 0} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				want := guard
				if want == 0 {
					want = wave.DefaultGuard
				}
				w := wave.New(guard)
				w.Add(2) // one is blocked all the time
				for range 3 {
					if took := waits(t, w); took != want {
						t.Errorf("it took %s, want %s", took, want)
					}
				}
				w.Done()
				if took := waits(t, w); took != 0 {
					t.Errorf("when nobody is blocked any more, it took %s", took)
				}
				w.Done()
			})
		})
	}
}

// TestTheGuardFreesTheBlocked: who is blocked may wait for who waits for the batch.
func TestTheGuardFreesTheBlocked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := wave.New(0)
		w.Add(2)
		var result sync.Mutex // as of a single flight
		result.Lock()
		freed := make(chan struct{})
		go func() {
			defer close(freed)
			defer w.Done()
			waits(t, w)
			result.Unlock()
		}()
		begun := time.Now()
		<-freed // nobody can see this
		result.Lock()
		if took := time.Since(begun); took != wave.DefaultGuard {
			t.Errorf("it took %s, want the guard's %s", took, wave.DefaultGuard)
		}
		w.Done()
	})
}

// TestTheGuardBeginsAnew: what leaves by itself takes the guard's time with it.
func TestTheGuardBeginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const guard = 50 * time.Millisecond
		w := wave.New(guard)
		w.Add(2)
		first := make(chan struct{})
		go func() {
			defer close(first)
			if took := waits(t, w); took != 30*time.Millisecond {
				t.Errorf("the first took %s, want the 30ms that another was running", took)
			}
			w.Add(1) // somebody blocks from now on
			if took := waits(t, w); took != guard {
				t.Errorf("the second took %s, want the guard's %s", took, guard)
			}
		}()
		<-time.After(30 * time.Millisecond)
		w.Done()
		<-first
		w.Done()
		w.Done()
	})
}

// TestTheGuardIsForThoseWhoWait: as long as nobody waits for a batch, it waits.
func TestTheGuardIsForThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var left departures
		w := wave.New(0)
		w.Add(2)
		ctx := w.Context(context.Background(), nil)
		left.begin(w, "batch")
		wave.Block(ctx) // for a service
		<-time.After(time.Hour)
		left.want(t, "after an hour")
		w.Done()
		left.want(t, "when nothing runs", "batch")
	})
}
