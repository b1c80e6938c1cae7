package exectest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Minimize takes from an operation whatever can be taken while it stays valid and stillFails says yes: selections, fragments, directives,
// arguments, aliases, variables.
func Minimize(schema *ast.Schema, o Operation, stillFails func(Operation) bool) Operation {
	for again := true; again; {
		again = false // if nothing can be taken any more
		for i := 0; ; {
			smaller, ok := reduce(o, i)
			if !ok {
				break
			}
			if size(smaller) < size(o) && smaller.Validate(schema) == nil && stillFails(smaller) {
				o, again = smaller, true // the next thing is the i-th now
			} else {
				i++
			}
		}
	}
	return o
}

// size measures an operation, in characters that are not space.
func size(o Operation) int { return len(strings.Join(strings.Fields(o.String()), "")) }

// reduce gives the operation without one thing, the i-th of what can be taken from it, and whether there are so many.
func reduce(o Operation, i int) (Operation, bool) {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		return o, false
	}
	known := map[string]*ast.VariableDefinition{}
	for _, def := range doc.Operations {
		for _, v := range def.VariableDefinitions {
			known[v.Variable] = v
		}
	}
	r := &reducer{operation: &o, doc: doc, known: known}
	o.Variables = maps.Clone(o.Variables)
	r.document()
	if i >= len(r.steps) {
		return o, false
	}
	r.steps[i]()
	tidy(doc, sorted(known))
	used := doc.Operations.ForName(o.OperationName)
	maps.DeleteFunc(o.Variables, func(name string, _ any) bool { return used == nil || used.VariableDefinitions.ForName(name) == nil })
	o.Query = printed(doc)
	return o, true
}

// reducer lists what can be taken from a document, the larger things first.
type reducer struct {
	operation *Operation
	doc       *ast.QueryDocument
	known     map[string]*ast.VariableDefinition
	steps     []func()
}

func (r *reducer) step(f func()) { r.steps = append(r.steps, f) }

func (r *reducer) document() {
	for i, o := range r.doc.Operations {
		if o.Name != r.operation.OperationName {
			r.step(func() { r.doc.Operations = slices.Delete(r.doc.Operations, i, i+1) })
		}
	}
	if len(r.doc.Operations) == 1 && r.doc.Operations[0].Name != "" {
		r.step(func() { r.doc.Operations[0].Name, r.operation.OperationName = "", "" })
	}
	for _, o := range r.doc.Operations {
		r.selections(&o.SelectionSet)
	}
	for _, f := range r.doc.Fragments {
		r.selections(&f.SelectionSet)
	}
	for _, o := range r.doc.Operations {
		r.directives(&o.Directives)
	}
	for _, v := range sorted(r.known) {
		if v.DefaultValue != nil {
			r.step(func() { v.DefaultValue = nil })
		}
		r.step(func() { delete(r.operation.Variables, v.Variable) })
		r.given(v.Variable)
	}
}

// given tries less of a variable's value.
func (r *reducer) given(name string) {
	switch value := r.operation.Variables[name].(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			r.step(func() {
				less := maps.Clone(value)
				delete(less, key)
				r.operation.Variables[name] = less
			})
		}
	case []any:
		for i := range value {
			r.step(func() { r.operation.Variables[name] = slices.Delete(slices.Clone(value), i, i+1) })
		}
	}
}

func (r *reducer) selections(set *ast.SelectionSet) {
	for i := range *set {
		if len(*set) > 1 {
			r.step(func() { *set = slices.Delete(slices.Clone(*set), i, i+1) })
		}
	}
	for i, s := range *set {
		switch s := s.(type) {
		case *ast.Field:
			r.field(s)
		case *ast.InlineFragment:
			r.step(func() { *set = slices.Replace(slices.Clone(*set), i, i+1, s.SelectionSet...) })
			if s.TypeCondition != "" {
				r.step(func() { s.TypeCondition = "" })
			}
			r.directives(&s.Directives)
			r.selections(&s.SelectionSet)
		case *ast.FragmentSpread:
			if f := r.doc.Fragments.ForName(s.Name); f != nil {
				r.step(func() {
					(*set)[i] = &ast.InlineFragment{TypeCondition: f.TypeCondition, Directives: s.Directives, SelectionSet: f.SelectionSet}
				})
			}
			r.directives(&s.Directives)
		}
	}
}

func (r *reducer) field(f *ast.Field) {
	if len(f.SelectionSet) > 0 && !onlyTypename(f.SelectionSet) {
		r.step(func() { f.SelectionSet = ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename"}} })
	}
	if f.Alias != f.Name {
		r.step(func() { f.Alias = f.Name })
	}
	r.directives(&f.Directives)
	for i, a := range f.Arguments {
		r.step(func() { f.Arguments = slices.Delete(slices.Clone(f.Arguments), i, i+1) })
		r.value(a.Value)
	}
	r.selections(&f.SelectionSet)
}

func onlyTypename(set ast.SelectionSet) bool {
	f, ok := set[0].(*ast.Field)
	return ok && len(set) == 1 && f.Name == "__typename"
}

func (r *reducer) directives(list *ast.DirectiveList) {
	for i, d := range *list {
		r.step(func() { *list = slices.Delete(slices.Clone(*list), i, i+1) })
		for _, a := range d.Arguments {
			r.value(a.Value)
		}
	}
}

func (r *reducer) value(v *ast.Value) {
	if v.Kind == ast.Variable {
		r.step(func() {
			if given, ok := r.operation.Variables[v.Raw]; ok {
				*v = literal(given)
			} else if def := r.known[v.Raw]; def != nil && def.DefaultValue != nil {
				*v = *def.DefaultValue
			}
		})
	}
	for i, c := range v.Children {
		r.step(func() { v.Children = slices.Delete(slices.Clone(v.Children), i, i+1) })
		r.value(c.Value)
	}
}

// literal gives a variable's value as a literal. A string may be an enum's value, which is then not valid.
func literal(given any) ast.Value {
	switch given := given.(type) {
	case nil:
		return ast.Value{Kind: ast.NullValue, Raw: "null"}
	case bool:
		if given {
			return ast.Value{Kind: ast.BooleanValue, Raw: "true"}
		}
		return ast.Value{Kind: ast.BooleanValue, Raw: "false"}
	case json.Number:
		return ast.Value{Kind: ast.IntValue, Raw: given.String()}
	case string:
		return ast.Value{Kind: ast.StringValue, Raw: given}
	case []any:
		list := ast.Value{Kind: ast.ListValue}
		for _, element := range given {
			v := literal(element)
			list.Children = append(list.Children, &ast.ChildValue{Value: &v})
		}
		return list
	case map[string]any:
		object := ast.Value{Kind: ast.ObjectValue}
		for _, key := range slices.Sorted(maps.Keys(given)) {
			v := literal(given[key])
			object.Children = append(object.Children, &ast.ChildValue{Name: key, Value: &v})
		}
		return object
	default:
		return ast.Value{Kind: ast.NullValue, Raw: "null"}
	}
}
