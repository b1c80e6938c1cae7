package server

import (
	"context"
	"net/http"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/platform/upstream"
)

// newStreams makes what subscriptions are answered by.
func (s *Server) newStreams() *transport.Streams {
	return transport.NewStreams(transport.StreamOptions{
		MaxStreams: s.config.Streams.Max, MaxPerCaller: s.config.Streams.PerCaller, MaxBytes: int64(s.config.Limits.Bytes),
		Timeout: s.timeout, Origins: s.config.CORS.AllowedOrigins, Began: s.live.Stream,
	})
}

// webSockets makes the transport of WebSockets.
func (s *Server) webSockets() *transport.WebSocket {
	return transport.NewWebSocket(s.streams, transport.WebSocketOptions{Init: s.initialize})
}

// initialize takes from the payload of a WebSocket's connection_init what a request has in its headers, since browsers let no page set those: a token, and whether
// answers are to be traced. Whoever has proved who she is when the connection was made need not do so again.
func (s *Server) initialize(ctx context.Context, payload map[string]any) (context.Context, error) {
	header := http.Header{}
	for name, value := range payload {
		if text, ok := value.(string); ok {
			header.Add(name, text)
		}
	}
	live.Introduce(ctx, header)
	if tokens := header.Values("Authorization"); len(tokens) > 0 {
		caller, err := s.verifier.VerifyHeaders(ctx, tokens)
		if err != nil {
			f := fault.From(err)
			s.tokenRefused(ctx, f)
			return nil, f
		}
		ctx = authn.With(ctx, caller)
		seen := upstream.RequestOf(ctx)
		seen.Claims = claimsOf(ctx)
		ctx = upstream.WithRequest(ctx, seen)
	}
	if header.Get(TraceHeader) != "" && s.mayTrace(ctx) {
		ctx = exec.WithTrace(ctx)
	}
	return ctx, nil
}

// claimsOf gives what sources may be told of who is calling; nil for nobody.
func claimsOf(ctx context.Context) map[string]string {
	caller, known := authn.From(ctx)
	if !known {
		return nil
	}
	return map[string]string{"iss": caller.Issuer, "sub": caller.Subject}
}

// stopStreams ends subscriptions, and tells their clients why.
func (s *Server) stopStreams(ctx context.Context) error {
	if s.streams == nil { // the gateway could not be made
		return nil
	}
	return s.streams.Stop(ctx)
}
