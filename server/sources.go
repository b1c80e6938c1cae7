package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/shipping"
)

// connect makes every source: one line each.
func connect(up *clients) resolvers.Sources {
	return resolvers.Sources{
		Catalog:   catalog.New(up.http("catalog", catalog.Inputs)),
		Customers: customers.New(up.http("customers", customers.Inputs)),
		Inventory: inventory.New(up.grpc("inventory", inventory.Inputs)),
		Orders:    orders.New(up.http("orders", orders.Inputs)),
		Payments:  payments.New(up.http("payments", payments.Inputs)),
		Reviews:   reviews.New(up.grpc("reviews", reviews.Inputs)),
		Shipping:  shipping.New(up.grpc("shipping", shipping.Inputs)),
	}
}

// client is a source's connection to its service.
type client interface {
	State(ctx context.Context) upstream.State
	Close() error
}

// clients makes the sources' clients, and keeps them by name, or what was wrong with them.
type clients struct {
	configs map[string]SourceConfig
	telling
	names  []string // in the order of connect
	made   map[string]client
	wrong  map[string]error
	inputs map[string]upstream.Inputs
}

// telling is whom clients tell of their calls. The zero value is nobody.
type telling struct {
	tracer trace.Tracer
	meter  metric.Meter
	log    *slog.Logger
}

func newClients(configs map[string]SourceConfig, to telling) (*clients, resolvers.Sources) {
	c := &clients{configs: configs, telling: to, made: map[string]client{}, wrong: map[string]error{}, inputs: map[string]upstream.Inputs{}}
	return c, connect(c)
}

// sourceNames gives the name of every source.
func sourceNames() []string {
	c, _ := newClients(nil, telling{})
	return c.names
}

func (c *clients) http(name string, inputs upstream.Inputs) *upstream.HTTP {
	inputs = c.configs[name].Headers.with(inputs)
	h, err := upstream.NewHTTP(c.options(name, "http"), inputs)
	keep(c, name, inputs, h, err)
	return h
}

func (c *clients) grpc(name string, inputs upstream.Inputs) *upstream.GRPC {
	inputs = c.configs[name].Headers.with(inputs)
	g, err := upstream.NewGRPC(c.options(name, "grpc"), inputs)
	keep(c, name, inputs, g, err)
	return g
}

func keep(c *clients, name string, inputs upstream.Inputs, made client, err error) {
	c.names = append(c.names, name)
	c.inputs[name] = inputs
	if err != nil {
		c.wrong[name] = err
	} else {
		c.made[name] = made
	}
}

// nobody is an address that nothing can listen at: who connects to it is refused at once.
const nobody = "127.0.0.1:0"

func (c *clients) options(name, scheme string) upstream.Options {
	s := c.configs[name]
	if s.URL == NoService {
		s.URL = scheme + "://" + nobody
		s.Retry = upstream.RetryPolicy{} // it will not be there the next time either
	}
	return upstream.Options{
		Name: name, URL: s.URL, Timeout: s.Timeout.Std(), MaxBytes: int64(s.MaxResponseBytes), Policy: s.Policy, Connections: s.Connections,
		Return: s.Headers.Return, Tracer: c.tracer, Meter: c.meter, Log: c.log, Began: live.Call,
	}
}

// headers gives the headers of clients' requests that any source is given, so that answers may depend on them.
func (c *clients) headers() []string {
	var all []string
	for _, inputs := range c.inputs {
		for _, name := range inputs.Headers {
			all = append(all, http.CanonicalHeaderKey(name))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// close ends every connection.
func (c *clients) close() error {
	var errs []error
	for name, made := range c.made {
		if err := made.Close(); err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
