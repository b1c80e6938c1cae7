package exec

import (
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Outline is how an operation would be executed, for who explains it.
type Outline struct {
	Declined  string // why gqlgen's executor answers it; empty if the compiled one does
	Shareable bool   // whether equal queries of equal callers that are in flight at the same time are executed once
	Fields    []*OutlineField
	Cut       bool // whether there are more fields than an outline has
}

// OutlineField is one field of all objects at one place of an operation. Those of a type of object are apart from those of another.
type OutlineField struct {
	Object     string // the type that has it
	Field      *ast.Field
	Definition *ast.FieldDefinition
	Path       string   // aliases with dots between, without indices
	Step       bool     // whether something is called for it
	Sources    []string // that it declares
	Choice     bool     // whether objects of other types can be at its place
	Deferred   bool     // whether it comes later than what is above it
	Label      string   // of what defers it first; empty if there is none

	Degraded string        // what becomes of it when its source fails: Stale, Default or Omit; empty for its error
	MaxAge   time.Duration // of Stale
	Instead  bool          // of Stale: whether there is a default if nothing is kept

	Above *OutlineField // that gives the objects; nil at the root
	Below []*OutlineField
}

// maxOutline is how many fields an outline has: fragments on interfaces can select exponentially many.
const maxOutline = 5000

// Outline says how the operation of a context would be executed for a client that takes incremental answers. Nothing is called.
func (s *Schema) Outline(oc *graphql.OperationContext) Outline {
	doc := s.documentOf(oc)
	declined := doc.declined
	if s.options.Gqlgen {
		declined = "the configuration has it answer everything"
	}
	p := s.planOf(oc, doc, declined == "" && doc.deferring(oc.Variables))
	defer s.forget(p)
	o := Outline{Declined: declined, Shareable: declined == "" && !p.key.deferring && s.shares(oc, p)}
	left := maxOutline
	o.Fields = outline(p.root, nil, false, &left)
	o.Cut = left < 0
	return o
}

// outline gives the fields of a selection.
func outline(s *Selection, above *OutlineField, choice bool, left *int) []*OutlineField {
	var with *portion
	if s.of != nil {
		with = s.of.portion
	}
	all := s.Fields
	if s.all != nil {
		all = s.all
	}
	var list []*OutlineField
	for _, f := range all {
		if f.info == nil { // __typename
			continue
		}
		if *left--; *left < 0 {
			break
		}
		o := &OutlineField{
			Object: f.info.object, Field: f.collected.Field, Definition: f.info.def, Path: f.Path(), Step: f.Step, Sources: f.info.sources, Choice: choice, Above: above,
		}
		if f.portion != nil && f.portion != with {
			o.Deferred, o.Label = true, f.portion.of[0].label
		}
		o.degrade(f.info.degraded)
		for i := range f.info.concrete {
			o.Below = append(o.Below, outline(f.On(i), o, len(f.info.concrete) > 1, left)...)
		}
		list = append(list, o)
	}
	return list
}

func (o *OutlineField) degrade(d *degradation) {
	switch {
	case d == nil:
	case d.stale:
		o.Degraded, o.MaxAge, o.Instead = Stale, d.maxAge, d.literal != nil
	case d.omit:
		o.Degraded = Omit
	default:
		o.Degraded = Default
	}
}
