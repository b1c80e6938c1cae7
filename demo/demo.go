// Package demo runs the storefront's seven backends: real REST and gRPC servers on loopback with generated data, each of which
// can be broken on purpose, and a control server to break them with.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
)

// Options say how to run the demo. The zero value runs everything on free ports.
type Options struct {
	Products    int                       // how many products there are; 0: world.DefaultProducts
	Seed        uint64                    // of the data and of chance; 0: world.DefaultSeed
	FirstPort   int                       // the first service's port, the others follow; 0: free ports
	ControlAddr string                    // the control server's, on loopback; empty: a free port
	Break       map[string]breaking.Break // what is wrong with services, by name, from the beginning
	Unlimited   bool                      // whether no service refuses calls because there are too many, as shipping does
	Logger      *slog.Logger              // nil: nothing is logged
}

// Demo is the running demo. It is safe for concurrent use.
type Demo struct {
	log         *slog.Logger
	world       *world.World
	issuer      *issuer
	backends    []*backend
	controlURL  string
	controlling server

	serving  sync.WaitGroup // one for each server that accepts
	stopping sync.Once
	stopErr  error
}

// backend is a service while it runs.
type backend struct {
	definition
	ledger  *ledger.Ledger
	breaker *breaking.Switch
	server  server
	running Service
}

// jwksPath is where the control server has the issuer's public key.
const jwksPath = "/.well-known/jwks.json"

// grace is how long requests in work have to finish once the demo stops.
const grace = 5 * time.Second

// Services gives the services, in the order of their ports.
func (d *Demo) Services() []Service {
	all := make([]Service, len(d.backends))
	for i, b := range d.backends {
		all[i] = b.running
	}
	return all
}

// URL gives where a service is (see Service), or nothing if there is none of that name.
func (d *Demo) URL(name string) string {
	if b, err := d.backend(name); err == nil {
		return b.running.URL
	}
	return ""
}

// ControlURL gives where the control server is, such as "http://127.0.0.1:4100".
func (d *Demo) ControlURL() string { return d.controlURL }

// JWKSURL gives where the public key is that tokens are verified with.
func (d *Demo) JWKSURL() string { return d.controlURL + jwksPath }

// Issuer gives who issues the tokens: their claim `iss`.
func (d *Demo) Issuer() string { return issuerName }

// Audience gives whom the tokens are for: their claim `aud`.
func (d *Demo) Audience() string { return audience }

// World gives the data that the services started with. It must not be changed.
func (d *Demo) World() *world.World { return d.world }

// Token gives a token for a role, "customer", "support", "admin" or "limited", that holds for a day from now. It fails for
// other roles.
func (d *Demo) Token(role string) (string, error) { return d.issuer.token(role, time.Now()) }

// Ledger gives what a service's commands did so far, oldest first; nothing if there is no such service. The inventory's begins
// with an opening balance: the stock that the world's orders hold.
func (d *Demo) Ledger(service string) []ledger.Entry {
	b, err := d.backend(service)
	if err != nil {
		return nil
	}
	return b.ledger.Entries()
}

// Break breaks a service, or heals it with the zero value. It fails, and changes nothing, if there is no such service, if b is
// out of bounds, and if the service's port was taken while it refused connections.
func (d *Demo) Break(service string, b breaking.Break) error {
	one, err := d.backend(service)
	if err != nil {
		return err
	}
	return d.set(one, b)
}

func (d *Demo) set(b *backend, wanted breaking.Break) error {
	if err := b.breaker.Set(wanted); err != nil {
		return fmt.Errorf("%s stays %v: %w", b.name, b.breaker.Break(), err)
	}
	d.log.Info("service changed", slog.String("service", b.name), slog.String("state", wanted.String()))
	return nil
}

func (d *Demo) backend(name string) (*backend, error) {
	for _, b := range d.backends {
		if b.name == name {
			return b, nil
		}
	}
	return nil, noService(name)
}

func noService(name string) error {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.name
	}
	return fmt.Errorf("there is no service %q; the services are %s", name, strings.Join(names, ", "))
}

// Stop lets the requests in work finish, and stops everything. What is still in work when the context ends, or after five
// seconds, is cut off; the error names those services then. Stopping again gives the same error.
func (d *Demo) Stop(ctx context.Context) error {
	d.stopping.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		errs := make([]error, len(d.backends)+1)
		var all sync.WaitGroup
		for i, b := range d.backends {
			b.breaker.Stop()
			all.Go(func() { errs[i] = stopped(b.name, b.server.stop(ctx)) })
		}
		all.Go(func() { errs[len(d.backends)] = stopped("control", d.controlling.stop(ctx)) })
		all.Wait()
		d.serving.Wait()
		d.stopErr = errors.Join(errs...)
	})
	return d.stopErr
}

func stopped(name string, err error) error {
	if err != nil {
		return fmt.Errorf("stopping %s: requests were cut off: %w", name, err)
	}
	return nil
}
