// Package wave knows what of one operation runs and what waits, and so when a batch is complete: it leaves when nothing that runs can
// add to it.
//
// A runner is whatever can add to a batch: a step of the executor, a goroutine that a resolver starts by Go, a batch whose answer is being
// read. A runner that waits for a service, or for a batch, does not run. An answer gives its waiters their running back before its own
// ends, so that what one answer wakes is counted as running all at once.
package wave

import (
	"runtime"
	"sync"
	"time"
)

// DefaultGuard is how long batches wait, if nobody says otherwise, for a runner that is blocked where platform cannot see it.
const DefaultGuard = 250 * time.Millisecond

// Batch is calls that wait until nothing that runs can add to them.
type Batch interface {
	// Leave makes the calls, without waiting for their answers. It is called once, outside of locks, when the batch has become a runner
	// (as if by Add(1)): it calls Done when its last answer has been handed out.
	Leave()
}

// Wave counts the runners of one operation. It is safe for concurrent use.
type Wave struct {
	guard time.Duration

	mu      sync.Mutex
	running int         // runners that run. Below zero for as long as a goroutine that has outlived its runner waits
	waiting []Batch     // in the order in which they were begun
	timer   *time.Timer // the guard's; nil until it is needed
	armed   bool        // whether the timer is to have an effect
	since   time.Time   // when it was armed
	ticked  time.Time   // when the tick began that comes next
	counted int         // ticks that came in time
}

// New makes the wave of an operation of which nothing runs yet. A batch waits at most guard for a runner that is blocked where platform
// cannot see it; zero is DefaultGuard.
func New(guard time.Duration) *Wave {
	if guard <= 0 {
		guard = DefaultGuard
	}
	return &Wave{guard: guard}
}

// Add says that n more runners run. It is called by one that runs, or before any does, and before they are started.
func (w *Wave) Add(n int) {
	w.mu.Lock()
	w.running += n
	w.mu.Unlock()
}

// Done says that a runner has ended. If none runs now, the batches that wait leave.
func (w *Wave) Done() {
	w.mu.Lock()
	w.running--
	leaving := w.ready()
	w.mu.Unlock()
	leave(leaving)
}

// Begin has a batch wait until nothing runs. Whoever begins it runs, or waits for it by a Waiter afterwards.
func (w *Wave) Begin(b Batch) {
	w.mu.Lock()
	w.waiting = append(w.waiting, b)
	w.mu.Unlock()
}

// ready takes the batches that can leave now, if nothing runs. w.mu is held; the caller has them leave when it no longer is.
func (w *Wave) ready() []Batch {
	if w.running > 0 || len(w.waiting) == 0 {
		return nil
	}
	return w.take()
}

// take takes the batches that wait, whatever runs, and makes runners of them. w.mu is held.
func (w *Wave) take() []Batch {
	leaving := w.waiting
	w.waiting = nil
	w.running += len(leaving)
	if w.armed {
		w.armed = false
		w.timer.Stop()
	}
	return leaving
}

func leave(batches []Batch) {
	for _, b := range batches {
		b.Leave()
	}
}

// The guard's time is so many ticks. One that comes late says that the process is not given the processor, or has more to run than it can:
// then nobody can tell a runner that is blocked from one whose turn has not come, and the tick does not count. After patience times the
// guard's time batches leave all the same.
const (
	ticks    = 10
	patience = 10
)

// arm starts the guard, unless it has been started for the batches that wait. w.mu is held.
func (w *Wave) arm() {
	if w.armed || len(w.waiting) == 0 {
		return
	}
	w.armed, w.since, w.counted = true, time.Now(), 0
	w.tick()
}

// tick has the next tick come. w.mu is held.
func (w *Wave) tick() {
	w.ticked = time.Now()
	if w.timer == nil {
		w.timer = time.AfterFunc(w.guard/ticks, w.expire)
	} else {
		w.timer.Reset(w.guard / ticks)
	}
}

// expire has the batches leave that have waited for the guard's time, though something runs.
func (w *Wave) expire() {
	runtime.Gosched() // to come late where others wait for their turn
	w.mu.Lock()
	leaving := w.expired()
	w.mu.Unlock()
	leave(leaving)
}

// expired gives the batches that leave after a tick. w.mu is held.
func (w *Wave) expired() []Batch {
	late := time.Since(w.ticked)
	if !w.armed || late < w.guard/ticks { // the tick is of batches that have left otherwise
		return nil
	}
	if late < 2*w.guard/ticks {
		w.counted++
	}
	if w.counted < ticks && time.Since(w.since) < patience*w.guard {
		w.tick()
		return nil
	}
	return w.take()
}
