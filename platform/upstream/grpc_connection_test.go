package upstream_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// host is one of several that do the same.
type host struct {
	address string
	calls   atomic.Int64
	stop    func()
}

func startHosts(t *testing.T, n int) (hosts []*host, url string) {
	t.Helper()
	var addresses []string
	for range n {
		h, l := new(host), listen(t, "127.0.0.1:0")
		h.stop = serveGRPC(t, l, func(stream grpc.ServerStream) error {
			h.calls.Add(1)
			return stream.SendMsg([]byte{})
		})
		h.address = l.Addr().String()
		hosts, addresses = append(hosts, h), append(addresses, h.address)
	}
	return hosts, "grpc://" + strings.Join(addresses, ",")
}

// TestCallsAreSpread is not parallel: another test's service might be given the port of a host that has stopped.
func TestCallsAreSpread(t *testing.T) {
	hosts, url := startHosts(t, 3)
	g := newGRPC(t, upstream.Options{URL: url}, upstream.Inputs{})
	call := func() error { return getGRPC(t.Context(), g) }
	for begun := time.Now(); hosts[0].calls.Load() == 0 || hosts[1].calls.Load() == 0 || hosts[2].calls.Load() == 0; {
		if wantCode(t, call(), ""); time.Since(begun) > patience {
			t.Fatal("not every host was called")
		}
	}
	const rounds = 50
	for _, h := range hosts {
		h.calls.Store(0)
	}
	for range rounds * len(hosts) {
		wantCode(t, call(), "")
	}
	for _, h := range hosts {
		if n := h.calls.Load(); n != rounds {
			t.Errorf("a host had %d calls, want %d", n, rounds)
		}
	}

	hosts[0].stop()
	good := 0
	for begun := time.Now(); good < rounds; { // until it is noticed that the host has gone
		err := call()
		if good++; err != nil {
			wantCode(t, err, fault.SourceUnavailable)
			good = 0
		}
		if time.Since(begun) > patience {
			t.Fatalf("calls still fail: %v", err)
		}
	}
	if got := g.State(t.Context()); got != (upstream.State{Reachable: true}) {
		t.Errorf("with two hosts of three, the state is %+v", got)
	}
	hosts[1].stop()
	hosts[2].stop()
	if got := g.State(t.Context()); got.Reachable {
		t.Errorf("without a host, the state is %+v", got)
	}
}

// TestCallsGoToTheFirst is not parallel, as TestCallsAreSpread.
func TestCallsGoToTheFirst(t *testing.T) {
	hosts, url := startHosts(t, 2)
	c := upstream.DefaultConnections()
	c.Balance = "pick_first"
	call := caller(t, upstream.Options{URL: url, Connections: c})
	for range 20 {
		wantCode(t, call(), "")
	}
	if n := hosts[1].calls.Load(); n != 0 {
		t.Errorf("the second host had %d calls", n)
	}
	hosts[0].stop()
	for begun := time.Now(); hosts[1].calls.Load() == 0; {
		if err := call(); time.Since(begun) > patience {
			t.Fatalf("the second host is not called: %v", err)
		}
	}
}

func TestHostThatWasNeverThere(t *testing.T) {
	t.Parallel()
	for _, balance := range []string{"round_robin", "pick_first"} {
		t.Run(balance, func(t *testing.T) {
			t.Parallel()
			_, url := startHosts(t, 1)
			c := upstream.DefaultConnections()
			c.Balance = balance
			call := caller(t, upstream.Options{URL: strings.Replace(url, "grpc://", "grpc://127.0.0.1:1,", 1), Connections: c})
			for range 20 {
				wantCode(t, call(), "")
			}
		})
	}
}
