package upstream

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestDoublesThatAreNotMade: what keeps a slow read's double from the service is no answer: the read itself may still have one.
func TestDoublesThatAreNotMade(t *testing.T) {
	t.Parallel()
	for reason, limit := range map[string]LimitPolicy{
		"the breaker is open":   {},
		"no permit is left":     {Max: 1},
		"no permit is left now": {Max: 1, Adaptive: true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := hedges()
				p.Concurrency = limit
				if limit.Max == 0 {
					p.Breaker = breaks().Breaker
				}
				h, s := used(t, p, func(_ int, r *http.Request) said {
					if r.Method == http.MethodGet {
						return said{status: 200, after: time.Second}
					}
					return refused
				})
				time.Sleep(time.Minute) // the good calls are forgotten
				slow := make(chan error, 1)
				go func() { slow <- calling(h, http.MethodGet)(t.Context()) }()
				synctest.Wait()
				for range 4 {
					_ = calling(h, http.MethodPost)(t.Context())
				}
				if err := <-slow; err != nil || s.gone != 0 {
					t.Errorf("the slow read failed with %v", err)
				}
			})
		})
	}
}

// TestRetriesThatAreProbes: a retry that a half open breaker lets through sends what the first attempt has sent, and is counted.
func TestRetriesThatAreProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.Delay = config.Duration(time.Second)
		p.Retry = retries(1).Retry
		h, s := scripted(t, p, func(n int, r *http.Request) said {
			switch {
			case r.Method == http.MethodPut:
				return refused
			case n == 1:
				return said{status: 503, after: 1500 * time.Millisecond}
			default:
				return good
			}
		})
		var made []Call
		keyed := make(chan error, 1)
		go func() { keyed <- calling(h, "keyed")(WithCalls(t.Context(), func(c Call) { made = append(made, c) })) }()
		synctest.Wait()
		for range 4 {
			_ = calling(h, http.MethodPut)(t.Context())
		}
		if state := h.state(true); state.Breaker != "open" {
			t.Fatalf("the breaker is %s", state.Breaker)
		}
		if err := <-keyed; err != nil {
			t.Error(err)
		}
		if last := s.bodies[len(s.bodies)-1]; last != "order" {
			t.Errorf("the retry sent %q", last)
		}
		if len(made) != 1 || made[0].Attempts != 2 {
			t.Errorf("reported as %+v", made)
		}
	})
}

// TestLateCallsAreNoProbes: how calls end that were begun before the breaker opened says nothing of the service now.
func TestLateCallsAreNoProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.Delay = config.Duration(time.Second)
		h, _ := scripted(t, p, func(n int, _ *http.Request) said {
			switch {
			case n == 1:
				return said{status: 503, after: 1500 * time.Millisecond}
			case n <= 5:
				return refused
			default:
				return good
			}
		})
		late := make(chan error, 1)
		go func() { late <- calling(h, http.MethodGet)(t.Context()) }()
		synctest.Wait()
		for range 4 {
			_ = calling(h, http.MethodGet)(t.Context())
		}
		time.Sleep(1200 * time.Millisecond)
		if err := calling(h, http.MethodGet)(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-late; err == nil {
			t.Error("the late call succeeded")
		}
		if state := h.state(true); state.Breaker != "half-open" {
			t.Errorf("after a good probe and a late fault it is %s", state.Breaker)
		}
		if err := calling(h, http.MethodGet)(t.Context()); err != nil || h.state(true).Breaker != "closed" {
			t.Errorf("after two good probes: %v, and %s", err, h.state(true).Breaker)
		}
	})
}

// TestManyFailAtOnce is for the race detector: one call opens the breaker while others end.
func TestManyFailAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		h, _ := scripted(t, breaks(), always(refused))
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() { _ = calling(h, http.MethodGet)(t.Context()) })
		}
		all.Wait()
	}
}

// panicking is a service whose calls panic after a second.
type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	panic("no")
}

// TestProbesThatPanic fail, and end nothing else.
func TestProbesThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := opened(t, breaks(), always(good))
		h.transport = panicking{}
		time.Sleep(5 * time.Second)
		if got := codeOf(calling(h, http.MethodGet)(t.Context())); got != fault.Internal {
			t.Errorf("%s", got)
		}
		if state := h.state(true); state.Breaker != "open" {
			t.Errorf("the breaker is %s", state.Breaker)
		}
	})
}

// TestFlightsThatPanic: each time, those who have joined have a fault that the log has not seen yet.
func TestFlightsThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := scripted(t, Policy{Share: true}, always(good))
		h.transport = panicking{}
		for range 2 {
			go func() {
				defer func() { _ = recover() }()
				_ = calling(h, http.MethodGet)(t.Context())
			}()
			synctest.Wait()
			if f := fault.From(calling(h, http.MethodGet)(t.Context())); f.Code != fault.Internal || !f.MarkSeen() {
				t.Errorf("joined, and failed with %v", f)
			}
		}
	})
}

// TestProtocolsThatNobodyAskedFor: who answers with 101 keeps the connection, and its end is not waited for.
func TestProtocolsThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var service sync.WaitGroup
	service.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			t.Error(err)
		}
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1)) // until the client closes it
	})
	h, err := NewHTTP(Options{Name: "shop", URL: "http://" + l.Addr().String(), Timeout: 200 * time.Millisecond}, Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	got := make(chan fault.Code, 1)
	go func() { got <- codeOf(calling(h, http.MethodGet)(context.WithoutCancel(t.Context()))) }()
	select {
	case code := <-got:
		if code != fault.SourceContractViolation {
			t.Errorf("%s", code)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the call does not end")
	}
	service.Wait()
}

// TestTimeIsNeverZero: a service that is told of no time at all would refuse a value that HTTP does not have.
func TestTimeIsNeverZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := ""
		h, _ := scripted(t, Policy{}, func(_ int, r *http.Request) said {
			told = r.Header.Get(timeoutHeader)
			return good
		})
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Microsecond)
		defer cancel()
		if err := calling(h, http.MethodGet)(ctx); err != nil || told != "0.001" {
			t.Errorf("%v, and the service was given %q", err, told)
		}
	})
}

// TestCommandsAreNotBegunLate: a command that is a probe waits for its turn no longer than its caller does.
func TestCommandsAreNotBegunLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := breaks()
		p.Breaker.PerOperation = true
		p.Concurrency = LimitPolicy{Max: 1, Queue: 1}
		h, s := scripted(t, p, func(_ int, r *http.Request) said {
			if r.Method == http.MethodGet {
				return said{status: 200, after: time.Second}
			}
			return refused
		})
		do := func(ctx context.Context, operation, method string) error {
			_, err := h.Do(ctx, operation, func(url string) (*http.Request, error) { return http.NewRequest(method, url, nil) })
			return err
		}
		for range 4 {
			_ = do(t.Context(), "Write", http.MethodPost)
		}
		time.Sleep(5 * time.Second)
		slow := make(chan error, 1)
		go func() { slow <- do(t.Context(), "Read", http.MethodGet) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if got := codeOf(do(ctx, "Write", http.MethodPost)); got != fault.DeadlineExceeded {
			t.Errorf("%s", got)
		}
		if err := <-slow; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if s.count() != 5 {
			t.Errorf("%d calls, want 4 that failed and the slow one", s.count())
		}
		time.Sleep(5 * time.Second)
		if _ = do(t.Context(), "Write", http.MethodPost); s.count() != 6 {
			t.Errorf("%d calls after another delay, want one more", s.count())
		}
	})
}

// TestFaultsAreNoSpeed: how quickly a service fails is not how quickly it answers once it is well again.
func TestFaultsAreNoSpeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sick := false
		h, _ := scripted(t, Policy{Concurrency: LimitPolicy{Max: 100, Queue: 100, Adaptive: true}}, func(int, *http.Request) said {
			if sick {
				return said{status: 503, after: time.Millisecond}
			}
			return said{status: 200, after: 100 * time.Millisecond}
		})
		ask := func(d time.Duration) {
			var all sync.WaitGroup
			for begun := time.Now(); time.Since(begun) < d; time.Sleep(10 * time.Millisecond) {
				all.Go(func() { _ = calling(h, http.MethodGet)(t.Context()) })
			}
			all.Wait()
		}
		ask(20 * time.Second)
		well := h.limitNow()
		sick = true
		ask(20 * time.Second)
		sick = false
		least := h.limitNow()
		for range 20 {
			ask(time.Second)
			least = min(least, h.limitNow())
		}
		if least < well {
			t.Errorf("the limit was %d before it was sick, and went down to %d", well, least)
		}
	})
}
