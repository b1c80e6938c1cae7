package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/inventory"
)

func (r *productResolver) Stock(ctx context.Context, objs []*catalog.Product) ([]*inventory.StockLevel, error) {
	panic(fmt.Errorf("not implemented: Stock - stock"))
}
