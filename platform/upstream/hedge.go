package upstream

import (
	"context"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"

	"github.com/mainstem/mainstem/platform/fault"
)

// hedgeMemory is how many calls the quantile of their durations remembers.
const hedgeMemory = 500

// hedged makes a read a second time when the first takes longer than most. The first answer wins, and the other call is cancelled.
func (b *base) hedged(next call) call {
	p := b.Policy.Hedge
	if !p.Enabled {
		return next
	}
	twice := failsafe.With[outcome](hedgepolicy.NewBuilderWithDelayQuantile[outcome](p.Quantile, hedgeMemory, uint(p.MinCalls)).
		CancelIf(func(o outcome, _ error) bool { return o.final }).
		WithBudget(budget.NewBuilder().WithMaxRate(p.Budget).WithMinConcurrency(1).Build()).
		Build())
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		if r.key == "" { // a command, or a read whose options may be written to by the one that loses, when the caller has his answer
			return next(ctx, r)
		}
		var second atomic.Bool // whether there is a second call
		won, err := twice.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[outcome]) (o outcome, _ error) {
			defer func() {
				if p := recover(); p != nil {
					o = outcome{fault: panicked(p), final: true}
				}
			}()
			inner := e.Context()
			if e.IsHedge() {
				second.Store(true)
				b.acted(ctx, r, actHedge)
				inner = asHedge(inner)
			}
			o.reply, o.fault = next(inner, r) //nolint:contextcheck // it comes from ctx
			// What the service has not said does not win while the other call may still have an answer: a fault, and that this one was not made.
			// Where there is no other call yet, it is for retries.
			o.final = o.fault == nil || !cannotSay(o.fault) || !second.Load()
			return o, nil
		})
		if err != nil {
			return nil, b.faultOf(ctx, r, err)
		}
		return won.reply, won.fault
	}
}
