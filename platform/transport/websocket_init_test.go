package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

func TestWebSocketInit(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{websocket: transport.WebSocketOptions{Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
		caller, _ := authn.From(ctx)
		token, _ := payload["Authorization"].(string)
		if name, ok := strings.CutPrefix(token, "Bearer "); ok {
			caller = authn.Caller{Issuer: "i", Subject: name}
		}
		return authn.With(ctx, caller), nil
	}}})
	p := g.dial(t)
	p.send(`{"type":"connection_init","payload":{"Authorization":"Bearer ann"}}`)
	p.want(`{"type":"connection_ack"}`)
	p.send(subscribe("a", "{who}"))
	p.want(`{"type":"next","id":"a","payload":{"data":{"who":"ann"}}}`)
	p = g.connect(t, "Authorization", "bob") // of the handshake
	p.send(subscribe("a", "{who}"))
	p.want(`{"type":"next","id":"a","payload":{"data":{"who":"bob"}}}`)
}

func TestWebSocketNotAdmitted(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	for reason, test := range map[string]struct {
		init   func(ctx context.Context, payload map[string]any) (context.Context, error)
		code   websocket.StatusCode
		reason string
	}{
		"a bad token": {func(context.Context, map[string]any) (context.Context, error) {
			return nil, fault.New(fault.Unauthenticated, "The token is not valid.")
		}, 4403, "Forbidden"},
		"a long reason": {func(context.Context, map[string]any) (context.Context, error) {
			return nil, fault.New(fault.Overloaded, "x"+strings.Repeat("ä", 100))
		}, websocket.StatusTryAgainLater, "x" + strings.Repeat("ä", 61)},
		"nobody knows at the moment": {func(context.Context, map[string]any) (context.Context, error) {
			return nil, fault.Wrap(fault.SourceUnavailable, errors.New("secret"))
		}, websocket.StatusTryAgainLater, "A service is not available at the moment."},
		"a defect": {func(context.Context, map[string]any) (context.Context, error) { return nil, errors.New("secret") }, 4500, "Internal server error"},
		"a panic":  {func(context.Context, map[string]any) (context.Context, error) { panic("secret") }, 4500, "Internal server error"},
		"one that takes too long": {func(ctx context.Context, _ map[string]any) (context.Context, error) {
			select {
			case <-never:
			case <-ctx.Done():
			}
			return ctx, ctx.Err()
		}, 4408, "Connection initialisation timeout"},
		"for a time": {func(ctx context.Context, _ map[string]any) (context.Context, error) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Millisecond, cancel)
			return ctx, nil
		}, 4403, "The permission to be connected has ended"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			o := transport.WebSocketOptions{Init: test.init}
			if test.code == 4408 {
				o.InitTimeout = 200 * time.Millisecond
			}
			g := start(t, &gateway{websocket: o})
			p := g.dial(t)
			p.send(`{"type":"connection_init"}`)
			if code, got := p.closed(); code != test.code || got != test.reason {
				t.Errorf("closed with %d %q", code, got)
			}
			wait(t, "the handler's end", g.returned)
		})
	}
}

// TestWebSocketBeforeTheAck asks while it is decided who may.
func TestWebSocketBeforeTheAck(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]websocket.StatusCode{subscribe("a", "{hello}"): 4401, `{"type":"connection_init"}`: 4429} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			deciding := make(chan struct{})
			g := start(t, &gateway{websocket: transport.WebSocketOptions{Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
				close(deciding)
				<-ctx.Done()
				return ctx, nil
			}}})
			p := g.dial(t)
			p.send(`{"type":"connection_init"}`)
			wait(t, "Init", deciding)
			p.send(message)
			if code, _ := p.closed(); code != want {
				t.Errorf("closed with %d", code)
			}
		})
	}
}
