package limit

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Size is how large the operations of a document are with their fragments spread: of each count, the largest that an operation has.
type Size struct {
	Depth      int // how deep fields are nested
	RootFields int // fields at the root
	Aliases    int // fields with an alias
	Directives int
	Fields     int
}

// Document measures a document that need not be valid, and refuses one with an operation above a limit. It takes time that is linear in the
// document: a fragment is measured once, however often it is spread.
func Document(doc *ast.QueryDocument, l Limits) (Size, *gqlerror.Error) {
	z := sizer{fragments: byName(doc), known: make(map[string]Size, len(doc.Fragments))}
	var largest Size
	for _, op := range doc.Operations {
		s := z.selections(op.SelectionSet)
		s.Directives = add(s.Directives, len(op.Directives))
		for _, v := range op.VariableDefinitions {
			s.Directives = add(s.Directives, len(v.Directives))
		}
		if err := s.check(l, op.Position); err != nil {
			return s, err
		}
		largest = Size{
			max(largest.Depth, s.Depth), max(largest.RootFields, s.RootFields), max(largest.Aliases, s.Aliases),
			max(largest.Directives, s.Directives), max(largest.Fields, s.Fields),
		}
	}
	return largest, nil
}

func (s Size) check(l Limits, at *ast.Position) *gqlerror.Error {
	for _, c := range []struct {
		name           string
		found, allowed int
		message        string
	}{
		{"depth", s.Depth, l.Depth, "The operation nests fields %s deep; %d is allowed."},
		{"rootFields", s.RootFields, l.RootFields, "The operation has %s fields at its root; %d are allowed."},
		{"aliases", s.Aliases, l.Aliases, "The operation has %s aliases once its fragments are spread; %d are allowed."},
		{"directives", s.Directives, l.Directives, "The operation has %s directives once its fragments are spread; %d are allowed."},
		{"fields", s.Fields, l.Fields, "The operation has %s fields once its fragments are spread; %d are allowed."},
	} {
		if c.allowed > 0 && c.found > c.allowed {
			return exceeded(c.name, c.message, c.found, c.allowed, at)
		}
	}
	return nil
}

// byName gives a document's fragments. Of several with one name, which validation refuses, it gives the first.
func byName(doc *ast.QueryDocument) map[string]*ast.FragmentDefinition {
	fragments := make(map[string]*ast.FragmentDefinition, len(doc.Fragments))
	for _, f := range doc.Fragments {
		if fragments[f.Name] == nil {
			fragments[f.Name] = f
		}
	}
	return fragments
}

// sizer measures the operations of one document.
type sizer struct {
	fragments map[string]*ast.FragmentDefinition
	known     map[string]Size // of the fragments that have been measured, or are being measured
}

// selections measures a selection set, whose RootFields are those that are directly in it.
func (z *sizer) selections(set ast.SelectionSet) Size {
	var total Size
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			below := z.selections(s.SelectionSet)
			below.Depth++
			below.RootFields = 1
			below.Fields = add(below.Fields, 1)
			if s.Alias != s.Name {
				below.Aliases = add(below.Aliases, 1)
			}
			total.include(below, len(s.Directives))
		case *ast.InlineFragment:
			total.include(z.selections(s.SelectionSet), len(s.Directives))
		case *ast.FragmentSpread:
			total.include(z.fragment(s.Name), len(s.Directives))
		}
	}
	return total
}

// include adds what a selection has.
func (s *Size) include(of Size, directives int) {
	s.Depth = max(s.Depth, of.Depth)
	s.RootFields = add(s.RootFields, of.RootFields)
	s.Aliases = add(s.Aliases, of.Aliases)
	s.Directives = add(s.Directives, of.Directives, directives)
	s.Fields = add(s.Fields, of.Fields)
}

// fragment measures a fragment. One that spreads itself, which validation refuses, counts as nothing where it does.
func (z *sizer) fragment(name string) Size {
	if s, known := z.known[name]; known {
		return s
	}
	def := z.fragments[name]
	if def == nil {
		return Size{} // which validation refuses
	}
	z.known[name] = Size{}
	s := z.selections(def.SelectionSet)
	s.Directives = add(s.Directives, len(def.Directives))
	z.known[name] = s
	return s
}
