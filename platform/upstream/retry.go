package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/mainstem/mainstem/platform/fault"
)

// outcome is what came of one attempt.
type outcome struct {
	reply *reply
	fault *fault.Error
	again bool          // whether there is to be another attempt
	wait  time.Duration // before it
	final bool          // of one of two calls at once: whether the other is not waited for
}

// retried makes a call again that has failed and may be made again, a bounded number of times and within the source's budget.
func (b *base) retried(next call) call {
	if b.Policy.Retry.Max == 0 {
		return next
	}
	p := b.Policy.Retry
	budget := newRetryBudget(p.Budget, p.Floor)
	again := failsafe.With[outcome](retrypolicy.NewBuilder[outcome]().
		HandleIf(func(o outcome, _ error) bool { return o.again }).
		WithMaxRetries(p.Max).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[outcome]) time.Duration { return e.LastResult().wait }).
		ReturnLastFailure().
		Build())
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		budget.deposit()
		answer, f := next(ctx, r)
		first := b.weigh(ctx, r, answer, f, 0, budget)
		if !first.again { // nearly always: what follows costs more than all the rest
			return answer, f
		}
		last, err := again.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[outcome]) (outcome, error) {
			if e.IsFirstAttempt() {
				return first, nil
			}
			b.acted(ctx, r, actRetry, "attempt", e.Attempts())
			answer, f := next(ctx, r)
			return b.weigh(ctx, r, answer, f, e.Retries(), budget), nil
		})
		if err != nil { // the caller has gone while it waited
			return nil, b.faultOf(ctx, r, err)
		}
		return last.reply, last.fault
	}
}

// toldLate is told of a call that is not made again, since that would be too late.
const toldLate = "late"

// leastTime is what an attempt must have left before the deadline to be worth its while.
const leastTime = 10 * time.Millisecond

// weigh decides whether a call is made again that has been made again so many times.
func (b *base) weigh(ctx context.Context, r *request, answer *reply, f *fault.Error, retries int, budget *retryBudget) outcome {
	o := outcome{reply: answer, fault: f}
	if f == nil || r.kind == command || retries >= b.Policy.Retry.Max || !transient(f) {
		return o
	}
	o.wait = b.Policy.Retry.wait(retries, f.RetryAfter)
	needed := leastTime
	if f.Code == fault.SourceTimeout {
		needed = b.Timeout // it may well take as long again
	}
	if f.RetryAfter > b.Policy.Retry.Longest.Std() || !r.deadline.IsZero() && time.Until(r.deadline) < o.wait+needed {
		decided(r, toldLate)
		return o
	}
	if o.again = budget.withdraw(time.Now()); !o.again {
		b.acted(ctx, r, actSpent)
	}
	return o
}

// transient says whether a call that failed so may succeed in a moment.
func transient(f *fault.Error) bool {
	switch f.Code {
	case fault.SourceUnavailable, fault.SourceTimeout, fault.SourceFailed:
		return !errors.Is(f, errOpen)
	case fault.RateLimited:
		return f.RetryAfter > 0
	default:
		return false
	}
}

// wait gives how long to wait before the next attempt: exponential, with full jitter, so that those who failed together do not come back
// together; but not before the service wants to be asked again.
func (p RetryPolicy) wait(retries int, retryAfter time.Duration) time.Duration {
	longest := min(p.Base.Std()<<retries, p.Longest.Std())
	return retryAfter + rand.N(longest+1) //nolint:gosec // nobody gains by guessing it
}

// retryBudget bounds the retries of a source by its calls, so that a sick service is not asked much more often than a healthy one.
// failsafe-go's budget bounds how many run at once, which bounds nothing where calls come one after the other.
type retryBudget struct {
	perCall, perSecond float64

	mu     sync.Mutex
	tokens float64 // retries that may be made
	filled time.Time
}

// maxTokens is how many retries may be saved up.
const maxTokens = 10

func newRetryBudget(perCall, perSecond float64) *retryBudget {
	return &retryBudget{perCall: perCall, perSecond: perSecond, tokens: maxTokens, filled: time.Now()}
}

// deposit counts a call.
func (b *retryBudget) deposit() {
	b.mu.Lock()
	b.tokens = min(b.tokens+b.perCall, maxTokens)
	b.mu.Unlock()
}

// withdraw says whether a retry may be made, and counts it.
func (b *retryBudget) withdraw(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+b.perSecond*now.Sub(b.filled).Seconds(), maxTokens)
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
