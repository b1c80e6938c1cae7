package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/inventory"
)

func (r *productResolver) Stock(ctx context.Context, objs []*catalog.Product) ([]*inventory.StockLevel, error) {
	return r.load.Stock.LoadAll(ctx, keysOf(objs, sku))
}
