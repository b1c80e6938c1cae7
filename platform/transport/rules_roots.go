package transport

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// subscriptionRoots refuses subscriptions whose root has other than one field, by response name, or fields that may come or not
// (https://spec.graphql.org/September2025/#sec-Single-Root-Field).
func subscriptionRoots(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(walker *core.Walker, operation *ast.OperationDefinition) {
		if walker.Schema.Subscription == nil || operation.Operation != ast.Subscription {
			return
		}
		name := "Anonymous Subscription"
		if operation.Name != "" {
			name = `Subscription "` + cut(operation.Name) + `"`
		}
		r := roots{schema: walker.Schema, names: map[string]bool{}, seen: map[string]bool{}}
		r.collect(operation.SelectionSet)
		if r.conditional != nil {
			addError(core.Message("%s must not use `@skip` or `@include` directives in the top level selection.", name), core.At(r.conditional.Position))
			return
		}
		if len(r.fields) > 1 {
			addError(core.Message("%s must select only one top level field.", name), core.At(r.fields[1].Position))
		}
		for _, f := range r.fields {
			if strings.HasPrefix(f.Name, "__") {
				addError(core.Message("%s must not select an introspection top level field.", name), core.At(f.Position))
			}
		}
	})
}

// roots are the fields at the root of a subscription.
type roots struct {
	schema      *ast.Schema
	fields      []*ast.Field // the first of each response name
	names       map[string]bool
	seen        map[string]bool // the fragments
	conditional *ast.Directive  // the first that decides whether something comes
}

func (r *roots) collect(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			r.directives(s.Directives)
			if !r.names[s.Alias] {
				r.names[s.Alias] = true
				r.fields = append(r.fields, s)
			}
		case *ast.InlineFragment:
			r.directives(s.Directives)
			if r.fits(s.TypeCondition) {
				r.collect(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			r.directives(s.Directives)
			if s.Definition != nil && !r.seen[s.Name] && r.fits(s.Definition.TypeCondition) {
				r.seen[s.Name] = true
				r.collect(s.Definition.SelectionSet)
			}
		}
	}
}

func (r *roots) directives(list ast.DirectiveList) {
	for _, d := range list {
		if r.conditional == nil && (d.Name == "skip" || d.Name == "include") {
			r.conditional = d
		}
	}
}

// fits says whether a fragment on a type is for the root.
func (r *roots) fits(condition string) bool {
	def := r.schema.Types[condition]
	return condition == "" || def == r.schema.Subscription || def != nil && slices.Contains(r.schema.GetPossibleTypes(def), r.schema.Subscription)
}

// deferrals refuses `@defer` where there is nothing to defer, and labels that do not tell deferred fragments apart: what graphql-js 17 has
// three rules for.
func deferrals(observers *core.Events, addError core.AddErrFunc) {
	done := false
	observers.OnOperation(func(walker *core.Walker, _ *ast.OperationDefinition) {
		if done || walker.Schema.Directives["defer"] == nil {
			return
		}
		done = true // for the whole document, each fragment once
		d := deferralCheck{addError: addError, fragments: map[string]*ast.FragmentDefinition{}, roots: map[string]bool{}, streamed: map[string]bool{}, labels: map[string]bool{}}
		for _, f := range walker.Document.Fragments {
			if d.fragments[f.Name] == nil {
				d.fragments[f.Name] = f
			}
			d.labelled(f.SelectionSet)
		}
		for _, op := range walker.Document.Operations {
			d.labelled(op.SelectionSet)
			if op.Operation == ast.Mutation || op.Operation == ast.Subscription {
				d.root(op.Operation, op.SelectionSet)
			}
			if op.Operation == ast.Subscription {
				d.stream(op.SelectionSet)
			}
		}
	})
}

type deferralCheck struct {
	addError  core.AddErrFunc
	fragments map[string]*ast.FragmentDefinition
	roots     map[string]bool // the fragments that have been looked at as roots, and as parts of subscriptions
	streamed  map[string]bool
	labels    map[string]bool
}

// parts gives what a selection selects and its directives; that of a fragment is given once.
func (d *deferralCheck) parts(s ast.Selection, seen map[string]bool) (ast.SelectionSet, ast.DirectiveList) {
	switch s := s.(type) {
	case *ast.Field:
		return s.SelectionSet, s.Directives
	case *ast.InlineFragment:
		return s.SelectionSet, s.Directives
	case *ast.FragmentSpread:
		if f := d.fragments[s.Name]; f != nil && !seen[s.Name] {
			seen[s.Name] = true
			return f.SelectionSet, s.Directives
		}
		return nil, s.Directives
	}
	return nil, nil
}

// root refuses what defers fields of the root of a mutation or a subscription.
func (d *deferralCheck) root(operation ast.Operation, set ast.SelectionSet) {
	for _, s := range set {
		if _, ok := s.(*ast.Field); ok {
			continue
		}
		below, directives := d.parts(s, d.roots)
		if at := directives.ForName("defer"); at != nil {
			d.addError(core.Message("Defer directive cannot be used on the root of a %s.", operation), core.At(at.Position))
		}
		d.root(operation, below)
	}
}

// stream refuses what always defers in a subscription.
func (d *deferralCheck) stream(set ast.SelectionSet) {
	for _, s := range set {
		below, directives := d.parts(s, d.streamed)
		if may(directives.ForName("skip"), true) || may(directives.ForName("include"), false) {
			continue
		}
		if at := directives.ForName("defer"); at != nil && !may(at, false) {
			d.addError(core.Message("Defer directive not supported on subscription operations. Disable `@defer` by setting the `if` argument to `false`."), core.At(at.Position))
		}
		d.stream(below)
	}
}

// may says whether a directive is there whose `if` can be so.
func may(d *ast.Directive, so bool) bool {
	if d == nil {
		return false
	}
	arg := d.Arguments.ForName("if")
	return arg != nil && (arg.Value.Kind == ast.Variable || arg.Value.Kind == ast.BooleanValue && (arg.Value.Raw == "true") == so)
}

// labelled refuses labels that are no constant text, or are there already.
func (d *deferralCheck) labelled(set ast.SelectionSet) {
	for _, s := range set {
		var below ast.SelectionSet
		var directives ast.DirectiveList
		switch s := s.(type) {
		case *ast.Field:
			below = s.SelectionSet
		case *ast.InlineFragment:
			below, directives = s.SelectionSet, s.Directives
		case *ast.FragmentSpread:
			directives = s.Directives
		}
		if at := directives.ForName("defer"); at != nil {
			d.label(at)
		}
		d.labelled(below)
	}
}

func (d *deferralCheck) label(at *ast.Directive) {
	arg := at.Arguments.ForName("label")
	switch {
	case arg == nil || arg.Value.Kind == ast.NullValue:
	case arg.Value.Kind != ast.StringValue && arg.Value.Kind != ast.BlockValue:
		d.addError(core.Message(`Argument "@defer(label:)" must be a static string.`), core.At(at.Position))
	case d.labels[arg.Value.Raw]:
		d.addError(core.Message(`Value for arguments "defer(label:)" must be unique across all usages of the directive.`), core.At(at.Position))
	default:
		d.labels[arg.Value.Raw] = true
	}
}
