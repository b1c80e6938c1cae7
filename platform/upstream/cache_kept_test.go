package upstream

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestAnswersThatNobodyCanRead: what does not fit the contract is not given to the next caller too.
func TestAnswersThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{`{"name":"a"}`: true, `{"name":`: false, `{"name":7}`: false} {
		var calls atomic.Int64
		h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(*http.Request) (*http.Response, error) {
			calls.Add(1)
			return answers(body, "Cache-Control: max-age=60"), nil
		})
		for range 3 {
			a, err := h.Do(t.Context(), "Get", getPosts)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Decode[struct {
				Name string `json:"name"`
			}](a); (err == nil) != good {
				t.Errorf("%s is read with %v", body, err)
			}
		}
		if n, want := calls.Load(), map[bool]int64{true: 1, false: 3}[good]; n != want {
			t.Errorf("%s: %d calls, want %d", body, n, want)
		}
	}
}

// TestWhatAnUnreadableAnswerReplaces: it stays for fields that may be stale.
func TestWhatAnUnreadableAnswerReplaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := `{"id":"1"}`
		h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(*http.Request) (*http.Response, error) { return answers(body, "Cache-Control: max-age=0"), nil })
		get := func(ctx context.Context) string {
			a, err := h.Do(ctx, "Get", getPosts)
			if err != nil {
				return string(codeOf(err))
			}
			v, err := Decode[struct {
				ID string `json:"id"`
			}](a)
			if err != nil {
				return string(codeOf(err))
			}
			return v.ID
		}
		aged := WithKept(t.Context(), 20*time.Second, func(time.Duration) {})
		for i, step := range []struct {
			ctx  context.Context
			says string
			want string
		}{
			{t.Context(), `{"id":"1"}`, "1"}, {t.Context(), `{"id":`, "SOURCE_CONTRACT_VIOLATION"}, {t.Context(), `{"id":2}`, "SOURCE_CONTRACT_VIOLATION"},
			{aged, ``, "1"}, {aged, ``, "1"}, {t.Context(), `{"id":"3"}`, "3"}, {aged, ``, "3"},
		} {
			time.Sleep(4 * time.Second)
			body = step.says
			if got := get(step.ctx); got != step.want {
				t.Errorf("step %d: %q, want %q", i+1, got, step.want)
			}
		}
	})
}

// TestWhatComesBackIsNoYounger: what an unreadable answer has replaced is kept for as long as if it had not.
func TestWhatComesBackIsNoYounger(t *testing.T) {
	t.Parallel()
	h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, nil)
	clock := newHandSet()
	h.cache.now = clock.time
	ask := func(body string) (*request, *reply) {
		r, a := &request{key: "k"}, &reply{status: http.StatusOK, body: body}
		h.cache.keep(r, entry{requested: clock.time(), received: clock.time()}, a)
		return r, a
	}
	ask("good")
	clock.add(9 * time.Minute)
	r, bad := ask("bad")
	h.cache.spoiled(r, bad)
	if e := h.cache.get("k"); e == nil || e.body != "good" {
		t.Errorf("%+v is kept", e)
	}
	clock.add(time.Minute)
	if e := h.cache.get("k"); e != nil {
		t.Errorf("%+v is kept after ten minutes", e)
	}
	r, bad = ask("bad")
	h.cache.spoiled(r, bad)
	h.cache.spoiled(r, bad)
	if e := h.cache.get("k"); e != nil {
		t.Errorf("%+v is kept", e)
	}
}

// TestAnOldAnswerThatNobodyCanRead: it does not take a newer one with it.
func TestAnOldAnswerThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	body := "{"
	h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(*http.Request) (*http.Response, error) {
		return answers(body, "Cache-Control: max-age=60"), nil
	})
	old, err := h.Do(t.Context(), "Get", getPosts)
	if err != nil {
		t.Fatal(err)
	}
	body = "{}"
	if _, err := h.Do(WithRequest(t.Context(), Request{Fresh: true}), "Get", getPosts); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode[struct{}](old); err == nil {
		t.Error("half an answer is read")
	}
	wantRead(t, h, "posts", "{} fresh 0")
}

// TestWhoHasGoneNeedsNothing: nothing stands in for an answer that nobody waits for, and nobody hears that it does.
func TestWhoHasGoneNeedsNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	ctx, hangUp := context.WithCancel(t.Context())
	calls := 0
	o := Options{Policy: keeps(nil), Log: slog.New(slog.NewTextHandler(&log, nil))}
	h := playing(t, o, Inputs{}, func(r *http.Request) (*http.Response, error) {
		if calls++; calls == 2 {
			hangUp()
		}
		return answers("1", "Cache-Control: max-age=0, stale-if-error=60"), r.Context().Err()
	})
	wantRead(t, h, "a", "1 1")
	if _, err := reading(ctx, h, "a"); codeOf(err) != fault.DeadlineExceeded || log.Len() > 0 {
		t.Errorf("failed with %v, and the log says %q", err, &log)
	}
}

// TestKeptMessages: gRPC's answers are fresh for as long as the policy has it, and stay for fields that may be stale.
func TestKeptMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fails *fault.Error
		calls, message := 0, []byte("\n\x01a")
		g := &GRPC{}
		o := Options{Name: "shop", Policy: keeps(func(p *CachePolicy) { p.MaxAge = config.Duration(time.Second) })}
		o.setDefaults()
		if err := g.init(o, Inputs{}, func(_ context.Context, r *request) (*reply, error) {
			r.attempts.Add(1)
			calls++
			if fails != nil {
				return nil, fails
			}
			return &reply{message: message}, nil
		}); err != nil {
			t.Fatal(err)
		}
		g.kinds.Store("/shop.Shop/Get", read)
		ask := func(ctx context.Context, method string) string {
			how, value := "", new(wrapperspb.StringValue)
			err := g.Invoke(WithCalls(ctx, func(c Call) { how = c.How }), "/shop.Shop/"+method, wrapperspb.String("x"), value)
			return strings.TrimSpace(fmt.Sprintf("%s%s %s", codeOf(err), value.Value, how))
		}
		aged := WithKept(t.Context(), time.Hour, func(time.Duration) {})
		for i, step := range []struct {
			does  func()
			ctx   context.Context
			op    string
			want  string
			calls int
		}{
			{nil, t.Context(), "Get", "a", 1},
			{nil, t.Context(), "Get", "a fresh", 1},
			{func() { time.Sleep(time.Second) }, t.Context(), "Get", "a", 2},
			{nil, t.Context(), "Change", "a", 3},
			{nil, t.Context(), "Get", "a", 4},
			{func() { time.Sleep(time.Second); fails = fault.New(fault.SourceFailed, "") }, t.Context(), "Get", "SOURCE_FAILED", 5},
			{nil, aged, "Get", "a stale", 5},
			{func() { fails = fault.New(fault.NotFound, "") }, t.Context(), "Get", "NOT_FOUND", 6},
			{nil, aged, "Get", "SOURCE_UNAVAILABLE", 6},
			{func() { fails, message = nil, []byte("\n\x09a") }, t.Context(), "Get", "SOURCE_CONTRACT_VIOLATION", 7},
			{nil, t.Context(), "Get", "SOURCE_CONTRACT_VIOLATION", 8},
		} {
			if step.does != nil {
				step.does()
			}
			if got := ask(step.ctx, step.op); got != step.want || calls != step.calls {
				t.Errorf("step %d: %q after %d calls, want %q after %d", i+1, got, calls, step.want, step.calls)
			}
		}
	})
}

// TestCacheIsBounded: it takes no more memory than it may, whatever is asked for and however large answers are.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	const most = 256 << 10
	random := rand.New(rand.NewPCG(1, 2))
	sizes := make([]int, 500)
	for i := range sizes {
		sizes[i] = random.IntN(20 << 10)
	}
	h := playing(t, Options{Policy: keeps(func(p *CachePolicy) { p.MaxBytes = most })}, Inputs{}, func(r *http.Request) (*http.Response, error) {
		var n int
		_, err := fmt.Sscanf(r.URL.Path, "/%d", &n)
		return answers(strings.Repeat("x", sizes[n]), "Cache-Control: max-age=60"), err
	})
	for i := range sizes {
		if _, err := reading(t.Context(), h, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	h.cache.entries.CleanUp()
	held := 0
	for key, e := range h.cache.entries.All() {
		held += len(key) + len(e.body) + overhead
	}
	if weighed := h.cache.entries.WeightedSize(); weighed > most || held > int(weighed) || held < most/2 {
		t.Errorf("%d bytes are held, %d are weighed, %d may be", held, weighed, most)
	}
	sizes[0] = 2 * most
	wantCalled := func() {
		t.Helper()
		if got, err := reading(WithRequest(t.Context(), Request{Fresh: true}), h, "0"); err != nil || !strings.HasSuffix(got, " 1") {
			t.Errorf("read %.20q, %v", got, err)
		}
		h.cache.entries.CleanUp()
	}
	wantCalled()
	wantCalled()
	if n := h.cache.entries.WeightedSize(); n > most {
		t.Errorf("with an answer that is too large, %d bytes are weighed", n)
	}
}

// TestKeptAnswersForClients: the headers that are for clients come with kept answers too.
func TestKeptAnswersForClients(t *testing.T) {
	t.Parallel()
	h := playing(t, Options{Policy: keeps(nil), Return: []string{"x-left"}}, Inputs{}, func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("If-None-Match") != "" {
			a := answers("", "X-Left: 8")
			a.StatusCode = http.StatusNotModified
			return a, nil
		}
		return answers("1", `ETag: "a"`, "Cache-Control: max-age=60", "X-Left: 9", "X-Other: a"), nil
	})
	for i, test := range []struct {
		fresh bool
		want  string
	}{{false, "X-Left: 9"}, {false, "X-Left: 9"}, {true, "X-Left: 8"}, {false, "X-Left: 8"}} {
		got := ""
		ctx := WithReturned(WithRequest(t.Context(), Request{Fresh: test.fresh}), func(name, value string) { got += name + ": " + value })
		if _, err := reading(ctx, h, "a"); err != nil || got != test.want {
			t.Errorf("read %d comes with %q, %v; want %q", i+1, got, err, test.want)
		}
	}
}
