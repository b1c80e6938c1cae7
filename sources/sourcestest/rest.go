package sourcestest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
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
			for reason, f := range restFaults(t, c) {
				t.Run(reason, func(t *testing.T) {
					noLeaks(t)
					s := f.start(t)
					h := restClient(t, inputs, s.url, f.timeout())
					examine(t, calls(h)[i], f.want, s.address, s.calls)
				})
			}
			t.Run("declared inputs", func(t *testing.T) { restInputs(t, inputs, calls, i, c) })
			t.Run("cancelling", func(t *testing.T) {
				noLeaks(t)
				s := restServer(t, hang)
				cancelling(t, calls(restClient(t, inputs, s.url, patience))[i], s)
			})
		})
	}
}

// restFault is what a service does, and what the source must make of it.
type restFault struct {
	want
	handle func(w http.ResponseWriter, s service, r *http.Request)
	accept func(net.Conn) // in place of HTTP
	refuse bool
	slow   bool
}

func (f restFault) timeout() time.Duration {
	if f.slow {
		return shortTime
	}
	return patience
}

func (f restFault) start(t *testing.T) service {
	t.Helper()
	switch {
	case f.refuse:
		l := listen(t)
		_ = l.Close()
		return service{url: "http://" + l.Addr().String(), address: l.Addr().String()}
	case f.accept != nil:
		l := listen(t)
		go accept(l, f.accept)
		return service{url: "http://" + l.Addr().String(), address: l.Addr().String()}
	default:
		return restServer(t, f.handle)
	}
}

func restFaults(t *testing.T, c Call) map[string]restFault {
	t.Helper()
	good := recorded(t, c.Answer)
	violation := want{code: fault.SourceContractViolation}
	absent := want{code: fault.NotFound}
	if c.Absent {
		absent = want{}
	}
	status := func(code int, w want) restFault {
		return restFault{want: w, handle: func(w http.ResponseWriter, _ service, _ *http.Request) {
			w.Header().Set("Retry-After", fmt.Sprint(int(retryAfter/time.Second)))
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"title":"`+secretBody+`","detail":"`+secretBody+`"}`)
		}}
	}
	faults := map[string]restFault{
		"good":      {handle: body(good)},
		"refused":   {want: want{code: fault.SourceUnavailable, anyCalls: true}, refuse: true},
		"reset":     {want: want{code: fault.SourceUnavailable, anyCalls: true}, accept: reset},
		"slow":      {want: want{code: fault.SourceTimeout}, handle: hang, slow: true},
		"slow body": {want: want{code: fault.SourceTimeout}, handle: hangAfter(good[:len(good)/2]), slow: true},
		"cut off":   {want: want{code: fault.SourceUnavailable, anyCalls: true}, handle: cut(good)},

		"400": status(400, want{fault.BadUserInput, retryAfter, false}),
		"401": status(401, want{fault.Forbidden, retryAfter, false}),
		"403": status(403, want{fault.Forbidden, retryAfter, false}),
		"404": status(404, want{absent.code, retryAfter, false}),
		"409": status(409, want{fault.Conflict, retryAfter, false}),
		"429": status(429, want{fault.RateLimited, retryAfter, false}),
		"500": status(500, want{fault.SourceFailed, retryAfter, false}),
		"503": status(503, want{fault.SourceUnavailable, retryAfter, false}),
		"302": status(302, want{fault.SourceContractViolation, retryAfter, false}),

		"garbage":            {want: violation, handle: body([]byte("\x00\x01<html>" + secretBody))},
		"truncated":          {want: violation, handle: body(good[:len(good)/2])},
		"empty":              {want: violation, handle: body(nil)},
		"another type":       {want: violation, handle: body([]byte(`"` + secretBody + `"`))},
		"another media type": {want: violation, handle: page},
		"oversize":           {want: violation, handle: body(bytes.Repeat([]byte(" "), maxBytes+1))},
		"oversize, streamed": {want: violation, handle: stream},
	}
	for _, p := range c.Required {
		faults["without "+p] = restFault{want: violation, handle: body(without(t, good, p))}
		faults["null for "+p] = restFault{want: violation, handle: body(with(t, good, p, nil))}
		faults["wrong type of "+p] = restFault{want: violation, handle: body(with(t, good, p, map[string]any{"x": []int{1}}))}
	}
	for _, p := range c.Enums {
		faults["unknown value of "+p] = restFault{want: violation, handle: body(with(t, good, p, "no-such-value"))}
	}
	for reason, document := range outOfRange(t, c, good) {
		faults[reason] = restFault{want: violation, handle: body(document)}
	}
	return faults
}

func restClient(t *testing.T, inputs upstream.Inputs, url string, timeout time.Duration) *upstream.HTTP {
	t.Helper()
	h, err := upstream.NewHTTP(upstream.Options{Name: "examined", URL: url, Timeout: timeout, MaxBytes: maxBytes}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func restServer(t *testing.T, handle func(http.ResponseWriter, service, *http.Request)) service {
	t.Helper()
	var calls atomic.Int64
	s := service{calls: func() int { return int(calls.Load()) }, arrived: make(chan struct{}, 100), left: make(chan struct{}, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.Header.Get("X-Undeclared") != "" {
			t.Error("the service received a header that its source does not declare")
		}
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees when the caller goes
		handle(w, s, r)
	}))
	t.Cleanup(server.Close)
	s.url, s.address = server.URL, server.Listener.Addr().String()
	return s
}

// restInputs checks that the service receives what the source declares.
func restInputs(t *testing.T, inputs upstream.Inputs, calls func(*upstream.HTTP) []Call, i int, c Call) {
	noLeaks(t)
	var mu sync.Mutex
	var seen http.Header
	good := body(recorded(t, c.Answer))
	s := restServer(t, func(w http.ResponseWriter, s service, r *http.Request) {
		mu.Lock()
		seen = r.Header.Clone()
		mu.Unlock()
		good(w, s, r)
	})
	examine(t, calls(restClient(t, inputs, s.url, patience))[i], want{}, s.address, s.calls)
	mu.Lock()
	defer mu.Unlock()
	for _, name := range inputs.Headers {
		if sent := request().Header.Get(name); seen.Get(name) != sent {
			t.Errorf("the service received %s: %q, want %q", name, seen.Get(name), sent)
		}
	}
	for _, claim := range inputs.Claims {
		if got, want := seen.Get("Caller-"+claim), request().Claims[claim]; got != want {
			t.Errorf("the service received the claim %s as %q, want %q", claim, got, want)
		}
	}
}

func body(b []byte) func(http.ResponseWriter, service, *http.Request) {
	return func(w http.ResponseWriter, _ service, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b)
	}
}

func page(w http.ResponseWriter, _ service, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html>"+secretBody)
}

func stream(w http.ResponseWriter, _ service, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for chunk := strings.Repeat(" ", 64<<10); r.Context().Err() == nil; {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

func hang(_ http.ResponseWriter, s service, r *http.Request) {
	s.arrived <- struct{}{}
	<-r.Context().Done()
	s.left <- struct{}{}
}

func hangAfter(start []byte) func(http.ResponseWriter, service, *http.Request) {
	return func(w http.ResponseWriter, _ service, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(start)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// cut promises a whole body and ends the connection in the middle of it.
func cut(b []byte) func(http.ResponseWriter, service, *http.Request) {
	return func(w http.ResponseWriter, _ service, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func accept(l net.Listener, handle func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		handle(conn)
	}
}

// reset ends a connection with a TCP reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
