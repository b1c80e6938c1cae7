package e2e

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/storage/storagetest"
)

// frozen stands in front of a server. While it is frozen, nothing passes either way, and nobody is told: as when a network swallows everything.
type frozen struct {
	mu     sync.Mutex
	cond   *sync.Cond
	freeze bool
}

// set freezes it, or lets what has waited pass.
func (f *frozen) set(freeze bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.freeze = freeze
	f.cond.Broadcast()
}

// wait waits until it is not frozen.
func (f *frozen) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.freeze {
		f.cond.Wait()
	}
}

// pass carries over what is read.
func (f *frozen) pass(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		f.wait()
		if _, writing := to.Write(buffer[:n]); writing != nil || err != nil {
			return
		}
	}
}

// freezing runs a frozen in front of an address until the test ends, and gives where it listens.
func freezing(t *testing.T, network, address string) (f *frozen, listens string) {
	t.Helper()
	f = &frozen{}
	f.cond = sync.NewCond(&f.mu)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		f.set(false)
		_ = listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			// The test's own context has ended when its clean-up begins, and the gateway needs its storage to stop.
			server, err := new(net.Dialer).DialContext(context.Background(), network, address)
			if err != nil {
				_ = client.Close()
				continue
			}
			all.Go(func() { f.pass(server, client) })
			all.Go(func() { f.pass(client, server) })
		}
	})
	return f, listener.Addr().String()
}

// TestMetricsWhileTheStorageHangs: whoever reads the metrics waits for the storage once, and is told what it does not have to say.
func TestMetricsWhileTheStorageHangs(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storagetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	over, address, query := "tcp", u.Host, u.Query()
	if folder := query.Get("host"); folder != "" {
		over, address = "unix", filepath.Join(folder, ".s.PGSQL."+cmp.Or(query.Get("port"), u.Port(), "5432"))
		query.Del("host")
		query.Del("port")
		u.RawQuery = query.Encode()
	}
	var network *frozen
	network, u.Host = freezing(t, over, address)
	s := start(t, options{config: "telemetry: {prometheus: true}\nstorage: {url: '" + u.String() + "'}\n"})
	t.Cleanup(func() { network.set(false) }) // before the gateway stops
	if got := scrape(t, s); got["mainstem_workflows_oldest_seconds"] == nil || got["mainstem_events_last"] == nil {
		t.Fatal("the storage's gauges are not there")
	}
	network.set(true)
	began := time.Now()
	got := scrape(t, s)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it takes %s", took)
	}
	for name, want := range map[string]bool{
		"mainstem_operations_declined_total": true, "process_uptime_seconds": true,
		"mainstem_workflows_oldest_seconds": false, "mainstem_workflows_runs": false, "mainstem_events_last": false, "mainstem_events_age_seconds": false,
	} {
		if (got[name] != nil) != want {
			t.Errorf("%s is told: %t", name, got[name] != nil)
		}
	}
}
