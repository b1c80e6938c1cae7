package upstream

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// instance is an HTTP server that says who it is. A call for /wait arrives and is answered when it is let go.
type instance struct {
	arrived, letGo, closed chan struct{}
}

func startInstance(t *testing.T, l net.Listener, name string) *instance {
	t.Helper()
	i := &instance{make(chan struct{}), make(chan struct{}), make(chan struct{}, 100)}
	server := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				close(i.arrived)
				select {
				case <-i.letGo:
				case <-t.Context().Done(): // the test has failed
				}
			}
			_, _ = io.WriteString(w, name)
		}),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				i.closed <- struct{}{}
			}
		},
	}}
	server.Start()
	t.Cleanup(server.Close)
	return i
}

func ask(t *testing.T, transport http.RoundTripper, u string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestHTTPFollowsItsName(t *testing.T) {
	t.Parallel()
	one, two, port := listenTwice(t)
	first, second := startInstance(t, one, "one"), startInstance(t, two, "two")
	dns := new(nameServer)
	dns.set("127.0.0.1")
	base := "http://shop.test:" + port
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	transport, stop, err := newTransportBy(dns.resolver(), settings(time.Hour), u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	p := transport.(*pool)
	call := func() (string, error) { return ask(t, p, base) }
	lookUp := func() { // with the next call, and waits for what it leads to
		p.due.Store(0)
		_, _ = call()
		p.lookups.Wait()
	}
	expect := func(when, want string) {
		t.Helper()
		if got, err := call(); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", when, got, err, want)
		}
	}

	lookUp()
	expect("at first", "one")
	waited := make(chan string, 1)
	go func() {
		got, _ := ask(t, p, base+"/wait")
		waited <- got
	}()
	wait(t, first.arrived, "the call to arrive")
	expect("beside it", "one")

	dns.set("127.0.0.2")
	expect("before it is time to look again", "one")
	lookUp()
	expect("afterwards", "two")
	lookUp() // a call that had been given the old connections just before may have kept one
	wait(t, first.closed, "the idle connection to be closed")
	close(first.letGo)
	if got := <-waited; got != "one" {
		t.Errorf("the call that was under way got %q", got)
	}
	wait(t, first.closed, "the other connection to be closed, once its call is over")

	dns.at.Store(nil)
	lookUp()
	expect("when there is no answer", "two")
	dns.set("127.0.0.2")
	lookUp()
	expect("when there is one again", "two")
	if n := len(second.closed); n != 0 {
		t.Errorf("%d connections were closed though nothing had changed", n)
	}

	stop()
	wait(t, second.closed, "the last connection to be closed")
	known := dns.lookups.Load()
	lookUp()
	if dns.lookups.Load() > known+1 { // the one of the call, which dials
		t.Error("names are looked up after the end")
	}
}

func TestNoLookups(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		url   string
		every time.Duration
	}{
		"of an address":      {"http://127.0.0.1:1", time.Second},
		"of another address": {"http://[::1]:1", time.Second},
		"if there are to be none": {
			"http://shop.test", 0,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(test.url)
			if err != nil {
				t.Fatal(err)
			}
			transport, stop, err := newTransport(settings(test.every), u)
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			if _, ok := transport.(*http.Transport); !ok {
				t.Errorf("got a %T", transport)
			}
		})
	}
}
