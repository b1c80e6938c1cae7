package exectest

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// sorted gives a map's values in the order of their keys.
func sorted[V any](m map[string]V) []V {
	var list []V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}

// tidy makes a document valid that has too much or too little around its selections: fragments that nobody spreads go, and each operation
// defines the variables that it uses, of which all are known.
func tidy(doc *ast.QueryDocument, known ast.VariableDefinitionList) {
	spread := map[string]bool{}
	for _, o := range doc.Operations {
		reach := reached(doc, o)
		maps.Copy(spread, reach.fragments)
		o.VariableDefinitions = nil
		for _, v := range known {
			if reach.variables[v.Variable] {
				o.VariableDefinitions = append(o.VariableDefinitions, v)
			}
		}
	}
	doc.Fragments = slices.DeleteFunc(doc.Fragments, func(f *ast.FragmentDefinition) bool { return !spread[f.Name] })
}

// reach is what an operation uses, directly or by fragments.
type reach struct {
	doc                  *ast.QueryDocument
	fragments, variables map[string]bool
}

func reached(doc *ast.QueryDocument, o *ast.OperationDefinition) reach {
	r := reach{doc: doc, fragments: map[string]bool{}, variables: map[string]bool{}}
	r.directives(o.Directives)
	r.selections(o.SelectionSet)
	return r
}

func (r reach) selections(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			r.arguments(s.Arguments)
			r.directives(s.Directives)
			r.selections(s.SelectionSet)
		case *ast.InlineFragment:
			r.directives(s.Directives)
			r.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			r.directives(s.Directives)
			if f := r.doc.Fragments.ForName(s.Name); f != nil && !r.fragments[s.Name] {
				r.fragments[s.Name] = true
				r.directives(f.Directives)
				r.selections(f.SelectionSet)
			}
		}
	}
}

func (r reach) directives(list ast.DirectiveList) {
	for _, d := range list {
		r.arguments(d.Arguments)
	}
}

func (r reach) arguments(list ast.ArgumentList) {
	for _, a := range list {
		r.value(a.Value)
	}
}

func (r reach) value(v *ast.Value) {
	if v.Kind == ast.Variable {
		r.variables[v.Raw] = true
	}
	for _, c := range v.Children {
		r.value(c.Value)
	}
}
