package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
)

func (r *categoryResolver) Parent(ctx context.Context, objs []*catalog.Category) ([]*catalog.Category, error) {
	panic(fmt.Errorf("not implemented: Parent - parent"))
}

func (r *queryResolver) Category(ctx context.Context, id sources.ID) (*catalog.Category, error) {
	panic(fmt.Errorf("not implemented: Category - category"))
}

func (r *queryResolver) Categories(ctx context.Context) ([]catalog.Category, error) {
	panic(fmt.Errorf("not implemented: Categories - categories"))
}

func (r *Resolver) Category() graph.CategoryResolver { return &categoryResolver{r} }

type categoryResolver struct{ *Resolver }
