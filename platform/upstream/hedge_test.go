package upstream

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// hedges gives a policy of hedging alone, that knows after so many calls which are slow.
func hedges() Policy {
	return Policy{Hedge: HedgePolicy{Enabled: true, Quantile: 0.95, MinCalls: 20, Budget: 0.2}}
}

const quick = 10 * time.Millisecond

// used gives the client of a service that has answered quickly so far.
func used(t *testing.T, p Policy, script func(int, *http.Request) said) (*HTTP, *service) {
	t.Helper()
	h, s := scripted(t, p, func(n int, r *http.Request) said {
		if n <= 20 {
			return said{status: 200, after: quick}
		}
		return script(n-20, r)
	})
	for range 20 {
		if err := calling(h, http.MethodGet)(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return h, s
}

func TestHedges(t *testing.T) {
	t.Parallel()
	slow, quickly := said{status: 200, after: time.Second}, said{status: 200, after: quick}
	for reason, test := range map[string]struct {
		method string
		script func(int, *http.Request) said
		calls  int
		gone   int
		took   time.Duration // at most
		want   fault.Code
	}{
		"a read as quick as others":         {http.MethodGet, always(said{status: 200, after: quick / 2}), 1, 0, quick / 2, ""},
		"a slow read":                       {http.MethodGet, inOrder(slow, quickly), 2, 1, 5 * quick, ""},
		"a slow read, and its double too":   {http.MethodGet, inOrder(slow, said{status: 200, after: 2 * time.Second}), 2, 1, time.Second, ""},
		"a slow command":                    {http.MethodPost, inOrder(slow, quickly), 1, 0, time.Second, ""},
		"a slow command with a key":         {"keyed", inOrder(slow, quickly), 1, 0, time.Second, ""},
		"a read that fails quickly":         {http.MethodGet, always(said{status: 503, after: quick / 2}), 1, 0, quick / 2, fault.SourceUnavailable},
		"a double that fails":               {http.MethodGet, inOrder(slow, said{status: 503, after: quick}), 2, 0, time.Second, ""},
		"a double that is refused":          {http.MethodGet, inOrder(slow, said{status: 404, after: quick}), 2, 1, 5 * quick, fault.NotFound},
		"a slow read and a double, in vain": {http.MethodGet, always(said{status: 500, after: time.Second}), 2, 0, time.Second + 5*quick, fault.SourceFailed},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := used(t, hedges(), test.script)
				begun := time.Now()
				got := codeOf(calling(h, test.method)(t.Context()))
				took := time.Since(begun)
				synctest.Wait() // for the one that is cancelled
				if got != test.want || s.count()-20 != test.calls || s.gone != test.gone || took > test.took {
					t.Errorf("%q after %d calls and %s, %d of them cancelled; want %q after %d and %s, %d",
						got, s.count()-20, took, s.gone, test.want, test.calls, test.took, test.gone)
				}
			})
		})
	}
}

// TestHedgesAreBounded: when all reads become slow, few are made twice.
func TestHedgesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := used(t, hedges(), always(said{status: 200, after: time.Second}))
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := calling(h, http.MethodGet)(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := s.count() - 20; got < 101 || got > 130 {
			t.Errorf("%d calls for 100 reads", got)
		}
	})
}

// TestDoublesThatAreNotMade: what keeps a slow read's double from the service is no answer: the read itself may still have one.
func TestDoublesThatAreNotMade(t *testing.T) {
	t.Parallel()
	for reason, limit := range map[string]LimitPolicy{
		"the breaker is open":   {},
		"no permit is left":     {Max: 1},
		"no permit is left now": {Max: 1, Adaptive: true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := hedges()
				p.Concurrency = limit
				if limit.Max == 0 {
					p.Breaker = breaks().Breaker
				}
				h, s := used(t, p, func(_ int, r *http.Request) said {
					if r.Method == http.MethodGet {
						return said{status: 200, after: time.Second}
					}
					return refused
				})
				time.Sleep(time.Minute) // the good calls are forgotten
				slow := make(chan error, 1)
				go func() { slow <- calling(h, http.MethodGet)(t.Context()) }()
				synctest.Wait()
				for range 4 {
					_ = calling(h, http.MethodPost)(t.Context())
				}
				if err := <-slow; err != nil || s.gone != 0 {
					t.Errorf("the slow read failed with %v", err)
				}
			})
		})
	}
}
