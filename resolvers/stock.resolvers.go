package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/inventory"
)

func (r *productResolver) Stock(ctx context.Context, objs []*catalog.Product) ([]*inventory.StockLevel, error) {
	return r.load.Stock.LoadAll(ctx, keysOf(objs, sku))
}

func (r *stockChangeResolver) Product(ctx context.Context, objs []*inventory.StockChange) ([]*catalog.Product, error) {
	return r.load.Products.LoadAll(ctx, keysOf(objs, func(c *inventory.StockChange) string { return c.SKU }))
}

func (r *stockChangeResolver) Stock(ctx context.Context, obj *inventory.StockChange) (*inventory.StockLevel, error) {
	if obj.Fault != nil {
		return nil, obj.Fault
	}
	return obj.Stock, nil
}

func (r *subscriptionResolver) StockChanged(ctx context.Context, skus []string) (<-chan *inventory.StockChange, error) {
	return r.stockChanges(ctx, skus)
}

func (r *Resolver) StockChange() graph.StockChangeResolver { return &stockChangeResolver{r} }

type stockChangeResolver struct{ *Resolver }
