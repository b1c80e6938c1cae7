package demo

import (
	"math"
	"net/http"

	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/demo/catalog"
	"github.com/mainstem/mainstem/demo/customers"
	"github.com/mainstem/mainstem/demo/inventory"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/orders"
	"github.com/mainstem/mainstem/demo/payments"
	"github.com/mainstem/mainstem/demo/reviews"
	"github.com/mainstem/mainstem/demo/shipping"
	"github.com/mainstem/mainstem/demo/world"
)

// definition is a service as its package gives it: one of rest and grpc is set.
type definition struct {
	name string
	rest func(*world.World, *ledger.Ledger) http.Handler
	grpc func(grpc.ServiceRegistrar, *world.World, *ledger.Ledger)

	unlimited func(grpc.ServiceRegistrar, *world.World, *ledger.Ledger) // grpc, of one that has a limit to how often it is called, without it
}

// definitions are the demo's services, in the order of their ports.
var definitions = []definition{
	{name: "catalog", rest: catalog.New},
	{name: "customers", rest: customers.New},
	{name: "orders", rest: orders.New},
	{name: "payments", rest: payments.New},
	{name: "inventory", grpc: inventory.Register},
	{
		name: "shipping", grpc: func(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger) { shipping.Register(s, w, l) },
		unlimited: func(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger) {
			shipping.Register(s, w, l, shipping.WithRate(math.MaxInt32, math.MaxInt32))
		},
	},
	{name: "reviews", grpc: func(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger) { reviews.Register(s, w, l) }},
}

// The kinds of service.
const (
	REST = "REST"
	GRPC = "gRPC"
)

// Service is a running service.
type Service struct {
	Name string
	Kind string // REST or GRPC
	URL  string // of REST "http://127.0.0.1:4101", of gRPC "grpc://127.0.0.1:4105"
}

func (d definition) at(address string) Service {
	if d.rest != nil {
		return Service{Name: d.name, Kind: REST, URL: "http://" + address}
	}
	return Service{Name: d.name, Kind: GRPC, URL: "grpc://" + address}
}
