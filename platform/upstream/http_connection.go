package upstream

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// pingTimeout is how long the other side of a quiet connection may take to say that it is there. Whoever takes longer is gone.
const pingTimeout = 10 * time.Second

// maxHeaderBytes bounds what a service says beside its answer.
const maxHeaderBytes = 64 << 10

// newTransport makes what the requests of an HTTP source are sent by: a pool of connections of its own. It connects when it is first used.
// stop closes what is idle; calls under way go on. The error is a config.Problem, or config.Problems, of the source's connections.
func newTransport(o Options, u *url.URL) (t http.RoundTripper, stop func(), err error) {
	return newTransportBy(net.DefaultResolver, o, u)
}

// newTransportBy is newTransport for any resolver of names.
func newTransportBy(resolver *net.Resolver, o Options, u *url.URL) (t http.RoundTripper, stop func(), err error) {
	c := o.Connections.orDefaults()
	if u.Scheme == "http" && c.TLS != (TLS{}) {
		return nil, nil, notSecure(u.Scheme)
	}
	security, problems := c.TLS.config()
	if len(problems) > 0 {
		return nil, nil, problems
	}
	dial := newDialer(resolver, o).DialContext
	connecting := c.connecting(o.Timeout)
	fresh := func() *http.Transport {
		return &http.Transport{
			DialContext:            dial,
			TLSClientConfig:        security.Clone(), // a transport adds the protocols that it speaks
			TLSHandshakeTimeout:    connecting,
			MaxIdleConns:           0, // the bound is per host, and there is one
			MaxIdleConnsPerHost:    c.MaxIdle,
			MaxConnsPerHost:        c.Max,
			IdleConnTimeout:        c.IdleTimeout.Std(),
			MaxResponseHeaderBytes: maxHeaderBytes,
			ReadBufferSize:         32 << 10,
			Protocols:              c.protocols(u),
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: c.KeepAlive.Std(), PingTimeout: pingTimeout},
		}
	}
	if isIP(u.Hostname()) || c.RefreshDNS == 0 {
		t := fresh()
		return t, t.CloseIdleConnections, nil
	}
	p := &pool{
		fresh: fresh,
		lookUp: func(ctx context.Context) ([]netip.Addr, error) {
			ctx, cancel := context.WithTimeout(ctx, connecting)
			defer cancel()
			return resolver.LookupNetIP(ctx, "ip", u.Hostname())
		},
		every: c.RefreshDNS.Std(),
		begun: time.Now(),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.current.Store(fresh())
	return p, p.stop, nil
}

// notSecure is the problem of settings for TLS that a URL without TLS leaves unused.
func notSecure(scheme string) error {
	return config.Problem{Path: "tls", Message: "is for " + scheme + "s:// only, and the URL is " + scheme + "://"}
}

// protocols gives what is spoken with the service at u. Over TLS, it chooses.
func (c Connections) protocols(u *url.URL) *http.Protocols {
	p := new(http.Protocols)
	if u.Scheme == "http" && c.HTTP2 {
		p.SetUnencryptedHTTP2(true)
		return p
	}
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// connecting gives how long connecting may take where calls have the timeout. Nobody would wait longer.
func (c Connections) connecting(timeout time.Duration) time.Duration {
	return min(c.DialTimeout.Std(), timeout)
}

// newDialer gives what TCP connections are made with, for HTTP and gRPC.
func newDialer(resolver *net.Resolver, o Options) *net.Dialer {
	c := o.Connections.orDefaults()
	d := &net.Dialer{Timeout: c.connecting(o.Timeout), Resolver: resolver, KeepAlive: -1}
	if k := c.KeepAlive.Std(); k > 0 {
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: k, Interval: k, Count: 3}
	}
	return d
}

// pool follows its service's name. Connections that are always in use would never see that the name has other addresses now: every so
// often, when a request passes by, the name is looked up in the background, and if its addresses are others, requests go by a new
// transport. The old one closes its connections as they become idle, because nobody takes them any more. Until then, there may be more of
// them than connections.max.
type pool struct {
	fresh   func() *http.Transport
	current atomic.Pointer[http.Transport]

	lookUp func(context.Context) ([]netip.Addr, error)
	every  time.Duration
	begun  time.Time
	due    atomic.Int64 // when the name is to be looked up next: nanoseconds since begun

	ctx     context.Context // of lookups; over once stopped
	cancel  context.CancelFunc
	lookups sync.WaitGroup

	mu       sync.Mutex
	looking  bool
	known    []netip.Addr    // sorted; nil until there was an answer
	previous *http.Transport // that current took the place of; nil if there is none
}

// RoundTrip sends a request, as http.RoundTripper says.
func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Since(p.begun)
	if due := p.due.Load(); int64(now) >= due && p.due.CompareAndSwap(due, int64(now+p.every)) {
		p.refresh()
	}
	return p.current.Load().RoundTrip(r)
}

// refresh begins a lookup, unless there is one that takes long.
func (p *pool) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking || p.ctx.Err() != nil {
		return
	}
	p.looking = true
	p.lookups.Go(func() {
		found, err := p.lookUp(p.ctx)
		p.follow(found, err)
	})
}

// follow takes what a lookup found. After one that failed, what is known is good until somebody knows better.
func (p *pool) follow(found []netip.Addr, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = false
	p.closePrevious()
	if err != nil || p.ctx.Err() != nil {
		return
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if p.known != nil && !slices.Equal(p.known, found) {
		p.previous = p.current.Swap(p.fresh())
		p.closePrevious()
	}
	p.known = found
}

// closePrevious closes what is idle of the previous transport. It is called again at the next lookup: a request that had been given the
// transport just before it was replaced lets it keep connections again, and HTTP/2 closes only what is idle now. What a call holds for
// longer than that is closed after connections.idleTimeout.
func (p *pool) closePrevious() {
	if p.previous != nil {
		p.previous.CloseIdleConnections()
	}
}

// stop ends the lookup under way and closes what is idle.
func (p *pool) stop() {
	p.mu.Lock()
	p.cancel()
	p.mu.Unlock()
	p.lookups.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closePrevious()
	p.current.Load().CloseIdleConnections()
}
