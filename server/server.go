// Package server is the composition root: it makes a gateway of the parts, and is the only package that sees all of them.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/persisted"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// scope is the instrumentation scope of the spans and metrics of calls.
const scope = "github.com/mainstem/mainstem/server"

// Server is a gateway. Make it by New, then Run it once.
type Server struct {
	config    Config
	log       *slog.Logger
	tracing   *telemetry.Telemetry
	tracer    trace.Tracer
	verifier  *authn.Verifier  // nil if no token is good
	known     *persisted.Store // documents that clients need not send
	clients   *clients
	sources   resolvers.Sources
	workflows resolvers.Workflows
	costs     *limit.Costs
	streams   *transport.Streams
	present   graphql.ErrorPresenterFunc
	live      *live.Registry // what is under way
	admin     administration
	store     *storage.Store
	engine    *workflows.Engine
	listener  net.Listener
	http      *http.Server
	release   context.CancelFunc // ends what New has started
	probes    probes
	meters    *meters // nil if nothing is measured
}

// New makes a gateway that listens already and serves when it is Run. It fails if the configuration is not valid or the address is
// taken; it does not wait for services. Whoever does not Run it must Stop it.
func New(c Config, log *slog.Logger, tracing *telemetry.Telemetry) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	background, release := context.WithCancel(context.Background())
	s := &Server{
		config: c, log: log, tracing: tracing, release: release,
		present: fault.Presenter(log), live: live.New(live.Options{Log: log, Slow: c.Telemetry.Slow.Std()}),
	}
	if tracing.Recording() {
		s.tracer = tracing.Tracer(scope)
	}
	if err := s.start(background); err != nil {
		return nil, errors.Join(err, s.Stop(background))
	}
	return s, nil
}

// batches is for how many objects one call of a source is enough, where it is not 100. Customers are asked for one by one, and so are lists of products and orders.
var batches = map[string]int{
	"customers": 1, "inventory": inventory.MaxBatch, "orders": orders.MaxBatch, "reviews": reviews.MaxBatch, "shipping": shipping.MaxBatch,
	"Category.products": 1, "Customer.orders": 1,
}

// start makes the parts in the order in which they need each other.
func (s *Server) start(ctx context.Context) (err error) {
	if a := s.config.Auth; a != (AuthConfig{}) {
		s.verifier, err = authn.New(ctx, authn.Options{
			Issuer: a.Issuer, Audience: a.Audience, JWKSURL: a.JWKSURL, StaticKey: []byte(a.StaticKey.Reveal()), Leeway: a.Leeway.Std(),
		})
		if err != nil {
			return fmt.Errorf("auth: %w", err)
		}
	}
	if s.known, err = persisted.New(s.config.Persisted, s.log); err != nil { //nolint:contextcheck // the manifest is read for all requests
		return err
	}
	s.clients, s.sources = newClients(s.config.Sources, telling{s.tracer, s.tracing.Meter(scope), s.log}) // Validate has found nothing wrong with them
	if s.costs, err = limit.NewCosts(served(), limit.CostOptions{Batches: batches}); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	s.streams = s.newStreams()
	if err = s.openStorage(ctx); err != nil {
		return err
	}
	s.workflows = resolvers.AddWorkflows(s.engine, s.sources) //nolint:contextcheck // counters that are read later
	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w (choose another address with --listen or `listen` in the configuration)", err)
	}
	if err = s.openAdmin(ctx); err != nil {
		return err
	}
	s.http = &http.Server{
		Handler:           s.pipeline(), //nolint:contextcheck // the executor is made for all requests
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       s.config.RequestTimeout.Std() + 5*time.Second, // of what is no GraphQL: transport bounds the rest
		WriteTimeout:      s.config.RequestTimeout.Std() + 10*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	return s.engine.Launch(ctx) // last: what was under way when the gateway stopped goes on from here
}

// URL gives where the gateway listens.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Run serves until ctx ends, then stops within grace: it takes no more requests, and finishes those under way. It fails if a request
// could not be finished in that time.
func (s *Server) Run(ctx context.Context, grace time.Duration) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	go s.admin.serve(s.log)
	select {
	case err := <-served:
		return errors.Join(err, s.Stop(ctx))
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := s.Stop(stop)
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// Stop ends the parts in the reverse order of their start, but streams and requests at the same time. When ctx ends first, requests under way are cut
// off, and Stop fails.
func (s *Server) Stop(ctx context.Context) error {
	var errs []error
	ended := make(chan error, 1)
	go func() { ended <- s.stopStreams(ctx) }() // which would go on as long as their clients like
	if s.http != nil {
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off: %w", err), s.http.Close())
		}
	}
	errs = append(errs, <-ended)
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.admin.close()) // so late, to see what is still under way
	s.meters.stop()
	errs = append(errs, s.closeStorage(ctx)) // before the clients, by which workflows call
	if s.clients != nil {
		errs = append(errs, s.clients.close())
	}
	s.release()
	return errors.Join(errs...)
}
