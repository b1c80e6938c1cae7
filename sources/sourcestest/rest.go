package sourcestest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// REST examines a source of a REST service. calls makes the source on a client, and gives one Call for each thing that it can do.
func REST(t *testing.T, inputs upstream.Inputs, calls func(*upstream.HTTP) []Call) {
	t.Helper()
	for i, c := range calls(restClient(t, inputs, "http://unused.test", time.Second)) {
		t.Run(c.Name, func(t *testing.T) {
			trials := restTrials(t, c)
			examination{
				inputs: inputs, trials: trials, good: trials["good"].start, hang: serveREST(hang),
				call: func(t *testing.T, url string, timeout time.Duration) Call {
					return calls(restClient(t, inputs, url, timeout))[i]
				},
			}.run(t)
		})
	}
}

// handler answers one request of a service.
type handler func(w http.ResponseWriter, s service, r *http.Request)

func restTrials(t *testing.T, c Call) map[string]trial {
	t.Helper()
	good := recorded(t, c.Answer)
	trials := map[string]trial{
		"good":      {start: serveREST(body("application/json", good))},
		"refused":   {want: want{code: fault.SourceUnavailable, anyCalls: true}, start: refusing("http")},
		"reset":     {want: want{code: fault.SourceUnavailable, anyCalls: true}, start: resetting("http")},
		"slow":      {want: want{code: fault.SourceTimeout}, start: serveREST(hang), slow: true},
		"slow body": {want: want{code: fault.SourceTimeout}, start: serveREST(hangAfter(good[:len(good)/2])), slow: true},
		"cut off":   {want: want{code: fault.SourceUnavailable, anyCalls: true}, start: serveREST(cut(good))},
	}
	for code, becomes := range map[int]fault.Code{
		302: fault.SourceContractViolation, 307: fault.SourceContractViolation,
		400: fault.BadUserInput, 401: fault.Forbidden, 403: fault.Forbidden, 404: fault.NotFound, 409: fault.Conflict, 429: fault.RateLimited,
		500: fault.SourceFailed, 503: fault.SourceUnavailable,
	} {
		w := want{code: becomes, retryAfter: retryAfter}
		if code == http.StatusNotFound && c.Absent {
			w = want{}
		}
		trials[fmt.Sprint(code)] = trial{want: w, start: serveREST(refusal(code, good))}
	}
	violation := func(reason string, answer handler) {
		trials[reason] = trial{want: want{code: fault.SourceContractViolation}, start: serveREST(answer)}
	}
	badBody := func(reason string, answer []byte) { violation(reason, body("application/json", answer)) }
	badBody("garbage", []byte("\x00\x01<html>"+secretBody))
	badBody("truncated", good[:len(good)/2])
	badBody("empty", nil)
	badBody("another type", []byte(`"`+secretBody+`"`))
	violation("404 of somebody else", func(w http.ResponseWriter, _ service, _ *http.Request) {
		http.Error(w, secretBody, http.StatusNotFound)
	})
	// But for one thing these are good: no other check may be what refuses them.
	oversize := append(bytes.Clone(good), bytes.Repeat([]byte(" "), maxBytes)...)
	violation("another media type", body("text/html", good))
	violation("oversize", body("application/json", oversize))
	violation("oversize, streamed", streamed(oversize))
	for _, p := range c.Required {
		badBody("without "+p, without(t, good, p))
		badBody("null for "+p, with(t, good, p, nil))
		badBody("wrong type of "+p, with(t, good, p, map[string]any{"x": []int{1}}))
	}
	for _, p := range c.Enums {
		badBody("unknown value of "+p, with(t, good, p, "no-such-value"))
	}
	for reason, document := range outOfRange(t, c, good) {
		badBody(reason, document)
	}
	return trials
}

func restClient(t *testing.T, inputs upstream.Inputs, url string, timeout time.Duration) *upstream.HTTP {
	t.Helper()
	h, err := upstream.NewHTTP(upstream.Options{Name: sourceName, URL: url, Timeout: timeout, MaxBytes: maxBytes}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// serveREST starts a service that answers everything alike.
func serveREST(handle handler) func(*testing.T) service {
	return func(t *testing.T) service {
		t.Helper()
		var s service
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body) // also so that the server sees when the caller goes
			header := r.Header.Clone()
			header.Del("Idempotency-Key")
			s.log.add(received{
				header: header, key: strings.Join(r.Header.Values("Idempotency-Key"), ", "),
				what: fmt.Sprintf("%s %s %s", r.Method, r.URL, b), uri: r.URL.RequestURI(),
			})
			handle(w, s, r)
		}))
		s = newService("http", server.Listener.Addr().String())
		server.Start()
		t.Cleanup(server.Close)
		return s
	}
}

func body(media string, b []byte) handler {
	return func(w http.ResponseWriter, _ service, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b)
	}
}

// streamed is body without a word on the length.
func streamed(b []byte) handler {
	return func(w http.ResponseWriter, _ service, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(b)
	}
}

// elsewhere is where redirects lead to. There, the good answer waits for who follows them.
const elsewhere = "/elsewhere"

// refusal answers with a status that is no success.
func refusal(code int, good []byte) handler {
	return func(w http.ResponseWriter, s service, r *http.Request) {
		if r.URL.Path == elsewhere {
			body("application/json", good)(w, s, r)
			return
		}
		if code >= 300 && code <= 399 {
			w.Header().Set("Location", elsewhere)
		}
		w.Header().Set("Retry-After", fmt.Sprint(retryAfter))
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"title":"`+secretBody+`","detail":"`+secretBody+`"}`)
	}
}

func hang(_ http.ResponseWriter, s service, r *http.Request) {
	s.arrived <- struct{}{}
	<-r.Context().Done()
	s.left <- struct{}{}
}

func hangAfter(start []byte) handler {
	return func(w http.ResponseWriter, _ service, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(start)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// cut promises a whole body and ends the connection in the middle of it.
func cut(b []byte) handler {
	return func(w http.ResponseWriter, _ service, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
