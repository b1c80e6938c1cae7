package transport_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"testing"
)

// noting is a writer as some middlewares have it: what it cannot do itself is reached by Unwrap.
type noting struct{ http.ResponseWriter }

func (n noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// packing is a writer that promises to be taken over, and cannot be.
type packing struct{ noting }

func (packing) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("what it writes to is no http.Hijacker")
}

// TestWebSocketBehindWriters: whatever wraps an answer, such as what packs those of browsers, sockets are connected.
func TestWebSocketBehindWriters(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{outer: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(noting{packing{noting{noting{w}}}}, r)
		})
	}})
	p := g.connect(t)
	p.send(subscribe("a", "{hello}"))
	p.want(`{"type":"next","id":"a"`, `{"type":"complete","id":"a"}`)
}
