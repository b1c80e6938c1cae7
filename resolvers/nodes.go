package resolvers

import (
	"context"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/authz"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
)

// maxNodes is how many objects `nodes` gives at most.
const maxNodes = 100

// nodes gives the objects with these global ids in order, and reports for each one that is missing why. Each type is one batch.
func (r *Resolver) nodes(ctx context.Context, ids []sources.ID) ([]sources.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.Newf(fault.BadUserInput, "`ids` may have %d ids at most, not %d.", maxNodes, len(ids))
	}
	at := map[string][]int{} // by type
	var types []string
	for i, id := range ids {
		if at[id.Type] == nil {
			types = append(types, id.Type)
		}
		at[id.Type] = append(at[id.Type], i)
	}
	found, err := upstream.Each(ctx, len(types), types, func(ctx context.Context, typ string) (typed, error) {
		locals := make([]string, len(at[typ]))
		for j, i := range at[typ] {
			locals[j] = ids[i].Local
		}
		nodes, err := r.nodesOfType(ctx, typ, locals)
		return typed{nodes, err}, nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]sources.Node, len(ids))
	faults := fault.Items[int]{}
	for typ, t := range found {
		for j, i := range at[typ] {
			if err := errorOf(t.err, j); err != nil {
				faults[i] = fault.From(err)
			} else {
				list[i] = t.nodes[j]
			}
		}
	}
	reportItems(ctx, faults)
	return list, nil
}

// typed is what was found of one type.
type typed struct {
	nodes []sources.Node
	err   error
}

// errorOf gives the error of one object out of a plural read's.
func errorOf(err error, i int) error {
	if list, ok := errors.AsType[graphql.BatchErrorList](err); ok {
		return list[i]
	}
	return err
}

// nodesOfType gives the objects of one type, nil for those that do not exist. Callers may read what they may read of them otherwise.
func (r *Resolver) nodesOfType(ctx context.Context, typ string, ids []string) ([]sources.Node, error) {
	load := r.load
	switch typ {
	case "Product":
		return asNodes(load.Products.LoadAll(ctx, ids))
	case "Category":
		return asNodes(load.Categories.LoadAll(ctx, ids))
	case "Review":
		return asNodes(load.Reviews.LoadAll(ctx, ids))
	case "Customer":
		return asNodes(load.Customers.LoadAll(ctx, ids))
	case "Order":
		return asNodes(r.ordersByID(ctx, ids))
	case "Payment":
		if f := decide(ctx, typ, "payments:read"); f != nil {
			return nil, f
		}
		return asNodes(owned(ctx, load.Payments, ids, func(p *payments.Payment) string { return p.CustomerID }))
	case "Shipment":
		if f := decide(ctx, typ); f != nil {
			return nil, f
		}
		return asNodes(owned(ctx, load.Shipments, ids, func(s *shipping.Shipment) string { return s.CustomerID }))
	case "Checkout":
		if f := decide(ctx, typ); f != nil {
			return nil, f
		}
		return asNodes(one(ctx, ids, r.checkout))
	case "Cancellation":
		if f := decide(ctx, typ); f != nil {
			return nil, f
		}
		return asNodes(one(ctx, ids, r.cancellation))
	default:
		return nil, fault.Newf(fault.BadUserInput, "There is no type %q whose objects have ids.", typ)
	}
}

// one reads objects one by one.
func one[T any](ctx context.Context, ids []string, read func(ctx context.Context, id string) (*T, error)) ([]*T, error) {
	found, errs := make([]*T, len(ids)), make(graphql.BatchErrorList, len(ids))
	for i, id := range ids {
		found[i], errs[i] = read(ctx, id)
	}
	if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return found, nil
	}
	return found, errs
}

// ordersByID gives orders, nil for those that do not exist.
func (r *Resolver) ordersByID(ctx context.Context, ids []string) ([]*orders.Order, error) {
	if f := decide(ctx, "Order"); f != nil {
		return nil, f
	}
	return owned(ctx, r.load.Orders, ids, orderOwner)
}

// decide says whether the caller may read objects of a type, which fields that are not of that type cannot say by directives.
func decide(ctx context.Context, typ string, scopes ...string) error {
	caller, known := authn.From(ctx)
	if f := authz.Decide(caller, known, scopes, authz.Field{Name: typ}); f != nil {
		return f
	}
	return nil
}

// owned loads objects: FORBIDDEN unless they are the caller's own, or the caller may read everybody's. Which of those do not exist is for
// the latter to know.
func owned[T any](ctx context.Context, l *loader.Loader[string, *T], ids []string, owner func(*T) string) ([]*T, error) {
	found, err := l.LoadAll(ctx, ids)
	if found == nil {
		return nil, err
	}
	own, denied := private(ctx, found, owner, scopeOrders, func(o *T) *T { return o })
	if !ownsOr(ctx, "", scopeOrders) {
		denied = merge(denied, absent(found))
	}
	return own, merge(err, denied) // err first: what could not be loaded is not known to be another's
}

// absent gives FORBIDDEN for each object that does not exist.
func absent[T any](found []*T) error {
	list := make(graphql.BatchErrorList, len(found))
	for i, o := range found {
		if o == nil {
			list[i] = notYours()
		}
	}
	if !slices.Contains(found, nil) {
		return nil
	}
	return list
}

// object is a pointer to a T that is a Node.
type object[T any] interface {
	*T
	sources.Node
}

// asNodes gives objects as Nodes.
func asNodes[T any, P object[T]](found []P, err error) ([]sources.Node, error) {
	nodes := make([]sources.Node, len(found))
	for i, o := range found {
		if o != nil { // else it would be a Node that holds nil
			nodes[i] = o
		}
	}
	return nodes, err
}
