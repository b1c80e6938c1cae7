package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// deferral is one @defer, at one place of a plan.
type deferral struct {
	label   string
	parent  *deferral // around it; nil if there is none
	id      int       // in the plan, in the order in which they are found
	of      *Field    // what gives the objects of the place; nil for the root
	indices int       // how many lists the objects of the place are in
}

// portion is what the same deferrals defer, and nothing else needs: it is delivered once, with the first of them that is complete.
type portion struct {
	of []*deferral // none of which is within another
}

// occurrence is one selection of a field, and what defers it; nil if nothing does.
type occurrence struct {
	set      ast.SelectionSet
	deferral *deferral
}

// maxDeferrals bounds how many deferrals reach one place: fragments that spread each other can nest exponentially many. What goes beyond it
// is not deferred.
const maxDeferrals = 64

// occurrences collects what the occurrences of the field select that gives the objects.
func (c *collector) occurrences(list []occurrence) {
	known := map[*deferral]bool{}
	for _, o := range list {
		if o.deferral != nil && !known[o.deferral] {
			known[o.deferral] = true
			c.deferrals++
		}
	}
	for _, o := range list {
		c.deferral = o.deferral
		c.collect(o.set)
	}
}

// under collects what a fragment selects, which its own directives may defer.
func (c *collector) under(list ast.DirectiveList, set ast.SelectionSet) {
	if !c.defers(list) {
		c.collect(set)
		return
	}
	around := c.deferral
	c.plan.deferrals++
	c.deferrals++
	c.deferral = &deferral{label: label(list), parent: around, id: c.plan.deferrals, of: c.selection.of}
	for at := c.selection.of; at != nil; at = at.parent.of {
		c.deferral.indices += at.depth()
	}
	c.selection.begin = append(c.selection.begin, c.deferral)
	c.collect(set)
	c.deferral = around
}

// defers says whether a fragment's directives defer it. Root fields of a mutation are not deferred: they run one after the other.
func (c *collector) defers(list ast.DirectiveList) bool {
	if !c.key.deferring || c.deferrals >= maxDeferrals || c.selection.of == nil && c.operation.Operation == ast.Mutation {
		return false
	}
	d := list.ForName("defer")
	if d == nil {
		return false
	}
	condition := d.Arguments.ForName("if")
	switch {
	case condition == nil:
		return true
	case condition.Value.Kind == ast.Variable:
		return !c.conditions[unless+condition.Value.Raw]
	}
	return condition.Value.Raw != "false"
}

// label gives the label of a fragment's @defer. One that is a variable, which the specification does not allow, is none.
func label(list ast.DirectiveList) string {
	if arg := list.ForName("defer").Arguments.ForName("label"); arg != nil && (arg.Value.Kind == ast.StringValue || arg.Value.Kind == ast.BlockValue) {
		return arg.Value.Raw
	}
	return ""
}

// spread is a fragment that was spread in what is deferred.
type spread struct {
	fragment string
	deferral *deferral
}

// spread notes that a fragment is spread, and says whether it has to be: not if it was in the same, or in what comes earlier.
func (c *collector) spread(s *ast.FragmentSpread) bool {
	for d := c.deferral; d != nil; d = d.parent {
		if c.deferred[spread{s.Name, d}] {
			return false
		}
	}
	switch {
	case c.defers(s.Directives):
	case c.deferral == nil:
		c.fragments[s.Name] = true
	default:
		if c.deferred == nil {
			c.deferred = map[spread]bool{}
		}
		c.deferred[spread{s.Name, c.deferral}] = true
	}
	return true
}

// divide moves those fields of a selection that come later than its objects to selections of their own.
func (p *plan) divide(s *Selection) {
	var with *portion // what the objects come with
	if s.of != nil {
		with = s.of.portion
	}
	s.all, s.Fields = s.Fields, nil
	if s.begin != nil {
		s.Deferred = []*Selection{}
	}
	for _, f := range s.all {
		f.portion = p.portionOf(f.occurrences)
		if f.portion == with {
			s.Fields = append(s.Fields, f)
			continue
		}
		i := slices.IndexFunc(s.Deferred, func(d *Selection) bool { return d.portion == f.portion })
		if i < 0 {
			i = len(s.Deferred)
			s.Deferred = append(s.Deferred, &Selection{of: s.of, portion: f.portion})
		}
		s.Deferred[i].Fields = append(s.Deferred[i].Fields, f)
	}
}

// portionOf gives what a field comes with; nil for the first answer.
func (p *plan) portionOf(list []occurrence) *portion {
	var all []*deferral
	for _, o := range list {
		if o.deferral == nil {
			return nil
		}
		if !slices.Contains(all, o.deferral) {
			all = append(all, o.deferral)
		}
	}
	var outer []*deferral
	for _, d := range all {
		if !d.within(all) {
			outer = append(outer, d)
		}
	}
	slices.SortFunc(outer, func(a, b *deferral) int { return a.id - b.id })
	var key strings.Builder
	for _, d := range outer {
		key.WriteString(strconv.Itoa(d.id))
		key.WriteByte(' ')
	}
	known := p.portions[key.String()]
	if known == nil {
		known = &portion{of: outer}
		if p.portions == nil {
			p.portions = map[string]*portion{}
		}
		p.portions[key.String()] = known
	}
	return known
}

// within says whether one of several deferrals is around this one.
func (d *deferral) within(list []*deferral) bool {
	for around := d.parent; around != nil; around = around.parent {
		if slices.Contains(list, around) {
			return true
		}
	}
	return false
}

// undeferred gives an operation's document, and the operation, without any @defer.
func undeferred(doc *ast.QueryDocument, operation *ast.OperationDefinition) (*ast.QueryDocument, *ast.OperationDefinition) {
	own, ownOperation := *doc, *operation
	u := undeferring{fragments: map[string]*ast.FragmentDefinition{}}
	own.Fragments = nil
	for _, f := range doc.Fragments {
		fragment := *f
		u.fragments[f.Name] = &fragment
		own.Fragments = append(own.Fragments, &fragment)
	}
	for _, f := range own.Fragments {
		f.SelectionSet = u.selections(f.SelectionSet)
	}
	ownOperation.SelectionSet = u.selections(operation.SelectionSet)
	own.Operations = slices.Clone(doc.Operations)
	own.Operations[slices.Index(doc.Operations, operation)] = &ownOperation
	return &own, &ownOperation
}

type undeferring struct {
	fragments map[string]*ast.FragmentDefinition
}

func (u undeferring) selections(set ast.SelectionSet) ast.SelectionSet {
	own := make(ast.SelectionSet, len(set))
	for i, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			field := *s
			field.SelectionSet = u.selections(s.SelectionSet)
			own[i] = &field
		case *ast.InlineFragment:
			inline := *s
			inline.Directives, inline.SelectionSet = u.directives(s.Directives), u.selections(s.SelectionSet)
			own[i] = &inline
		case *ast.FragmentSpread:
			spread := *s
			spread.Directives, spread.Definition = u.directives(s.Directives), u.fragments[s.Name]
			own[i] = &spread
		}
	}
	return own
}

func (undeferring) directives(list ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(slices.Clone(list), func(d *ast.Directive) bool { return d.Name == "defer" })
}
