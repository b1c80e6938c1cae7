package load_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mainstem/mainstem/bench/load"
)

func TestReader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 20_000)
	for reason, test := range map[string]struct {
		stream string
		want   []string // status and body of each answer
		err    string   // what ends the stream
	}{
		"a length":               {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", []string{"200 hello"}, "EOF"},
		"names in small letters": {"HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello", []string{"200 hello"}, "EOF"},
		"two after each other":   {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb", []string{"200 a", "404 b"}, "EOF"},
		"chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",
			[]string{"200 abc0123456789", "500 "}, "EOF"},
		"no body":              {"HTTP/1.1 204 No Content\r\n\r\n", []string{"204 "}, "EOF"},
		"more than the buffer": {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), []string{"200 " + long}, "EOF"},
		"an end in the line":   {"HTTP/1.1 200", nil, "unexpected EOF"},
		"an end in the head":   {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", nil, "unexpected EOF"},
		"an end in the body":   {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", nil, "unexpected EOF"},
		"an end in a chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", nil, "unexpected EOF"},
		"no length":            {"HTTP/1.1 200 OK\r\n\r\nhello", nil, "no length"},
		"a negative length":    {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", nil, "its length is"},
		"a length of its own":  {"HTTP/1.1 200 OK\r\nContent-Length: 2147483647\r\n\r\n", nil, "too long"},
		"a chunk without end":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", nil, "followed by"},
		"a chunk of no size":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", nil, "of length"},
		"an endless line":      {"HTTP/1.1 200 " + long, nil, "too long"},
		"another protocol":     {"SSH-2.0-OpenSSH\r\n", nil, "begins with"},
		"no colon":             {"HTTP/1.1 200 OK\r\nnothing\r\n\r\n", nil, "the header"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			for way, from := range map[string]io.Reader{
				"at once":      strings.NewReader(test.stream),
				"bit by bit":   iotest.OneByteReader(strings.NewReader(test.stream)),
				"half by half": iotest.HalfReader(strings.NewReader(test.stream)),
			} {
				r := load.NewReader(from)
				for _, want := range test.want {
					status, body, err := r.Next()
					if got := fmt.Sprintf("%d %s", status, body); err != nil || got != want {
						t.Fatalf("%s: got %.80q, %v, want %.80q", way, got, err, want)
					}
				}
				if _, _, err := r.Next(); err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%s: it ends with %v, want %q", way, err, test.err)
				}
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, stream string) {
		r := load.NewReader(strings.NewReader(stream))
		for {
			status, body, err := r.Next()
			if err != nil {
				return
			}
			if status < 200 || status > 999 || len(body) > len(stream) {
				t.Fatalf("status %d with %d bytes, of %d", status, len(body), len(stream))
			}
		}
	})
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	var h load.Histogram
	if h.Quantile(0.5) != 0 || h.Count() != 0 {
		t.Error("an empty one is not empty")
	}
	for i := range 10_000 {
		h.Add(time.Duration(i+1) * 100 * time.Microsecond)
	}
	for share, want := range map[float64]time.Duration{
		0: 100 * time.Microsecond, 0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second,
	} {
		got := h.Quantile(share)
		if off := (got - want).Abs(); off > want/64+time.Microsecond {
			t.Errorf("of %v: got %s, want %s", share, got, want)
		}
	}
	if h.Count() != 10_000 {
		t.Errorf("there are %d", h.Count())
	}
	h.Add(-time.Second)
	h.Add(1<<63 - 1)
}

// serve runs a server until the test ends, and gives its address.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1000) // which net/http sends in chunks
	var connections, requests atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "{}" || r.Header.Get("X-More") != "yes" {
			w.WriteHeader(http.StatusBadRequest)
		}
		requests.Add(1)
		_, _ = io.WriteString(w, long)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	address := s.Listener.Addr().String()
	result, err := load.Run(t.Context(), load.Target{
		Address: address, Request: load.Post(address, "/", []byte("{}"), "X-More: yes"), Body: []byte(long), Connections: 7,
	}, 10*time.Millisecond, load.For(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if result.Rate() <= 0 || result.Took < 110*time.Millisecond || result.Latencies.Quantile(0.5) == 0 {
		t.Errorf("got %v answers a second in %s", result.Rate(), result.Took)
	}
	if n := requests.Load(); n != result.Answers || n < result.Latencies.Count() {
		t.Errorf("%d requests were answered, of which %d are told, %d while it was measured", n, result.Answers, result.Latencies.Count())
	}
	if n := connections.Load(); n != 7 {
		t.Errorf("%d connections were opened, want 7", n)
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for reason, test := range map[string]struct {
		serve  http.HandlerFunc
		during func(context.Context) error
		want   string
	}{
		"another status":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, load.For(time.Minute), "status 418"},
		"another body":           {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "HI") }, load.For(time.Minute), "not as it must be"},
		"no answer":              {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, load.For(time.Minute), "EOF"},
		"what is done meanwhile": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hi") }, func(context.Context) error { return broken }, "broken"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			address := serve(t, test.serve)
			_, err := load.Run(t.Context(), load.Target{Address: address, Request: load.Post(address, "/", nil), Body: []byte("hi"), Connections: 2},
				10*time.Millisecond, test.during)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestRunEnds: what is under way when the context ends is cut off.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{}, 1)
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	})
	go func() { <-asked; cancel() }()
	_, err := load.Run(ctx, load.Target{Address: address, Request: load.Post(address, "/", nil), Connections: 3}, time.Minute, load.For(time.Minute))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
