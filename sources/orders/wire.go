package orders

import (
	"fmt"
	"strconv"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// problems is what the types of the service's problem documents start with.
const problems = "https://orders.storefront.example/problems/"

func order(o *ordersapi.Order) (*Order, error) {
	status, ok := statuses[o.Status]
	if !ok {
		return nil, upstream.Violation("order %q has the status %q", o.Id, o.Status)
	}
	if !sources.ValidLocal(o.Id) || !sources.ValidLocal(o.CustomerId) {
		return nil, upstream.Violation("order %q of customer %q: not an id", o.Id, o.CustomerId)
	}
	if o.Number == "" {
		return nil, upstream.Violation("order %q has no number", o.Id)
	}
	if err := checkAmounts(o); err != nil {
		return nil, err
	}
	lines, err := orderLines(o)
	if err != nil {
		return nil, err
	}
	shipTo := address(&o.ShipTo)
	if !shipTo.Valid() {
		return nil, upstream.Violation("order %q: the address lacks a part, or its country is %q", o.Id, shipTo.CountryCode)
	}
	return &Order{
		ID:              sources.ID{Type: "Order", Local: o.Id},
		Number:          o.Number,
		Status:          status,
		PlacedAt:        o.PlacedAt,
		Lines:           lines,
		Subtotal:        money(o.Subtotal),
		ShippingCost:    money(o.ShippingCost),
		Tax:             money(o.Tax),
		Total:           money(o.Total),
		ShippingAddress: shipTo,
		CustomerID:      o.CustomerId,
	}, nil
}

func orderLines(o *ordersapi.Order) ([]OrderLine, error) {
	if len(o.Lines) == 0 {
		return nil, upstream.Violation("order %q has no lines", o.Id)
	}
	lines := make([]OrderLine, len(o.Lines))
	for i, line := range o.Lines {
		if !sources.ValidLocal(line.Sku) || line.Quantity < 1 || line.Name == "" {
			return nil, upstream.Violation("order %q has a line of %d %q, named %q", o.Id, line.Quantity, line.Sku, line.Name)
		}
		lines[i] = OrderLine{
			SKU:       line.Sku,
			Name:      line.Name,
			Quantity:  line.Quantity,
			UnitPrice: money(line.UnitPrice),
			Total:     money(line.LineTotal),
		}
	}
	return lines, nil
}

func address(a *ordersapi.Address) sources.Address {
	return sources.Address{
		Recipient:   a.Recipient,
		Lines:       a.Street,
		City:        a.City,
		Region:      a.Region,
		PostalCode:  a.PostalCode,
		CountryCode: a.Country,
	}
}

// checkAmounts checks what the contract says of all amounts of an order. Whether they add up is the service's business.
func checkAmounts(o *ordersapi.Order) error {
	amounts := []ordersapi.Money{o.Subtotal, o.ShippingCost, o.Tax, o.Total}
	for _, line := range o.Lines {
		amounts = append(amounts, line.UnitPrice, line.LineTotal)
	}
	for _, m := range amounts {
		if m.MinorUnits < 0 {
			return upstream.Violation("order %q has an amount of %d", o.Id, m.MinorUnits)
		}
		if !sources.ValidCurrency(m.Currency) || m.Currency != o.Total.Currency {
			return upstream.Violation("order %q has amounts in %q and %q", o.Id, m.Currency, o.Total.Currency)
		}
	}
	return nil
}

func money(m ordersapi.Money) sources.Money {
	return sources.Money{Amount: m.MinorUnits, Currency: m.Currency}
}

func moneyOut(m sources.Money) ordersapi.Money {
	return ordersapi.Money{MinorUnits: m.Amount, Currency: m.Currency}
}

var statuses = map[ordersapi.OrderStatus]OrderStatus{
	ordersapi.OrderStatusPending:   OrderPending,
	ordersapi.OrderStatusPaid:      OrderPaid,
	ordersapi.OrderStatusShipped:   OrderShipped,
	ordersapi.OrderStatusDelivered: OrderDelivered,
	ordersapi.OrderStatusCancelled: OrderCancelled,
}

var statusesOut = map[OrderStatus]ordersapi.OrderStatus{
	OrderPending:   ordersapi.OrderStatusPending,
	OrderPaid:      ordersapi.OrderStatusPaid,
	OrderShipped:   ordersapi.OrderStatusShipped,
	OrderDelivered: ordersapi.OrderStatusDelivered,
	OrderCancelled: ordersapi.OrderStatusCancelled,
}

// listParams says a query in the service's words. It fails with BAD_USER_INPUT for what the service would refuse.
func listParams(q OrderQuery) (*ordersapi.ListOrdersParams, error) {
	limit := q.Page.First
	skip, err := offset(q.Page.After)
	if err != nil {
		return nil, err
	}
	params := &ordersapi.ListOrdersParams{Offset: &skip, Limit: &limit}
	switch {
	case q.CustomerID == Everybody:
	case sources.ValidLocal(q.CustomerID):
		params.CustomerId = &q.CustomerID
	default:
		return nil, fault.Wrap(fault.Internal, fmt.Errorf("orders of the customer %q are asked for", q.CustomerID))
	}
	if q.Status != "" {
		status, ok := statusesOut[q.Status]
		if !ok {
			return nil, fault.New(fault.BadUserInput, "`status` is not a state of an order.")
		}
		params.Status = &status
	}
	return params, nil
}

// position gives the place of an order for its cursor. The service has no cursors: the place is how many orders to skip for the
// page that starts after this order, the i-th of a part of the list.
func position(partOffset int32, i int) string {
	return strconv.FormatInt(int64(partOffset)+int64(i)+1, 10)
}

// offset gives how many orders to skip for the page after a position, which a client may have made up: only what position can have
// given is accepted.
func offset(after string) (int32, error) {
	if after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(after, 10, 32)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != after {
		return 0, fault.New(fault.BadUserInput, "`after` is not a cursor of this list. Use a `cursor` or `endCursor` as the list gave it.")
	}
	return int32(n), nil
}

// checkPart checks that a part of a list is the one that was asked for: positions are counted from its offset.
func checkPart(list *ordersapi.OrderList, params *ordersapi.ListOrdersParams) *fault.Error {
	switch {
	case list.Offset != *params.Offset:
		return upstream.Violation("the part starts at %d, not at %d", list.Offset, *params.Offset)
	case len(list.Items) > int(*params.Limit):
		return upstream.Violation("the part has %d orders; %d were asked for", len(list.Items), *params.Limit)
	case list.Total < 0:
		return upstream.Violation("the list has %d orders", list.Total)
	}
	return nil
}

func newOrder(n NewOrder) ordersapi.NewOrder {
	lines := make([]ordersapi.NewOrderLine, len(n.Lines))
	for i, line := range n.Lines {
		lines[i] = ordersapi.NewOrderLine{Sku: line.SKU, Name: line.Name, Quantity: line.Quantity, UnitPrice: moneyOut(line.UnitPrice)}
	}
	return ordersapi.NewOrder{
		CustomerId:   n.CustomerID,
		Lines:        lines,
		ShippingCost: moneyOut(n.ShippingCost),
		Tax:          moneyOut(n.Tax),
		ShipTo: ordersapi.Address{
			Recipient:  n.ShippingAddress.Recipient,
			Street:     append([]string{}, n.ShippingAddress.Lines...), // not nil, which would be null
			City:       n.ShippingAddress.City,
			Region:     n.ShippingAddress.Region,
			PostalCode: n.ShippingAddress.PostalCode,
			Country:    n.ShippingAddress.CountryCode,
		},
	}
}

func undoneOrder(u *ordersapi.UndoneCreate) (UndoneOrder, error) {
	switch {
	case u.OrderId == nil && u.Cancelled:
		return UndoneOrder{}, upstream.Violation("an order was cancelled, and there was none")
	case u.OrderId == nil:
		return UndoneOrder{}, nil
	case !sources.ValidLocal(*u.OrderId):
		return UndoneOrder{}, upstream.Violation("order %q: not an id", *u.OrderId)
	}
	return UndoneOrder{Cancelled: u.Cancelled, OrderID: *u.OrderId}, nil
}

// checkID refuses what could leave its segment of a path.
func checkID(id string) error {
	if !sources.ValidLocal(id) {
		return fault.New(fault.BadUserInput, "This is not the id of an order.")
	}
	return nil
}

// fields says the members of the service's input in the words of NewOrder and its parts.
var fields = map[string]string{
	"customer_id":   "customerId",
	"shipping_cost": "shippingCost",
	"ship_to":       "shippingAddress",
	"unit_price":    "unitPrice",
	"street":        "lines",
	"postal_code":   "postalCode",
	"country":       "countryCode",
}
