package limit

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspectedWeight is what each field of each object costs that describes the schema: gqlgen resolves them one by one.
const introspectedWeight = 2

// described is a field or a fragment, and what of the schema it is selected of.
type described struct {
	selection, of any
}

// introspection counts `__schema` and `__type`. The schema is at hand, so that what they cost is no assumption: it is what they give.
func (b *bill) introspection(f *ast.Field) float64 {
	if f.Name == "__schema" {
		return b.describe(f.SelectionSet, b.schema)
	}
	name, err := f.Arguments.ForName("name").Value.Value(b.variables)
	def := b.schema.Types[fmt.Sprint(name)]
	if err != nil || def == nil {
		return 0
	}
	return b.describe(f.SelectionSet, def)
}

// describe counts what is selected of a part of the schema.
func (b *bill) describe(set ast.SelectionSet, of any) float64 {
	cost := 0.0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if b.includes(s.Directives) {
				cost += introspectedWeight + b.describeOnce(described{s, of}, func() float64 {
					below := 0.0
					for part := range b.partsOf(of, s.Name) {
						below += b.describe(s.SelectionSet, part)
					}
					return below
				})
			}
		case *ast.InlineFragment:
			if b.includes(s.Directives) {
				cost += b.describe(s.SelectionSet, of)
			}
		case *ast.FragmentSpread:
			if b.includes(s.Directives) {
				cost += b.describeOnce(described{s.Definition, of}, func() float64 { return b.describe(s.Definition.SelectionSet, of) })
			}
		}
	}
	return cost
}

func (b *bill) describeOnce(key described, count func() float64) float64 {
	known, ok := b.described[key]
	if !ok {
		b.counts++
		known = count()
		b.described[key] = known
	}
	return known
}

// partsOf gives what a field of introspection gives of a part of the schema, deprecated parts too. A type is its definition, which is one
// for all who refer to it, unless it is a list or not null.
func (b *bill) partsOf(of any, field string) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		switch of := of.(type) {
		case *ast.Schema:
			b.partsOfSchema(of, field, yield)
		case *ast.Type:
			if field == "ofType" {
				inner := *of
				inner.NonNull = false
				if !of.NonNull {
					inner = *of.Elem
				}
				yield(b.typeOf(&inner))
			}
		case *ast.Definition:
			b.partsOfType(of, field, yield)
		case *ast.FieldDefinition:
			each(field == "args", of.Arguments, yield)
			each(field == "type", []any{b.typeOf(of.Type)}, yield)
		case *ast.ArgumentDefinition:
			each(field == "type", []any{b.typeOf(of.Type)}, yield)
		case *ast.DirectiveDefinition:
			each(field == "args", of.Arguments, yield)
		}
	}
}

func each[T any](wanted bool, parts []T, yield func(any) bool) {
	for _, part := range parts {
		if !wanted || !yield(part) {
			return
		}
	}
}

// typeOf gives the part of the schema that a type is.
func (b *bill) typeOf(t *ast.Type) any {
	if t.NonNull || t.Elem != nil {
		return t
	}
	return b.schema.Types[t.NamedType]
}

func (b *bill) partsOfSchema(schema *ast.Schema, field string, yield func(any) bool) {
	switch field {
	case "types":
		for _, def := range schema.Types {
			if !yield(def) {
				return
			}
		}
	case "directives":
		for _, def := range schema.Directives {
			if !yield(def) {
				return
			}
		}
	case "queryType", "mutationType", "subscriptionType":
		root := map[string]*ast.Definition{"queryType": schema.Query, "mutationType": schema.Mutation, "subscriptionType": schema.Subscription}[field]
		each(root != nil, []*ast.Definition{root}, yield)
	}
}

func (b *bill) partsOfType(def *ast.Definition, field string, yield func(any) bool) {
	each(field == "fields" && def.Kind != ast.InputObject || field == "inputFields" && def.Kind == ast.InputObject, def.Fields, yield)
	each(field == "enumValues", def.EnumValues, yield)
	each(field == "interfaces", b.schema.GetImplements(def), yield)
	each(field == "possibleTypes" && def.IsAbstractType(), b.schema.GetPossibleTypes(def), yield)
}
