package transport

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// place is what a stream takes of those that may be open.
type place struct {
	streams *Streams
	kind    string
	caller  string
	over    bool
}

// The kinds of streams.
const (
	kindWebSocket = "websocket"
	kindEvents    = "sse"
	kindParts     = "multipart"
)

// begin counts the stream of a kind that a request asks for, until end is called. It gives nil, and the request is answered, if there are too many, or the server stops.
func (s *Streams) begin(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, kind string) *place {
	p := &place{streams: s, kind: kind, caller: callerOf(r.Context(), r.RemoteAddr)}
	status, err := p.take()
	if err != nil {
		refuse(r.Context(), w, executor, status, err)
		return nil
	}
	return p
}

// take counts a stream, or gives the status and fault to refuse it with.
func (p *place) take() (status int, err error) {
	s := p.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping.Err() != nil:
		return http.StatusServiceUnavailable, stopped()
	case s.open == s.options.MaxStreams:
		return http.StatusServiceUnavailable, fault.New(fault.Overloaded, "Too many streams are open at the moment.")
	case s.of[p.caller] >= s.options.MaxPerCaller:
		return http.StatusTooManyRequests, tooManyStreams(s.options.MaxPerCaller)
	}
	s.open++
	s.kinds[p.kind]++
	s.of[p.caller]++
	return 0, nil
}

// move has the stream counted for who ctx says is calling, if it does. It fails if she has too many.
func (p *place) move(ctx context.Context) error {
	s := p.streams
	caller := callerOf(ctx, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.over || caller == "" || caller == p.caller:
		return nil
	case s.of[caller] >= s.options.MaxPerCaller:
		return tooManyStreams(s.options.MaxPerCaller)
	}
	s.leave(p.caller)
	p.caller = caller
	s.of[caller]++
	return nil
}

// end gives the place back, once.
func (p *place) end() {
	s := p.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	s.leave(p.caller)
	s.open--
	s.kinds[p.kind]--
	if s.open == 0 && s.stopping.Err() != nil {
		close(s.gone)
	}
}

// leave counts a stream of a caller's less. s.mu is held.
func (s *Streams) leave(caller string) {
	if s.of[caller]--; s.of[caller] == 0 {
		delete(s.of, caller)
	}
}

func tooManyStreams(allowed int) *fault.Error {
	f := fault.Newf(fault.LimitExceeded, "A caller may have at most %d streams open at a time.", allowed)
	f.Limit = "streams"
	return f
}

// callerOf gives whose a stream is: who is signed in, or else the address that asks. Of IPv6 that is the network, in which one subscriber has all addresses.
func callerOf(ctx context.Context, address string) string {
	if caller, known := authn.From(ctx); known {
		return strconv.Quote(caller.Issuer) + strconv.Quote(caller.Subject)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	const subscriber = 64 // bits of an IPv6 address
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().Is6() {
		if network, err := ip.WithZone("").Prefix(subscriber); err == nil {
			return network.String()
		}
	}
	return host
}
