package orders

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// What the contract bounds.
const (
	maxBatch     = 50
	maxLimit     = 100
	defaultLimit = 20
)

// BatchGetOrders answers GET /orders/batch.
func (s *service) BatchGetOrders(w http.ResponseWriter, _ *http.Request, params ordersapi.BatchGetOrdersParams) {
	if n := len(params.Id); n < 1 || n > maxBatch {
		refuse(w, malformed(fmt.Sprintf("1 to %d ids may be asked for at once, not %d.", maxBatch, n)))
		return
	}
	for _, id := range params.Id {
		if err := checkID(id); err != nil {
			refuse(w, err)
			return
		}
	}
	batch := ordersapi.OrderBatch{Items: make([]ordersapi.Order, 0, len(params.Id))}
	seen := make(map[string]bool, len(params.Id))
	s.ledger.Locked(func() {
		for _, id := range params.Id {
			if o := s.byID[id]; o != nil && !seen[id] {
				seen[id] = true
				batch.Items = append(batch.Items, *o)
			}
		}
	})
	write(w, http.StatusOK, mediaJSON, batch)
}

// ListOrders answers GET /orders.
func (s *service) ListOrders(w http.ResponseWriter, _ *http.Request, params ordersapi.ListOrdersParams) {
	offset, limit := 0, defaultLimit
	if params.Offset != nil {
		offset = int(*params.Offset)
	}
	if params.Limit != nil {
		limit = int(*params.Limit)
	}
	switch {
	case offset < 0:
		refuse(w, malformed("The offset is 0 or more."))
	case limit < 1 || limit > maxLimit:
		refuse(w, malformed(fmt.Sprintf("The limit is 1 to %d.", maxLimit)))
	case params.Status != nil && !params.Status.Valid():
		refuse(w, malformed("The status is not one of an order."))
	case params.CustomerId != nil && !ids.MatchString(*params.CustomerId):
		refuse(w, malformed("A customer's id "+idRule))
	default:
		var list ordersapi.OrderList
		s.ledger.Locked(func() { list = s.list(params, offset, limit) })
		write(w, http.StatusOK, mediaJSON, list)
	}
}

// list gives a part of a list. The caller holds the ledger's lock.
func (s *service) list(params ordersapi.ListOrdersParams, offset, limit int) ordersapi.OrderList {
	orders := s.all
	if params.CustomerId != nil {
		orders = s.byCustomer[*params.CustomerId]
	}
	list := ordersapi.OrderList{Items: []ordersapi.Order{}, Offset: int32(offset)}
	if params.Status == nil { // the place in the list is the place in the slice: nothing to search
		list.Total = int32(len(orders))
		for i := len(orders) - 1 - offset; i >= 0 && len(list.Items) < limit; i-- {
			list.Items = append(list.Items, *orders[i])
		}
		return list
	}
	for _, o := range slices.Backward(orders) {
		if o.Status != *params.Status {
			continue
		}
		if int(list.Total) >= offset && len(list.Items) < limit {
			list.Items = append(list.Items, *o)
		}
		list.Total++
	}
	return list
}
