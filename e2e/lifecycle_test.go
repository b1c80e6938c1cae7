package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/fault"
)

// outcome is what became of a request.
type outcome struct {
	reply
	err error
}

// begin sends a query as support and goes on. What becomes of it comes by the channel.
func (s *stack) begin(ctx context.Context, t *testing.T, query string) <-chan outcome {
	t.Helper()
	return question{caller: "support", query: query}.begin(ctx, t, s)
}

// TestClientHangsUp: a client that goes away takes the calls with it that were made for it, by REST and gRPC.
func TestClientHangsUp(t *testing.T) {
	t.Parallel()
	s, waiters := behind(t, options{})
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	done := s.begin(ctx, t, bothWaiters)
	for _, w := range waiters {
		await(t, w.begun, "a call of "+w.url)
	}
	hangUp()
	if o := <-done; !errors.Is(o.err, context.Canceled) {
		t.Errorf("the client got %v and %s", o.err, o.body)
	}
	for _, w := range waiters {
		await(t, w.ended, w.url+" to learn of it")
	}
	within, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, source := range []string{"orders", "reviews"} {
		c, err := s.spans.await(within, source)
		if err != nil || c.code != string(fault.DeadlineExceeded) {
			t.Errorf("the call ended as %v: %v", c, err)
		}
	}
}

// TestStopFinishesRequests: a gateway that is told to stop answers what it has begun, and takes nothing more.
func TestStopFinishesRequests(t *testing.T) {
	t.Parallel()
	s := start(t, options{broken: map[string]breaking.Break{"reviews": {Latency: time.Second}}})
	done := s.begin(t.Context(), t, `{ review(id: "${Review:rev-0000001}") { rating author { displayName } } }`)
	await(t, s.spans.called("reviews"), "a call of reviews")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	o := <-done
	if o.err != nil || o.status != http.StatusOK || strings.Contains(string(o.body), "errors") {
		t.Errorf("the request that was under way got %v, %d and %s", o.err, o.status, o.body)
	}
	if o := <-s.begin(t.Context(), t, `{ __typename }`); !isRefused(o.err) {
		t.Errorf("a request after the end got %v and %s", o.err, o.body)
	}
}

// TestStopCutsOff: a request that outlasts the time to stop is cut off, its calls with it, and stopping says so.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	s, waiters := behind(t, options{grace: 50 * time.Millisecond, stopFails: true})
	done := s.begin(t.Context(), t, bothWaiters)
	for _, w := range waiters {
		await(t, w.begun, "a call of "+w.url)
	}
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("stopping gives %v", err)
	}
	if o := <-done; o.err == nil {
		t.Errorf("the request got %d and %s", o.status, o.body)
	}
	for _, w := range waiters {
		await(t, w.ended, w.url+" to learn of it")
	}
}

// TestServicesComeAndGo: services that go down and come back while requests run cost those requests their own fields, and nothing lasts.
func TestServicesComeAndGo(t *testing.T) {
	t.Parallel()
	s := start(t, options{})
	const query = `{ products(first: 3) { nodes { name stock { available } reviews(first: 1) { totalCount } } } }`
	for range 5 {
		asked := make([]<-chan outcome, 8)
		for i := range asked {
			asked[i] = s.begin(t.Context(), t, query)
		}
		for _, b := range []breaking.Break{{Refuse: true}, {}, {Down: true}, {}} {
			for _, service := range []string{"inventory", "reviews"} {
				if err := s.demo.Break(service, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, done := range asked {
			o := <-done
			if o.err != nil || o.status != http.StatusOK {
				t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
			}
			_, errs := decode[any](t, o.body)
			for _, e := range errs {
				if e.Extensions.Code != string(fault.SourceUnavailable) {
					t.Errorf("got %+v", e)
				}
			}
		}
		must[any](t, s, "", query, nil) // all is well again at once
	}
}

func isRefused(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok
}

// await waits for a signal.
func await(t *testing.T, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
}

// waiter is a service that takes requests and never answers.
type waiter struct {
	url   string
	begun chan struct{} // has a signal when a request has come
	ended chan struct{} // has a signal when that request's context has ended
}

func (w *waiter) wait(ctx context.Context) {
	w.begun <- struct{}{}
	<-ctx.Done()
	w.ended <- struct{}{}
}

// restWaiter gives a REST service that never answers.
func restWaiter(t *testing.T) *waiter {
	t.Helper()
	w := &waiter{begun: make(chan struct{}, 1), ended: make(chan struct{}, 1)}
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { w.wait(r.Context()) }))
	t.Cleanup(service.Close)
	w.url = service.URL
	return w
}

// grpcWaiter gives a gRPC service that never answers.
func grpcWaiter(t *testing.T) *waiter {
	t.Helper()
	w := &waiter{begun: make(chan struct{}, 1), ended: make(chan struct{}, 1)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := grpc.NewServer(grpc.WaitForHandlers(true), grpc.UnknownServiceHandler(func(_ any, call grpc.ServerStream) error {
		w.wait(call.Context())
		return status.FromContextError(call.Context().Err()).Err()
	}))
	served := make(chan error, 1)
	go func() { served <- service.Serve(l) }()
	t.Cleanup(func() {
		service.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	w.url = "grpc://" + l.Addr().String()
	return w
}

// behind starts a stack whose orders and reviews are services that never answer.
func behind(t *testing.T, o options) (s *stack, waiters []*waiter) {
	t.Helper()
	orders, reviews := restWaiter(t), grpcWaiter(t)
	o.config = "sources: {orders: {url: '" + orders.url + "'}, reviews: {url: '" + reviews.url + "'}}"
	return start(t, o), []*waiter{orders, reviews}
}

// bothWaiters is a query of orders and reviews.
const bothWaiters = `{ order(id: "${Order:ord-000012}") { id } review(id: "${Review:rev-0000001}") { id } }`
