package wave_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// closed is what ends a wait at once.
func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// TestWaiter: however a wait ends, its runner runs again exactly once.
func TestWaiter(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		wait func(*wave.Waiter) bool
		want bool
	}{
		"woken before":               {func(x *wave.Waiter) bool { x.Wake(); return x.Wait(nil) }, true},
		"woken meanwhile":            {func(x *wave.Waiter) bool { go x.Wake(); return x.Wait(nil) }, true},
		"given up":                   {func(x *wave.Waiter) bool { return x.Wait(closed()) }, false},
		"given up, woken later":      {func(x *wave.Waiter) bool { defer x.Wake(); return x.Wait(closed()) }, false},
		"woken before, and given up": {func(x *wave.Waiter) bool { x.Wake(); return x.Wait(closed()) }, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var left departures
			w := wave.New(0)
			w.Add(2)
			if got := test.wait(wave.NewWaiter(w.Context(t.Context(), nil))); got != test.want {
				t.Errorf("woken is %t, want %t", got, test.want)
			}
			left.begin(w, "batch")
			w.Done()
			left.want(t, "while it runs")
			w.Done()
			left.want(t, "when all have ended", "batch")
		})
	}
}

// TestAnAnswerThatNobodyWaitsFor: who has given up may wait for something else by now.
func TestAnAnswerThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	var left departures
	w := wave.New(0)
	w.Add(1)
	ctx := w.Context(t.Context(), nil)
	x := wave.NewWaiter(ctx)
	x.Wait(closed())
	wave.Block(ctx)
	x.Wake()
	left.begin(w, "batch")
	w.Add(1)
	w.Done()
	left.want(t, "while the runner waits for something else", "batch")
}

// TestWhoeverIsFirst: of an answer and a deadline that come at once, one ends the wait; the runner runs again exactly once.
func TestWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	runs := 10_000
	if testing.Short() {
		runs = 500
	}
	for range runs {
		var left departures
		w := wave.New(0)
		w.Add(2) // who waits, and who answers
		ctx, cancel := context.WithCancel(t.Context())
		x := wave.NewWaiter(w.Context(ctx, nil))
		go func() {
			runtime.Gosched()
			x.Wake()
			w.Done()
		}()
		go cancel()
		x.Wait(ctx.Done())
		<-ctx.Done()
		left.begin(w, "batch")
		left.want(t, "while it runs")
		w.Done()
		w.Add(1) // who answers may have ended before, and then this is who finds that nothing runs
		w.Done()
		cancel()
	}
}

// TestAWaitersBatchLeaves: who waits for a batch has it leave, if nothing else runs.
func TestAWaitersBatchLeaves(t *testing.T) {
	t.Parallel()
	w := wave.New(0)
	w.Add(1)
	said := false
	x := wave.NewWaiter(w.Context(t.Context(), func() { said = true }))
	w.Begin(waking{w, x})
	if !x.Wait(nil) || !said {
		t.Error("it was not woken, or has not said that it waits")
	}
}

// waking is a batch whose answer is all that somebody waits for.
type waking struct {
	wave *wave.Wave
	whom *wave.Waiter
}

func (b waking) Leave() {
	b.whom.Wake()
	b.wave.Done()
}
