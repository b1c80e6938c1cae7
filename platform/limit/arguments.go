// Package limit refuses requests that ask for too much, before anything is executed.
package limit

import (
	"context"
	"fmt"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Arguments is a gqlgen extension that checks every argument of an operation before the first field is resolved: numbers against
// @range(min:, max:) of the argument or input field, and values of custom scalars by Scalars. An operation with an argument that
// does not fit fails with BAD_USER_INPUT as a whole. The check is linear in the document.
type Arguments struct {
	Scalars map[string]func(value any) error // by the scalar's name; each says in a sentence what is wrong

	schema *ast.Schema
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
	return nil
}

// MutateOperationContext checks the operation. It changes nothing.
func (a *Arguments) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	check := argumentCheck{Arguments: a, variables: oc.Variables}
	check.selections(oc.Operation.SelectionSet)
	for _, f := range oc.Doc.Fragments { // each once, however often it is spread
		check.selections(f.SelectionSet)
	}
	return check.wrong
}

type argumentCheck struct {
	*Arguments
	variables map[string]any
	wrong     *gqlerror.Error // the first thing that is wrong
}

func (c *argumentCheck) selections(set ast.SelectionSet) {
	for _, s := range set {
		if c.wrong != nil {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			c.field(s)
			c.selections(s.SelectionSet)
		case *ast.InlineFragment:
			c.selections(s.SelectionSet)
		}
	}
}

func (c *argumentCheck) field(f *ast.Field) {
	for _, arg := range f.Arguments {
		def := f.Definition.Arguments.ForName(arg.Name)
		value, err := arg.Value.Value(c.variables)
		if def == nil || err != nil {
			continue // validation has refused it, or a fragment of another operation uses a variable that this one lacks
		}
		if err := c.value(arg.Name, def.Type, def.Directives, value); err != nil && c.wrong == nil {
			c.wrong = gqlerror.WrapPath(nil, err)
			if arg.Position != nil {
				c.wrong.Locations = []gqlerror.Location{{Line: arg.Position.Line, Column: arg.Position.Column}}
			}
		}
	}
}

// value checks one value of an argument, of an input field or of a list. name is how to call it to the client.
func (c *argumentCheck) value(name string, t *ast.Type, directives ast.DirectiveList, value any) error {
	if value == nil {
		return nil
	}
	if list, ok := value.([]any); ok && t.Elem != nil {
		for i, v := range list {
			if err := c.value(fmt.Sprintf("%s[%d]", name, i), t.Elem, directives, v); err != nil {
				return err
			}
		}
		return nil
	}
	if t.Elem != nil {
		return c.value(name, t.Elem, directives, value) // a single value stands for a list of one
	}
	if scalar := c.Scalars[t.NamedType]; scalar != nil {
		if err := scalar(value); err != nil {
			return fault.Newf(fault.BadUserInput, "`%s`: %s", name, fault.From(err).Message())
		}
	}
	if err := inRange(name, directives.ForName("range"), value); err != nil {
		return err
	}
	object, ok := value.(map[string]any)
	def := c.schema.Types[t.NamedType]
	if !ok || def == nil {
		return nil
	}
	for _, f := range def.Fields {
		if err := c.value(name+"."+f.Name, f.Type, f.Directives, object[f.Name]); err != nil {
			return err
		}
	}
	return nil
}

func inRange(name string, directive *ast.Directive, value any) error {
	if directive == nil {
		return nil
	}
	n, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
	if err != nil {
		return nil //nolint:nilerr // not an integer, which is for coercion to say
	}
	low, high := bound(directive, "min"), bound(directive, "max")
	switch {
	case low != nil && high != nil && (n < *low || n > *high):
		return fault.Newf(fault.BadUserInput, "`%s` must be %d to %d, not %d.", name, *low, *high, n)
	case low != nil && n < *low:
		return fault.Newf(fault.BadUserInput, "`%s` must be %d or more, not %d.", name, *low, n)
	case high != nil && n > *high:
		return fault.Newf(fault.BadUserInput, "`%s` must be %d or less, not %d.", name, *high, n)
	}
	return nil
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
