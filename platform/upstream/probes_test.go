package upstream

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestRetriesThatAreProbes: a retry that a half open breaker lets through sends what the first attempt has sent, and is counted.
func TestRetriesThatAreProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.Delay = config.Duration(time.Second)
		p.Retry = retries(1).Retry
		h, s := scripted(t, p, func(n int, r *http.Request) said {
			switch {
			case r.Method == http.MethodPut:
				return refused
			case n == 1:
				return said{status: 503, after: 1500 * time.Millisecond}
			default:
				return good
			}
		})
		var made []Call
		keyed := make(chan error, 1)
		go func() { keyed <- calling(h, "keyed")(WithCalls(t.Context(), func(c Call) { made = append(made, c) })) }()
		synctest.Wait()
		for range 4 {
			_ = calling(h, http.MethodPut)(t.Context())
		}
		if state := h.state(true); state.Breaker != "open" {
			t.Fatalf("the breaker is %s", state.Breaker)
		}
		if err := <-keyed; err != nil {
			t.Error(err)
		}
		if last := s.bodies[len(s.bodies)-1]; last != "order" {
			t.Errorf("the retry sent %q", last)
		}
		if len(made) != 1 || made[0].Attempts != 2 {
			t.Errorf("reported as %+v", made)
		}
	})
}

// TestLateCallsAreNoProbes: how calls end that were begun before the breaker opened says nothing of the service now.
func TestLateCallsAreNoProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.Delay = config.Duration(time.Second)
		h, _ := scripted(t, p, func(n int, _ *http.Request) said {
			switch {
			case n == 1:
				return said{status: 503, after: 1500 * time.Millisecond}
			case n <= 5:
				return refused
			default:
				return good
			}
		})
		late := make(chan error, 1)
		go func() { late <- calling(h, http.MethodGet)(t.Context()) }()
		synctest.Wait()
		for range 4 {
			_ = calling(h, http.MethodGet)(t.Context())
		}
		time.Sleep(1200 * time.Millisecond)
		if err := calling(h, http.MethodGet)(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-late; err == nil {
			t.Error("the late call succeeded")
		}
		if state := h.state(true); state.Breaker != "half-open" {
			t.Errorf("after a good probe and a late fault it is %s", state.Breaker)
		}
		if err := calling(h, http.MethodGet)(t.Context()); err != nil || h.state(true).Breaker != "closed" {
			t.Errorf("after two good probes: %v, and %s", err, h.state(true).Breaker)
		}
	})
}

// TestCommandsAreNotBegunLate: a command that is a probe waits for its turn no longer than its caller does.
func TestCommandsAreNotBegunLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.PerOperation = true
		p.Concurrency = LimitPolicy{Max: 1, Queue: 1}
		h, s := scripted(t, p, func(_ int, r *http.Request) said {
			if r.Method == http.MethodGet {
				return said{status: 200, after: time.Second}
			}
			return refused
		})
		do := func(ctx context.Context, operation, method string) error {
			_, err := h.Do(ctx, operation, func(url string) (*http.Request, error) { return http.NewRequest(method, url, nil) })
			return err
		}
		for range 4 {
			_ = do(t.Context(), "Write", http.MethodPost)
		}
		time.Sleep(5 * time.Second)
		slow := make(chan error, 1)
		go func() { slow <- do(t.Context(), "Read", http.MethodGet) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got := codeOf(do(ctx, "Write", http.MethodPost)); got != fault.DeadlineExceeded {
			t.Errorf("%s", got)
		}
		if err := <-slow; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if s.count() != 5 {
			t.Errorf("%d calls, want 4 that failed and the slow one", s.count())
		}
		time.Sleep(5 * time.Second)
		if _ = do(t.Context(), "Write", http.MethodPost); s.count() != 6 {
			t.Errorf("%d calls after another delay, want one more", s.count())
		}
	})
}

// panicking is a service whose calls panic after a second.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	panic("no")
}

// TestProbesThatPanic fail, and end nothing else.
func TestProbesThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := opened(t, breaks(), always(good))
		h.transport = panicking{}
		time.Sleep(5 * time.Second)
		if got := codeOf(calling(h, http.MethodGet)(t.Context())); got != fault.Internal {
			t.Errorf("%s", got)
		}
		if state := h.state(true); state.Breaker != "open" {
			t.Errorf("the breaker is %s", state.Breaker)
		}
	})
}

// TestManyFailAtOnce is for the race detector: one call opens the breaker while others end.
func TestManyFailAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		h, _ := scripted(t, breaks(), always(refused))
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() { _ = calling(h, http.MethodGet)(t.Context()) })
		}
		all.Wait()
	}
}
