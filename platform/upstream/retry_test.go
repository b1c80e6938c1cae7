package upstream

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

func TestRetries(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		method string
		script func(int, *http.Request) said
		calls  int
		want   fault.Code
	}{
		"a service that is well":                       {http.MethodGet, always(good), 1, ""},
		"a service that is well again":                 {http.MethodGet, inOrder(said{status: 503}, good), 2, ""},
		"the last attempt":                             {http.MethodGet, inOrder(refused, said{status: 500}, good), 3, ""},
		"as often as is allowed":                       {http.MethodGet, always(said{status: 503}), 3, fault.SourceUnavailable},
		"lost connections":                             {http.MethodGet, always(refused), 3, fault.SourceUnavailable},
		"a service that fails inside":                  {http.MethodGet, always(said{status: 500}), 3, fault.SourceFailed},
		"a gateway's timeout":                          {http.MethodGet, inOrder(said{status: 504}, good), 2, ""},
		"too many requests, and no word on when":       {http.MethodGet, always(said{status: 429}), 1, fault.RateLimited},
		"too many requests, for a second":              {http.MethodGet, inOrder(said{status: 429, retryAfter: "1"}, good), 2, ""},
		"too many requests, for longer than is waited": {http.MethodGet, always(said{status: 429, retryAfter: "4"}), 1, fault.RateLimited},
		"not available for longer than is waited":      {http.MethodGet, always(said{status: 503, retryAfter: "3600"}), 1, fault.SourceUnavailable},
		"a refusal":                        {http.MethodGet, always(said{status: 400}), 1, fault.BadUserInput},
		"nothing there":                    {http.MethodGet, always(said{status: 404}), 1, fault.NotFound},
		"a conflict":                       {http.MethodGet, always(said{status: 409}), 1, fault.Conflict},
		"what is no JSON":                  {http.MethodGet, always(said{status: 200, media: "text/html"}), 1, fault.SourceContractViolation},
		"a command that may be done twice": {http.MethodPost, always(said{status: 503}), 1, fault.SourceUnavailable},
		"a command that may be done twice, by PUT":     {http.MethodPut, always(said{status: 503}), 1, fault.SourceUnavailable},
		"a command that is done once":                  {"keyed", inOrder(refused, said{status: 503}, good), 3, ""},
		"a command that is done once, and was refused": {"keyed", always(said{status: 409}), 1, fault.Conflict},
		"a timeout, while there is time for another":   {http.MethodGet, inOrder(silent, good), 2, ""},
		"timeouts, until there is no time for another": {http.MethodGet, always(silent), 2, fault.SourceTimeout},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, retries(2), test.script)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if got := codeOf(calling(h, test.method)(ctx)); got != test.want || s.count() != test.calls {
					t.Errorf("%s after %d calls, want %s after %d", got, s.count(), test.want, test.calls)
				}
				if want := s.bodies[0]; slices.ContainsFunc(s.bodies, func(b string) bool { return b != want }) {
					t.Errorf("the attempts sent %q", s.bodies)
				}
			})
		})
	}
}

func TestNoRetries(t *testing.T) {
	t.Parallel()
	h, s := scripted(t, Policy{}, always(said{status: 503}))
	if got := codeOf(calling(h, http.MethodGet)(t.Context())); got != fault.SourceUnavailable || s.count() != 1 {
		t.Errorf("%s after %d calls", got, s.count())
	}
}

// TestRetryAfter: a service is not asked again before it wants to be.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := scripted(t, retries(1), inOrder(said{status: 503, retryAfter: "2"}, good))
		if err := calling(h, http.MethodGet)(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := s.times[1].Sub(s.times[0]); waited < 2*time.Second || waited > 2*time.Second+50*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
	})
}

// TestRetriesEndWithTheRequest: what cannot be had before the deadline is not waited for, and nobody waits for a caller who has gone.
func TestRetriesEndWithTheRequest(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		script func(int, *http.Request) said
		time   time.Duration // of the request
		cancel time.Duration // it is cancelled then; 0 for not
		calls  int
		took   time.Duration // at most
		want   fault.Code
	}{
		"no time to wait as long as the service wants":  {always(said{status: 503, retryAfter: "1"}), time.Second, 0, 1, 0, fault.SourceUnavailable},
		"no time for another attempt":                   {always(said{status: 500, after: 95 * time.Millisecond}), 100 * time.Millisecond, 0, 1, 95 * time.Millisecond, fault.SourceFailed},
		"a caller who goes while the wait lasts":        {always(said{status: 503, retryAfter: "1"}), time.Minute, 100 * time.Millisecond, 1, 100 * time.Millisecond, fault.DeadlineExceeded},
		"a caller who goes while the service is silent": {inOrder(said{status: 503}, silent), time.Minute, time.Second, 2, time.Second, fault.DeadlineExceeded},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, retries(2), test.script)
				ctx, cancel := context.WithTimeout(t.Context(), test.time)
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				begun := time.Now()
				got := codeOf(calling(h, http.MethodGet)(ctx))
				if took := time.Since(begun); got != test.want || s.count() != test.calls || took > test.took {
					t.Errorf("%s after %d calls and %s, want %s after %d and %s", got, s.count(), took, test.want, test.calls, test.took)
				}
			})
		})
	}
}

// TestRetryBudget: a source that always fails is called little more often than it is asked, however many ask at once.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	for reason, at := range map[string]int{"one after the other": 1, "many at once": 50} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, s := scripted(t, retries(2), always(said{status: 503, after: time.Millisecond}))
				begun := time.Now()
				const asked = 2000
				var all sync.WaitGroup
				for range at {
					all.Go(func() {
						for range asked / at {
							if got := codeOf(calling(h, http.MethodGet)(t.Context())); got != fault.SourceUnavailable {
								t.Errorf("%s", got)
							}
						}
					})
				}
				all.Wait()
				most := asked + asked/5 + maxTokens + int(2*time.Since(begun).Seconds()) + 1
				if got := s.count(); got > most || got < asked+asked/6 {
					t.Errorf("%d calls, at most %d are good", got, most)
				}
			})
		})
	}
}

// TestWaits: each wait is at most twice as long as the one before could be, never longer than is allowed, never shorter than the service wants.
func TestWaits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		longest := rapid.Int64Range(1, int64(time.Minute)).Draw(t, "longest")
		p := RetryPolicy{Base: config.Duration(rapid.Int64Range(0, longest).Draw(t, "base")), Longest: config.Duration(longest)}
		asked := time.Duration(rapid.Int64Range(0, longest).Draw(t, "retry after"))
		n := rapid.IntRange(0, 10).Draw(t, "retries")
		got := p.wait(n, asked)
		if most := asked + min(p.Base.Std()<<n, p.Longest.Std()); got < asked || got > most {
			t.Fatalf("waits %s, want from %s to %s", got, asked, most)
		}
	})
}
