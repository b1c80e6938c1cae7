package inventory

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

// watchBuffer is how many changes may wait for one watcher: several of the largest commands.
const watchBuffer = 1024

// watcher is one stream of changes. The channel is closed when a change found no room in it.
type watcher struct {
	skus    []string
	changes chan *inventoryapi.Stock
}

// WatchStock implements the contract.
func (s *service) WatchStock(req *inventoryapi.WatchStockRequest, stream grpc.ServerStreamingServer[inventoryapi.WatchStockResponse]) error {
	var v rpc.Violations
	v.IDs("skus", req.GetSkus(), 1, maxSKUs)
	if err := v.Err(); err != nil {
		return err
	}
	w, present := s.watch(req.GetSkus())
	defer s.ledger.Locked(func() { s.forget(w) })
	for _, stock := range present {
		if err := stream.Send(&inventoryapi.WatchStockResponse{Stock: stock}); err != nil {
			return err
		}
	}
	for {
		select {
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		case stock, ok := <-w.changes:
			if !ok {
				return me.Refuse(codes.ResourceExhausted, "WATCHER_TOO_SLOW", "stock changes faster than it is read")
			}
			if err := stream.Send(&inventoryapi.WatchStockResponse{Stock: stock}); err != nil {
				return err
			}
		}
	}
}

// watch reads the present stock and begins to collect its changes, with no change in between.
func (s *service) watch(skus []string) (*watcher, []*inventoryapi.Stock) {
	w := &watcher{skus: skus, changes: make(chan *inventoryapi.Stock, watchBuffer)}
	present := make([]*inventoryapi.Stock, 0, len(skus))
	s.ledger.Locked(func() {
		for _, sku := range skus {
			it, kept := s.items[sku]
			if _, again := s.watchers[sku][w]; !kept || again {
				continue
			}
			if s.watchers[sku] == nil {
				s.watchers[sku] = map[*watcher]struct{}{}
			}
			s.watchers[sku][w] = struct{}{}
			present = append(present, it.message())
		}
	})
	return w, present
}

// publish gives a product's stock to everybody who watches it, and ends those who have no room left. It never waits, because
// the caller holds the ledger's lock.
func (s *service) publish(it *item) {
	if len(s.watchers[it.sku]) == 0 {
		return
	}
	stock := it.message()
	for w := range s.watchers[it.sku] {
		select {
		case w.changes <- stock:
		default:
			s.forget(w)
			close(w.changes) // once only: a forgotten watcher is not found again
		}
	}
}

// forget stops collecting for a watcher; it may have been forgotten before.
func (s *service) forget(w *watcher) {
	for _, sku := range w.skus {
		delete(s.watchers[sku], w)
		if len(s.watchers[sku]) == 0 {
			delete(s.watchers, sku)
		}
	}
}
