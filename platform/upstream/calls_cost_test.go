package upstream

import (
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/mainstem/mainstem/platform/fault"
)

// TestCallsThatNobodyIsToldOf: a call that nobody wants to be told of allocates nothing for that.
func TestCallsThatNobodyIsToldOf(t *testing.T) { // not in parallel: allocations are counted
	ctx, r, f := t.Context(), &request{}, fault.New(fault.SourceFailed, "")
	n := testing.AllocsPerRun(100, func() {
		if termsOf(ctx).calls != nil {
			t.Error("somebody is told")
		}
		inner, noted := r.record.begin(ctx)
		asked(r, circuitbreaker.ClosedState)
		decided(r, actRetry)
		r.record.waited(Turn{Waited: time.Second})
		r.record.answered(inner, "200")
		r.record.end(noted, f, false)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
