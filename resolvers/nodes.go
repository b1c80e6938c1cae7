package resolvers

import (
	"context"
	"errors"

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
			if err := t.errorOf(j); err != nil {
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

func (t typed) errorOf(i int) error {
	if list, ok := errors.AsType[graphql.BatchErrorList](t.err); ok {
		return list[i]
	}
	return t.err
}

// nodesOfType gives the objects of one type, nil for those that do not exist. Callers may read what they may read of them otherwise.
func (r *Resolver) nodesOfType(ctx context.Context, typ string, ids []string) ([]sources.Node, error) {
	load := r.load(ctx)
	switch typ {
	case "Product":
		return public(ctx, load.Products, ids)
	case "Category":
		return public(ctx, load.Categories, ids)
	case "Review":
		return public(ctx, load.Reviews, ids)
	case "Customer":
		return public(ctx, load.Customers, ids)
	case "Order":
		return owned(ctx, load.Orders, ids, typ, nil, func(o *orders.Order) string { return o.CustomerID })
	case "Payment":
		return owned(ctx, load.Payments, ids, typ, []string{"payments:read"}, func(p *payments.Payment) string { return p.CustomerID })
	case "Shipment":
		return owned(ctx, load.Shipments, ids, typ, nil, func(s *shipping.Shipment) string { return s.CustomerID })
	default:
		return nil, fault.Newf(fault.BadUserInput, "There is no type %q whose objects have ids.", typ)
	}
}

// object is a pointer to a T that is a Node.
type object[T any] interface {
	*T
	sources.Node
}

// public loads objects that anybody may read.
func public[T any, P object[T]](ctx context.Context, l *loader.Loader[string, P], ids []string) ([]sources.Node, error) {
	found, err := l.LoadAll(ctx, ids)
	nodes := make([]sources.Node, len(found))
	for i, o := range found {
		if o != nil { // else it would be a Node that holds nil
			nodes[i] = o
		}
	}
	return nodes, err
}

// owned loads objects of a type for callers with the scopes: FORBIDDEN unless they are the caller's own, or the caller may read
// everybody's. Which of those do not exist is for the latter to know.
func owned[T any, P object[T]](
	ctx context.Context, l *loader.Loader[string, P], ids []string, typ string, scopes []string, owner func(P) string,
) ([]sources.Node, error) {
	caller, known := authn.From(ctx)
	if f := authz.Decide(caller, known, scopes, authz.Field{Name: typ}); f != nil {
		return nil, f
	}
	found, err := l.LoadAll(ctx, ids)
	if err != nil && found == nil {
		return nil, err
	}
	nodes := make([]sources.Node, len(ids))
	denied := make(graphql.BatchErrorList, len(ids))
	for i, o := range found {
		of := ""
		if o != nil {
			of = owner(o)
		}
		switch {
		case !ownsOr(ctx, of, scopeOrders):
			denied[i] = notYours()
		case o != nil:
			nodes[i] = o
		}
	}
	if list, ok := errors.AsType[graphql.BatchErrorList](err); ok {
		for i, e := range list {
			if e != nil {
				denied[i] = e
			}
		}
	}
	return nodes, denied
}
