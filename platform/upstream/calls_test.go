package upstream

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// story is what a call says of itself, in one line.
func story(c Call) string {
	var b strings.Builder
	for _, a := range c.Tries {
		fmt.Fprintf(&b, "%s", strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Fault)))
		if a.Hedge {
			b.WriteString(" hedge")
		}
		if a.Abandoned {
			b.WriteString(" abandoned")
		}
		fmt.Fprintf(&b, " %s; ", a.Duration)
	}
	for _, d := range c.Decisions {
		fmt.Fprintf(&b, "%s; ", d.Action)
	}
	if c.Turn != nil {
		fmt.Fprintf(&b, "limit %d, queue %d, waited %s, refused %v; ", c.Turn.Limit, c.Turn.Queue, c.Turn.Waited, c.Turn.Refused)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s%s %s %s", &b, c.Breaker, c.How, c.Fault)), " ")
}

// TestStory: a call tells each attempt, what policies did, and what it waited for.
func TestStory(t *testing.T) {
	t.Parallel()
	retries := Policy{Retry: RetryPolicy{Max: 2, Base: config.Duration(time.Microsecond), Longest: config.Duration(time.Second), Budget: 1, Floor: 10}}
	breaker := Policy{Breaker: BreakerPolicy{Enabled: true, FailureRate: 0.5, MinCalls: 1, Window: config.Duration(time.Second), Delay: config.Duration(time.Minute), Probes: 1}}
	limited := Policy{Concurrency: LimitPolicy{Max: 1, Queue: 1}}
	for reason, test := range map[string]struct {
		policy Policy
		script func(int, *http.Request) said
		before int // calls, one after the other
		beside int // calls, at the same time
		want   string
	}{
		"one attempt":              {Policy{}, always(said{status: 200, after: quick}), 0, 0, "200 10ms;"},
		"two retries":              {retries, inOrder(said{status: 503}, refused, said{status: 200, after: quick}), 0, 0, "503 SOURCE_UNAVAILABLE 0s; SOURCE_UNAVAILABLE 0s; 200 10ms; retry; retry;"},
		"no budget":                {Policy{Retry: RetryPolicy{Max: 1}}, always(said{status: 503}), 10, 0, "503 SOURCE_UNAVAILABLE 0s; budget; SOURCE_UNAVAILABLE"},
		"a wait that is too long":  {retries, always(said{status: 503, retryAfter: "60"}), 0, 0, "503 SOURCE_UNAVAILABLE 0s; late; SOURCE_UNAVAILABLE"},
		"a breaker that is closed": {breaker, always(good), 0, 0, "200 0s; closed"},
		"a breaker that is open":   {breaker, always(said{status: 500}), 1, 0, "open SOURCE_UNAVAILABLE"},
		"a turn":                   {limited, always(said{status: 200, after: quick}), 0, 1, "200 10ms; limit 1, queue 0, waited 10ms, refused false;"},
		"no turn":                  {limited, always(said{status: 200, after: quick}), 0, 2, "refuse; limit 1, queue 1, waited 0s, refused true; OVERLOADED"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, _ := scripted(t, test.policy, test.script)
				for range test.before {
					_ = calling(h, http.MethodGet)(t.Context())
				}
				for range test.beside {
					go func() { _ = calling(h, http.MethodGet)(t.Context()) }()
					synctest.Wait()
				}
				var got Call
				_ = calling(h, http.MethodGet)(WithCalls(t.Context(), func(c Call) { got = c }))
				if told := story(got); told != test.want {
					t.Errorf("got  %s\nwant %s", told, test.want)
				}
			})
		})
	}
}

// TestStoryOfAHedge: which of two attempts was the second, and which one nobody waited for.
func TestStoryOfAHedge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := used(t, hedges(), inOrder(said{status: 200, after: time.Minute}, said{status: 200, after: quick}))
		var got Call
		if err := calling(h, http.MethodGet)(WithCalls(t.Context(), func(c Call) { got = c })); err != nil {
			t.Fatal(err)
		}
		if len(got.Tries) != 2 || got.Tries[0].Hedge || !got.Tries[0].Abandoned || !got.Tries[1].Hedge || got.Tries[1].Abandoned || got.Tries[1].Status != "200" {
			t.Errorf("%+v", got.Tries)
		}
		if len(got.Decisions) != 1 || got.Decisions[0].Action != actHedge {
			t.Errorf("%+v", got.Decisions)
		}
	})
}
