// Package zoo is a gateway for tests. Its schema has every shape that a schema can have: nullable and not, by value and by pointer, lists of
// lists, interfaces, unions, maps, scalars and enums of each kind, with plural and singular resolvers, methods and members below one another.
//
// What it answers is a function of field, parent and arguments alone, and so is what fails: two executors that ask for the same must get
// the same, in whatever order and grouping they ask.
package zoo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// Config gives the zoo where faults happen. It is what gqlgen's executor is made of, and the compiled one too.
func Config(faults model.Faults) graph.Config {
	return graph.Config{
		Resolvers: &Resolver{Faults: faults},
		Directives: graph.DirectiveRoot{
			AtMost: atMost, Fade: fade, Loud: loud, Members: members, Noted: noted, Sealed: sealed, Shout: shout,
		},
	}
}

// Resolver is the root of all resolvers. It is safe for concurrent use.
type Resolver struct {
	Faults model.Faults
}

type visitKey struct{}

// visit is who asks, and how much a mutation has done.
type visit struct {
	level model.Level
	steps atomic.Int64
}

// WithVisit gives the context of one operation of a visitor.
func WithVisit(ctx context.Context, level model.Level) context.Context {
	return context.WithValue(ctx, visitKey{}, &visit{level: level})
}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

func members(ctx context.Context, _ any, next graphql.Resolver, level model.Level) (any, error) {
	switch have := visitOf(ctx).level; {
	case have >= level:
		return next(ctx)
	case have == model.Visitor:
		return nil, fault.New(fault.Unauthenticated, "This is for members.")
	default:
		return nil, fault.New(fault.Forbidden, "This is for keepers.")
	}
}

func sealed(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if visitOf(ctx).level < model.KeeperLevel {
		return nil, nil
	}
	return next(ctx)
}

func shout(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	return changed(ctx, next, strings.ToUpper)
}

func loud(ctx context.Context, _ any, next graphql.Resolver, times int) (any, error) {
	return changed(ctx, next, func(text string) string { return text + strings.Repeat("!", max(0, min(times, 3))) })
}

// changed gives the next resolver's text changed, and anything else as it is.
func changed(ctx context.Context, next graphql.Resolver, change func(string) string) (any, error) {
	value, err := next(ctx)
	switch text := value.(type) {
	case string:
		return change(text), err
	case *string:
		if text != nil {
			loud := change(*text)
			return &loud, err
		}
	}
	return value, err
}

func fade(ctx context.Context, obj any, next graphql.Resolver, oneIn int) (any, error) {
	if placed, ok := obj.(interface{ At() model.Place }); ok && placed.At().Rarely("fade", oneIn) {
		return nil, nil
	}
	return next(ctx)
}

func atMost(ctx context.Context, _ any, next graphql.Resolver, most int) (any, error) {
	value, err := next(ctx)
	if err != nil {
		return nil, err
	}
	number := 0
	switch n := value.(type) {
	case int:
		number = n
	case *int:
		if n != nil {
			number = *n
		}
	default:
		return nil, fmt.Errorf("%T is not limited by a number", value)
	}
	if number > most {
		return nil, errors.New("the number is too high")
	}
	return value, nil
}

func noted(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }
