package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
)

// leastPing is the shortest time between gRPC pings: servers close the connection (GOAWAY, too_many_pings) of who sends them more often
// than every 5 minutes, unless they are told otherwise. The second is for a ping that is late and the next one that is not.
const leastPing = 5*time.Minute + time.Second

// grpcHosts reads the URL of a gRPC service: grpc:// or grpcs://, and a host and port, or several with commas between them. secure says
// whether they are spoken to over TLS.
func grpcHosts(rawURL string) (hosts []string, secure bool, err error) {
	scheme, list, _ := strings.Cut(rawURL, "://")
	scheme = strings.ToLower(scheme)
	hosts = strings.Split(list, ",")
	good := scheme == "grpc" || scheme == "grpcs"
	for i, host := range hosts {
		// One by one: a URL has but one host.
		u, err := url.Parse("grpc://" + host)
		good = good && err == nil && u.Host == host && u.Hostname() != "" && u.Port() != "" && !slices.Contains(hosts[:i], host)
	}
	if !good {
		if strings.Contains(rawURL, "@") {
			rawURL = "one with a user" // whose password is not to be shown
		}
		return nil, false, fmt.Errorf("the URL must be grpc:// or grpcs://, a host and a port, such as grpc://127.0.0.1:4105, "+
			"or several with commas between, each once, not %q", rawURL)
	}
	return hosts, scheme == "grpcs", nil
}

// newConn makes the connection of a gRPC source to its hosts, of which a name may have several addresses. It connects when it is first used.
// The error is a config.Problem, or config.Problems, of the source's connections.
func newConn(o Options, hosts []string, secure bool) (*grpc.ClientConn, error) {
	return newConnBy(net.DefaultResolver, o, hosts, secure)
}

// newConnBy is newConn for any resolver of names.
func newConnBy(names *net.Resolver, o Options, hosts []string, secure bool) (*grpc.ClientConn, error) {
	c := o.Connections.orDefaults()
	if !secure && c.TLS != (TLS{}) {
		return nil, notSecure("grpc")
	}
	security := insecure.NewCredentials()
	if secure {
		made, problems := c.TLS.config()
		if len(problems) > 0 {
			return nil, problems
		}
		security = credentials.NewTLS(made)
	}
	retry := backoff.DefaultConfig
	retry.BaseDelay, retry.MaxDelay = 100*time.Millisecond, 2*time.Second // a service that is back is used again soon
	found := &addresses{
		hosts:      hosts,
		serverName: c.TLS.ServerName,
		lookUp:     names.LookupHost,
		every:      c.RefreshDNS.Std(),
		timeout:    c.connecting(o.Timeout),
	}
	dial := newDialer(names, o)
	options := []grpc.DialOption{
		grpc.WithResolvers(found),
		grpc.WithTransportCredentials(security),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dial.DialContext(ctx, "tcp", address)
		}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: c.connecting(o.Timeout)}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(o.MaxBytes)), grpc.ForceCodecV2(protobuf)),
		grpc.WithMaxHeaderListSize(maxHeaderBytes),
		grpc.WithIdleTimeout(c.IdleTimeout.Std()),
		grpc.WithDisableServiceConfig(), // what DNS says is nobody's configuration
		grpc.WithDisableRetry(),         // the source's policy is the only one that calls again
		grpc.WithNoProxy(),              // services are called directly, as over HTTP
	}
	if k := c.KeepAlive.Std(); k > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: max(k, leastPing), Timeout: pingTimeout}))
	}
	if (len(hosts) > 1 || found.named()) && c.Balance != balancePickFirst {
		options = append(options, grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	}
	return grpc.NewClient(found.Scheme()+":///"+hosts[0], options...)
}

// dialAny says whether any of the hosts can be reached: it opens a connection to each and closes it. It fails if there is none, or when
// ctx is over.
func dialAny(ctx context.Context, hosts []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error, len(hosts))
	for _, host := range hosts {
		go func() {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
			if err == nil {
				_ = conn.Close()
			}
			results <- err
		}()
	}
	errs := make([]error, 0, len(hosts))
	for range hosts {
		err := <-results
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// addresses tells a connection at which addresses its hosts are: grpc-go's resolver.Builder. grpc-go's own for DNS takes one name, and
// looks it up again only when a connection is lost: a service that has more instances now would not get calls at them.
type addresses struct {
	hosts          []string
	serverName     string // that every host's certificate must be for; each its own if empty
	lookUp         func(ctx context.Context, host string) ([]string, error)
	every, timeout time.Duration
}

// Scheme gives the scheme of targets that are looked up so.
func (*addresses) Scheme() string { return "mainstem" }

// named says whether any host is a name.
func (a *addresses) named() bool {
	return slices.ContainsFunc(a.hosts, func(host string) bool {
		name, _, _ := net.SplitHostPort(host)
		return !isIP(name)
	})
}

// Build starts to tell cc the addresses. It never fails.
func (a *addresses) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	w := &watch{addresses: a, cc: cc, known: make([][]string, len(a.hosts)), now: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	if !a.named() {
		w.refresh(ctx) // looks nothing up
		return w, nil
	}
	w.running.Go(func() { w.run(ctx) })
	return w, nil
}

// watch looks up the addresses of one connection until it is closed.
type watch struct {
	*addresses
	cc      resolver.ClientConn
	known   [][]string    // by host: its addresses, with ports
	now     chan struct{} // has an element if somebody wants a lookup
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// ResolveNow asks for a lookup: a connection was lost, maybe because its address is another's now.
func (w *watch) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case w.now <- struct{}{}:
	default:
	}
}

// Close ends the lookups.
func (w *watch) Close() {
	w.cancel()
	w.running.Wait()
}

// betweenLookups is the least time between two lookups, and how soon one that failed is repeated.
const betweenLookups = time.Second

func (w *watch) run(ctx context.Context) {
	rest := time.Duration(-1)
	if w.every > 0 {
		rest = max(0, w.every-betweenLookups)
	}
	for {
		good := w.refresh(ctx)
		if !sleep(ctx, betweenLookups, nil) {
			return
		}
		if good && !sleep(ctx, rest, w.now) {
			return
		}
	}
}

// sleep waits for a time, or until somebody wakes it; less than nothing is for ever. It says whether ctx goes on.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	var over <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// refresh looks up all names and tells the connection. A name that cannot be looked up stays where it was. It says whether all could be.
func (w *watch) refresh(ctx context.Context) bool {
	errs := make([]error, len(w.hosts))
	var lookups sync.WaitGroup
	for i, host := range w.hosts {
		lookups.Go(func() {
			found, err := w.addressesOf(ctx, host)
			if errs[i] = err; err == nil {
				w.known[i] = found
			}
		})
	}
	lookups.Wait()
	var state resolver.State
	for i, host := range w.hosts {
		name := w.serverName
		if name == "" {
			name = host
		}
		for _, address := range w.known[i] {
			state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: address, ServerName: name}}})
		}
	}
	err := errors.Join(errs...)
	switch {
	case ctx.Err() != nil:
	case len(state.Endpoints) == 0:
		w.cc.ReportError(err)
	default:
		_ = w.cc.UpdateState(state) // fails for no addresses, and there are some
	}
	return err == nil
}

// addressesOf gives the addresses of a host and port.
func (w *watch) addressesOf(ctx context.Context, host string) ([]string, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	if isIP(name) {
		return []string{host}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	found, err := w.lookUp(ctx, name)
	for i, ip := range found {
		found[i] = net.JoinHostPort(ip, port)
	}
	return found, err
}
