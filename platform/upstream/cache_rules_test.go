package upstream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// handSet is a clock that a test sets. It shows whole seconds, as dates in headers do.
type handSet struct {
	mu  sync.Mutex
	now time.Time
}

func newHandSet() *handSet { return &handSet{now: time.Now().Truncate(time.Second)} }

func (w *handSet) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *handSet) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// words are what a service says: a body and fields, or a status alone.
type words struct {
	status int
	body   string
	fields []string
}

func says(body string, fields ...string) words { return words{200, body, fields} }
func fails(status int) words                   { return words{status, "", nil} }
func unchanged(fields ...string) words         { return words{304, "", fields} }

// origin is a service that says what a test wants it to say, with the test's time as its date.
type origin struct {
	clock *handSet

	mu    sync.Mutex
	words words
	calls int
	asked string // by which conditions it was asked last
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	o.asked = strings.TrimSpace(r.Header.Get("If-None-Match") + " " + r.Header.Get("If-Modified-Since"))
	if o.words.status == 304 && o.asked == "" {
		o.words = says("in full")
	}
	w.Header().Set("Date", o.clock.time().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	for _, field := range o.words.fields {
		name, value, _ := strings.Cut(field, ": ")
		w.Header().Add(name, value)
	}
	w.WriteHeader(o.words.status)
	if r.Method != http.MethodHead && o.words.status != 304 && o.words.status != 204 {
		_, _ = io.WriteString(w, strconv.Quote(o.words.body))
	}
}

// said gives how many calls there were since the last time, and by which conditions the last one asked.
func (o *origin) said() (calls int, asked string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	calls, asked, o.calls, o.asked = o.calls, o.asked, 0, ""
	return calls, asked
}

// step is one read, or what is done in its place.
type step struct {
	after time.Duration // since the step before
	does  string        // what is not a read like the others: see do
	says  words         // what the service says if it is asked
	want  string        // how it was answered and what, or how it failed
	calls int           // of the service, those in the background too
	asked string        // by which conditions
}

// do makes a step's call.
func (s step) do(ctx context.Context, h *HTTP) string {
	method := http.MethodGet
	ages := ""
	client := Request{Claims: map[string]string{"iss": "us", "sub": "ann"}}
	switch what, argument, _ := strings.Cut(s.does, " "); what {
	case "no-cache": // of the client
		client.Fresh = true
	case "kept":
		maxAge, _ := time.ParseDuration(argument)
		ctx = WithKept(ctx, maxAge, func(age time.Duration) { ages += " of " + age.String() })
	case "POST", "HEAD":
		method = what
	}
	how := ""
	ctx = WithCalls(WithRequest(ctx, client), func(c Call) { how = c.How })
	answer, err := h.Do(ctx, "Get", func(base string) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, method, base+"a", nil)
		if err == nil && s.does == "its own condition" {
			req.Header.Set("If-None-Match", `"mine"`)
		}
		return req, err
	})
	h.background.calls.Wait()
	if err != nil {
		return string(codeOf(err))
	}
	if how == "" {
		how = "called"
	}
	return strings.TrimSpace(how + ages + " " + strings.Trim(answer.body, `"`))
}

// keeps is a policy of nothing but a cache.
func keeps(change func(*CachePolicy)) Policy {
	p := CachePolicy{Enabled: true, MaxBytes: 1 << 20, Stale: config.Duration(10 * time.Minute)}
	if change != nil {
		change(&p)
	}
	return Policy{Cache: p}
}

const (
	tag   = `ETag: "a"`
	since = "Sun, 01 Mar 2026 12:00:00 GMT"
	s     = time.Second
)

// fresh60 is an answer that is fresh for a minute and may be confirmed.
var fresh60 = says("A", "Cache-Control: max-age=60", tag)

// TestCacheFollowsHTTP plays exchanges with a service, over real connections and with a clock of its own.
func TestCacheFollowsHTTP(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		policy   func(*CachePolicy)
		personal bool // whether the source knows who is calling
		steps    []step
	}{
		"fresh until it is as old as max-age": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60"), want: "called A", calls: 1},
			{after: 59 * s, says: says("B"), want: "fresh A"},
			{after: s, says: says("B"), want: "called B", calls: 1},
		}},
		"the age that it came with counts": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60", "Age: 50"), want: "called A", calls: 1},
			{after: 9 * s, want: "fresh A"},
			{after: s, says: says("B"), want: "called B", calls: 1},
		}},
		"Expires": {steps: []step{
			{says: says("A", "Expires: "+time.Now().Add(24*time.Hour).UTC().Format(http.TimeFormat)), want: "called A", calls: 1},
			{after: time.Hour, want: "fresh A"},
			{after: 24 * time.Hour, says: says("B"), want: "called B", calls: 1},
		}},
		"s-maxage for many": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, s-maxage=10"), want: "called A", calls: 1},
			{after: 10 * s, says: says("B"), want: "called B", calls: 1},
		}},
		"s-maxage for one": {personal: true, steps: []step{
			{says: says("A", "Cache-Control: max-age=60, s-maxage=10"), want: "called A", calls: 1},
			{after: 10 * s, want: "fresh A"},
		}},
		"nothing is said: not fresh": {steps: []step{
			{says: says("A"), want: "called A", calls: 1},
			{says: says("B"), want: "called B", calls: 1},
		}},
		"nothing is said: fresh for as long as the policy has it": {policy: func(p *CachePolicy) { p.MaxAge = config.Duration(5 * s) }, steps: []step{
			{says: says("A"), want: "called A", calls: 1},
			{after: 4 * s, want: "fresh A"},
			{after: s, says: says("B"), want: "called B", calls: 1},
		}},
		"something is said: the policy does not count": {policy: func(p *CachePolicy) { p.MaxAge = config.Duration(5 * s) }, steps: []step{
			{says: says("A", "Cache-Control: max-age=0"), want: "called A", calls: 1},
			{says: says("B", "Cache-Control: no-cache"), want: "called B", calls: 1},
			{says: says("C", "Expires: 0"), want: "called C", calls: 1},
			{says: says("D"), want: "called D", calls: 1},
			{want: "fresh D"},
		}},
		"no-store": {policy: func(p *CachePolicy) { p.MaxAge = config.Duration(5 * s) }, steps: []step{
			{says: says("A", "Cache-Control: no-store", tag), want: "called A", calls: 1},
			{says: says("B", "Cache-Control: no-store"), want: "called B", calls: 1},
			{does: "kept 1h", want: "SOURCE_UNAVAILABLE"},
		}},
		"no-store after something that is fresh": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{does: "no-cache", says: says("B", "Cache-Control: no-store"), want: "called B", calls: 1, asked: `"a"`},
			{says: says("C"), want: "called C", calls: 1},
		}},
		"no-cache is confirmed each time": {steps: []step{
			{says: says("A", "Cache-Control: no-cache, max-age=60", tag), want: "called A", calls: 1},
			{says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
			{says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
			{says: fails(500), want: "SOURCE_FAILED", calls: 1, asked: `"a"`},
		}},
		"private, for many": {steps: []step{
			{says: says("A", "Cache-Control: private, max-age=60"), want: "called A", calls: 1},
			{says: says("B"), want: "called B", calls: 1},
		}},
		"private, for one": {personal: true, steps: []step{
			{says: says("A", "Cache-Control: private, max-age=60"), want: "called A", calls: 1},
			{want: "fresh A"},
		}},
		"varies by what is not in the key": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60", "Vary: Accept, Traceparent"), want: "called A", calls: 1},
			{says: says("B", "Cache-Control: max-age=60", "Vary: *"), want: "called B", calls: 1},
			{says: says("C", "Cache-Control: max-age=60", "Vary: Accept, Caller-Sub"), want: "called C", calls: 1},
			{want: "fresh C"},
		}},
		"confirmed by its tag": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{after: 60 * s, says: unchanged("Cache-Control: max-age=10", tag), want: "revalidated A", calls: 1, asked: `"a"`},
			{after: 9 * s, want: "fresh A"},
			{after: s, says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
		}},
		"confirmed by its date": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60", "Last-Modified: "+since), want: "called A", calls: 1},
			{after: 60 * s, says: unchanged(), want: "revalidated A", calls: 1, asked: since},
			{after: 59 * s, want: "fresh A"},
		}},
		"confirmed by both": {steps: []step{
			{says: says("A", tag, "Last-Modified: "+since), want: "called A", calls: 1},
			{says: unchanged(), want: "revalidated A", calls: 1, asked: `"a" ` + since},
		}},
		"not confirmed": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{after: 60 * s, says: says("B", "Cache-Control: max-age=60", `ETag: "b"`), want: "called B", calls: 1, asked: `"a"`},
			{after: 60 * s, says: unchanged(), want: "revalidated B", calls: 1, asked: `"b"`},
		}},
		"what is confirmed is something else": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{after: 60 * s, says: unchanged(`ETag: "b"`), want: "called in full", calls: 2},
		}},
		"confirmed, and not to be stored any more": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{after: 60 * s, says: unchanged("Cache-Control: no-store"), want: "revalidated A", calls: 1, asked: `"a"`},
			{does: "kept 1h", want: "SOURCE_UNAVAILABLE"},
		}},
		"stale while it is revalidated": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-while-revalidate=30", tag), want: "called A", calls: 1},
			{after: 89 * s, says: says("B", "Cache-Control: max-age=60, stale-while-revalidate=30", tag), want: "stale A", calls: 1, asked: `"a"`},
			{want: "fresh B"},
			{after: 60 * s, says: unchanged(), want: "stale B", calls: 1, asked: `"a"`},
			{after: 59 * s, want: "fresh B"},
			{after: 31 * s, says: says("C"), want: "called C", calls: 1, asked: `"a"`},
		}},
		"stale while it cannot be revalidated": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-while-revalidate=30"), want: "called A", calls: 1},
			{after: 60 * s, says: fails(503), want: "stale A", calls: 1},
			{after: 29 * s, says: fails(503), want: "stale A", calls: 1},
			{after: s, says: fails(503), want: "SOURCE_UNAVAILABLE", calls: 1},
		}},
		"stale while what it is replaced by cannot be read": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-while-revalidate=30"), want: "called A", calls: 1},
			{after: 60 * s, says: words{200, "\x00", nil}, want: "stale A", calls: 1},
			{says: says("B"), want: "stale A", calls: 1},
			{says: says("C"), want: "called C", calls: 1},
		}},
		"gone while it is revalidated": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-while-revalidate=30"), want: "called A", calls: 1},
			{after: 60 * s, says: fails(404), want: "stale A", calls: 1},
			{says: fails(404), want: "NOT_FOUND", calls: 1},
		}},
		"stale if the service fails": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=30", tag), want: "called A", calls: 1},
			{after: 60 * s, says: fails(500), want: "stale A", calls: 1, asked: `"a"`},
			{says: fails(503), want: "stale A", calls: 1, asked: `"a"`},
			{says: fails(429), want: "stale A", calls: 1, asked: `"a"`},
			{after: 29 * s, says: fails(504), want: "stale A", calls: 1, asked: `"a"`},
			{says: fails(400), want: "BAD_USER_INPUT", calls: 1, asked: `"a"`},
			{says: fails(302), want: "SOURCE_CONTRACT_VIOLATION", calls: 1, asked: `"a"`},
			{after: s, says: fails(500), want: "SOURCE_FAILED", calls: 1, asked: `"a"`},
		}},
		"not stale though the service fails": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=30, stale-while-revalidate=30, must-revalidate"), want: "called A", calls: 1},
			{after: 60 * s, says: fails(500), want: "SOURCE_FAILED", calls: 1},
			{says: says("B", "Cache-Control: s-maxage=60, stale-if-error=30"), want: "called B", calls: 1},
			{after: 60 * s, says: fails(500), want: "SOURCE_FAILED", calls: 1},
		}},
		"gone": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=600", tag), want: "called A", calls: 1},
			{after: 60 * s, says: fails(410), want: "NOT_FOUND", calls: 1, asked: `"a"`},
			{says: fails(500), want: "SOURCE_FAILED", calls: 1},
			{does: "kept 1h", want: "SOURCE_UNAVAILABLE"},
		}},
		"not for this caller any more": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=600"), want: "called A", calls: 1},
			{after: 60 * s, says: fails(403), want: "FORBIDDEN", calls: 1},
			{says: fails(500), want: "SOURCE_FAILED", calls: 1},
		}},
		"refused for another reason": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=600"), want: "called A", calls: 1},
			{after: 60 * s, says: fails(409), want: "CONFLICT", calls: 1},
			{says: fails(500), want: "stale A", calls: 1},
		}},
		"a client who wants to know now": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=600, immutable", tag), want: "called A", calls: 1},
			{does: "no-cache", says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
			{does: "no-cache", says: fails(500), want: "SOURCE_FAILED", calls: 1, asked: `"a"`},
			{does: "no-cache", says: says("B", "Cache-Control: max-age=60"), want: "called B", calls: 1, asked: `"a"`},
			{want: "fresh B"},
		}},
		"what is kept, without a call": {steps: []step{
			{does: "kept 1h", want: "SOURCE_UNAVAILABLE"},
			{says: says("A", "Cache-Control: max-age=60", "Age: 5"), want: "called A", calls: 1},
			{does: "kept 1h", want: "stale of 5s A"},
			{after: 100 * s, does: "kept 105s", want: "stale of 1m45s A"},
			{does: "kept 104s", want: "SOURCE_UNAVAILABLE"},
			{after: 554 * s, does: "kept 1h", want: "stale of 10m59s A"},
			{after: s, does: "kept 1h", want: "SOURCE_UNAVAILABLE"}, // it was kept for as long as the policy has it
		}},
		"what is kept that must be revalidated otherwise": {steps: []step{
			{says: says("A", "Cache-Control: no-cache, must-revalidate"), want: "called A", calls: 1},
			{after: 9 * s, does: "kept 10s", want: "stale of 9s A"},
		}},
		"what is kept since it was confirmed": {steps: []step{
			{says: says("A", tag, "Age: 100"), want: "called A", calls: 1},
			{after: 60 * s, says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
			{after: 9 * s, does: "kept 10s", want: "stale of 9s A"},
		}},
		"nothing is kept for later": {policy: func(p *CachePolicy) { p.Stale = 0 }, steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-if-error=600"), want: "called A", calls: 1},
			{after: 59 * s, want: "fresh A"},
			{after: s, says: fails(500), want: "SOURCE_FAILED", calls: 1},
			{says: says("B", tag), want: "called B", calls: 1},
			{says: says("B"), want: "called B", calls: 1},
		}},
		"after a command it is revalidated": {steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{does: "POST", says: says("done"), want: "called done", calls: 1},
			{says: unchanged(), want: "revalidated A", calls: 1, asked: `"a"`},
			{want: "fresh A"},
			{does: "POST", says: fails(500), want: "SOURCE_FAILED", calls: 1},
			{says: says("B", "Cache-Control: max-age=60"), want: "called B", calls: 1, asked: `"a"`},
			{want: "fresh B"},
		}},
		"after a command it is not stale while it is revalidated": {steps: []step{
			{says: says("A", "Cache-Control: max-age=60, stale-while-revalidate=600, stale-if-error=600"), want: "called A", calls: 1},
			{does: "POST", says: says("done"), want: "called done", calls: 1},
			{does: "kept 1m", want: "stale of 0s A"},
			{says: fails(500), want: "stale A", calls: 1},
			{after: 60 * s, says: says("B"), want: "called B", calls: 1},
		}},
		"other statuses": {steps: []step{
			{says: words{203, "A", []string{"Cache-Control: max-age=60"}}, want: "called A", calls: 1},
			{says: words{204, "", []string{"Cache-Control: max-age=60"}}, want: "called", calls: 1},
			{says: words{404, "{}", []string{"Cache-Control: max-age=60"}}, want: "NOT_FOUND", calls: 1},
			{says: says("B"), want: "called B", calls: 1},
		}},
		"other methods": {steps: []step{
			{does: "HEAD", says: fresh60, want: "called", calls: 1},
			{does: "HEAD", says: fresh60, want: "called", calls: 1},
			{does: "POST", says: fresh60, want: "called A", calls: 1},
			{says: says("B"), want: "called B", calls: 1},
		}},
		"a request that has conditions of its own": {steps: []step{
			{does: "its own condition", says: fresh60, want: "called A", calls: 1, asked: `"mine"`},
			{does: "its own condition", says: fresh60, want: "called A", calls: 1, asked: `"mine"`},
		}},
		"off": {policy: func(p *CachePolicy) { p.Enabled = false }, steps: []step{
			{says: fresh60, want: "called A", calls: 1},
			{says: fresh60, want: "called A", calls: 1},
			{does: "kept 1h", want: "SOURCE_UNAVAILABLE"},
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			o := &origin{clock: newHandSet()}
			server := httptest.NewServer(o)
			defer server.Close()
			in := Inputs{}
			if test.personal {
				in.Claims = []string{"sub"}
			}
			h, err := NewHTTP(Options{Name: "shop", URL: server.URL, Policy: keeps(test.policy)}, in)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = h.Close() }()
			if h.cache != nil {
				h.cache.now = o.clock.time
			}
			for i, step := range test.steps {
				o.clock.add(step.after)
				o.mu.Lock()
				o.words = step.says
				o.mu.Unlock()
				got := step.do(t.Context(), h)
				calls, asked := o.said()
				if got, want := fmt.Sprintf("%s, %d calls, asked by %q", got, calls, asked), fmt.Sprintf("%s, %d calls, asked by %q", step.want, step.calls, step.asked); got != want {
					t.Errorf("step %d: %s; want %s", i+1, got, want)
				}
			}
		})
	}
}
