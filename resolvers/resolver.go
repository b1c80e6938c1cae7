// Package resolvers answers the schema's fields: it joins the sources.
//
// Fields that need a source are plural: they take all parents, load by key through loaders (loaders.go), and give one
// result for each parent in order. The nodes of a page have a resolver as well, which reports the items that are missing from it.
//
// The files *.resolvers.go hold the resolvers, one file per domain as in schema/.
package resolvers

import (
	"context"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/shipping"
)

// Sources is every source that resolvers read.
type Sources struct {
	Catalog   *catalog.Source
	Customers *customers.Source
	Inventory *inventory.Source
	Orders    *orders.Source
	Payments  *payments.Source
	Reviews   *reviews.Source
	Shipping  *shipping.Source
}

// Resolver is the root of all resolvers. It is safe for concurrent use.
type Resolver struct {
	Sources   Sources
	Workflows Workflows
	load      *loaders
}

// NewResolver makes the resolvers that read these sources and start these workflows. Each operation runs in a scope of loaders: see
// loader.WithScope.
func NewResolver(s Sources, w Workflows) *Resolver {
	return &Resolver{Sources: s, Workflows: w, load: newLoaders(&s)}
}

// keysOf gives each object's key, the zero key for an object that is missing from its list.
func keysOf[T any, K comparable](objs []*T, key func(*T) K) []K {
	keys := make([]K, len(objs))
	for i, obj := range objs {
		if obj != nil {
			keys[i] = key(obj)
		}
	}
	return keys
}

// items gives a page's items, and reports for each one that is missing why.
func items[T any](ctx context.Context, page *sources.Page[T]) []T {
	list := make([]T, len(page.Edges))
	faults := fault.Items[int]{}
	for i, e := range page.Edges {
		list[i] = e.Item
		if e.Fault != nil {
			faults[i] = e.Fault
		}
	}
	reportItems(ctx, faults)
	return list
}

// reportItems reports the faults of single elements of the list that the running field gives.
func reportItems(ctx context.Context, faults fault.Items[int]) {
	for _, i := range slices.Sorted(maps.Keys(faults)) {
		path := append(slices.Clone(graphql.GetPath(ctx)), ast.PathIndex(i))
		graphql.AddError(ctx, gqlerror.WrapPath(path, faults[i]))
	}
}
