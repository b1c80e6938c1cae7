package upstream

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
)

// background is the calls that are made for nobody in particular, or go on when their caller has gone. Each is bounded by its attempts.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex // held while a call is added, so that none is once all are waited for
	closed bool
	calls  sync.WaitGroup
}

func newBackground() *background {
	ctx, cancel := context.WithCancel(context.Background())
	return &background{ctx: ctx, cancel: cancel}
}

// run makes a call in the background, within the trace of ctx and nothing else of it. It does nothing once the background is closed, and says so.
func (b *background) run(ctx context.Context, r *request, do func(ctx context.Context, r *request)) bool { //nolint:contextcheck // it outlives the caller's
	inner := trace.ContextWithSpan(b.ctx, trace.SpanFromContext(ctx))
	own := r.copy()
	own.terms, own.deadline = &noTerms, time.Time{}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.calls.Go(func() { do(inner, own) })
	return true
}

// apart makes a call in the background and waits for it as long as the caller has time.
func (b *background) apart(ctx context.Context, r *request, do call) (*reply, *fault.Error) {
	done := make(chan outcome, 1)
	if !b.run(ctx, r, func(ctx context.Context, r *request) {
		o := outcome{fault: unreturned()}
		defer func() {
			if p := recover(); p != nil {
				o.fault = panicked(p)
			}
			done <- o
		}()
		o.reply, o.fault = do(ctx, r)
	}) {
		return nil, fault.New(fault.SourceUnavailable, "")
	}
	var over <-chan time.Time
	if !r.deadline.IsZero() {
		timer := time.NewTimer(time.Until(r.deadline))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case o := <-done:
		return o.reply, o.fault
	case <-ctx.Done():
	case <-over:
	}
	return nil, fault.Wrap(fault.DeadlineExceeded, context.DeadlineExceeded)
}

// close cancels what is under way and waits for its end.
func (b *background) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.calls.Wait()
}
