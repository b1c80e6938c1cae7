package wave

import "context"

// Waiter is one wait of a runner for others of its operation, such as for a batch. Unlike by Block and Unblock, the runner is made to run
// again by those that it waits for, so that there is no moment in which neither runs. It serves once.
type Waiter struct {
	runner *runner // nil without a wave
	woken  chan struct{}

	// Both are guarded by the wave's lock.
	blocked bool // the runner is counted as waiting for this
	over    bool // woken, or given up
}

// NewWaiter makes the waiter of ctx's runner, or of a goroutine without a wave.
func NewWaiter(ctx context.Context) *Waiter {
	return &Waiter{runner: runnerOf(ctx), woken: make(chan struct{})}
}

// Wait waits until Wake is called or done is closed, and says whether Wake was. The runner waits meanwhile; if now none runs, the batches
// that wait leave.
func (x *Waiter) Wait(done <-chan struct{}) bool {
	x.block()
	select {
	case <-x.woken:
		return true
	case <-done:
		return !x.giveUp()
	}
}

func (x *Waiter) block() {
	r := x.runner
	if r == nil {
		return
	}
	r.wave.mu.Lock()
	if x.over {
		r.wave.mu.Unlock()
		return
	}
	x.blocked = true
	leaving := r.stop()
	r.wave.arm()
	r.wave.mu.Unlock()
	leave(leaving)
}

// giveUp ends the waiting, and says whether it had not been woken.
func (x *Waiter) giveUp() bool {
	r := x.runner
	if r == nil {
		select {
		case <-x.woken:
			return false
		default:
			return true
		}
	}
	r.wave.mu.Lock()
	defer r.wave.mu.Unlock()
	if x.over {
		return false
	}
	x.over = true
	r.goOn()
	return true
}

// Wake ends the waiting, whether it has begun or not. The runner runs from now on: who calls Wake runs, and calls Done afterwards. It is
// called once at most.
func (x *Waiter) Wake() {
	if r := x.runner; r != nil {
		r.wave.mu.Lock()
		if !x.over {
			x.over = true
			if x.blocked {
				r.goOn()
			}
		}
		r.wave.mu.Unlock()
	}
	close(x.woken)
}
