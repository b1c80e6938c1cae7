package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/fault"
)

// WebSocketOptions are what is particular to WebSockets. Zero values stand for the defaults.
type WebSocketOptions struct {
	// Init decides on connection_init, whose payload is nil if there is none. Operations run under the context that it gives, which must come from the one
	// that it is given; when that ends, so does the connection. What a fault says of refusing reaches the client. Everybody is let in if it is nil.
	Init func(ctx context.Context, payload map[string]any) (context.Context, error)
	// InitTimeout is how long a connection may take until it is acknowledged, Init included; 3 s.
	InitTimeout time.Duration
	// PongTimeout is how long a client may take to answer a ping, which it gets every StreamOptions.KeepAlive; 10 s.
	PongTimeout time.Duration
	// CloseTimeout is how long a client may take to close what the gateway has closed, before it is cut off; 5 s.
	CloseTimeout time.Duration
}

// WebSocket speaks graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). It is safe for concurrent use.
//
// Beside the protocol's own, it closes sockets with 1001 when the server stops, 1009 for a message that is too large, 1013 when who is calling cannot be
// found out at the moment, and 4413 when the client reads too slowly: clients take a code that they do not know, in the range for private use, for
// a reason to connect again, and 4413 means nothing else. A client that does not answer pings is cut off.
type WebSocket struct {
	streams *Streams
	options WebSocketOptions
}

var _ graphql.Transport = (*WebSocket)(nil)

// NewWebSocket makes the transport.
func NewWebSocket(s *Streams, o WebSocketOptions) *WebSocket {
	o.InitTimeout = orElse(o.InitTimeout, 3*time.Second)
	o.PongTimeout = orElse(o.PongTimeout, 10*time.Second)
	o.CloseTimeout = orElse(o.CloseTimeout, 5*time.Second)
	return &WebSocket{s, o}
}

const subprotocol = "graphql-transport-ws"

// Supports takes requests to speak WebSocket.
func (*WebSocket) Supports(r *http.Request) bool {
	for _, value := range r.Header.Values("Upgrade") {
		for protocol := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(protocol), "websocket") {
				return true
			}
		}
	}
	return false
}

// Do serves a connection, and returns when it is closed and nothing runs for it any more.
func (t *WebSocket) Do(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	if r.Header.Get("Origin") != "" && !t.streams.options.Origins.allow(r) { // to any page the browser would lend its user's cookies and network
		refuse(r.Context(), w, executor, http.StatusForbidden, fault.New(fault.Forbidden, "Pages of this origin may not connect."))
		return
	}
	place := t.streams.begin(w, r, executor, kindWebSocket)
	if place == nil {
		return
	}
	defer place.end()
	tapped := &tap{ResponseWriter: w}
	conn, err := websocket.Accept(tapped, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, // the origin is verified
	})
	if err != nil {
		return // and answered
	}
	conn.SetReadLimit(-1)                      // see socket.read
	life := context.WithoutCancel(r.Context()) // the connection outlasts the request that it began with
	ended := t.streams.began(life, kindWebSocket)
	ended(newSocket(life, t, place, conn, tapped.conn, r.Header, executor).serve()) //nolint:contextcheck // what it runs has contexts of its own, which come from this one
}

// tap keeps the connection that is taken over, so that it can be cut off whatever it is used for.
type tap struct {
	http.ResponseWriter

	conn net.Conn
}

// Hijack is http.Hijacker's.
func (t *tap) Hijack() (conn net.Conn, buffered *bufio.ReadWriter, err error) {
	conn, buffered, err = http.NewResponseController(t.ResponseWriter).Hijack()
	t.conn = conn
	return conn, buffered, err
}
