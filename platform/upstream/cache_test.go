package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
)

// played is a service that answers in this process.
type played func(r *http.Request) (*http.Response, error)

func (p played) RoundTrip(r *http.Request) (*http.Response, error) { return p(r) }

// answers gives an answer with "Name: value" fields.
func answers(body string, fields ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		h.Add(name, value)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// playing gives the client of a service that is played.
func playing(tb testing.TB, o Options, in Inputs, p played) *HTTP {
	tb.Helper()
	o.Name, o.URL = "shop", "http://shop"
	h, err := NewHTTP(o, in)
	if err != nil {
		tb.Fatal(err)
	}
	h.transport = p
	tb.Cleanup(func() { _ = h.Close() })
	return h
}

// reading reads a path, and gives what it read and how that was answered.
func reading(ctx context.Context, h *HTTP, path string) (string, error) {
	how := ""
	a, err := h.Do(WithCalls(ctx, func(c Call) { how = fmt.Sprintf("%s %d", c.How, c.Attempts) }), "Get", func(base string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	})
	return strings.Join(strings.Fields(a.body+" "+how), " "), err
}

func wantRead(t *testing.T, h *HTTP, path, want string) {
	t.Helper()
	if got, err := reading(t.Context(), h, path); got != want || err != nil {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

// TestOneRefreshAtATime: however many ask for what is stale, one call is made in the background, and nobody waits for it.
func TestOneRefreshAtATime(t *testing.T) {
	t.Parallel()
	for reason, share := range map[string]bool{"shared": true, "not shared": false} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int64
				p := keeps(nil)
				p.Share = share
				h := playing(t, Options{Policy: p}, Inputs{}, func(*http.Request) (*http.Response, error) {
					n := calls.Add(1)
					if n > 1 {
						time.Sleep(time.Second)
					}
					return answers(fmt.Sprint(n), "Cache-Control: max-age=5, stale-while-revalidate=9"), nil
				})
				wantRead(t, h, "a", "1 1")
				time.Sleep(5 * time.Second)
				for range 3 {
					var all sync.WaitGroup
					for range 20 {
						all.Go(func() {
							begun := time.Now()
							if got, err := reading(t.Context(), h, "a"); !strings.HasPrefix(got, "1 ") || err != nil || time.Since(begun) > 0 {
								t.Errorf("read %q, %v after %s", got, err, time.Since(begun))
							}
						})
					}
					all.Wait()
				}
				h.background.calls.Wait()
				if n := calls.Load(); n != 2 {
					t.Errorf("%d calls, want 2", n)
				}
				wantRead(t, h, "a", "2 fresh 0")
			})
		})
	}
}

// TestRefreshesThatFail: a refresh that fails or panics is over, and the next caller begins another. Once the client is closed there are none.
func TestRefreshesThatFail(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	var log bytes.Buffer
	o := Options{Policy: keeps(nil), Log: slog.New(slog.NewTextHandler(&log, nil))}
	h := playing(t, o, Inputs{}, func(*http.Request) (*http.Response, error) {
		switch calls.Add(1) {
		case 1:
			return answers("1", "Cache-Control: max-age=0, stale-while-revalidate=60"), nil
		case 2:
			return nil, errors.New("reset")
		default:
			panic("boom")
		}
	})
	wantRead(t, h, "a", "1 1")
	for want := int64(2); want <= 4; want++ {
		wantRead(t, h, "a", "1 stale 0")
		h.background.calls.Wait()
		if n := calls.Load(); n != want {
			t.Errorf("%d calls, want %d", n, want)
		}
	}
	if !strings.Contains(log.String(), "boom") {
		t.Error("nobody hears of the panic")
	}
	_ = h.Close()
	wantRead(t, h, "a", "1 stale 0")
	if n := calls.Load(); n != 4 {
		t.Errorf("%d calls after it was closed", n)
	}
}

// TestReadsAroundACommand: what was asked for before a command ended is not fresh, however late its answer comes; what is asked for later is.
func TestReadsAroundACommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took := map[string]time.Duration{"/before": 5, "/during": 1, "/across": 3, "/after": 1, "": 4}
		h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(r *http.Request) (*http.Response, error) {
			time.Sleep(took[strings.TrimRight(r.URL.Path, "/")] * time.Second)
			return answers("1", "Cache-Control: max-age=60", `ETag: "a"`), nil
		})
		var all sync.WaitGroup
		for path, at := range map[string]time.Duration{"before": 0, "": 1, "during": 2, "across": 4, "after": 5} { // the command ends at 5
			all.Go(func() {
				time.Sleep(at * time.Second)
				if path == "after" {
					synctest.Wait()
				}
				method := http.MethodGet
				if path == "" {
					method = http.MethodPost
				}
				_, _ = h.Do(t.Context(), "Get", func(base string) (*http.Request, error) { return http.NewRequest(method, base+path, nil) })
			})
		}
		all.Wait()
		for path, want := range map[string]string{"before": "1 1", "during": "1 1", "across": "1 1", "after": "1 fresh 0"} {
			if got, _ := reading(t.Context(), h, path); got != want {
				t.Errorf("%s: read %q, want %q", path, got, want)
			}
		}
	})
}

// TestLateAnswers: an answer does not take the place of one that was requested later, nor does its refusal.
func TestLateAnswers(t *testing.T) {
	t.Parallel()
	for reason, status := range map[string]int{"an answer": 200, "not to be stored": 203, "gone": 410} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int64
				h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(*http.Request) (*http.Response, error) {
					a := answers("new", "Cache-Control: max-age=60")
					if calls.Add(1) == 1 {
						time.Sleep(time.Second)
						a = answers("old", "Cache-Control: max-age=60")
						a.StatusCode = status
					}
					return a, nil
				})
				var all sync.WaitGroup
				all.Go(func() { _, _ = reading(t.Context(), h, "a") })
				time.Sleep(time.Millisecond)
				wantRead(t, h, "a", "new 1")
				all.Wait()
				wantRead(t, h, "a", "new fresh 0")
			})
		})
	}
}

// counting is a batch that says whether it has left.
type counting struct {
	wave *wave.Wave
	left atomic.Bool
}

func (b *counting) Leave() {
	b.left.Store(true)
	b.wave.Done()
}

// TestWhoIsAnsweredByWhatIsKeptRuns: she does not wait for the service, so batches that she can add to do not leave.
func TestWhoIsAnsweredByWhatIsKeptRuns(t *testing.T) {
	t.Parallel()
	h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(*http.Request) (*http.Response, error) {
		return answers("1", "Cache-Control: max-age=60"), nil
	})
	for reason, test := range map[string]struct {
		path  string
		first bool
		kept  bool
		left  bool
	}{
		"a call": {"a", false, false, true}, "what is fresh": {"b", true, false, false}, "what is kept": {"c", true, true, false}, "what is not": {"d", false, true, false},
	} {
		if test.first {
			wantRead(t, h, test.path, "1 1")
		}
		w := wave.New(time.Hour)
		w.Add(1)
		ctx := w.Context(t.Context(), nil)
		b := &counting{wave: w}
		w.Begin(b)
		if test.kept {
			ctx = WithKept(ctx, time.Hour, func(time.Duration) {})
		}
		_, _ = reading(ctx, h, test.path)
		if b.left.Load() != test.left {
			t.Errorf("%s: the batch has left: %t", reason, !test.left)
		}
	}
}

// TestWhatTheServiceSaidLast: an answer that stands in for another is no sign of health, and neither is one that nobody asked the service for.
func TestWhatTheServiceSaidLast(t *testing.T) {
	t.Parallel()
	works := true
	h := playing(t, Options{Policy: keeps(nil)}, Inputs{}, func(r *http.Request) (*http.Response, error) {
		if !works {
			return nil, errors.New("reset")
		}
		if r.URL.Path == "/stale" {
			return answers("1", "Cache-Control: max-age=0, stale-if-error=60"), nil
		}
		return answers("1", "Cache-Control: max-age=60"), nil
	})
	want := func(reason string, code fault.Code) {
		t.Helper()
		if got := h.state(true).LastFault; got != code {
			t.Errorf("%s: the last fault is %q, want %q", reason, got, code)
		}
	}
	wantRead(t, h, "stale", "1 1")
	wantRead(t, h, "fresh", "1 1")
	_, _ = reading(WithKept(t.Context(), time.Hour, nil), h, "never")
	want("what is not kept", "")
	works = false
	wantRead(t, h, "stale", "1 stale 1")
	want("what stands in", fault.SourceUnavailable)
	wantRead(t, h, "fresh", "1 fresh 0")
	want("what is fresh", fault.SourceUnavailable)
}

// TestAttemptsToRevalidate: they are told like any others.
func TestAttemptsToRevalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		p := keeps(nil)
		p.Retry = retries(2).Retry
		h := playing(t, Options{Policy: p}, Inputs{}, func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.Header.Get("If-None-Match"))
			a := answers("1", `ETag: "a"`, "Cache-Control: max-age=0")
			switch len(asked) {
			case 2:
				return nil, errors.New("reset")
			case 3:
				a.StatusCode, a.Body = http.StatusNotModified, http.NoBody
			case 4:
				a = answers("", `ETag: "b"`)
				a.StatusCode = http.StatusNotModified
			}
			return a, nil
		})
		wantRead(t, h, "a", "1 1")
		wantRead(t, h, "a", "1 revalidated 2")
		wantRead(t, h, "a", "1 2")
		if got := fmt.Sprint(asked); got != `[ "a" "a" "a" ]` {
			t.Errorf("asked by %s", got)
		}
	})
}
