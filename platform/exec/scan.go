package exec

import (
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// scan reads an operation once, each fragment once: what takes longer depends on the objects that come.
type scan struct {
	objects   map[string]*object
	schema    *ast.Schema
	fragments map[string]*ast.FragmentDefinition

	seen       map[string]bool // the fragments, and whether steps are in them
	busy       map[*ast.Field]bool
	conditions []string // the variables that decide conditions, in the document's order; those of @defer behind unless
	defers     bool     // whether there is a @defer that is not switched off by a literal
	always     bool     // whether one of them depends on no variable
	sources    []string
	inputs     bool
	declined   string // what the plan cannot do; empty if it can do everything
}

// scanOperation reads an operation of a valid document.
func (s *Schema) scanOperation(doc *ast.QueryDocument, operation *ast.OperationDefinition) *scan {
	c := &scan{objects: s.objects, schema: s.schema, fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)), seen: map[string]bool{}, busy: map[*ast.Field]bool{}}
	for _, f := range doc.Fragments {
		c.fragments[f.Name] = f
	}
	if len(operation.Directives) > 0 {
		c.declined = "a directive on an operation"
	}
	c.selections(operation.SelectionSet)
	return c
}

// selections says whether a step is in a selection set.
func (c *scan) selections(set ast.SelectionSet) bool {
	steps := false
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			c.directives(s.Directives)
			steps = c.field(s) || steps
		case *ast.InlineFragment:
			c.directives(s.Directives)
			steps = c.selections(s.SelectionSet) || steps
		case *ast.FragmentSpread:
			c.directives(s.Directives)
			known, ok := c.seen[s.Name]
			if !ok {
				c.seen[s.Name] = false // a valid document has no cycles
				known = c.selections(c.fragments[s.Name].SelectionSet)
				c.seen[s.Name] = known
			}
			steps = known || steps
		}
	}
	return steps
}

// field says whether a field is a step, or has one below.
func (c *scan) field(f *ast.Field) bool {
	if f.Name == "__typename" {
		return false
	}
	below := c.selections(f.SelectionSet)
	c.busy[f] = below
	steps := below
	for _, def := range c.schema.GetPossibleTypes(f.ObjectDefinition) {
		if def.Kind != ast.Object {
			continue
		}
		info := c.objects[def.Name].fields[f.Name]
		if info == nil || info.Declined {
			c.declined = def.Name + "." + f.Name
			continue
		}
		for _, arg := range info.def.Arguments {
			c.inputs = c.inputs || c.schema.Types[arg.Type.Name()].Kind == ast.InputObject
		}
		steps = steps || info.Step
		for _, source := range info.sources {
			if !slices.Contains(c.sources, source) {
				c.sources = append(c.sources, source)
			}
		}
	}
	return steps
}

func (c *scan) directives(list ast.DirectiveList) {
	for _, d := range list {
		switch d.Name {
		case "skip", "include":
			if v := d.Arguments.ForName("if").Value; v.Kind == ast.Variable {
				c.condition(v.Raw)
			}
		case "defer":
			arg := d.Arguments.ForName("if")
			switch {
			case arg == nil:
				c.defers, c.always = true, true
			case arg.Value.Kind == ast.Variable:
				c.defers = true
				c.condition(unless + arg.Value.Raw)
			case arg.Value.Raw != "false":
				c.defers, c.always = true, true
			}
		default:
			c.declined = "@" + d.Name
		}
	}
}

// unless stands before a variable that decides a @defer, which holds unless the variable is false.
const unless = "!"

func (c *scan) condition(name string) {
	if !slices.Contains(c.conditions, name) {
		c.conditions = append(c.conditions, name)
	}
}

// deferring says whether something is deferred, by the values of the variables.
func (c *scan) deferring(variables map[string]any) bool {
	if c.always || !c.defers {
		return c.defers
	}
	return slices.ContainsFunc(c.conditions, func(name string) bool {
		variable, isDefer := strings.CutPrefix(name, unless)
		return isDefer && variables[variable] != false
	})
}

// maxConditions bounds how many variables may decide conditions: a plan is kept by their values, one bit each.
const maxConditions = 64

// bits gives the values of the variables that decide conditions, those of @defer only where it is heeded.
func (c *scan) bits(variables map[string]any, deferring bool) uint64 {
	var bits uint64
	for i, name := range c.conditions {
		holds, _ := variables[name].(bool)
		if c.defers && name[:1] == unless {
			holds = deferring && variables[name[1:]] == false
		}
		if holds {
			bits |= 1 << i
		}
	}
	return bits
}

// document is what is kept of an operation: what was read of it, and a plan for each outcome of its conditions that was asked for.
type document struct {
	*scan
	source    *ast.QueryDocument
	operation *ast.OperationDefinition

	// undeferred gives both without any @defer.
	undeferred func() (*ast.QueryDocument, *ast.OperationDefinition)
}

// plan makes the plan for one outcome of the conditions.
func (d *document) plan(key planKey) *plan {
	p := &plan{
		key: key, document: d, operation: d.operation, fragments: d.fragments, busy: d.busy, sources: d.sources, inputs: d.inputs,
		conditions: make(map[string]bool, len(d.conditions)),
	}
	for i, name := range d.conditions {
		p.conditions[name] = key.conditions&(1<<i) != 0
	}
	root := d.schema.Query
	switch d.operation.Operation {
	case ast.Mutation:
		root = d.schema.Mutation
	case ast.Subscription:
		root = d.schema.Subscription
	default:
	}
	p.root = p.selection(nil, d.objects[root.Name], d.operation.SelectionSet)
	return p
}

// planKey is what a plan depends on.
type planKey struct {
	document, operation string
	conditions          uint64
	deferring           bool // whether @defer is heeded
}

// The plans that are kept: so many, of documents no longer than so many bytes, which have worked out no more than so many fields.
const (
	maxPlans      = 1000
	maxPlanned    = 16 << 10
	maxPlanFields = 1000
)

// documentOf gives what was read of a request's operation.
func (s *Schema) documentOf(oc *graphql.OperationContext) *document {
	key := planKey{document: oc.RawQuery, operation: oc.Operation.Name}
	if doc, known := s.documents.Get(key); known && doc.source == oc.Doc && doc.operation == oc.Operation {
		s.counts.scans.hits.Add(1)
		return doc // else somebody has made another document of the same text
	}
	s.counts.scans.misses.Add(1)
	doc := &document{scan: s.scanOperation(oc.Doc, oc.Operation), source: oc.Doc, operation: oc.Operation}
	if doc.defers {
		doc.undeferred = sync.OnceValues(func() (*ast.QueryDocument, *ast.OperationDefinition) { return undeferred(doc.source, doc.operation) })
	}
	if len(doc.conditions) > maxConditions && doc.declined == "" {
		doc.declined = "so many conditions"
	}
	if key.kept() {
		s.documents.Add(key, doc)
	}
	return doc
}

// kept says whether what is worked out of a document is kept.
func (k planKey) kept() bool { return len(k.document) > 0 && len(k.document) <= maxPlanned }

// planOf gives the plan of a request's operation, in which @defer is heeded or not.
func (s *Schema) planOf(oc *graphql.OperationContext, doc *document, deferring bool) *plan {
	key := planKey{document: oc.RawQuery, operation: oc.Operation.Name, conditions: doc.bits(oc.Variables, deferring), deferring: deferring}
	if p, known := s.plans.Get(key); known && p.document == doc {
		s.counts.plans.hits.Add(1)
		return p
	}
	s.counts.plans.misses.Add(1)
	oc.Stats.SetExtension(missedStats, true)
	p := doc.plan(key)
	if key.kept() {
		s.plans.Add(key, p)
	}
	return p
}

// forget drops a plan that has become too large to be kept.
func (s *Schema) forget(p *plan) {
	p.mu.Lock()
	large := p.fields > maxPlanFields
	p.mu.Unlock()
	if large {
		s.plans.Remove(p.key)
	}
}
