package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/authz"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
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

// needs has a query for each source that a field of the schema declares, by field and source. The query's only use of the source is by
// that field.
var needs = map[[2]string]string{
	{"Query.node", "catalog"}:                  `{ node(id: "${Product:SKU-000003}") { id } }`,
	{"Query.node", "reviews"}:                  `{ node(id: "${Review:rev-0000001}") { id } }`,
	{"Query.node", "customers"}:                `{ node(id: "${Customer:cus-00001}") { id } }`,
	{"Query.node", "orders"}:                   `{ node(id: "${Order:ord-000012}") { id } }`,
	{"Query.node", "payments"}:                 `{ node(id: "${Payment:pay-000012}") { id } }`,
	{"Query.node", "shipping"}:                 `{ node(id: "${Shipment:shp-000012}") { id } }`,
	{"Query.nodes", "catalog"}:                 `{ nodes(ids: ["${Category:CAT-01}"]) { id } }`,
	{"Query.nodes", "reviews"}:                 `{ nodes(ids: ["${Review:rev-0000001}"]) { id } }`,
	{"Query.nodes", "customers"}:               `{ nodes(ids: ["${Customer:cus-00001}"]) { id } }`,
	{"Query.nodes", "orders"}:                  `{ nodes(ids: ["${Order:ord-000012}"]) { id } }`,
	{"Query.nodes", "payments"}:                `{ nodes(ids: ["${Payment:pay-000012}"]) { id } }`,
	{"Query.nodes", "shipping"}:                `{ nodes(ids: ["${Shipment:shp-000012}"]) { id } }`,
	{"Query.product", "catalog"}:               `{ product(id: "${Product:SKU-000003}") { id } }`,
	{"Query.products", "catalog"}:              `{ products { totalCount } }`,
	{"Query.category", "catalog"}:              `{ category(id: "${Category:CAT-02}") { id } }`,
	{"Query.categories", "catalog"}:            `{ categories { id } }`,
	{"Query.review", "reviews"}:                `{ review(id: "${Review:rev-0000001}") { id } }`,
	{"Query.me", "customers"}:                  `{ me { id } }`,
	{"Query.customer", "customers"}:            `{ customer(id: "${Customer:cus-00001}") { id } }`,
	{"Query.order", "orders"}:                  `{ order(id: "${Order:ord-000012}") { id } }`,
	{"Query.orders", "orders"}:                 `{ orders { totalCount } }`,
	{"Category.parent", "catalog"}:             `{ category(id: "${Category:CAT-02}") { parent { id } } }`,
	{"Category.products", "catalog"}:           `{ category(id: "${Category:CAT-02}") { products { totalCount } } }`,
	{"Product.category", "catalog"}:            `{ product(id: "${Product:SKU-000003}") { category { id } } }`,
	{"Product.stock", "inventory"}:             `{ product(id: "${Product:SKU-000003}") { stock { available } } }`,
	{"Product.reviews", "reviews"}:             `{ product(id: "${Product:SKU-000003}") { reviews { totalCount } } }`,
	{"Product.rating", "reviews"}:              `{ product(id: "${Product:SKU-000003}") { rating { count } } }`,
	{"Review.author", "customers"}:             `{ review(id: "${Review:rev-0000001}") { author { id } } }`,
	{"Review.product", "catalog"}:              `{ review(id: "${Review:rev-0000001}") { product { id } } }`,
	{"Customer.reviews", "reviews"}:            `{ me { reviews { totalCount } } }`,
	{"Customer.orders", "orders"}:              `{ me { orders { totalCount } } }`,
	{"Order.customer", "customers"}:            `{ order(id: "${Order:ord-000012}") { customer { id } } }`,
	{"Order.payment", "payments"}:              `{ order(id: "${Order:ord-000012}") { payment { id } } }`,
	{"Order.shipment", "shipping"}:             `{ order(id: "${Order:ord-000012}") { shipment { id } } }`,
	{"OrderLine.product", "catalog"}:           `{ order(id: "${Order:ord-000012}") { lines { product { id } } } }`,
	{"Payment.order", "orders"}:                `{ node(id: "${Payment:pay-000012}") { ... on Payment { order { id } } } }`,
	{"Shipment.order", "orders"}:               `{ node(id: "${Shipment:shp-000012}") { ... on Shipment { order { id } } } }`,
	{"Subscription.stockChanged", "inventory"}: `subscription { stockChanged(skus: ["SKU-000003"]) { stock { available } } }`,
	{"StockChange.product", "catalog"}:         `subscription { stockChanged(skus: ["SKU-000003"]) { product { id } } }`,
	{"Mutation.createReview", "reviews"}:       `mutation { createReview(input: { productId: "${Product:SKU-000034}", rating: 5, body: "Good." }) { review { id } } }`,
	{"Mutation.updateCustomer", "customers"}:   `mutation { updateCustomer(input: { displayName: "Wendy" }) { customer { id } } }`,
	{"PlaceOrderPayload.order", "orders"}:      anOrder("needs-an-order", "{ order { id } }"),
	{"Checkout.order", "orders"}:               anOrder("needs-an-order", "{ checkout { order { id } } }"),
	{"CancelOrderPayload.order", "orders"}:     `mutation { cancelOrder(input: { orderId: "${Order:ord-000057}", idempotencyKey: "needs-an-order" }) { order { id } } }`,
	{"Cancellation.order", "orders"}:           `mutation { cancelOrder(input: { orderId: "${Order:ord-000057}", idempotencyKey: "needs-an-order" }) { cancellation { order { id } } } }`,
	{"OrderChange.order", "orders"}:            `subscription { orderChanged(after: "${cursor:orders-of-cus-00001:1}") { order { id } } }`,
}

// TestDeclarationsBind: a field whose @source is taken away fails as a defect and calls nobody; with it, it is answered. So every
// declaration is needed, and none is for show.
func TestDeclarationsBind(t *testing.T) {
	t.Parallel()
	connected := connect(t)
	resolver := resolvers.NewResolver(connected, launch(t, connected))
	execute(t, theSchema(t), resolver, needs[[2]string{"PlaceOrderPayload.order", "orders"}]) // for what follows orders
	served := map[string]bool{}                                                               // by the demo, which has no service for a source that was added to the storefront's
	for at := range needs {
		served[at[1]] = true
	}
	declared := 0
	for _, d := range theSchema(t).Types {
		for _, f := range d.Fields {
			for _, source := range sourcesOf(f) {
				if !served[source] {
					continue
				}
				declared++
				at := [2]string{d.Name + "." + f.Name, source}
				query, ok := needs[at]
				if !ok {
					t.Errorf("no query is known for %v", at)
					continue
				}
				t.Run(at[0]+" of "+source, func(t *testing.T) {
					t.Parallel()
					without := theSchema(t)
					undeclare(without.Types[d.Name].Fields.ForName(f.Name), source)
					errs := execute(t, without, resolver, query)
					if len(errs) == 0 {
						t.Fatal("it is answered without being declared")
					}
					for _, e := range errs {
						if e.Extensions.Code != string(fault.Internal) || !slices.Contains(e.Path, any(f.Name)) {
							t.Errorf("got %+v at %v", e, e.Path)
						}
					}
					if errs := execute(t, theSchema(t), resolver, query); len(errs) > 0 {
						t.Errorf("declared, it fails: %+v", errs)
					}
				})
			}
		}
	}
	if declared != len(needs) {
		t.Errorf("the schema has %d declarations, want %d", declared, len(needs))
	}
}

// TestPagesAreBounded: every argument that says how many there may be has its bounds, which are checked before anything is called.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	n := 0
	for _, d := range theSchema(t).Types {
		for _, f := range d.Fields {
			first := f.Arguments.ForName("first")
			if first == nil {
				continue
			}
			n++
			bounds := first.Directives.ForName("range")
			if bounds == nil || bounds.Arguments.ForName("min") == nil || bounds.Arguments.ForName("min").Value.Raw != "1" ||
				bounds.Arguments.ForName("max") == nil || bounds.Arguments.ForName("max").Value.Raw != "100" {
				t.Errorf("%s.%s(first:) needs @range(min: 1, max: 100)", d.Name, f.Name)
			}
			if first.DefaultValue == nil || !first.Type.NonNull {
				t.Errorf("%s.%s(first:) needs a default, and not to be null", d.Name, f.Name)
			}
		}
	}
	if n < 6 {
		t.Errorf("found %d pages only", n)
	}
}

// undeclare takes a source's declaration from a field.
func undeclare(f *ast.FieldDefinition, source string) {
	f.Directives = slices.DeleteFunc(slices.Clone(f.Directives), func(d *ast.Directive) bool {
		return d.Name == "source" && d.Arguments.ForName("name").Value.Raw == source
	})
}

// execute runs a query by a schema as a customer with every scope, by each executor, which must give the same errors.
func execute(t *testing.T, by *ast.Schema, resolver *resolvers.Resolver, query string) []problem {
	t.Helper()
	query, err := expand(query)
	if err != nil {
		t.Fatal(err)
	}
	config := graph.Config{
		Schema: by, Resolvers: resolver,
		Directives: graph.DirectiveRoot{Authenticated: authz.Authenticated, RequiresScopes: authz.RequiresScopes},
	}
	compiled := errorsOf(t, graph.NewCompiledSchema(config, exec.Options{}), query)
	if strings.HasPrefix(query, "subscription") { // gqlgen's events have paths without the subscription's field, and no word on why they end
		return compiled
	}
	gqlgen := errorsOf(t, graph.NewCompiledSchema(config, exec.Options{Gqlgen: true}), query)
	inPlace := cmpopts.SortSlices(func(a, b problem) bool { return a.at() < b.at() }) // gqlgen's have no order
	if diff := cmp.Diff(gqlgen, compiled, inPlace); diff != "" {
		t.Errorf("the executors differ (-gqlgen +compiled):\n%s", diff)
	}
	return compiled
}

func errorsOf(t *testing.T, schema graphql.ExecutableSchema, query string) []problem {
	t.Helper()
	e := executor.New(schema)
	e.SetErrorPresenter(fault.Presenter(slog.New(slog.DiscardHandler)))
	caller := authn.Caller{Issuer: "test", Subject: "cus-00001", Scopes: []string{"orders:read", "payments:read", "reviews:write"}}
	alive, cancel := context.WithCancel(t.Context()) // which ends a subscription after its first event
	defer cancel()
	ctx := graphql.StartOperationTrace(authn.With(alive, caller))
	oc, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if errs != nil {
		t.Fatal(errs)
	}
	respond, ctx := e.DispatchOperation(ctx, oc)
	body, err := json.Marshal(respond(ctx))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := decode[any](t, body)
	return problems
}

// connect gives the sources, in front of services of their own.
func connect(t *testing.T) resolvers.Sources {
	t.Helper()
	d, err := demo.Start(t.Context(), demo.Options{Products: products, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	rest := func(name string, inputs upstream.Inputs) *upstream.HTTP {
		h, err := upstream.NewHTTP(upstream.Options{Name: name, URL: d.URL(name), Timeout: patience}, inputs)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = h.Close() }) // idle connections, which cannot fail
		return h
	}
	rpc := func(name string, inputs upstream.Inputs) *upstream.GRPC {
		g, err := upstream.NewGRPC(upstream.Options{Name: name, URL: d.URL(name), Timeout: patience}, inputs)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
		return g
	}
	return resolvers.Sources{
		Catalog:   catalog.New(rest("catalog", catalog.Inputs)),
		Customers: customers.New(rest("customers", customers.Inputs)),
		Inventory: inventory.New(rpc("inventory", inventory.Inputs)),
		Orders:    orders.New(rest("orders", orders.Inputs)),
		Payments:  payments.New(rest("payments", payments.Inputs)),
		Reviews:   reviews.New(rpc("reviews", reviews.Inputs)),
		Shipping:  shipping.New(rpc("shipping", shipping.Inputs)),
	}
}
