package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// said is what a service says to a call; one without a status says nothing until the caller has gone.
type said struct {
	status     int
	retryAfter string
	media      string        // application/json if empty
	after      time.Duration // until it says it
	err        error         // in place of an answer
}

var (
	good    = said{status: 200}
	refused = said{err: errors.New("connection refused")}
	silent  = said{}
)

// service is a service that is played by a script, so that what is tested is ours, and by synctest's clock.
type service struct {
	script func(n int, r *http.Request) said // n counts calls, from 1

	mu     sync.Mutex
	calls  int
	bodies []string
	times  []time.Time
	gone   int // callers who went before they had an answer
}

// always is the script of a service that says the same to everybody.
func always(s said) func(int, *http.Request) said {
	return func(int, *http.Request) said { return s }
}

// inOrder is the script of a service that says one thing after the other, the last from then on.
func inOrder(list ...said) func(int, *http.Request) said {
	return func(n int, _ *http.Request) said { return list[min(n, len(list))-1] }
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		all, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(all)
	}
	s.mu.Lock()
	s.calls++
	answer := s.script(s.calls, r)
	s.bodies, s.times = append(s.bodies, body), append(s.times, time.Now())
	s.mu.Unlock()
	if answer.status == 0 && answer.err == nil {
		answer.after = time.Hour
	}
	if err := s.pause(r.Context(), answer.after); err != nil {
		return nil, err
	}
	if answer.err != nil {
		return nil, answer.err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if answer.media != "" {
		header.Set("Content-Type", answer.media)
	}
	if answer.retryAfter != "" {
		header.Set("Retry-After", answer.retryAfter)
	}
	return &http.Response{StatusCode: answer.status, Header: header, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
}

func (s *service) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		s.gone++
		s.mu.Unlock()
		return ctx.Err()
	}
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// scripted gives the client of a service that is played by a script.
func scripted(t *testing.T, p Policy, script func(int, *http.Request) said) (*HTTP, *service) {
	t.Helper()
	s := &service{script: script}
	h, err := NewHTTP(Options{Name: "shop", URL: "http://shop", Timeout: 2 * time.Second, Policy: p}, Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	h.transport = s
	return h, s
}

// calling gives a call of one operation.
func calling(h *HTTP, method string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := h.Do(ctx, "Op", func(url string) (*http.Request, error) {
			switch method {
			case http.MethodGet:
				return http.NewRequest(method, url, nil)
			case "keyed":
				r, err := http.NewRequest(http.MethodPost, url, strings.NewReader("order"))
				if err == nil {
					r.Header.Set("Idempotency-Key", "key")
				}
				return r, err
			default:
				return http.NewRequest(method, url, strings.NewReader("order"))
			}
		})
		return err
	}
}

// codeOf gives the code of a call's fault; empty if there is none.
func codeOf(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// retries gives a policy of retries alone.
func retries(n int) Policy {
	return Policy{Retry: RetryPolicy{Max: n, Base: config.Duration(50 * time.Millisecond), Longest: config.Duration(3 * time.Second), Budget: 0.2, Floor: 2}}
}
