package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/transport"
)

func TestWebSocketStop(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"), subscribe("b", "subscription {ticks}"))
	wait(t, "a subscription", g.began)
	wait(t, "another", g.began)
	stopped := make(chan error, 1)
	go func() { stopped <- g.streams.Stop(t.Context()) }()
	if got, err := p.read(); websocket.CloseStatus(err) != websocket.StatusGoingAway || !strings.Contains(err.Error(), "The server is stopping: connect again.") {
		t.Errorf("got %s, %v", got, err) // and no complete, after which clients would not subscribe again
	}
	if err := wait(t, "Stop", stopped); err != nil {
		t.Error(err)
	}
	wait(t, "the end of a subscription", g.ended)
	wait(t, "of the other", g.ended)
}

// TestWebSocketStopDoesNotWait has a client that does not answer: it is cut off when the time to stop is over.
func TestWebSocketStopDoesNotWait(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{websocket: transport.WebSocketOptions{CloseTimeout: time.Hour}})
	g.connect(t) // reads no more
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := g.streams.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	wait(t, "the handler's end", g.returned)
}

// TestWebSocketSlowReader has a client that reads nothing while there is much to read: what it is told when it reads again is why.
func TestWebSocketSlowReader(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	g := start(t, &gateway{events: make(chan string), options: transport.StreamOptions{WriteTimeout: 300 * time.Millisecond}})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"))
	wait(t, "the subscription", g.began)
	events := 0
	for done := false; !done; {
		select {
		case g.events <- large:
			events++
		case <-g.ended:
			done = true
		}
	}
	if events > 64 {
		t.Errorf("%d MiB were made for nobody", events)
	}
	if code, reason := p.closed(); code != 4413 || reason != "Answers are read too slowly" {
		t.Errorf("closed with %d %q", code, reason)
	}
	wait(t, "the handler's end", g.returned)
}

// TestWebSocketNoReader never reads again.
func TestWebSocketNoReader(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string), options: transport.StreamOptions{WriteTimeout: 50 * time.Millisecond}, websocket: transport.WebSocketOptions{CloseTimeout: 50 * time.Millisecond}})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"))
	for done := false; !done; {
		select {
		case g.events <- `"` + strings.Repeat("x", 1<<20) + `"`:
		case <-g.ended:
			done = true
		}
	}
	wait(t, "the handler's end", g.returned)
}

func TestWebSocketKeepAlive(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{
		options:   transport.StreamOptions{KeepAlive: 5 * time.Millisecond},
		websocket: transport.WebSocketOptions{PongTimeout: 10 * time.Second},
		events:    make(chan string),
	})
	pings := make(chan struct{}, 1000)
	p := g.dialWith(t, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, OnPingReceived: func(context.Context, []byte) bool {
		pings <- struct{}{}
		return true
	}})
	p.send(`{"type":"connection_init"}`)
	p.want(`{"type":"connection_ack"}`)
	p.send(subscribe("a", "subscription {ticks}"))
	go func() {
		for range 5 {
			<-pings
		}
		close(g.events)
	}()
	p.want(`{"type":"complete","id":"a"}`)
}

func TestWebSocketNoPong(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{
		options:   transport.StreamOptions{KeepAlive: 5 * time.Millisecond},
		websocket: transport.WebSocketOptions{PongTimeout: 20 * time.Millisecond},
	})
	pings := make(chan struct{}, 1)
	p := g.dialWith(t, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pings <- struct{}{}:
		default:
		}
		return false // no pong
	}})
	p.send(`{"type":"connection_init"}`)
	p.want(`{"type":"connection_ack"}`)
	p.send(subscribe("a", "subscription {ticks}"))
	if _, err := p.read(); websocket.CloseStatus(err) != -1 {
		t.Errorf("not cut off: %v", err)
	}
	wait(t, "a ping", pings)
	wait(t, "the handler's end", g.returned)
	for range len(g.began) {
		wait(t, "the end of what was begun", g.ended)
	}
}

// TestWebSocketGone closes the connection without a word.
func TestWebSocketGone(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"), subscribe("b", "{wait}"))
	wait(t, "a field", g.began)
	wait(t, "another", g.began)
	_ = p.conn.CloseNow()
	wait(t, "the end of a field", g.ended)
	wait(t, "of the other", g.ended)
	wait(t, "the handler's end", g.returned)
}

// FuzzWebSocket sends messages, one to a line: whatever they are, the server closes, or the client can, and nothing is left.
func FuzzWebSocket(f *testing.F) {
	init, ticks := `{"type":"connection_init"}`, subscribe("a", "subscription {ticks}")
	for _, messages := range []string{
		init + "\n" + ticks + "\n" + `{"type":"complete","id":"a"}` + "\n" + ticks,
		init + "\n" + ticks + "\n" + ticks, init + "\n" + init, ticks, "", "\n\n", `{"type":"ping","payload":{}}` + "\n" + `{"type":"pong"}`,
		init + "\n" + subscribe("b", "{hello}") + "\n" + subscribe("c", "{bad}") + "\n" + subscribe("d", "{x"), `{"type":"subscribe","id":"a","payload":{"query":"","extensions":{}}}`,
		"\xff", `{"type":"connection_init","payload":{"a":[[[[[[[[]]]]]]]]}}`, init + "\n" + subscribe("e", "subscription {stuck}") + "\n" + `{"type":"complete","id":"e"}`,
		init + "\n" + subscribe("a", "{hello}") + "\n" + `{"type":"complete","id":"a"}` + "\n" + subscribe("a", "{hello}"),
	} {
		f.Add(messages)
	}
	g := start(f, &gateway{options: transport.StreamOptions{MaxOperations: 3, MaxBytes: 500}})
	f.Fuzz(func(t *testing.T, messages string) {
		p := g.dial(t)
		for m := range strings.SplitSeq(messages, "\n") {
			if p.conn.Write(t.Context(), websocket.MessageText, []byte(m)) != nil {
				break // closed, which its reader learns why
			}
		}
		go func() { _ = p.conn.Close(websocket.StatusNormalClosure, "") }()
		for {
			message, err := p.read()
			if err == nil {
				if !strings.HasPrefix(message, `{"type":"`) {
					t.Errorf("the server says %s", message)
				}
				continue
			}
			if code := websocket.CloseStatus(err); code != -1 && code < 4400 && code != websocket.StatusNormalClosure && code != websocket.StatusMessageTooBig {
				t.Errorf("closed with %v", err)
			}
			break
		}
		wait(t, "the handler's end", g.returned)
		if n := g.streams.Open(); n != 0 {
			t.Errorf("%d streams are open", n)
		}
		for len(g.began) > 0 {
			<-g.began
			wait(t, "the end of what was begun", g.ended)
		}
	})
}
