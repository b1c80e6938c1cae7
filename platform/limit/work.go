package limit

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// work estimates what gqlparser's validator has to do for a document. Its walk goes through everything that an operation reaches for each
// operation, and through everything that a fragment reaches for each fragment, so that it can be the square of the document.
type work struct {
	parts   map[string]*part // the fragments
	steps   int
	limit   int
	walk    int // the operation or fragment that is walked, counted from 1
	longest int // the length of the longest of those names and values for which the validator suggests others
}

// part is what is known of an operation or of a fragment.
type part struct {
	own     int      // its selections, directives, arguments and values
	uses    int      // its variables, each of which is looked up in a list
	spreads []string // the fragments that it spreads
	longest int      // see work
	walked  int      // the last walk that came here
}

// lookups is how many variables are compared in the time of a step.
const lookups = 16

// workOf estimates the work of validating a document. It stops above a limit, and takes no more time than the document is long, or than that
// many steps.
func workOf(doc *ast.QueryDocument, limit int) work {
	w := work{parts: make(map[string]*part, len(doc.Fragments)), limit: limit}
	for name, f := range byName(doc) {
		p := &part{longest: len(f.TypeCondition)}
		p.directives(f.Directives)
		p.selections(f.SelectionSet)
		w.parts[name] = p
		w.longest = max(w.longest, p.longest)
	}
	for _, op := range doc.Operations {
		p := &part{}
		for _, v := range op.VariableDefinitions {
			p.own++
			p.value(v.DefaultValue)
			p.directives(v.Directives)
		}
		p.directives(op.Directives)
		p.selections(op.SelectionSet)
		w.walk++
		w.longest = max(w.longest, p.longest)
		w.visit(p, len(op.VariableDefinitions))
	}
	for _, f := range doc.Fragments {
		w.walk++
		w.visit(w.parts[f.Name], 0)
	}
	return w
}

// visit goes where the walk of an operation with so many variables goes.
func (w *work) visit(p *part, variables int) {
	p.walked = w.walk
	w.steps = add(w.steps, 1, p.own, p.uses*variables/lookups)
	for _, name := range p.spreads {
		w.steps++
		if w.limit > 0 && w.steps > w.limit {
			return
		}
		if next := w.parts[name]; next != nil && next.walked != w.walk {
			w.visit(next, variables)
		}
	}
}

func (p *part) selections(set ast.SelectionSet) {
	for _, s := range set {
		p.own++
		switch s := s.(type) {
		case *ast.Field:
			p.longest = max(p.longest, len(s.Name))
			p.arguments(s.Arguments)
			p.directives(s.Directives)
			p.selections(s.SelectionSet)
		case *ast.InlineFragment:
			p.directives(s.Directives)
			p.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			p.directives(s.Directives)
			p.spreads = append(p.spreads, s.Name)
		}
	}
}

func (p *part) directives(list ast.DirectiveList) {
	for _, d := range list {
		p.own++
		p.arguments(d.Arguments)
	}
}

func (p *part) arguments(list ast.ArgumentList) {
	for _, a := range list {
		p.longest = max(p.longest, len(a.Name))
		p.value(a.Value)
	}
}

// value counts a value, and gives how many values are in it. The validator reads the whole of an object or a list for each that it is in.
func (p *part) value(v *ast.Value) int {
	if v == nil {
		return 0
	}
	if v.Kind == ast.Variable {
		p.uses++
	}
	p.longest = max(p.longest, len(v.Raw))
	within := 1
	for _, child := range v.Children {
		p.longest = max(p.longest, len(child.Name))
		within += p.value(child.Value)
	}
	p.own = add(p.own, within)
	return within
}
