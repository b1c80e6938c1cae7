package exectest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Deferring puts `@defer` into an operation: at fragments that it has, and around selections. Each has a label of its own, and some depend on
// a variable.
func Deferring(r *rand.Rand, o Operation) Operation {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		panic(err) // the operation is valid
	}
	d := deferring{Rand: r}
	for _, f := range doc.Fragments {
		f.SelectionSet = d.selections(f.SelectionSet)
	}
	known := map[string]*ast.VariableDefinition{later: {
		Variable: later, Type: ast.NonNullNamedType("Boolean", nil), DefaultValue: &ast.Value{Kind: ast.BooleanValue, Raw: "true"},
	}}
	for _, def := range doc.Operations {
		def.SelectionSet = d.selections(def.SelectionSet)
		for _, v := range def.VariableDefinitions {
			known[v.Variable] = v
		}
	}
	tidy(doc, sorted(known))
	if doc.Operations.ForName(o.OperationName).VariableDefinitions.ForName(later) != nil && r.IntN(2) == 0 {
		o.Variables = maps.Clone(o.Variables)
		if o.Variables == nil {
			o.Variables = map[string]any{}
		}
		o.Variables[later] = r.IntN(3) > 0
	}
	o.Query = printed(doc)
	return o
}

// later is the variable that some depend on.
const later = "later"

type deferring struct {
	*rand.Rand

	labels int
}

// selections defers some of a selection set, and of what is below it.
func (d *deferring) selections(set ast.SelectionSet) ast.SelectionSet {
	var own ast.SelectionSet
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			s.SelectionSet = d.selections(s.SelectionSet)
		case *ast.InlineFragment:
			s.SelectionSet = d.selections(s.SelectionSet)
			if d.IntN(2) == 0 {
				s.Directives = append(s.Directives, d.directive())
			}
		case *ast.FragmentSpread:
			if d.IntN(2) == 0 {
				s.Directives = append(s.Directives, d.directive())
			}
		}
		if f, ok := s.(*ast.Field); ok && d.IntN(6) == 0 {
			inside := ast.SelectionSet{f}
			if d.IntN(3) == 0 { // and not deferred as well
				own = append(own, f)
			}
			own = append(own, &ast.InlineFragment{SelectionSet: inside, Directives: ast.DirectiveList{d.directive()}})
			continue
		}
		own = append(own, s)
	}
	return own
}

func (d *deferring) directive() *ast.Directive {
	d.labels++
	def := &ast.Directive{Name: "defer", Arguments: ast.ArgumentList{
		{Name: "label", Value: &ast.Value{Kind: ast.StringValue, Raw: fmt.Sprint("d", d.labels)}},
	}}
	switch d.IntN(10) {
	case 0:
		def.Arguments = append(def.Arguments, &ast.Argument{Name: "if", Value: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}})
	case 1:
		def.Arguments = append(def.Arguments, &ast.Argument{Name: "if", Value: &ast.Value{Kind: ast.BooleanValue, Raw: "true"}})
	case 2:
		def.Arguments = append(def.Arguments, &ast.Argument{Name: "if", Value: &ast.Value{Kind: ast.Variable, Raw: later}})
	}
	return def
}

// wrapped says which fields stand in which deferred fragments: response keys with dots between, by label. Types do not matter, nor does what
// is skipped.
type wrapped map[string]map[string]bool

// wrappedIn reads an operation.
func wrappedIn(o Operation) (wrapped, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		return nil, err
	}
	w := wrapped{}
	w.selections(doc, doc.Operations.ForName(o.OperationName).SelectionSet, nil, nil)
	return w, nil
}

func (w wrapped) selections(doc *ast.QueryDocument, set ast.SelectionSet, path, labels []string) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			below := slices.Concat(path, []string{s.Alias})
			for _, l := range labels {
				if w[l] == nil {
					w[l] = map[string]bool{}
				}
				w[l][strings.Join(below, ".")] = true
			}
			w.selections(doc, s.SelectionSet, below, labels)
		case *ast.InlineFragment:
			w.selections(doc, s.SelectionSet, path, with(labels, s.Directives))
		case *ast.FragmentSpread:
			w.selections(doc, doc.Fragments.ForName(s.Name).SelectionSet, path, with(labels, s.Directives))
		}
	}
}

func with(labels []string, list ast.DirectiveList) []string {
	if d := list.ForName("defer"); d != nil {
		return slices.Concat(labels, []string{d.Arguments.ForName("label").Value.Raw})
	}
	return labels
}

// has says whether a field, or one around it, stands in the fragment with a label. Errors of arguments have paths that go on below the field.
func (w wrapped) has(label string, path ast.Path) bool {
	for n := range path {
		if w[label][keys(path[:n+1])] {
			return true
		}
	}
	return false
}

// any says whether it stands in some fragment.
func (w wrapped) any(path ast.Path) bool {
	for label := range w {
		if w.has(label, path) {
			return true
		}
	}
	return false
}

// keys gives a path's response keys with dots between.
func keys(path ast.Path) string {
	var names []string
	for _, element := range path {
		if name, ok := element.(ast.PathName); ok {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ".")
}

// First gives the operation that asks for what comes with the first answer: whatever is deferred, by the values of the variables, is skipped.
// Root fields of a mutation are not deferred.
func First(schema *ast.Schema, o Operation) Operation {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		panic(err) // the operation is valid
	}
	for _, f := range doc.Fragments {
		f.SelectionSet = first(f.SelectionSet, schema.Mutation == nil || f.TypeCondition != schema.Mutation.Name)
	}
	for _, def := range doc.Operations {
		def.SelectionSet = first(def.SelectionSet, def.Operation != ast.Mutation)
	}
	o.Query = printed(doc)
	return o
}

func first(set ast.SelectionSet, defers bool) ast.SelectionSet {
	var own ast.SelectionSet
	for _, s := range set {
		var list *ast.DirectiveList
		switch s := s.(type) {
		case *ast.Field:
			s.SelectionSet = first(s.SelectionSet, true)
		case *ast.InlineFragment:
			list = &s.Directives
			s.SelectionSet = first(s.SelectionSet, defers)
		case *ast.FragmentSpread:
			list = &s.Directives
		}
		if list != nil && list.ForName("defer") != nil {
			condition := &ast.Value{Kind: ast.BooleanValue, Raw: "true"}
			if arg := list.ForName("defer").Arguments.ForName("if"); arg != nil {
				condition = arg.Value
			}
			*list = slices.DeleteFunc(slices.Clone(*list), func(d *ast.Directive) bool { return d.Name == "defer" })
			if !defers { // and the variable is to be used all the same
				own = append(own, only("include", condition, s))
			}
			if defers || condition.Kind == ast.Variable || condition.Raw == "false" {
				s = only("skip", condition, s)
			} else {
				continue
			}
		}
		own = append(own, s)
	}
	return own
}

// only gives a selection by a condition.
func only(directive string, condition *ast.Value, s ast.Selection) ast.Selection {
	return &ast.InlineFragment{SelectionSet: ast.SelectionSet{s}, Directives: ast.DirectiveList{
		{Name: directive, Arguments: ast.ArgumentList{{Name: "if", Value: condition}}},
	}}
}
