// Package limit refuses requests that ask for too much, before anything is executed.
package limit

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Arguments is a gqlgen extension that checks every argument of an operation before the first field is resolved: numbers against
// @range(min:, max:) of the argument or input field, and values of custom scalars by Scalars. An operation with an argument that does not fit
// fails with BAD_USER_INPUT as a whole. The check is linear in the document and in the variables: the value of a variable is looked at once
// for each argument of the schema that it is given to, and not at all where nothing in it can be wrong.
type Arguments struct {
	Scalars map[string]func(value any) error // by the scalar's name; each says in a sentence what is wrong

	schema  *ast.Schema
	checked map[string]bool // the types in whose values there is something to check
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*Arguments)(nil)

// ExtensionName names the extension.
func (*Arguments) ExtensionName() string { return "Arguments" }

// Validate keeps the schema.
func (a *Arguments) Validate(schema graphql.ExecutableSchema) error {
	a.schema = schema.Schema()
	a.checked = inputsWith(a.schema, func(def *ast.Definition) bool { return a.Scalars[def.Name] != nil }, func(f *ast.FieldDefinition) bool {
		return f.Directives.ForName("range") != nil
	})
	return nil
}

// inputsWith gives the types of inputs that are of some kind, or in whose values there may be a field or a type that is.
func inputsWith(schema *ast.Schema, is func(*ast.Definition) bool, has func(*ast.FieldDefinition) bool) map[string]bool {
	found := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, def := range schema.Types {
			if !found[name] && def.IsInputType() && (is(def) || slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool { return has(f) || found[f.Type.Name()] })) {
				found[name], grown = true, true
			}
		}
	}
	return found
}

// MutateOperationContext checks the operation. It changes nothing.
func (a *Arguments) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	check := argumentCheck{Arguments: a, variables: oc.Variables, seen: map[string]bool{}, given: map[given]bool{}}
	check.selections(oc.Operation.SelectionSet)
	return check.wrong
}

type argumentCheck struct {
	*Arguments
	variables map[string]any
	seen      map[string]bool // the fragments: each is checked once, however often it is spread
	given     map[given]bool  // the variables, likewise
	wrong     *gqlerror.Error // the first thing that is wrong
}

// given is a variable as the value of an argument.
type given struct {
	variable string
	argument *ast.ArgumentDefinition
}

func (c *argumentCheck) selections(set ast.SelectionSet) {
	for _, s := range set {
		if c.wrong != nil {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			c.arguments(s.Arguments, s.Definition.Arguments)
			c.directives(s.Directives)
			c.selections(s.SelectionSet)
		case *ast.InlineFragment:
			c.directives(s.Directives)
			c.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			c.directives(s.Directives)
			if !c.seen[s.Name] {
				c.seen[s.Name] = true
				c.selections(s.Definition.SelectionSet)
			}
		}
	}
}

// directives checks what `@skip` and `@include` are given.
func (c *argumentCheck) directives(list ast.DirectiveList) {
	for _, d := range list {
		if d.Definition != nil {
			c.arguments(d.Arguments, d.Definition.Arguments)
		}
	}
}

func (c *argumentCheck) arguments(list ast.ArgumentList, definitions ast.ArgumentDefinitionList) {
	for _, arg := range list {
		if c.wrong != nil {
			return
		}
		err := c.argument(definitions.ForName(arg.Name), arg)
		if err == nil {
			continue
		}
		c.wrong = gqlerror.WrapPath(nil, err)
		if arg.Position != nil {
			c.wrong.Locations = []gqlerror.Location{{Line: arg.Position.Line, Column: arg.Position.Column}}
		}
		return
	}
}

func (c *argumentCheck) argument(def *ast.ArgumentDefinition, arg *ast.Argument) error {
	if def == nil {
		return nil // validation has refused it
	}
	if arg.Value.Kind == ast.Variable {
		key := given{arg.Value.Raw, def}
		if c.given[key] {
			return nil
		}
		c.given[key] = true
	}
	value, err := arg.Value.Value(c.variables)
	if err != nil { // within a custom scalar, which validation does not look into and generated code would panic at
		return fault.Newf(fault.BadUserInput, "`%s` has a number that is out of range.", arg.Name)
	}
	if given := arg.Value.Kind != ast.Variable || has(c.variables, arg.Value.Raw); given && value == nil && def.Type.NonNull {
		// validation lets a variable that may be null stand here, since it could also be left out for the default
		return fault.Newf(fault.BadUserInput, "`%s` must not be null.", arg.Name)
	}
	if w := c.value(def.Type, def.Directives.ForName("range"), value); w != nil {
		return fault.Newf(fault.BadUserInput, "`%s`%s", arg.Name+w.path, w.what)
	}
	return nil
}

func has(variables map[string]any, name string) bool {
	_, ok := variables[name]
	return ok
}

// misfit is a value that does not fit: where it is in the argument's, and what is wrong with it, as it is told behind that.
type misfit struct{ path, what string }

func (m *misfit) within(step string) *misfit {
	m.path = step + m.path
	return m
}

// value checks one value of an argument, of an input field or of a list; nil if it fits.
func (c *argumentCheck) value(t *ast.Type, limits *ast.Directive, value any) *misfit {
	if value == nil || limits == nil && !c.checked[t.Name()] {
		return nil
	}
	if t.Elem != nil {
		return c.list(t.Elem, limits, value)
	}
	if scalar := c.Scalars[t.NamedType]; scalar != nil {
		if err := scalar(value); err != nil {
			return &misfit{what: ": " + fault.From(err).Message()}
		}
	}
	if what := outOfRange(limits, value); what != "" {
		return &misfit{what: what}
	}
	object, _ := value.(map[string]any)
	if object == nil {
		return nil
	}
	for _, f := range c.schema.Types[t.NamedType].Fields {
		if w := c.value(f.Type, f.Directives.ForName("range"), object[f.Name]); w != nil {
			return w.within("." + f.Name)
		}
	}
	return nil
}

func (c *argumentCheck) list(elem *ast.Type, limits *ast.Directive, value any) *misfit {
	list, ok := value.([]any)
	if !ok {
		return c.value(elem, limits, value) // a single value stands for a list of one
	}
	for i, item := range list {
		if w := c.value(elem, limits, item); w != nil {
			return w.within("[" + strconv.Itoa(i) + "]")
		}
	}
	return nil
}

// outOfRange says what is wrong with a number that is not in the range of a directive; nothing if there is none, or it is no number.
func outOfRange(directive *ast.Directive, value any) string {
	if directive == nil {
		return ""
	}
	n, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil {
		return ""
	}
	low, high := bound(directive, "min"), bound(directive, "max")
	if (low == nil || n >= float64(*low)) && (high == nil || n <= float64(*high)) {
		return ""
	}
	switch {
	case low == nil:
		return fmt.Sprintf(" must be %d or less, not %v.", *high, value)
	case high == nil:
		return fmt.Sprintf(" must be %d or more, not %v.", *low, value)
	}
	return fmt.Sprintf(" must be %d to %d, not %v.", *low, *high, value)
}

func bound(directive *ast.Directive, name string) *int64 {
	arg := directive.Arguments.ForName(name)
	if arg == nil {
		return nil
	}
	n, err := strconv.ParseInt(arg.Value.Raw, 10, 64)
	if err != nil {
		return nil // null, or a schema that does not validate
	}
	return &n
}
