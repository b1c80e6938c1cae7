package transport_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/transport"
)

// TestWebSocketValidatesOneAtATime has a client send documents as fast as it can: they cost the gateway no more at a time than those of a client over HTTP.
func TestWebSocketValidatesOneAtATime(t *testing.T) {
	t.Parallel()
	const documents = 50
	var validating, most atomic.Int64
	sent := make(chan struct{})
	g := start(t, &gateway{before: func() {
		most.Store(max(most.Load(), validating.Add(1)))
		defer validating.Add(-1)
		<-sent
	}})
	p := g.connect(t)
	for i := range documents {
		p.send(subscribe(fmt.Sprint(i), "{x}"))
	}
	close(sent)
	for range documents {
		p.want(`{"type":"error"`)
	}
	if most.Load() > 1 {
		t.Errorf("%d documents were validated at a time", most.Load())
	}
}

// TestWebSocketMessageThatDoesNotEnd begins a message, of which what has come is kept.
func TestWebSocketMessageThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{Timeout: func(context.Context) time.Duration { return 100 * time.Millisecond }}})
	p := g.connect(t)
	w, err := p.conn.Writer(t.Context(), websocket.MessageText)
	if err == nil {
		_, err = w.Write([]byte(strings.Repeat(" ", 64<<10)))
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := p.closed(); code != websocket.StatusTryAgainLater || reason != "The message did not come in time" {
		t.Errorf("closed with %d %q", code, reason)
	}
}
