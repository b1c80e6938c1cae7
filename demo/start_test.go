package demo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options demo.Options
		says    string
	}{
		"too many products":        {demo.Options{Products: 1_000_000}, "1 to 500000 products"},
		"fewer than none":          {demo.Options{Products: -1}, "1 to 500000 products"},
		"no room for seven ports":  {demo.Options{FirstPort: 65530}, "1 to 65529"},
		"a port below zero":        {demo.Options{FirstPort: -1}, "1 to 65529"},
		"control for everybody":    {demo.Options{ControlAddr: "0.0.0.0:0"}, "loopback only"},
		"control on every address": {demo.Options{ControlAddr: ":4100"}, "loopback only"},
		"control without a port":   {demo.Options{ControlAddr: "127.0.0.1"}, "such as 127.0.0.1:4100"},
		"breaking nobody":          {demo.Options{Break: map[string]breaking.Break{"web": {Down: true}}}, "the services are catalog"},
		"breaking without bounds":  {demo.Options{Break: map[string]breaking.Break{"orders": {ErrorRate: 3}}}, "breaking orders: errorRate"},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d, err := demo.Start(t.Context(), c.options)
			if err == nil {
				stop(t, d)
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := demo.Start(ctx, demo.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	d, err := demo.Start(ctx, demo.Options{Products: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, d)
	cancel()
	if got := ask(t, d, "catalog"); got != "OK" {
		t.Errorf("once it runs, and the context has ended, the catalog answers %s", got)
	}
}

func TestNoSeedIsTheDefaultSeed(t *testing.T) {
	t.Parallel()
	var chances [2]string
	for i, seed := range []uint64{0, world.DefaultSeed} {
		d := start(t, demo.Options{Seed: seed, Break: map[string]breaking.Break{"catalog": {ErrorRate: 0.5}}})
		for range 16 {
			chances[i] += ask(t, d, "catalog") + "; "
		}
	}
	if chances[0] != chances[1] {
		t.Errorf("chance differs: %s and %s", chances[0], chances[1])
	}
}

// taken listens on a port of its own until the test ends.
func taken(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	port := taken(t)
	cases := map[string]struct {
		options demo.Options
		says    []string
	}{
		"a service's": {demo.Options{FirstPort: port}, []string{
			fmt.Sprintf("port %d, which is for catalog, is in use", port), "--backend-ports 0",
		}},
		"the control server's": {demo.Options{ControlAddr: fmt.Sprintf("127.0.0.1:%d", port)}, []string{
			fmt.Sprintf("127.0.0.1:%d, which is for the control server, is in use", port), "127.0.0.1:0 for a free port",
		}},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := demo.Start(t.Context(), c.options)
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("the error is %v", err)
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
}

// Of ports that follow each other, a later one may be taken: the earlier ones must be free again then.
func TestPortsFollowEachOther(t *testing.T) {
	t.Parallel()
	for first := 20101; first < 30000; first += 9 { // with room for the port before, whoever else runs this test
		d, err := demo.Start(t.Context(), demo.Options{Products: 10, FirstPort: first})
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer stop(t, d)
		for i, s := range d.Services() {
			if !strings.HasSuffix(s.URL, ":"+strconv.Itoa(first+i)) {
				t.Errorf("%s is at %s, want port %d", s.Name, s.URL, first+i)
			}
		}
		// One port before, orders finds its port taken by customers; catalog's own must be free again afterwards.
		_, err = demo.Start(t.Context(), demo.Options{FirstPort: first - 1})
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("the error is %v", err)
		}
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", first-1))
		if err != nil {
			t.Fatalf("the port that the failed start had taken is not free: %v", err)
		}
		_ = l.Close()
		return
	}
	t.Skip("no seven ports in a row are free")
}

func TestStopCutsOffWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	// Each client begins a request and leaves it at that.
	const request = "POST /products/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
	cases := map[string]struct {
		service, begins string
	}{
		"a REST request without its body": {"catalog", request},
		"a gRPC connection without calls": {"shipping", "PRI * HTTP/2.0"},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d, err := demo.Start(t.Context(), demo.Options{Products: 10})
			if err != nil {
				t.Fatal(err)
			}
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addressOf(t, d.URL(c.service)))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := conn.Write([]byte(c.begins)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err != nil { // the service waits now: it has sent "100 Continue", or its settings
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := d.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stopping "+c.service) {
				t.Errorf("the error is %v", err)
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("stopping took %v", took)
			}
		})
	}
}

// addressOf gives the host and port of a URL.
func addressOf(t *testing.T, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// Whoever measures something else than how a service limits calls has the services without limits.
func TestUnlimited(t *testing.T) {
	t.Parallel()
	client := shippingapi.NewShippingClient(connect(t, start(t, demo.Options{Unlimited: true}), "shipping"))
	for range 1000 { // more at once than it takes otherwise
		_, err := client.BatchGetShipmentsByOrder(t.Context(), &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: []string{"ord-000001"}})
		if err != nil {
			t.Fatal(err)
		}
	}
}
