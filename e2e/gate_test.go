package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// gate stands in front of a service that speaks REST, and lets calls pass once it is opened.
type gate struct {
	source string
	came   chan struct{} // has a signal for each call that has come
	gone   chan struct{} // has a signal for each call that was given up at the gate

	once   sync.Once
	opened chan struct{}
	proxy  *httputil.ReverseProxy
}

// gated starts a stack with a gate in front of a service.
func gated(t *testing.T, source string, o options) (*stack, *gate) {
	t.Helper()
	g := &gate{source: source, came: make(chan struct{}, 100), gone: make(chan struct{}, 100), opened: make(chan struct{})}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.came <- struct{}{}
		select {
		case <-g.opened:
			g.proxy.ServeHTTP(w, r)
		case <-r.Context().Done():
			g.gone <- struct{}{}
		}
	}))
	t.Cleanup(service.Close)
	o.config += "\nsources: {" + source + ": {url: '" + service.URL + "'}}\n"
	s := start(t, o)
	t.Cleanup(g.open) // before the gateway waits for its requests
	target, err := url.Parse(s.demo.URL(source))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	g.proxy = httputil.NewSingleHostReverseProxy(target)
	g.proxy.Transport = transport
	return s, g
}

// open lets all calls pass, now and later.
func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }

// await waits for one more call.
func (g *gate) await(t *testing.T) {
	t.Helper()
	await(t, g.came, "a call of "+g.source)
}
