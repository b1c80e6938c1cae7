package exec

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A plan is how one operation of a document is answered, for one outcome of its conditions (`@skip`, `@include`, and `@defer` where it is
// heeded). Its selections are worked out when the first object comes that they are for: a document can select far more than any answer has.
// It is safe for concurrent use.
type plan struct {
	key        planKey
	document   *document
	operation  *ast.OperationDefinition
	fragments  map[string]*ast.FragmentDefinition
	conditions map[string]bool     // the variables that decide conditions; see scan.conditions
	busy       map[*ast.Field]bool // the fields somewhere below which is a step
	sources    []string            // the sources that the operation can reach, each once
	inputs     bool                // whether arguments are input objects
	root       *Selection
	size       atomic.Int64 // how large answers have been, in bytes

	mu     sync.Mutex // held while a selection is worked out
	fields int        // that have been worked out
	states int        // that they need in a run

	deferrals int                 // that have been found
	portions  map[string]*portion // by what defers them
}

// Selection is what an operation selects of one object type at one place: fields that are selected more than once, directly or by
// fragments, are one.
type Selection struct {
	Fields []*Field // in the answer's order
	Work   []*Field // those that are steps, or have steps below; also those of Deferred

	// Deferred are the fields that come later than the object, one selection for each portion; nil if there are none, and no deferral begins.
	Deferred []*Selection

	of      *Field   // what gives the objects; nil for the root
	portion *portion // of those that are deferred

	all      []*Field                 // also those of Deferred; nil where @defer is not heeded
	begin    []*deferral              // those that begin at this place
	views    map[*deferral]*Selection // those that were asked for; guarded by plan.mu
	deferral *deferral                // of a view
	merged   *Selection               // what a view is one of
}

// Field is one field of a selection. What the generated code reads of it never changes.
type Field struct {
	ID   int  // of the field in the generated code
	Step bool // whether something is called for it
	Busy bool // whether steps are below it

	info      *fieldInfo
	collected graphql.CollectedField // as gqlgen has it: with the selections of all its occurrences
	key       string                 // what is written before its value: `"alias":`
	nonNull   bool
	state     int // where a run has its state; -1 if it needs none

	portion     *portion     // what it comes with; nil for the first answer
	occurrences []occurrence // those of collected, and what defers each; nil where @defer is not heeded

	plan   *plan
	parent *Selection
	merged *Field                      // of a view's field: that with all occurrences
	on     []atomic.Pointer[Selection] // by concrete type
	kept   *atomic.Pointer[any]        // see Kept
}

// On gives what is selected of the values that are of one concrete type, by the type's place in Type.Concrete; 0 for objects. It is safe
// for concurrent use.
func (f *Field) On(concrete int) *Selection {
	if s := f.on[concrete].Load(); s != nil {
		return s
	}
	if f.merged != nil {
		s := f.merged.On(concrete).view(f.plan, f.parent.deferral)
		f.on[concrete].Store(s)
		return s
	}
	f.plan.mu.Lock()
	defer f.plan.mu.Unlock()
	if s := f.on[concrete].Load(); s != nil {
		return s
	}
	s := f.plan.selection(f, f.info.concrete[concrete], f.collected.Selections)
	f.on[concrete].Store(s)
	return s
}

// selection works out what a selection set selects of one object type.
func (p *plan) selection(of *Field, o *object, set ast.SelectionSet) *Selection {
	c := collector{plan: p, object: o, selection: &Selection{of: of}, fragments: map[string]bool{}}
	if of != nil && of.occurrences != nil {
		c.occurrences(of.occurrences)
	} else {
		c.collect(set)
	}
	s := c.selection
	s.Fields = slices.Clip(s.Fields)
	for _, f := range s.Fields {
		if f.Step || f.Busy {
			f.state = p.states
			p.states++
			s.Work = append(s.Work, f)
		}
	}
	p.fields += len(s.Fields)
	if p.key.deferring {
		p.divide(s)
	}
	return s
}

// collector merges the fields of a selection set (https://spec.graphql.org/September2025/#CollectFields()).
type collector struct {
	*plan
	object    *object
	selection *Selection
	fragments map[string]bool   // that have been spread: once is enough
	byAlias   map[string]*Field // of many fields

	deferral  *deferral       // of what is being collected; nil if it is not deferred
	deferrals int             // of the place
	deferred  map[spread]bool // that have been spread in what is deferred
}

func (c *collector) collect(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if c.includes(s.Directives) {
				c.field(s)
			}
		case *ast.InlineFragment:
			if c.includes(s.Directives) && (s.TypeCondition == "" || c.object.satisfies[s.TypeCondition]) {
				c.under(s.Directives, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if c.fragments[s.Name] || !c.includes(s.Directives) || !c.spread(s) {
				continue
			}
			if def := c.plan.fragments[s.Name]; c.object.satisfies[def.TypeCondition] {
				c.under(s.Directives, def.SelectionSet)
			}
		}
	}
}

// manyFields is from where on looking up aliases in a map is faster than comparing them.
const manyFields = 16

func (c *collector) find(alias string) *Field {
	if c.byAlias != nil {
		return c.byAlias[alias]
	}
	for _, f := range c.selection.Fields {
		if f.collected.Alias == alias {
			return f
		}
	}
	return nil
}

func (c *collector) field(s *ast.Field) {
	if f := c.find(s.Alias); f != nil {
		f.collected.Selections = append(f.collected.Selections, s.SelectionSet...)
		f.Busy = f.Busy || c.busy[s]
		if f.occurrences != nil {
			f.occurrences = append(f.occurrences, occurrence{s.SelectionSet, c.deferral})
		}
		return
	}
	f := &Field{
		ID:        Typename,
		key:       `"` + s.Alias + `":`,
		collected: graphql.CollectedField{Field: s, Selections: slices.Clip(s.SelectionSet), IsNonDeferrable: true},
		state:     -1,
		plan:      c.plan,
		parent:    c.selection,
		kept:      new(atomic.Pointer[any]),
	}
	if s.Name != "__typename" {
		info := c.object.fields[s.Name]
		if s.Definition != info.def { // selected of an interface: the object's own field may be declared otherwise
			own := *s
			own.Definition = info.def
			f.collected.Field = &own
		}
		f.ID, f.Step, f.info, f.Busy = info.ID, info.Step, info, c.busy[s]
		f.nonNull = info.def.Type.NonNull
		f.on = make([]atomic.Pointer[Selection], len(info.concrete))
	}
	if c.key.deferring {
		f.occurrences = []occurrence{{s.SelectionSet, c.deferral}}
	}
	c.selection.Fields = append(c.selection.Fields, f)
	switch {
	case c.byAlias != nil:
		c.byAlias[s.Alias] = f
	case len(c.selection.Fields) == manyFields:
		c.byAlias = make(map[string]*Field, 2*manyFields)
		for _, f := range c.selection.Fields {
			c.byAlias[f.collected.Alias] = f
		}
	}
}

// includes says whether the conditions of a selection hold.
func (p *plan) includes(list ast.DirectiveList) bool {
	for _, d := range list {
		switch d.Name {
		case "skip":
			if p.condition(d) {
				return false
			}
		case "include":
			if !p.condition(d) {
				return false
			}
		}
	}
	return true
}

func (p *plan) condition(d *ast.Directive) bool {
	v := d.Arguments.ForName("if").Value
	if v.Kind == ast.Variable {
		return p.conditions[v.Raw]
	}
	return v.Raw == "true"
}

// Path gives the field's place in the document: aliases with dots between, without indices.
func (f *Field) Path() string {
	if f.parent.of == nil {
		return f.collected.Alias
	}
	return f.parent.of.Path() + "." + f.collected.Alias
}

// Object gives the name of the type that has the field, and Name the field's.
func (f *Field) Object() string { return f.objectName() }

// Name gives the field's name in the schema.
func (f *Field) Name() string { return f.collected.Name }

// Sources gives the sources that the field declares. They are not to be changed.
func (f *Field) Sources() []string { return f.info.sources }

// Kept gives what build has made of the field. It is kept with the plan, so that Options.Step, for which this is, need not make it for every request.
// It is safe for concurrent use; several who ask first may each have it made.
func (f *Field) Kept(build func(*Field) any) any {
	if known := f.kept.Load(); known != nil {
		return *known
	}
	made := build(f)
	f.kept.Store(&made)
	return made
}
