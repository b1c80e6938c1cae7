package upstream

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// watchedBodies counts the bodies that a transport gives and that are not closed yet. From outside, nobody sees that one is not: the end of
// the call's context frees its connection too, at the price of the connection.
type watchedBodies struct {
	http.RoundTripper
	given, open atomic.Int64
	then        func() // called for each
}

func (w *watchedBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		w.given.Add(1)
		w.open.Add(1)
		resp.Body = &watchedBody{ReadCloser: resp.Body, open: &w.open}
		w.then()
	}
	return resp, err
}

type watchedBody struct {
	io.ReadCloser
	open   *atomic.Int64
	closed atomic.Bool
}

func (b *watchedBody) Close() error {
	if !b.closed.Swap(true) {
		b.open.Add(-1)
	}
	return b.ReadCloser.Close()
}

func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	const most = 1000
	write := func(status int, media, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	begin := func(w http.ResponseWriter, length string) {
		w.Header().Set("Content-Type", "application/json")
		if length != "" {
			w.Header().Set("Content-Length", length)
		}
		_, _ = io.WriteString(w, `{"a":`)
		_ = http.NewResponseController(w).Flush()
	}
	for reason, test := range map[string]struct {
		handle    http.HandlerFunc
		cancelled bool // once the body has begun
	}{
		"of an answer":                  {write(200, "application/json", `{}`), false},
		"of an answer that has none":    {write(204, "application/json", ``), false},
		"of a refusal":                  {write(409, "application/problem+json", `{}`), false},
		"of a 404 of somebody else":     {write(404, "text/html", `<html>`), false},
		"of a failure":                  {write(503, "text/html", `<html>`), false},
		"of a redirect":                 {write(302, "text/html", `<html>`), false},
		"of what is no JSON":            {write(200, "text/html", `<html>`), false},
		"that is too long":              {write(200, "application/json", strings.Repeat(" ", most+1)), false},
		"that is too long, in pieces":   {func(w http.ResponseWriter, _ *http.Request) { begin(w, ""); _, _ = w.Write(make([]byte, most)) }, false},
		"that is cut off":               {func(w http.ResponseWriter, _ *http.Request) { begin(w, "100"); panic(http.ErrAbortHandler) }, false},
		"that does not come to its end": {func(w http.ResponseWriter, r *http.Request) { begin(w, "100"); <-r.Context().Done() }, true},
		"of a refusal that does not come": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusConflict)
			begin(w, "")
			<-r.Context().Done()
		}, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handle)
			t.Cleanup(server.Close)
			h, err := NewHTTP(Options{Name: "shop", URL: server.URL, Timeout: time.Minute, MaxBytes: most}, Inputs{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			watched := &watchedBodies{RoundTripper: h.transport, then: func() {}}
			if test.cancelled {
				watched.then = cancel
			}
			h.transport = watched
			t.Cleanup(h.closeIdle)
			_, _ = h.Do(ctx, "Get", func(url string) (*http.Request, error) { return http.NewRequest(http.MethodGet, url, nil) })
			if watched.given.Load() != 1 || watched.open.Load() != 0 {
				t.Errorf("of %d bodies, %d are open", watched.given.Load(), watched.open.Load())
			}
		})
	}
}
