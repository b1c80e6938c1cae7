package resolvers

import (
	"context"
	"errors"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
)

func (r *categoryResolver) Parent(ctx context.Context, objs []*catalog.Category) ([]*catalog.Category, error) {
	return r.load.Categories.LoadAll(ctx, keysOf(objs, func(c *catalog.Category) string { return c.ParentID }))
}

func (r *queryResolver) Category(ctx context.Context, id sources.ID) (*catalog.Category, error) {
	local, err := id.Of("Category")
	if err != nil {
		return nil, err
	}
	return r.load.Categories.Load(ctx, local)
}

func (r *queryResolver) Categories(ctx context.Context) ([]*catalog.Category, error) {
	list, err := r.Sources.Catalog.Categories(ctx)
	if faults, ok := errors.AsType[fault.Items[int]](err); ok {
		reportItems(ctx, faults)
		return list, nil
	}
	return list, err
}

func (r *Resolver) Category() graph.CategoryResolver { return &categoryResolver{r} }

type categoryResolver struct{ *Resolver }
