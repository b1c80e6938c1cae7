package upstream_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

func TestProtocols(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	caFile := ours.file(t)
	certificate := ours.issue(t, "service", nil)
	for reason, test := range map[string]struct {
		secure     bool
		http2, h2c bool // whether the service speaks it, over TLS and without
		ask        bool // for HTTP/2 without TLS
		want       string
		code       fault.Code
	}{
		"over TLS, HTTP/2 if the service has it":    {secure: true, http2: true, want: "HTTP/2.0"},
		"over TLS, HTTP/1.1 if it has not":          {secure: true, want: "HTTP/1.1"},
		"over TLS, the setting makes no difference": {secure: true, http2: true, ask: true, want: "HTTP/2.0"},
		"without TLS, HTTP/1.1":                     {h2c: true, want: "HTTP/1.1"},
		"without TLS, HTTP/2 if it is set":          {h2c: true, ask: true, want: "HTTP/2.0"},
		"HTTP/2 that the service does not know":     {ask: true, code: fault.SourceUnavailable},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var got string
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Proto
				w.WriteHeader(http.StatusNoContent)
			}))
			server.Config.Protocols = new(http.Protocols)
			server.Config.Protocols.SetHTTP1(true)
			server.Config.Protocols.SetUnencryptedHTTP2(test.h2c)
			c := upstream.DefaultConnections()
			c.HTTP2 = test.ask
			if test.secure {
				c.TLS.CAFile = caFile
				server.TLS, server.EnableHTTP2 = certificate.server(t), test.http2
				server.Config.Protocols.SetHTTP2(test.http2)
				server.StartTLS()
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			err := caller(t, upstream.Options{URL: server.URL, Connections: c})()
			wantCode(t, err, test.code)
			server.Close()
			if test.code == "" && got != test.want {
				t.Errorf("the service was called by %s, want %s", got, test.want)
			}
		})
	}
}

// counted starts a service whose answers wait until as many calls as meet are there. Every connection tells opened, and closed at its end.
func counted(t *testing.T, config *tls.Config, meet int) (server *httptest.Server, opened, closed chan struct{}) {
	t.Helper()
	opened, closed = make(chan struct{}, 1000), make(chan struct{}, 1000)
	var mu sync.Mutex
	there, together := 0, make(chan struct{})
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		wait := together
		if there++; there == meet {
			close(together)
			there, together = 0, make(chan struct{})
		}
		mu.Unlock()
		<-wait
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened <- struct{}{}
		case http.StateClosed:
			closed <- struct{}{}
		default:
		}
	}
	if config == nil {
		server.Start()
	} else {
		server.TLS, server.EnableHTTP2 = config, true
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return server, opened, closed
}

func TestPools(t *testing.T) {
	t.Parallel()
	const calls = 8
	ours := newAuthority(t)
	caFile := ours.file(t)
	for reason, test := range map[string]struct {
		max, maxIdle  int
		http2         bool
		meet          int // how many calls are under way at once
		opened, close int // connections: all, and those that are closed again
	}{
		"as many as are needed":          {0, 100, false, calls, calls, 0},
		"no more than may be":            {2, 100, false, 2, 2, 0},
		"only those are kept that may":   {0, 3, false, calls, calls, calls - 3},
		"HTTP/2 needs no limit of calls": {1, 100, true, calls, 1, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := upstream.DefaultConnections()
			c.Max, c.MaxIdle = test.max, test.maxIdle
			var config *tls.Config
			if test.http2 {
				c.TLS.CAFile, config = caFile, ours.issue(t, "service", nil).server(t)
			}
			server, opened, closed := counted(t, config, test.meet)
			call := caller(t, upstream.Options{URL: server.URL, Connections: c, Timeout: patience})
			var running sync.WaitGroup
			for range calls {
				running.Go(func() { wantCode(t, call(), "") })
			}
			running.Wait()
			for range test.close {
				await(t, closed, "a connection to be closed")
			}
			if len(opened) != test.opened || len(closed) != 0 {
				t.Errorf("there were %d connections, want %d; %d were closed, want %d", len(opened), test.opened, test.close+len(closed), test.close)
			}
		})
	}
}
