package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
)

// The scopes by which staff may read what belongs to any customer.
const (
	scopeCustomers      = "customers:read"
	scopeWriteCustomers = "customers:write"
	scopeOrders         = "orders:read"
)

// ownsOr says whether what belongs to a customer is the caller's own, or the caller has the scope for everybody's.
func ownsOr(ctx context.Context, customerID, scope string) bool {
	return reach(ctx, scope)(customerID)
}

// reach gives whose the caller may have: by the scope everybody's, else her own.
func reach(ctx context.Context, scope string) func(customerID string) bool {
	caller, ok := authn.From(ctx)
	everybodys := ok && caller.HasScopes(scope)
	return func(customerID string) bool {
		return everybodys || ok && customerID != "" && caller.Subject == customerID
	}
}

func notYours() error {
	return fault.New(fault.Forbidden, "This belongs to another customer, or does not exist.")
}

// private gives a value of each object whose owner the caller is, or may read by the scope; FORBIDDEN for the others.
func private[T, V any](ctx context.Context, objs []*T, owner func(*T) string, scope string, value func(*T) V) ([]V, error) {
	values := make([]V, len(objs))
	mayHave := reach(ctx, scope)
	var denied graphql.BatchErrorList
	for i, obj := range objs {
		switch {
		case obj == nil:
		case mayHave(owner(obj)):
			values[i] = value(obj)
		default:
			if denied == nil {
				denied = make(graphql.BatchErrorList, len(objs))
			}
			denied[i] = notYours()
		}
	}
	if denied != nil {
		return values, denied
	}
	return values, nil
}

// merge gives both errors of one plural field. Either may be of single objects or of all.
func merge(a, b error) error {
	if a == nil {
		return b
	}
	list, ok := a.(graphql.BatchErrorList) //nolint:errorlint // private gives it as it is
	if !ok || b == nil {
		return a
	}
	other, ok := b.(graphql.BatchErrorList) //nolint:errorlint // and so do loaders
	if !ok {
		return b
	}
	for i, err := range other {
		if list[i] == nil {
			list[i] = err
		}
	}
	return list
}

func customerID(c *customers.Customer) string { return c.ID.Local }

func orderID(o *orders.Order) string { return o.ID.Local }

func sku(p *catalog.Product) string { return p.SKU }

// orderQuery asks for the orders of a customer, or of orders.Everybody.
func orderQuery(customerID string, status *orders.OrderStatus, page sources.PageArgs) orders.OrderQuery {
	q := orders.OrderQuery{CustomerID: customerID, Page: page}
	if status != nil {
		q.Status = *status
	}
	return q
}

func orderOwner(o *orders.Order) string { return o.CustomerID }

// ownOrders gives the orders that were loaded, FORBIDDEN in place of those that the caller may not read.
func ownOrders(ctx context.Context, list []*orders.Order, err error) ([]*orders.Order, error) {
	own, denied := private(ctx, list, orderOwner, scopeOrders, func(o *orders.Order) *orders.Order { return o })
	return own, merge(err, denied)
}

// ordersOf gives orders by their ids, FORBIDDEN in place of those that the caller may not read.
func (r *Resolver) ordersOf(ctx context.Context, ids []string) ([]*orders.Order, error) {
	list, err := r.load.Orders.LoadAll(ctx, ids)
	return ownOrders(ctx, list, err)
}
