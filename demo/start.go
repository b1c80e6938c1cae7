package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"

	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
)

// Start runs the demo until Stop; every service answers once it returns. It fails, and leaves nothing behind, if the options are
// not acceptable, if a port is in use, and if the context ends first; after that the context means nothing.
func Start(ctx context.Context, o Options) (*Demo, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	issuer, err := newIssuer()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d := &Demo{log: o.Logger, issuer: issuer}
	listeners, err := d.listen(ctx, o)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		for _, l := range listeners {
			_ = l.Close() // nothing was accepted
		}
		return nil, fmt.Errorf("demo: %w", err)
	}
	d.world = world.Generate(world.Options{Products: o.Products, Seed: o.Seed})
	for i, b := range d.backends {
		b.server = d.newServer(b)
		d.serve(b.name, b.server, listeners[i])
	}
	d.controlling = newRESTServer(d.control(), d.log.With(slog.String("service", "control")))
	d.serve("control", d.controlling, listeners[len(d.backends)])
	return d, nil
}

// check says what is not acceptable, and fills in what is left out.
func (o *Options) check() error {
	if o.Products < 0 || o.Products > world.MaxProducts {
		return fmt.Errorf("there can be 1 to %d products, not %d", world.MaxProducts, o.Products)
	}
	if last := 65535 - len(definitions) + 1; o.FirstPort < 0 || o.FirstPort > last {
		return fmt.Errorf("the first port can be 1 to %d, or 0 for free ones, not %d", last, o.FirstPort)
	}
	if o.Seed == 0 {
		o.Seed = world.DefaultSeed
	}
	if o.ControlAddr == "" {
		o.ControlAddr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(o.ControlAddr)
	if err != nil {
		return fmt.Errorf("the control server's address must be such as 127.0.0.1:4100: %w", err)
	}
	if !isLocal(host) {
		return fmt.Errorf("the control server listens on loopback only, such as 127.0.0.1:4100, not on %q", o.ControlAddr)
	}
	for name, b := range o.Break {
		if !defined(name) {
			return noService(name)
		}
		if err := b.Validate(); err != nil {
			return fmt.Errorf("breaking %s: %w", name, err)
		}
	}
	return nil
}

func defined(name string) bool {
	for _, d := range definitions {
		if d.name == name {
			return true
		}
	}
	return false
}

// listen makes the backends and takes their ports and the control server's, in this order. It gives the listeners that it has
// made, with an error too.
func (d *Demo) listen(ctx context.Context, o Options) ([]net.Listener, error) {
	var listeners []net.Listener
	for i, definition := range definitions {
		b := &backend{definition: definition, ledger: ledger.New(), breaker: breaking.NewSwitch(o.Seed + uint64(i))}
		if o.Unlimited && b.unlimited != nil {
			b.grpc = b.unlimited
		}
		if err := b.breaker.Set(o.Break[b.name]); err != nil {
			return listeners, fmt.Errorf("breaking %s: %w", b.name, err)
		}
		port := 0
		if o.FirstPort != 0 {
			port = o.FirstPort + i
		}
		l, err := b.breaker.Listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			return listeners, fmt.Errorf("port %d, which is for %s, is in use; stop what listens there, or use free ports (--backend-ports 0): %w",
				port, b.name, err)
		}
		if err != nil {
			return listeners, fmt.Errorf("listening for %s: %w", b.name, err)
		}
		listeners = append(listeners, l)
		b.running = b.at(l.Addr().String())
		d.backends = append(d.backends, b)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.ControlAddr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return listeners, fmt.Errorf("%s, which is for the control server, is in use; stop what listens there, or use another address, "+
			"such as 127.0.0.1:0 for a free port: %w", o.ControlAddr, err)
	}
	if err != nil {
		return listeners, fmt.Errorf("listening for the control server: %w", err)
	}
	d.controlURL = "http://" + l.Addr().String()
	return append(listeners, l), nil
}

// newServer puts a service behind its log and its switch, in this order: what is broken is logged too.
func (d *Demo) newServer(b *backend) server {
	log := requestLog{d.log.With(slog.String("service", b.name))}
	if b.rest != nil {
		return newRESTServer(log.handler(b.breaker.Handler(b.rest(d.world, b.ledger))), log.Logger)
	}
	s := newGRPCServer(
		b.breaker.Cut,
		grpc.ChainUnaryInterceptor(log.unary, b.breaker.Unary),
		grpc.ChainStreamInterceptor(log.stream, b.breaker.Stream),
	)
	b.grpc(s, d.world, b.ledger)
	return s
}

func (d *Demo) serve(name string, s server, l net.Listener) {
	d.serving.Go(func() {
		if err := s.serve(l); err != nil {
			d.log.Error("server ended", slog.String("service", name), slog.Any("error", err))
		}
	})
}
