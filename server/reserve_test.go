package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestReserve: how much of a request's time is kept for its answer.
func TestReserve(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		asked             string
		configured        time.Duration
		timeout, reserved time.Duration
	}{
		"nothing asked for":          {"", 20 * time.Millisecond, 5 * time.Second, 20 * time.Millisecond},
		"less asked for":             {"1.5", 20 * time.Millisecond, 1500 * time.Millisecond, 20 * time.Millisecond},
		"little asked for: a tenth":  {"0.1", 20 * time.Millisecond, 100 * time.Millisecond, 10 * time.Millisecond},
		"more asked for":             {"60", 20 * time.Millisecond, 5 * time.Second, 20 * time.Millisecond},
		"a large reserve: a tenth":   {"", time.Second, 5 * time.Second, 500 * time.Millisecond},
		"no reserve":                 {"1", 0, time.Second, 0},
		"the least that is any time": {"0.0000000001", 20 * time.Millisecond, 1, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := &Server{config: Config{RequestTimeout: config.Duration(5 * time.Second), AnswerReserve: config.Duration(test.configured)}, present: fault.Presenter(nil)}
			var seen context.Context
			h := s.deadline(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Context() }))
			r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
			if test.asked != "" {
				r.Header.Set(TimeoutHeader, test.asked)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got := s.timeout(seen); got != test.timeout {
				t.Errorf("the request has %s, want %s", got, test.timeout)
			}
			if got := s.reserve(seen); got != test.reserved {
				t.Errorf("%s are reserved, want %s", got, test.reserved)
			}
		})
	}
}
