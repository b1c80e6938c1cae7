package exectest

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Merging allows for this: gqlgen's executor keeps the first of two fields with one response key that were selected of interfaces which are not related, though
// the object implements both (https://spec.graphql.org/September2025/#CollectFields()). It gives the right answer to the operation that says
// for each object type what is selected of it, if that need not be valid: ask has to be Lenient.
func Merging(schema *ast.Schema, ask func(ctx context.Context, seed uint64, o Operation) []*graphql.Response) Departure {
	return Departure{
		Name: "fields of interfaces that are not related are not merged",
		Right: func(ctx context.Context, c Case, _, _ []*graphql.Response) []*graphql.Response {
			flat, err := Flatten(schema, c.Operation)
			if err != nil {
				return nil
			}
			return ask(ctx, c.Seed, flat)
		},
	}
}

// Unwritten allows for this: gqlgen's executor writes scalars when everything else is settled. The error of one that cannot be written has a path without its
// index if it is an element of a list, and is not reported at all if it stands in what is taken back for another error
// (https://spec.graphql.org/September2025/#sec-Errors.Error-Result-Format). Is says which errors those are.
func Unwritten(is func(err *gqlerror.Error) bool) Departure {
	return Departure{
		Name: "errors of scalars that cannot be written",
		Right: func(_ context.Context, _ Case, want, got []*graphql.Response) []*graphql.Response {
			right := copied(want)
			for i := range min(len(right), len(got)) {
				data, err := read(right[i].Data)
				if err != nil {
					return nil
				}
				for _, err := range got[i].Errors {
					switch {
					case !is(err) || len(err.Path) == 0:
					case data.erased(err.Path):
						right[i].Errors = append(right[i].Errors, err)
					default:
						index(right[i].Errors, err)
					}
				}
			}
			return right
		},
	}
}

// erased says whether null stands somewhere on the way to a path.
func (v *value) erased(path ast.Path) bool {
	for _, element := range path {
		next := -1
		switch element := element.(type) {
		case ast.PathName:
			next = slices.Index(v.keys, string(element))
		case ast.PathIndex:
			next = int(element)
		}
		if next < 0 || next >= len(v.children) {
			return v.kind == 0
		}
		v = v.children[next]
	}
	return false
}

// Events allows for this: gqlgen's executor leaves a subscription's field out of the paths of an event's errors, and gives an event that is null, and may not
// be, within an object in place of null (https://spec.graphql.org/September2025/#MapSourceToResponseEvent()).
func Events(schema *ast.Schema) Departure {
	return Departure{
		Name: "events are not executed as the selection of the root",
		Right: func(_ context.Context, c Case, want, _ []*graphql.Response) []*graphql.Response {
			flat, err := Flatten(schema, c.Operation)
			if err != nil {
				return nil
			}
			doc, err := parser.ParseQuery(&ast.Source{Input: flat.Query})
			if err != nil || doc.Operations[0].Operation != ast.Subscription {
				return nil
			}
			field := doc.Operations[0].SelectionSet[0].(*ast.Field)
			right := copied(want)
			for _, answer := range right {
				data, err := read(answer.Data)
				if err != nil || data.kind != '{' {
					continue // the subscription itself failed
				}
				if data.children[0].String() == "<nil>" && schema.Subscription.Fields.ForName(field.Name).Type.NonNull {
					answer.Data = []byte("null")
				}
				for i, err := range answer.Errors {
					own := *err
					own.Path = append(ast.Path{ast.PathName(field.Alias)}, err.Path...)
					answer.Errors[i] = &own
				}
			}
			return right
		},
	}
}

// index gives one of the errors the path of a like error that stands at an element of the list whose path it has.
func index(list gqlerror.List, like *gqlerror.Error) {
	if _, indexed := like.Path[len(like.Path)-1].(ast.PathIndex); !indexed {
		return
	}
	of := like.Path[:len(like.Path)-1]
	i := slices.IndexFunc(list, func(err *gqlerror.Error) bool { return Class(err) == Class(like) && slices.Equal(err.Path, of) })
	if i >= 0 {
		own := *list[i]
		own.Path = like.Path
		list[i] = &own
	}
}

func copied(answers []*graphql.Response) []*graphql.Response {
	own := make([]*graphql.Response, len(answers))
	for i, a := range answers {
		c := *a
		c.Errors = slices.Clone(a.Errors)
		own[i] = &c
	}
	return own
}
