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
type Resolver struct {
	source *typicode.Source
	users  *loader.Loader[int32, *typicode.User]
}

// New makes the resolvers of what a source gives.
func New(source *typicode.Source) *Resolver {
	return &Resolver{source: source, users: loader.New(typicode.Name, "users", typicode.MaxBatch, source.UsersByID)}
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

// bodies says whether the texts of the posts that the running field gives are asked for.
func bodies(ctx context.Context) bool { return graphql.FieldRequested(ctx, "body") }
