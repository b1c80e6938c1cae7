package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/reviews"
)

func (r *categoryResolver) Products(ctx context.Context, objs []*catalog.Category, first int, after *string, orderBy catalog.ProductOrder) ([]*sources.Page[*catalog.Product], error) {
	panic(fmt.Errorf("not implemented: Products - products"))
}

func (r *orderLineResolver) Product(ctx context.Context, objs []*orders.OrderLine) ([]*catalog.Product, error) {
	panic(fmt.Errorf("not implemented: Product - product"))
}

func (r *productResolver) Category(ctx context.Context, objs []*catalog.Product) ([]*catalog.Category, error) {
	panic(fmt.Errorf("not implemented: Category - category"))
}

func (r *productConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*catalog.Product]) ([]*catalog.Product, error) {
	panic(fmt.Errorf("not implemented: Nodes - nodes"))
}

func (r *queryResolver) Product(ctx context.Context, id sources.ID) (*catalog.Product, error) {
	panic(fmt.Errorf("not implemented: Product - product"))
}

func (r *queryResolver) Products(ctx context.Context, first int, after *string, filter *model.ProductFilter, orderBy catalog.ProductOrder) (*sources.Page[*catalog.Product], error) {
	panic(fmt.Errorf("not implemented: Products - products"))
}

func (r *reviewResolver) Product(ctx context.Context, objs []*reviews.Review) ([]*catalog.Product, error) {
	panic(fmt.Errorf("not implemented: Product - product"))
}

func (r *Resolver) Product() graph.ProductResolver { return &productResolver{r} }

func (r *Resolver) ProductConnection() graph.ProductConnectionResolver {
	return &productConnectionResolver{r}
}

type (
	productResolver           struct{ *Resolver }
	productConnectionResolver struct{ *Resolver }
)
