package upstream

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// caller is somebody who makes one call, at a time from the beginning.
type caller struct {
	at       time.Duration
	what     string        // "read a", "read b", "read a now" (an answer of her own), "write"
	within   time.Duration // her deadline; none if zero
	gone     time.Duration // when she hangs up, from the beginning; never if zero
	want     string        // the fault's code, or how it was answered; "" for by a call of its own
	finished time.Duration // from the beginning
}

// call makes a caller's call and gives what came of it.
func (c caller) call(ctx context.Context, h *HTTP) string {
	time.Sleep(c.at) // of synctest's clock
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.gone > 0 {
		hangUp := time.AfterFunc(c.gone-c.at, cancel)
		defer hangUp.Stop()
	}
	if c.within > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, c.within)
		defer end()
	}
	how := ""
	ctx = WithCalls(WithRequest(ctx, Request{Fresh: strings.HasSuffix(c.what, " now")}), func(call Call) { how = call.How })
	_, err := h.Do(ctx, "Op", func(url string) (*http.Request, error) {
		if c.what == "write" {
			return http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("order"))
		}
		return http.NewRequestWithContext(ctx, http.MethodGet, url+strings.Fields(c.what)[1], nil)
	})
	if err != nil {
		return string(codeOf(err))
	}
	return how
}

// many gives n callers of the same kind.
func many(n int, c caller) []caller {
	all := make([]caller, n)
	for i := range all {
		all[i] = c
	}
	return all
}

const (
	ms     = time.Millisecond
	joined = string(howShared)
	late   = string(fault.DeadlineExceeded)
)

// TestSharing plays reads that overlap. The service takes 10 ms unless the script says otherwise, and the source allows 2 s.
func TestSharing(t *testing.T) {
	t.Parallel()
	slow := said{status: 200, after: 10 * ms}
	busy := said{status: 503, after: 10 * ms}
	for reason, test := range map[string]struct {
		off     bool
		script  []said // 200 after 10 ms if empty
		callers []caller
		calls   int
		gone    int // calls that nobody waited for any more
	}{
		"equal reads are one call": {
			callers: append(many(20, caller{at: ms, what: "read a", want: joined, finished: 10 * ms}), caller{what: "read a", finished: 10 * ms}), calls: 1,
		},
		"unless sharing is off": {
			off: true, callers: many(20, caller{what: "read a", finished: 10 * ms}), calls: 20,
		},
		"different reads are not": {
			callers: []caller{{what: "read a", finished: 10 * ms}, {what: "read b", finished: 10 * ms}}, calls: 2,
		},
		"reads one after the other are not": {
			callers: []caller{{what: "read a", finished: 10 * ms}, {at: 11 * ms, what: "read a", finished: 21 * ms}}, calls: 2,
		},
		"commands are not": {
			callers: many(2, caller{what: "write", finished: 10 * ms}), calls: 2,
		},
		"who wants an answer of her own has one": {
			callers: []caller{{what: "read a", finished: 10 * ms}, {at: ms, what: "read a now", finished: 11 * ms}}, calls: 2,
		},
		"a fault is shared": {
			script: []said{{status: 500, after: 10 * ms}}, calls: 1,
			callers: []caller{{what: "read a", want: "SOURCE_FAILED", finished: 10 * ms}, {at: ms, what: "read a", want: "SOURCE_FAILED", finished: 10 * ms}},
		},
		"who began it may go": {
			callers: []caller{{what: "read a", gone: 5 * ms, finished: 10 * ms}, {at: ms, what: "read a", want: joined, finished: 10 * ms}}, calls: 1,
		},
		"who has joined may go": {
			callers: []caller{{what: "read a", finished: 10 * ms}, {at: ms, what: "read a", gone: 5 * ms, want: late, finished: 5 * ms}}, calls: 1,
		},
		"when all have gone the call ends": {
			callers: []caller{
				{what: "read a", gone: 3 * ms, want: late, finished: 5 * ms}, {at: ms, what: "read a", gone: 5 * ms, want: late, finished: 5 * ms},
				{at: 6 * ms, what: "read a", finished: 16 * ms}, // and is not joined any more
			}, calls: 2, gone: 1,
		},
		"who has joined waits no longer than she has time": {
			callers: []caller{{what: "read a", finished: 10 * ms}, {at: ms, what: "read a", within: 5 * ms, want: late, finished: 6 * ms}}, calls: 1,
		},
		"a call that is cut short is not joined by who has more time": {
			script: []said{silent, slow}, calls: 2, gone: 1,
			callers: []caller{{what: "read a", within: 5 * ms, want: late, finished: 5 * ms}, {at: ms, what: "read a", finished: 11 * ms}},
		},
		"but by who has no more": {
			script: []said{silent}, calls: 1, gone: 1,
			callers: []caller{{what: "read a", within: 5 * ms, want: late, finished: 5 * ms}, {at: ms, what: "read a", within: 4 * ms, want: late, finished: 5 * ms}},
		},
		"who began it met her deadline: the others call themselves": {
			script: []said{busy, silent, slow}, calls: 3, gone: 1,
			callers: []caller{{what: "read a", within: 2005 * ms, want: late, finished: 2005 * ms}, {at: ms, what: "read a", finished: 2015 * ms}},
		},
		"a command ends joining when it has ended": {
			callers: []caller{
				{at: 3 * ms, what: "read a", finished: 13 * ms}, {what: "write", finished: 10 * ms}, {at: 9 * ms, what: "read a", want: joined, finished: 13 * ms},
				{at: 11 * ms, what: "read a", finished: 21 * ms}, {at: 12 * ms, what: "read a", want: joined, finished: 21 * ms},
			}, calls: 3,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.script == nil {
					test.script = []said{slow}
				}
				p := Policy{Share: !test.off}
				if len(test.script) > 2 {
					p.Retry = retries(1).Retry
					p.Retry.Base = 0
				}
				h, service := scripted(t, p, inOrder(test.script...))
				begun := time.Now()
				var all sync.WaitGroup
				for i, c := range test.callers {
					all.Go(func() {
						got, took := c.call(t.Context(), h), time.Since(begun)
						if got != c.want || took != c.finished {
							t.Errorf("caller %d: %q after %s, want %q after %s", i+1, got, took, c.want, c.finished)
						}
					})
				}
				all.Wait()
				synctest.Wait()
				if calls := service.count(); calls != test.calls || service.gone != test.gone {
					t.Errorf("%d calls of which %d were cancelled, want %d and %d", calls, service.gone, test.calls, test.gone)
				}
			})
		})
	}
}

// TestNothingOfAFlightIsLeft: when all have landed there is nothing to join.
func TestNothingOfAFlightIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := scripted(t, Policy{Share: true}, inOrder(said{status: 200, after: ms}, said{status: 500, after: ms}, refused, silent))
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				caller{at: time.Duration(i%7) * ms, what: fmt.Sprintf("read %d", i%3), gone: time.Duration(8+i) * ms}.call(t.Context(), h)
			})
		}
		all.Wait()
		if n := len(h.flights.all); n != 0 {
			t.Errorf("%d flights are left", n)
		}
	})
}

// TestFlightsThatPanic: each time, those who have joined have a fault that the log has not seen yet.
func TestFlightsThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := scripted(t, Policy{Share: true}, always(good))
		h.transport = panicking{}
		for range 2 {
			go func() {
				defer func() { _ = recover() }()
				_ = calling(h, http.MethodGet)(t.Context())
			}()
			synctest.Wait()
			if f := fault.From(calling(h, http.MethodGet)(t.Context())); f.Code != fault.Internal || !f.MarkSeen() {
				t.Errorf("joined, and failed with %v", f)
			}
		}
	})
}
