package e2e

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/server"
)

// TestRetryBudget: a source that fails each time is called little more often than it is asked: by a fifth, and some a second. The breaker,
// which would stop it sooner, is off.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	const requests = 2_000
	d := start(t, options{}).demo
	cases := map[string]struct {
		source string
		broken func(t *testing.T) (settings string, calls func() int64)
	}{
		"REST, 500":         {"orders", failing(d.URL("orders"), answerStatus(http.StatusInternalServerError, ""))},
		"REST, cut":         {"orders", cutAtOnce},
		"gRPC, UNAVAILABLE": {"reviews", failing(d.URL("reviews"), grpcStatus(codes.Unavailable, 0))},
	}
	for name, c := range cases {
		for clients, how := range map[int]string{1: "one by one", 32: "many at once"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				settings, calls := c.broken(t)
				s := gatewayBefore(t, d, fmt.Sprintf("sources: {%s: {%s, breaker: {enabled: false}, retry: {base: 1ms}}}", c.source, settings))
				began := time.Now()
				askAll(t, s, c.source, requests, clients)
				p := server.DefaultConfig().Sources[c.source].Retry
				const saved, less = 10, 0.01 // retries that may be saved up; of a second, for what is measured before or after
				most := requests + p.Budget*requests + p.Floor*(time.Since(began).Seconds()+less) + saved
				if got := float64(calls()); got > most || got < requests*(1+p.Budget/2) {
					t.Errorf("%v calls for %d requests, want %v at most, and some more than requests", got, requests, most)
				}
			})
		}
	}
}

// failing gives a front that answers each call so.
func failing(service string, s spoil) func(t *testing.T) (string, func() int64) {
	return func(t *testing.T) (string, func() int64) {
		t.Helper()
		f := newFront(t, service, answering(s))
		return f.source(f.address), f.calls.Load
	}
}

// cutAtOnce gives a service that closes each connection, and counts them.
func cutAtOnce(t *testing.T) (string, func() int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int64
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			conn, err := l.Accept()
			if err != nil {
				return // it is closed
			}
			count.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-over
	})
	return "url: 'http://" + l.Addr().String() + "'", count.Load
}

// askAll asks so many questions of a source, each once, by so many clients.
func askAll(t *testing.T, s *stack, source string, requests, clients int) {
	t.Helper()
	next := make(chan int)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for n := range next {
				if o := <-hangingQuestion(source, n).begin(t.Context(), t, s); o.err != nil || o.status != http.StatusOK {
					t.Errorf("got %v, %d and %s", o.err, o.status, o.body)
				}
			}
		})
	}
	for n := range requests {
		next <- n
	}
	close(next)
	all.Wait()
}
