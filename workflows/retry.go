package workflows

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// Retry is how often a step is tried, and when. Only what a retryable fault met is tried again.
type Retry struct {
	Attempts int           // at most; more than 0
	First    time.Duration // how long after the first attempt the second one is; then twice as long, and so on
	Max      time.Duration // the longest time between two
	Timeout  time.Duration // of one attempt
}

// wait gives how long to wait after an attempt, counted from 1. A service that says when to ask again is obeyed, up to Max.
func (r Retry) wait(attempt int, f *fault.Error) time.Duration {
	wait := r.Max
	if shift := attempt - 1; shift < 20 {
		wait = min(r.First<<shift, r.Max)
	}
	return max(wait, min(f.RetryAfter, r.Max))
}

// try calls f until it succeeds, fails with what is not retryable, or has been tried often enough. It gives the last fault, nil after a success,
// and how often it tried. It fails when ctx ends, which says nothing of whether f was done.
func (r Retry) try(ctx context.Context, f func(ctx context.Context) error) (failed *fault.Error, attempts int, err error) {
	for attempts = 1; ; attempts++ {
		failed = r.once(ctx, f)
		if ctx.Err() != nil {
			return nil, attempts, context.Cause(ctx)
		}
		if failed == nil || !failed.Retryable() || attempts >= r.Attempts {
			return failed, attempts, nil
		}
		again := time.NewTimer(r.wait(attempts, failed))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return nil, attempts, context.Cause(ctx)
		}
	}
}

// once calls f once, within the time of an attempt. A panic of f is a fault of ours.
func (r Retry) once(ctx context.Context, f func(ctx context.Context) error) (failed *fault.Error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			failed = fault.From(fault.Recover(ctx, p))
		}
	}()
	return fault.From(f(ctx))
}
