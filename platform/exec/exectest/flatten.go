package exectest

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Flatten gives an operation that asks for the same without leaving anything to be merged: conditions are settled, and what is selected of an
// interface or a union is said once for each object type that there can be
// (https://spec.graphql.org/September2025/#CollectFields()). Such an operation need not be valid, as fields of different types that share a
// response key may differ in what may be null: see Lenient.
func Flatten(schema *ast.Schema, o Operation) (Operation, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		return o, err
	}
	if list := validator.ValidateWithRules(schema, doc, Lenient()); len(list) > 0 {
		return o, list
	}
	operation := doc.Operations.ForName(o.OperationName)
	f := flattener{schema: schema, doc: doc, variables: map[string]any{}}
	for _, v := range operation.VariableDefinitions {
		if value, ok := o.Variables[v.Variable]; ok {
			f.variables[v.Variable] = value
		} else if v.DefaultValue != nil {
			f.variables[v.Variable] = plain(v.DefaultValue)
		}
	}
	root := map[ast.Operation]*ast.Definition{
		ast.Query: schema.Query, ast.Mutation: schema.Mutation, ast.Subscription: schema.Subscription,
	}[operation.Operation]
	operation.SelectionSet = f.selections(root, operation.SelectionSet)
	doc.Operations, doc.Fragments = ast.OperationList{operation}, nil
	tidy(doc, operation.VariableDefinitions)
	flat := Operation{Query: printed(doc), OperationName: o.OperationName}
	for name, value := range o.Variables {
		if operation.VariableDefinitions.ForName(name) != nil {
			if flat.Variables == nil {
				flat.Variables = map[string]any{}
			}
			flat.Variables[name] = value
		}
	}
	return flat, nil
}

// Lenient gives the rules of valid documents without the one that fields must be mergeable.
func Lenient() *rules.Rules {
	list := rules.NewDefaultRules()
	list.RemoveRule(rules.OverlappingFieldsCanBeMergedRule.Name)
	return list
}

type flattener struct {
	schema    *ast.Schema
	doc       *ast.QueryDocument
	variables map[string]any
}

// selections gives what is selected of a type, for each object type by itself.
func (f *flattener) selections(parent *ast.Definition, set ast.SelectionSet) ast.SelectionSet {
	if parent.Kind == ast.Object {
		return f.object(parent, set)
	}
	var flat ast.SelectionSet
	for _, object := range objectsOf(f.schema, parent) {
		flat = append(flat, &ast.InlineFragment{TypeCondition: object.Name, SelectionSet: f.object(object, set)})
	}
	return flat
}

// object gives what is selected of an object type.
func (f *flattener) object(object *ast.Definition, set ast.SelectionSet) ast.SelectionSet {
	var merged []*ast.Field
	f.collect(object, set, map[string]bool{}, &merged)
	var flat ast.SelectionSet
	for _, field := range merged {
		if def := object.Fields.ForName(field.Name); def != nil && len(field.SelectionSet) > 0 {
			field.SelectionSet = f.selections(f.schema.Types[def.Type.Name()], field.SelectionSet)
		}
		flat = append(flat, field)
	}
	if flat == nil { // something has to be selected
		never := &ast.Value{Kind: ast.BooleanValue, Raw: "true"}
		flat = ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename", Directives: ast.DirectiveList{
			{Name: "skip", Arguments: ast.ArgumentList{{Name: "if", Value: never}}},
		}}}
	}
	return flat
}

// collect merges the fields of a selection set by response key.
func (f *flattener) collect(object *ast.Definition, set ast.SelectionSet, visited map[string]bool, merged *[]*ast.Field) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if !f.included(s.Directives) {
				continue
			}
			i := slices.IndexFunc(*merged, func(m *ast.Field) bool { return m.Alias == s.Alias })
			if i < 0 {
				own := *s
				own.SelectionSet = slices.Clone(s.SelectionSet)
				own.Directives = slices.DeleteFunc(slices.Clone(s.Directives), func(d *ast.Directive) bool { return d.Name == "skip" || d.Name == "include" })
				*merged = append(*merged, &own)
				continue
			}
			(*merged)[i].SelectionSet = append((*merged)[i].SelectionSet, s.SelectionSet...)
		case *ast.InlineFragment:
			if f.included(s.Directives) && f.applies(s.TypeCondition, object) {
				f.collect(object, s.SelectionSet, visited, merged)
			}
		case *ast.FragmentSpread:
			if !f.included(s.Directives) || visited[s.Name] {
				continue
			}
			visited[s.Name] = true
			if def := f.doc.Fragments.ForName(s.Name); f.applies(def.TypeCondition, object) {
				f.collect(object, def.SelectionSet, visited, merged)
			}
		}
	}
}

// objectsOf gives the object types that a type's values can be of, in the order of their names.
func objectsOf(schema *ast.Schema, def *ast.Definition) []*ast.Definition {
	types := slices.Clone(schema.GetPossibleTypes(def))
	types = slices.DeleteFunc(types, func(d *ast.Definition) bool { return d.Kind != ast.Object }) // gqlparser counts interfaces in
	slices.SortFunc(types, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return types
}

func (f *flattener) applies(condition string, object *ast.Definition) bool {
	return condition == "" || slices.Contains(objectsOf(f.schema, f.schema.Types[condition]), object)
}

func (f *flattener) included(list ast.DirectiveList) bool {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		v := d.Arguments.ForName("if").Value
		holds := v.Raw == "true"
		if v.Kind == ast.Variable {
			holds, _ = f.variables[v.Raw].(bool)
		}
		if holds == (d.Name == "skip") {
			return false
		}
	}
	return true
}
