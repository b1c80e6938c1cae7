// Package resolvers answers the fields of the benchmark's gateway.
package resolvers

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/bench/posts/typicode"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
)

// Resolver is the root of all resolvers. It is safe for concurrent use.
type Resolver struct{ source *typicode.Source }

// New makes the resolvers of what a source gives.
func New(source *typicode.Source) *Resolver { return &Resolver{source: source} }

type usersKey struct{}

// WithLoaders gives a context in which resolvers load afresh. Fetches run under ctx.
func (r *Resolver) WithLoaders(ctx context.Context, o loader.Options) context.Context {
	return context.WithValue(ctx, usersKey{}, loader.New(ctx, o, typicode.Name, "users", typicode.MaxBatch, r.source.UsersByID))
}

// users gives the loader of users of the running operation.
func (r *Resolver) users(ctx context.Context) *loader.Loader[int32, *typicode.User] {
	return ctx.Value(usersKey{}).(*loader.Loader[int32, *typicode.User])
}

// reportItems gives a list whose single items may have failed, and reports for each one that has why.
func reportItems[T any](ctx context.Context, list []T, err error) ([]T, error) {
	faults, ok := errors.AsType[fault.Items[int]](err)
	if !ok {
		return list, err
	}
	for _, i := range slices.Sorted(maps.Keys(faults)) {
		path := append(slices.Clone(graphql.GetPath(ctx)), ast.PathIndex(i))
		graphql.AddError(ctx, gqlerror.WrapPath(path, faults[i]))
	}
	return list, nil
}
