package transport_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/transport"
)

// TestExpiredTokens: who may subscribe no longer has no more events.
func TestExpiredTokens(t *testing.T) {
	t.Parallel()
	const why = `{"message":"The token has expired.","extensions":{"code":"UNAUTHENTICATED"`
	for accept, end := range map[string]string{
		acceptEvents: `{"errors":[` + why,
		acceptParts:  `{"payload":null,"errors":[` + why,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			g := start(t, &gateway{expires: time.Now().Add(200 * time.Millisecond)})
			got := text(t, g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", accept, "Authorization", "ann"))
			if !strings.Contains(got, end) {
				t.Errorf("got %q", got)
			}
			wait(t, "its end", g.ended)
		})
	}
	t.Run("over a reserved connection", func(t *testing.T) {
		t.Parallel()
		g := start(t, &gateway{expires: time.Now().Add(200 * time.Millisecond)})
		token := reserveFor(t, g, "Authorization", "ann")
		next := eventsOf(t, g.do(t, http.MethodGet, "/?token="+token, "", "Accept", acceptEvents))
		for _, query := range []string{"subscription {ticks}", "{hello}"} {
			if r := g.do(t, http.MethodPost, "/", operationOf("a", query), transport.TokenHeader, token, "Authorization", "ann"); r.StatusCode != http.StatusAccepted {
				t.Fatal(r.Status)
			}
			if got := next(); !strings.HasPrefix(got.data, `{"id":"a","payload":{"`) || strings.Contains(got.data, why) != (query != "{hello}") {
				t.Errorf("%s: got %v", query, got)
			}
			if got := next(); got.name != "complete" {
				t.Errorf("%s: got %v", query, got)
			}
		}
	})
	t.Run("over a WebSocket", func(t *testing.T) {
		t.Parallel()
		g := start(t, &gateway{expires: time.Now().Add(200 * time.Millisecond)})
		p := g.connect(t, "Authorization", "ann")
		p.send(subscribe("a", "subscription {ticks}"))
		got, err := p.read() // and no complete, after which clients would not subscribe again
		if closed, _ := errors.AsType[websocket.CloseError](err); closed.Code != 4403 || closed.Reason != "The token has expired" {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
