package limit

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// noFragmentCycles is gqlparser's NoFragmentCycles in time that is linear in the document: that one looks for each fragment in a list.
func noFragmentCycles() core.Rule {
	return core.Rule{Name: "NoFragmentCycles", RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		checked := false
		observers.OnFragment(func(walker *core.Walker, _ *ast.FragmentDefinition) {
			if checked {
				return
			}
			checked = true
			findCycles(walker.Document, func(path []*ast.FragmentSpread) {
				last := path[len(path)-1]
				addError(core.Message(`Cannot spread fragment "%s" within itself%s.`, last.Name, via(path[:len(path)-1])), core.At(last.Position))
			})
		})
	}}
}

// maxVia is how many fragments of a cycle are named.
const maxVia = 10

func via(path []*ast.FragmentSpread) string {
	var names []string
	for _, s := range path {
		if len(names) == maxVia {
			names = append(names, "…")
			break
		}
		names = append(names, `"`+s.Name+`"`)
	}
	if names == nil {
		return ""
	}
	return " via " + strings.Join(names, ", ")
}

// cyclic says whether a fragment spreads itself.
func cyclic(doc *ast.QueryDocument) bool {
	found := false
	findCycles(doc, func([]*ast.FragmentSpread) { found = true })
	return found
}

// findCycles tells of each spread that closes a cycle, with the spreads that lead to it from the fragment that it spreads.
func findCycles(doc *ast.QueryDocument, tell func(path []*ast.FragmentSpread)) {
	c := cycles{fragments: byName(doc), begun: map[string]int{}, tell: tell}
	for _, f := range doc.Fragments {
		if _, known := c.begun[f.Name]; !known {
			c.fragment(f)
		}
	}
}

// cycles looks for cycles depth first.
type cycles struct {
	fragments map[string]*ast.FragmentDefinition
	begun     map[string]int // how many spreads led to the fragments that are looked through; done for the others that have been
	path      []*ast.FragmentSpread
	tell      func(path []*ast.FragmentSpread)
}

const done = -1

func (c *cycles) fragment(f *ast.FragmentDefinition) {
	c.begun[f.Name] = len(c.path)
	c.selections(f.SelectionSet)
	c.begun[f.Name] = done
}

func (c *cycles) selections(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			c.selections(s.SelectionSet)
		case *ast.InlineFragment:
			c.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			c.path = append(c.path, s)
			at, known := c.begun[s.Name]
			switch def := c.fragments[s.Name]; {
			case def == nil: // which another rule tells
			case !known:
				c.fragment(def)
			case at != done:
				c.tell(c.path[at:])
			}
			c.path = c.path[:len(c.path)-1]
		}
	}
}
