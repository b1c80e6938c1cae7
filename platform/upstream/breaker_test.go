package upstream

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// breaks gives a policy of a breaker alone: it opens when half of four calls or more have failed.
func breaks() Policy {
	return Policy{Breaker: BreakerPolicy{
		Enabled: true, FailureRate: 0.5, MinCalls: 4, Window: config.Duration(10 * time.Second), Delay: config.Duration(5 * time.Second), Probes: 2,
	}}
}

// TestBreakerOpens says which outcomes open a breaker, of eight calls.
func TestBreakerOpens(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		script func(int, *http.Request) said
		time   time.Duration // of each request
		calls  int           // that reach the service
	}{
		"nothing wrong":            {always(good), time.Minute, 8},
		"all fail":                 {always(said{status: 500}), time.Minute, 4},
		"not available":            {always(said{status: 503}), time.Minute, 4},
		"no connection":            {always(refused), time.Minute, 4},
		"timeouts":                 {always(silent), time.Minute, 4},
		"half fail":                {inOrder(good, refused, good, refused, good), time.Minute, 4},
		"fewer than half fail":     {inOrder(good, good, refused, good), time.Minute, 8},
		"refusals":                 {always(said{status: 400}), time.Minute, 8},
		"nothing there":            {always(said{status: 404}), time.Minute, 8},
		"too many requests":        {always(said{status: 429}), time.Minute, 8},
		"what is no JSON":          {always(said{status: 200, media: "text/html"}), time.Minute, 8},
		"callers with little time": {always(silent), 900 * time.Millisecond, 8},
		"callers with half of it":  {always(silent), 1100 * time.Millisecond, 4},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, breaks(), test.script)
				for range 8 {
					ctx, cancel := context.WithTimeout(t.Context(), test.time)
					err := calling(h, http.MethodGet)(ctx)
					cancel()
					if f := fault.From(err); s.count() == test.calls && test.calls < 8 && errors.Is(err, errOpen) &&
						(f.Code != fault.SourceUnavailable || f.RetryAfter <= 0 || f.RetryAfter > 5*time.Second) {
						t.Errorf("%v, to be retried after %s", f, f.RetryAfter)
					}
				}
				if s.count() != test.calls {
					t.Errorf("%d calls reached the service, want %d", s.count(), test.calls)
				}
			})
		})
	}
}

// opened gives the client of a service whose breaker is open.
func opened(t *testing.T, p Policy, script func(int, *http.Request) said) (*HTTP, *service) {
	t.Helper()
	h, s := scripted(t, p, func(n int, r *http.Request) said {
		if n <= 4 {
			return refused
		}
		return script(n-4, r)
	})
	for range 4 {
		_ = calling(h, http.MethodGet)(t.Context())
	}
	if state := h.state(true); state.Breaker != "open" {
		t.Fatalf("the breaker is %s", state.Breaker)
	}
	return h, s
}

func TestBreakerProbes(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		script func(int, *http.Request) said // once it is open
		calls  int                           // that reach the service, of six after the delay
		state  string                        // after them
	}{
		"well again":              {always(good), 6, "closed"},
		"as sick as before":       {always(refused), 1, "open"},
		"the second probe fails":  {inOrder(good, said{status: 503}, good), 2, "open"},
		"it refuses, so it works": {always(said{status: 404}), 6, "closed"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := opened(t, breaks(), test.script)
				time.Sleep(5 * time.Second)
				for range 6 {
					_ = calling(h, http.MethodGet)(t.Context())
				}
				if state := h.state(true); s.count()-4 != test.calls || state.Breaker != test.state {
					t.Errorf("%d calls and %s, want %d and %s", s.count()-4, state.Breaker, test.calls, test.state)
				}
			})
		})
	}
}

// TestProbesAreBounded: while probes are under way, no other call is let through.
func TestProbesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := opened(t, breaks(), always(said{status: 200, after: time.Second}))
		time.Sleep(5 * time.Second)
		outcomes := make(chan error, 10)
		for range 10 {
			go func() { outcomes <- calling(h, http.MethodGet)(t.Context()) }()
		}
		good := 0
		for range 10 {
			if err := <-outcomes; err == nil {
				good++
			} else if !errors.Is(err, errOpen) {
				t.Error(err)
			}
		}
		if good != 2 || s.count() != 4+2 {
			t.Errorf("%d of %d calls succeeded, want 2", good, s.count()-4)
		}
	})
}

// TestProbesAreEverybodys: callers who go, or have no time, do not keep a breaker open.
func TestProbesAreEverybodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := opened(t, breaks(), always(said{status: 200, after: 100 * time.Millisecond}))
		time.Sleep(5 * time.Second)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			begun := time.Now()
			if got := codeOf(calling(h, http.MethodGet)(ctx)); got != fault.DeadlineExceeded || time.Since(begun) > 10*time.Millisecond {
				t.Errorf("%s after %s", got, time.Since(begun))
			}
			cancel()
		}
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		if state := h.state(true); state.Breaker != "closed" || s.gone != 0 {
			t.Errorf("%s, and %d probes were cut off", state.Breaker, s.gone)
		}
	})
}

// TestProbesEndWithTheClient: Close cuts off the probes that nobody waits for any more.
func TestProbesEndWithTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := opened(t, breaks(), always(silent))
		time.Sleep(5 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_ = calling(h, http.MethodGet)(ctx)
		if err := h.Close(); err != nil || s.gone != 1 {
			t.Errorf("%d probes were cut off, %v", s.gone, err)
		}
		if got := codeOf(calling(h, http.MethodGet)(t.Context())); got != fault.SourceUnavailable {
			t.Errorf("%s of a client that is closed", got)
		}
	})
}

func TestBreakerPerOperation(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		each bool
		want fault.Code // of another operation, once one has failed
	}{
		"one for all":            {false, fault.SourceUnavailable},
		"one for each operation": {true, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			p := breaks()
			p.Breaker.PerOperation = test.each
			h, _ := scripted(t, p, func(_ int, r *http.Request) said {
				if r.URL.Path == "/good" {
					return good
				}
				return refused
			})
			ask := func(path string) error {
				_, err := h.Do(t.Context(), path, func(url string) (*http.Request, error) { return http.NewRequest(http.MethodGet, url+path, nil) })
				return err
			}
			for range 4 {
				_ = ask("bad")
			}
			if err := ask("bad"); !errors.Is(err, errOpen) {
				t.Error(err)
			}
			if got := codeOf(ask("good")); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if state := h.state(true); state.Breaker != "open" {
				t.Errorf("%s", state.Breaker)
			}
		})
	}
}

// TestRetriesLeaveAnOpenBreakerAlone: once the breaker is open, a call fails at once.
func TestRetriesLeaveAnOpenBreakerAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Retry = retries(10).Retry
		h, s := scripted(t, p, always(refused))
		if err := calling(h, http.MethodGet)(t.Context()); !errors.Is(err, errOpen) || s.count() != 4 {
			t.Errorf("%v after %d calls", err, s.count())
		}
		begun := time.Now()
		if err := calling(h, http.MethodGet)(t.Context()); !errors.Is(err, errOpen) || time.Since(begun) != 0 {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}
