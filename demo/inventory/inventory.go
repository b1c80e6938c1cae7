// Package inventory is the demo's inventory service, by gRPC: stock that can be read, watched, held and taken.
package inventory

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

const (
	maxSKUs = 200

	me rpc.Service = "inventory"
)

// service implements the contract. All that its maps lead to is guarded by the ledger's lock.
type service struct {
	inventoryapi.UnimplementedInventoryServer
	ledger       *ledger.Ledger
	items        map[string]*item                 // by SKU
	reservations map[string]*reservation          // by id
	byKey        map[string]*reservation          // by the key of the Reserve
	byReference  map[string][]*reservation        // oldest first
	watchers     map[string]map[*watcher]struct{} // by SKU
}

// item is the stock of one product.
type item struct {
	sku       string
	shelves   []world.Stock
	reserved  int32
	changedAt time.Time
}

// Register adds the inventory service to a server. It starts from the world's stock, of which the orders that are not shipped
// yet hold their part: the ledger's opening balance lists what they hold. What it changes is guarded by the ledger's lock.
func Register(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger) {
	inventoryapi.RegisterInventoryServer(s, newService(w, l))
}

func newService(w *world.World, l *ledger.Ledger) *service {
	s := &service{
		ledger:       l,
		items:        make(map[string]*item, len(w.Products)),
		reservations: map[string]*reservation{},
		byKey:        map[string]*reservation{},
		byReference:  map[string][]*reservation{},
		watchers:     map[string]map[*watcher]struct{}{},
	}
	for i := range w.Products {
		if p := &w.Products[i]; len(p.Stock) > 0 {
			shelves := append([]world.Stock{}, p.Stock...) // ours to change
			s.items[p.SKU] = &item{sku: p.SKU, shelves: shelves, changedAt: p.StockAt}
		}
	}
	var opening []moved
	for i := range w.Orders {
		if o := &w.Orders[i]; o.Status == "pending" || o.Status == "paid" {
			if r := s.holdFor(o); r != nil {
				opening = append(opening, r.all())
			}
		}
	}
	if len(opening) > 0 {
		l.Open(opening)
	}
	return s
}

// holdFor holds what is there for an order of the world, whose records may promise more than there is. It gives nil if there is
// nothing.
func (s *service) holdFor(o *world.Order) *reservation {
	var held []line
	for _, l := range o.Lines {
		it, ok := s.items[l.SKU]
		if !ok {
			continue
		}
		if quantity := min(l.Quantity, it.available()); quantity > 0 {
			it.reserved += quantity
			held = append(held, line{SKU: l.SKU, Quantity: quantity})
		}
	}
	if len(held) == 0 {
		return nil
	}
	return s.keep(o.ID, held)
}

// BatchGetStock implements the contract.
func (s *service) BatchGetStock(_ context.Context, req *inventoryapi.BatchGetStockRequest) (*inventoryapi.BatchGetStockResponse, error) {
	var v rpc.Violations
	v.IDs("skus", req.GetSkus(), 0, maxSKUs)
	if err := v.Err(); err != nil {
		return nil, err
	}
	stock := make([]*inventoryapi.Stock, 0, len(req.GetSkus()))
	seen := make(map[string]bool, len(req.GetSkus()))
	s.ledger.Locked(func() {
		for _, sku := range req.GetSkus() {
			if it, ok := s.items[sku]; ok && !seen[sku] {
				seen[sku] = true
				stock = append(stock, it.message())
			}
		}
	})
	return &inventoryapi.BatchGetStockResponse{Stock: stock}, nil
}

// available is how many can be sold now.
func (i *item) available() int32 {
	sum := -i.reserved
	for _, s := range i.shelves {
		sum += s.OnHand
	}
	return sum
}

// take removes so many from the shelves, each time from the fullest one. The caller has made sure that they are there.
func (i *item) take(quantity int32) {
	for quantity > 0 {
		fullest := &i.shelves[0]
		for k := range i.shelves {
			if i.shelves[k].OnHand > fullest.OnHand {
				fullest = &i.shelves[k]
			}
		}
		n := min(quantity, fullest.OnHand)
		fullest.OnHand -= n
		quantity -= n
	}
}

// message is the stock as it is now; later changes leave it alone.
func (i *item) message() *inventoryapi.Stock {
	warehouses := make([]*inventoryapi.WarehouseCount, len(i.shelves))
	for k, s := range i.shelves {
		warehouses[k] = &inventoryapi.WarehouseCount{Code: s.Warehouse, OnHand: s.OnHand}
	}
	return &inventoryapi.Stock{
		Sku:        i.sku,
		Available:  i.available(),
		Reserved:   i.reserved,
		Warehouses: warehouses,
		UpdatedAt:  timestamppb.New(i.changedAt),
	}
}
