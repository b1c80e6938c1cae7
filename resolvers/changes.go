package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/inventory"
)

// maxWatched is how many products one subscription may watch.
const maxWatched = 100

// stockChanges gives the changes of products' stock until ctx ends, or the warehouses end them, of which the subscription tells.
func (r *Resolver) stockChanges(ctx context.Context, skus []string) (<-chan *inventory.StockChange, error) {
	if len(skus) == 0 || len(skus) > maxWatched {
		return nil, fault.Newf(fault.BadUserInput, "`skus` must have from 1 to %d elements, not %d.", maxWatched, len(skus))
	}
	changes := make(chan *inventory.StockChange) // without room: the warehouses see how fast the client reads
	go func() {
		defer close(changes)
		for change, err := range r.Sources.Inventory.Changes(ctx, skus) {
			if err != nil && change.SKU == "" {
				exec.EndWith(ctx, err)
				return
			}
			if err != nil {
				change.Fault = fault.From(err)
			}
			select {
			case changes <- &change:
			case <-ctx.Done():
				return
			}
		}
	}()
	return changes, nil
}
