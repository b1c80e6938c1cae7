// Package orders reads and writes orders at the orders service.
package orders

import (
	"context"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// Order is something bought.
type Order struct {
	ID              sources.ID
	Number          string
	Status          OrderStatus
	PlacedAt        time.Time
	Lines           []OrderLine
	Subtotal        sources.Money
	ShippingCost    sources.Money
	Tax             sources.Money
	Total           sources.Money
	ShippingAddress sources.Address
	CustomerID      string // the customer's local id
}

// IsNode marks Order as a Node.
func (*Order) IsNode() {}

// OrderStatus says how far an order is.
type OrderStatus string

// The states of an order.
const (
	OrderPending   OrderStatus = "PENDING"
	OrderPaid      OrderStatus = "PAID"
	OrderShipped   OrderStatus = "SHIPPED"
	OrderDelivered OrderStatus = "DELIVERED"
	OrderCancelled OrderStatus = "CANCELLED"
)

// OrderLine is so many of one product, at one price.
type OrderLine struct {
	SKU       string
	Name      string
	Quantity  int32
	UnitPrice sources.Money
	Total     sources.Money
}

// OrderConnection is a page of orders.
type OrderConnection = sources.Page[*Order]

// OrderEdge is an order and its place in the list.
type OrderEdge = sources.Edge[*Order]

// OrderQuery is which part of which list of orders to read, the newest first.
type OrderQuery struct {
	CustomerID string      // the customer's local id, or Everybody
	Status     OrderStatus // orders in any state when empty
	Page       sources.PageArgs
}

// Everybody asks for everybody's orders. An id that was forgotten must not.
const Everybody = "*"

// NewOrder is an order to place. All its amounts are in one currency; the service computes the sums.
type NewOrder struct {
	CustomerID      string // the customer's local id
	Lines           []NewOrderLine
	ShippingCost    sources.Money
	Tax             sources.Money // contained in the prices and the shipping cost
	ShippingAddress sources.Address
}

// NewOrderLine is so many of one product, to be bought at one price.
type NewOrderLine struct {
	SKU       string
	Name      string // for the invoice
	Quantity  int32
	UnitPrice sources.Money
}

// UndoneOrder is what the undoing of a placing did.
type UndoneOrder struct {
	Cancelled bool   // whether it cancelled an order: there was one, and it had not been cancelled before
	OrderID   string // the local id of the order that was placed under the key; empty if none was
}

// MaxBatch is how many orders one call can ask for.
const MaxBatch = 50

// OrderList is the name of the lists of orders, in cursors.
const OrderList = "orders"

// Inputs is what the orders service is given of a request: who is behind it, which it keeps with a command.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// Why the orders service refuses a command, as the Reason of the fault.
const (
	ReasonNoSuchOrder  = problems + "no-such-order"
	ReasonKeyReused    = problems + "key-reused"    // the key was used for another command or another input
	ReasonStateForbids = problems + "state-forbids" // the order is too far, or not far enough
	ReasonUndone       = problems + "undone"        // the command was undone: it will never be done
	ReasonNotAccepted  = problems + "not-accepted"  // the fault's Violations say what of the input
)

// maxParallel is how many lists are read at once: the service lists one customer's orders a call.
const maxParallel = 16

// Source reads and writes orders. It is safe for concurrent use.
type Source struct{ http *upstream.HTTP }

// New makes the source of the orders service that h calls.
func New(h *upstream.HTTP) *Source { return &Source{http: h} }

// ByIDs gives orders by their local ids, MaxBatch at most: for more, the service refuses all with BAD_USER_INPUT. An order that the service
// does not know is absent; one that does not fit the contract is in the fault.Items beside the others.
func (s *Source) ByIDs(ctx context.Context, ids []string) (map[string]*Order, error) {
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(ids)), "batchGetOrders", func(url string) (*http.Request, error) {
		return ordersapi.NewBatchGetOrdersRequest(url, &ordersapi.BatchGetOrdersParams{Id: ids})
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[ordersapi.OrderBatch, ordersapi.Order](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, ids, batch.Items, broken,
		func(o *ordersapi.Order) string { return o.Id }, order)
}

// List gives a page of the orders that the query asks for. It fails with BAD_USER_INPUT, and without a call, for a position that
// is none of this list.
func (s *Source) List(ctx context.Context, q OrderQuery) (*OrderConnection, error) {
	params, err := listParams(q)
	if err != nil {
		return nil, err
	}
	answer, err := s.http.Do(ctx, "listOrders", func(url string) (*http.Request, error) {
		return ordersapi.NewListOrdersRequest(url, params)
	})
	if err != nil {
		return nil, err
	}
	list, broken, err := upstream.DecodeItems[ordersapi.OrderList, ordersapi.Order](answer)
	if err != nil {
		return nil, err
	}
	if err := checkPart(list, params); err != nil {
		return nil, err.At(answer.Source, answer.Operation)
	}
	edges := make([]OrderEdge, len(list.Items))
	for i := range list.Items {
		item, f := upstream.Convert(answer.Origin, broken[i], &list.Items[i], order)
		edges[i] = sources.NewEdge(OrderList, position(list.Offset, i), item, f)
	}
	// An empty page has nothing to go on from, whatever the total says.
	hasNext := len(edges) > 0 && int(list.Offset)+len(edges) < int(list.Total)
	return sources.NewPage(edges, list.Offset > 0 && list.Total > 0, hasNext, list.Total), nil
}

// Lists gives the page of each query, by a call each.
func (s *Source) Lists(ctx context.Context, queries []OrderQuery) (map[OrderQuery]*OrderConnection, error) {
	return upstream.Each(ctx, maxParallel, queries, s.List)
}

// Create places an order, which is then pending. What the service does not accept is BAD_USER_INPUT with ReasonNotAccepted.
func (s *Source) Create(ctx context.Context, key string, n NewOrder) (*Order, error) {
	return s.command(ctx, "createOrder", func(o *ordersapi.Order) bool { return o.CustomerId == n.CustomerID }, func(url string) (*http.Request, error) {
		return ordersapi.NewCreateOrderRequest(url, &ordersapi.CreateOrderParams{IdempotencyKey: key}, newOrder(n))
	})
}

// MarkPaid takes an order from pending to paid. In any other state it fails with PRECONDITION_FAILED and ReasonStateForbids.
func (s *Source) MarkPaid(ctx context.Context, key, id string) (*Order, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.command(ctx, "markPaid", func(o *ordersapi.Order) bool { return o.Id == id }, func(url string) (*http.Request, error) {
		return ordersapi.NewMarkPaidRequest(url, id, &ordersapi.MarkPaidParams{IdempotencyKey: key})
	})
}

// Cancel calls an order off that is not on its way yet; one that is fails with PRECONDITION_FAILED and ReasonStateForbids. An order
// that is cancelled already stays so. The money is for the payments service to give back.
func (s *Source) Cancel(ctx context.Context, key, id string) (*Order, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.command(ctx, "cancelOrder", func(o *ordersapi.Order) bool { return o.Id == id }, func(url string) (*http.Request, error) {
		return ordersapi.NewCancelOrderRequest(url, id, &ordersapi.CancelOrderParams{IdempotencyKey: key})
	})
}

// UndoCreate cancels the order that was placed under createKey, and sees to it that a Create with that key is refused from now on.
// That nothing was placed under it is a success. An order on its way fails with PRECONDITION_FAILED and ReasonStateForbids.
func (s *Source) UndoCreate(ctx context.Context, key, createKey string) (UndoneOrder, error) {
	answer, err := s.http.Do(ctx, "undoCreateOrder", func(url string) (*http.Request, error) {
		return ordersapi.NewUndoCreateOrderRequest(url,
			&ordersapi.UndoCreateOrderParams{IdempotencyKey: key}, ordersapi.UndoCreate{CreationKey: createKey})
	})
	if err != nil {
		return UndoneOrder{}, fault.RenameViolations(err, fields)
	}
	undone, err := upstream.Decode[ordersapi.UndoneCreate](answer)
	if err != nil {
		return UndoneOrder{}, err
	}
	u, f := upstream.Convert(answer.Origin, nil, undone, undoneOrder)
	if f != nil {
		return UndoneOrder{}, f
	}
	return u, nil
}

// command makes a call that changes one order, and gives the order as it is then. An order that is not the one meant is refused: it is
// not for the caller to see.
func (s *Source) command(
	ctx context.Context, operation string, meant func(*ordersapi.Order) bool,
	build func(url string) (*http.Request, error),
) (*Order, error) {
	answer, err := s.http.Do(ctx, operation, build)
	if err != nil {
		return nil, fault.RenameViolations(err, fields)
	}
	changed, err := upstream.Decode[ordersapi.Order](answer)
	if err != nil {
		return nil, err
	}
	o, f := upstream.Convert(answer.Origin, nil, changed, func(o *ordersapi.Order) (*Order, error) {
		if !meant(o) {
			return nil, upstream.Violation("the answer is the order %q of the customer %q, which was not meant", o.Id, o.CustomerId)
		}
		return order(o)
	})
	if f != nil {
		return nil, f
	}
	return o, nil
}
