//go:build prove

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// How the gateway is attacked: at a rate that two processors bear, which the attackers, the services and the canary share with it.
const (
	attackTime   = 60 * time.Second
	attackers    = 4                      // of each kind
	attackApart  = 100 * time.Millisecond // between two attacks of one
	idleSockets  = 10_000
	canaryApart  = 20 * time.Millisecond
	canaryMost   = 100 * time.Millisecond // p99
	memoryMost   = 1 << 20                // KiB
	reserveApart = 20 * time.Millisecond  // between two connections for events that nobody opens
)

// TestProveAttacks has clients attack the gateway for a minute in all ways that TestAttacks has, beside thousands of sockets that say nothing, while a canary asks
// every 20 ms what honest clients ask.
//
// The memory is that of this process: the gateway, its services, and the attackers with their ends of the sockets. So it bounds from above what the gateway
// holds: there is no more than 1 GiB of it at any time, though each packed bomb alone stands for as much.
func TestProveAttacks(t *testing.T) {
	s := start(t, options{config: "streams: {perCaller: 10000}"}) // since all of them are one caller
	steadyCanary(t, s, time.Second)
	quiet := steadyCanary(t, s, 3*time.Second)
	t.Logf("quiet: the canary's p50 %s, p99 %s, at most %s; %d MiB", quantile(quiet, 0.5), quantile(quiet, 0.99), slices.Max(quiet), memory()>>10)
	hostileRequests() // made before anything is measured
	idle := openIdle(t, s)
	t.Logf("%d idle sockets of HTTP and a ninth as many WebSockets, of %d together that were wanted; %d MiB", len(idle), idleSockets, memory()>>10)

	a := &attacking{made: map[string]int{}}
	ctx, stop := context.WithCancel(t.Context())
	a.begin(ctx, t, s)
	machine := processors(t)
	under := steadyCanary(t, s, attackTime)
	t.Logf("meanwhile the processors: %s", processors(t).since(machine))
	stop()
	a.all.Wait()
	for _, socket := range idle {
		if err := socket.ask(); err != nil {
			t.Errorf("an idle socket is no longer answered: %v", err)
			break
		}
	}
	p99 := quantile(under, 0.99)
	t.Logf("%d attacks: the canary's p50 %s, p99 %s, p99.9 %s, at most %s; %d MiB at most; %d goroutines at most",
		a.total(), quantile(under, 0.5), p99, quantile(under, 0.999), slices.Max(under), a.memory.Load()>>10, a.goroutines.Load())
	for _, reason := range slices.Sorted(maps.Keys(a.made)) {
		t.Logf("%6d %s", a.made[reason], reason)
	}
	if p99 > canaryMost {
		t.Errorf("the canary's p99 is %s; %s are allowed", p99, canaryMost)
	}
	if a.memory.Load() > memoryMost {
		t.Errorf("%d MiB were held; %d are allowed", a.memory.Load()>>10, memoryMost>>10)
	}
}

// attacking is the attack under way.
type attacking struct {
	all        sync.WaitGroup
	kinds      uint64
	memory     atomic.Int64 // KiB at most
	goroutines atomic.Int64 // at most

	mu   sync.Mutex
	made map[string]int
}

// begin attacks until ctx ends.
func (a *attacking) begin(ctx context.Context, t *testing.T, s *stack) {
	t.Helper()
	requests := hostileRequests()
	reasons := slices.Sorted(maps.Keys(requests))
	for range attackers {
		a.every(ctx, t, attackApart, func(random *rand.Rand) (string, error) {
			reason := reasons[random.IntN(len(reasons))]
			return reason, requests[reason].attempt(ctx, s)
		})
		for reason, attack := range assaults { // each at its own pace: several wait until they are closed
			a.every(ctx, t, 20*attackApart, func(*rand.Rand) (string, error) { return reason, attack(ctx, s) })
		}
		a.every(ctx, t, 20*attackApart, func(*rand.Rand) (string, error) {
			return "more subscriptions than a connection may have", floodSubscriptions(ctx, s)
		})
	}
	a.every(ctx, t, reserveApart, func(*rand.Rand) (string, error) {
		answer, err := reserve(ctx, s)
		if err == nil && answer.status != http.StatusCreated {
			err = fmt.Errorf("got %d: %s", answer.status, answer.body)
		}
		return "connections for events that nobody opens", err
	})
	a.every(ctx, t, 200*time.Millisecond, func(*rand.Rand) (string, error) {
		a.memory.Store(max(a.memory.Load(), memory()))
		a.goroutines.Store(max(a.goroutines.Load(), int64(runtime.NumGoroutine())))
		s.spans.take() // so that what piles up is not the test's own
		return "", nil
	})
}

// every does something again and again until ctx ends, with a pause between.
func (a *attacking) every(ctx context.Context, t *testing.T, apart time.Duration, do func(*rand.Rand) (string, error)) {
	a.kinds++
	random := rand.New(rand.NewPCG(seed, a.kinds))
	a.all.Go(func() {
		select { // so that not all come at the same time
		case <-time.After(time.Duration(random.Int64N(int64(apart)))):
		case <-ctx.Done():
		}
		ticks := time.NewTicker(apart)
		defer ticks.Stop()
		for ctx.Err() == nil {
			reason, err := do(random)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				t.Errorf("%s: %v", reason, err)
			}
			if reason != "" {
				a.mu.Lock()
				a.made[reason]++
				a.mu.Unlock()
			}
			select {
			case <-ticks.C:
			case <-ctx.Done():
			}
		}
	})
}

func (a *attacking) total() (n int) {
	for _, made := range a.made {
		n += made
	}
	return n
}

// steadyCanary asks at a constant rate, whether or not answers have come, and gives how long each took.
func steadyCanary(t *testing.T, s *stack, duration time.Duration) []time.Duration {
	t.Helper()
	took := make([]time.Duration, duration/canaryApart)
	ticks := time.NewTicker(canaryApart)
	defer ticks.Stop()
	var all sync.WaitGroup
	for i := range took {
		<-ticks.C
		all.Go(func() {
			got, err := s.ask(fmt.Sprintf("query Canary%d { products(first: 5) { nodes { name stock { available } } } }", canaries.Add(1)))
			if err != nil || len(got.codes) > 0 {
				t.Errorf("the canary got %v and %v", err, got.codes)
			}
			took[i] = got.took
		})
	}
	all.Wait()
	return took
}

// memory gives the memory that this process holds, in KiB.
func memory() int64 {
	kib, err := strconv.ParseInt(strings.TrimSuffix(rss(), " kB"), 10, 64)
	if err != nil {
		panic(err) // where there is no /proc
	}
	return kib
}

// idleSocket is a connection that was used once, and stays open.
type idleSocket struct {
	net.Conn
	in *bufio.Reader
}

// ask asks whether the gateway is alive.
func (i idleSocket) ask() error {
	if _, err := io.WriteString(i, "GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(i.in, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

// openIdle opens as many idle sockets as files may be open, each of which has two ends here, until the test ends. A tenth are WebSockets whose clients do nothing but
// answer pings, and which nobody asks anything at the end.
func openIdle(t *testing.T, s *stack) []idleSocket {
	t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	const others = 1_000
	wanted := files
	wanted.Cur = max(wanted.Cur, 2*idleSockets+others)
	wanted.Max = max(wanted.Max, wanted.Cur)
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted) == nil {
		t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files) })
		files.Cur = wanted.Cur
	}
	n := min(idleSockets, (int(files.Cur)-others)/2)
	for range n / 10 {
		conn, err := connectClient(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		conn.CloseRead(t.Context())
		t.Cleanup(func() { _ = conn.CloseNow() })
	}
	sockets := make([]idleSocket, n-n/10)
	for i := range sockets {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		sockets[i] = idleSocket{conn, bufio.NewReaderSize(conn, 512)}
		if err := sockets[i].ask(); err != nil {
			t.Fatal(err)
		}
	}
	return sockets
}

// processor is what the machine's processors have done so far, in hundredths of a second.
type processor struct{ own, busy, stolen, all int64 }

// processors tells whether the canary may have waited for what is no part of the test.
func processors(t *testing.T) (p processor) {
	t.Helper()
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	for i, field := range strings.Fields(line)[1:9] { // user, nice, system, idle, waiting, interrupts, soft ones, stolen
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		p.all += n
		switch i {
		case 3, 4:
		case 7:
			p.stolen += n
		default:
			p.busy += n
		}
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	p.own = (used.Utime.Nano() + used.Stime.Nano()) / int64(10*time.Millisecond)
	return p
}

func (p processor) since(q processor) string {
	share := func(n int64) int64 { return 100 * n / max(p.all-q.all, 1) }
	return fmt.Sprintf("%d%% for this test, %d%% for others, %d%% stolen", share(p.own-q.own), share(p.busy-q.busy-(p.own-q.own)), share(p.stolen-q.stolen))
}
