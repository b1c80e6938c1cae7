package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/reviews"
)

func (r *categoryResolver) Products(ctx context.Context, objs []*catalog.Category, first int32, after *string, orderBy catalog.ProductOrder) ([]*sources.Page[*catalog.Product], error) {
	page, err := sources.NewPageArgs(catalog.ProductList, first, after)
	if err != nil {
		return nil, err
	}
	return r.load.CategoryProducts.LoadAll(ctx, keysOf(objs, func(c *catalog.Category) catalog.CategoryPage {
		return catalog.CategoryPage{CategoryID: c.ID.Local, OrderBy: orderBy, Page: page}
	}))
}

func (r *orderLineResolver) Product(ctx context.Context, objs []*orders.OrderLine) ([]*catalog.Product, error) {
	return r.load.Products.LoadAll(ctx, keysOf(objs, func(l *orders.OrderLine) string { return l.SKU }))
}

func (r *productResolver) Category(ctx context.Context, objs []*catalog.Product) ([]*catalog.Category, error) {
	return r.load.Categories.LoadAll(ctx, keysOf(objs, func(p *catalog.Product) string { return p.CategoryID }))
}

func (r *productConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*catalog.Product]) ([]*catalog.Product, error) {
	return items(ctx, obj), nil
}

func (r *queryResolver) Product(ctx context.Context, id sources.ID) (*catalog.Product, error) {
	sku, err := id.Of("Product")
	if err != nil {
		return nil, err
	}
	return r.load.Products.Load(ctx, sku)
}

func (r *queryResolver) Products(ctx context.Context, first int32, after *string, filter *catalog.ProductFilter, orderBy catalog.ProductOrder) (*sources.Page[*catalog.Product], error) {
	page, err := sources.NewPageArgs(catalog.ProductList, first, after)
	if err != nil {
		return nil, err
	}
	query := catalog.ProductQuery{OrderBy: orderBy, Page: page}
	if filter != nil {
		query.ProductFilter = *filter
	}
	return r.Sources.Catalog.Products(ctx, query)
}

func (r *reviewResolver) Product(ctx context.Context, objs []*reviews.Review) ([]*catalog.Product, error) {
	return r.load.Products.LoadAll(ctx, keysOf(objs, func(v *reviews.Review) string { return v.ProductSKU }))
}

func (r *Resolver) Product() graph.ProductResolver { return &productResolver{r} }

func (r *Resolver) ProductConnection() graph.ProductConnectionResolver {
	return &productConnectionResolver{r}
}

type (
	productResolver           struct{ *Resolver }
	productConnectionResolver struct{ *Resolver }
)
