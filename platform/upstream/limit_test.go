package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// TestLimit: so many calls run, so many wait, and the others are refused at once.
func TestLimit(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		policy LimitPolicy
		asked  int
		good   int
		took   time.Duration // until all have an outcome; a call takes a second
	}{
		"no limit":                 {LimitPolicy{}, 100, 100, time.Second},
		"as many as may run":       {LimitPolicy{Max: 10}, 10, 10, time.Second},
		"one too many":             {LimitPolicy{Max: 10}, 11, 10, time.Second},
		"as many as may wait":      {LimitPolicy{Max: 10, Queue: 5}, 15, 15, 2 * time.Second},
		"more than may wait":       {LimitPolicy{Max: 10, Queue: 5}, 40, 15, 2 * time.Second},
		"adaptive, more than wait": {LimitPolicy{Max: 5, Queue: 5, Adaptive: true}, 40, 10, 2 * time.Second},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, Policy{Concurrency: test.policy}, always(said{status: 200, after: time.Second}))
				var all sync.WaitGroup
				var good, full atomic.Int64
				begun := time.Now()
				for range test.asked {
					all.Go(func() {
						switch err := calling(h, http.MethodGet)(t.Context()); {
						case err == nil:
							good.Add(1)
						case fault.From(err).Code == fault.Overloaded && fault.From(err).RetryAfter > 0 && time.Since(begun) == 0:
							full.Add(1)
						default:
							t.Error(err)
						}
					})
				}
				synctest.Wait()
				if most := test.policy.Max; most > 0 && s.count() > most {
					t.Errorf("%d calls at once", s.count())
				}
				all.Wait()
				if int(good.Load()) != test.good || time.Since(begun) != test.took || s.count() != test.good {
					t.Errorf("%d good and %d refused in %s", good.Load(), full.Load(), time.Since(begun))
				}
				if state := h.state(true); state.Running != 0 || state.Waiting != 0 {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

// TestWaitingForATurn: who waits for a turn goes when time is up, or the client goes, and leaves the place to others.
func TestWaitingForATurn(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		policy         LimitPolicy
		time, canceled time.Duration
	}{
		"a deadline":                  {LimitPolicy{Max: 1, Queue: 1}, time.Second, 0},
		"a client who goes":           {LimitPolicy{Max: 1, Queue: 1}, time.Hour, time.Second},
		"a deadline, adaptive":        {LimitPolicy{Max: 1, Queue: 1, Adaptive: true}, time.Second, 0},
		"a client who goes, likewise": {LimitPolicy{Max: 1, Queue: 1, Adaptive: true}, time.Hour, time.Second},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, Policy{Concurrency: test.policy}, always(said{status: 200, after: 1900 * time.Millisecond}))
				first := make(chan error, 1)
				go func() { first <- calling(h, http.MethodGet)(t.Context()) }()
				synctest.Wait()
				for range 2 { // the second has the first one's place in the queue
					ctx, cancel := context.WithTimeout(t.Context(), test.time/2)
					if test.canceled > 0 {
						time.AfterFunc(test.canceled/2, cancel)
					}
					begun := time.Now()
					if got := codeOf(calling(h, http.MethodGet)(ctx)); got != fault.DeadlineExceeded || time.Since(begun) != time.Second/2 {
						t.Errorf("%s after %s", got, time.Since(begun))
					}
					cancel()
				}
				if err := <-first; err != nil || s.count() != 1 {
					t.Errorf("%v, %d calls", err, s.count())
				}
				if err := calling(h, http.MethodGet)(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestFaultsAreNoSpeed: how quickly a service fails is not how quickly it answers once it is well again.
func TestFaultsAreNoSpeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sick := false
		h, _ := scripted(t, Policy{Concurrency: LimitPolicy{Max: 100, Queue: 100, Adaptive: true}}, func(int, *http.Request) said {
			if sick {
				return said{status: 503, after: time.Millisecond}
			}
			return said{status: 200, after: 100 * time.Millisecond}
		})
		ask := func(d time.Duration) {
			var all sync.WaitGroup
			for begun := time.Now(); time.Since(begun) < d; time.Sleep(10 * time.Millisecond) {
				all.Go(func() { _ = calling(h, http.MethodGet)(t.Context()) })
			}
			all.Wait()
		}
		ask(20 * time.Second)
		well := h.limitNow()
		sick = true
		ask(20 * time.Second)
		sick = false
		least := h.limitNow()
		for range 20 {
			ask(time.Second)
			least = min(least, h.limitNow())
		}
		if least < well {
			t.Errorf("the limit was %d before it was sick, and went down to %d", well, least)
		}
	})
}

// TestWhoWaitsWhileABreakerOpens is refused when it is his turn: the service is known not to answer. Those whose turn it is in the moment in
// which it opens may still call.
func TestWhoWaitsWhileABreakerOpens(t *testing.T) {
	t.Parallel()
	for reason, adaptive := range map[string]bool{"fixed": false, "adaptive": true} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := breaks()
				p.Concurrency = LimitPolicy{Max: 4, Queue: 100, Adaptive: adaptive}
				h, s := scripted(t, p, always(silent))
				begun := time.Now()
				var all sync.WaitGroup
				var open atomic.Int32
				for range 20 {
					all.Go(func() {
						if err := calling(h, http.MethodGet)(t.Context()); errors.Is(err, errOpen) {
							open.Add(1)
						}
					})
				}
				all.Wait()
				if took := time.Since(begun); took > 4*time.Second || s.count() > 8 || int(open.Load()) != 20-s.count() {
					t.Errorf("%d calls in %s, and %d were refused; want 8 in 4s at most, and the others", s.count(), took, open.Load())
				}
			})
		})
	}
}
