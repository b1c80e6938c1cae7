// Package limit refuses requests that ask for too much, before anything is executed.
package limit

import (
	"context"
	"fmt"
	"reflect"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Arguments is a gqlgen extension that checks every argument of an operation before the first field is resolved: numbers against
// @range(min:, max:) of the argument or input field, enums, whose variables gqlgen takes in any case, and values of custom scalars by
// Scalars. An operation with an argument that does not fit fails with BAD_USER_INPUT as a whole. The check is linear in the document.
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
	check := argumentCheck{Arguments: a, variables: oc.Variables, seen: map[string]bool{}}
	check.selections(oc.Operation.SelectionSet)
	return check.wrong
}

type argumentCheck struct {
	*Arguments
	variables map[string]any
	seen      map[string]bool // the fragments: each is checked once, however often it is spread
	wrong     *gqlerror.Error // the first thing that is wrong
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
	value, err := arg.Value.Value(c.variables)
	if err != nil { // within a custom scalar, which validation does not look into and generated code would panic at
		return fault.Newf(fault.BadUserInput, "`%s` has a number that is out of range.", arg.Name)
	}
	if given := arg.Value.Kind != ast.Variable || has(c.variables, arg.Value.Raw); given && value == nil && def.Type.NonNull {
		// validation lets a variable that may be null stand here, since it could also be left out for the default
		return fault.Newf(fault.BadUserInput, "`%s` must not be null.", arg.Name)
	}
	return c.value(arg.Name, def.Type, def.Directives, value)
}

func has(variables map[string]any, name string) bool {
	_, ok := variables[name]
	return ok
}

// value checks one value of an argument, of an input field or of a list. name is how to call it to the client.
func (c *argumentCheck) value(name string, t *ast.Type, directives ast.DirectiveList, value any) error {
	if value == nil {
		return nil
	}
	if t.Elem != nil {
		return c.list(name, t.Elem, directives, value)
	}
	if scalar := c.Scalars[t.NamedType]; scalar != nil {
		if err := scalar(value); err != nil {
			return fault.Newf(fault.BadUserInput, "`%s`: %s", name, fault.From(err).Message())
		}
	}
	if err := inRange(name, directives.ForName("range"), value); err != nil {
		return err
	}
	def := c.schema.Types[t.NamedType]
	if def.Kind == ast.Enum && def.EnumValues.ForName(fmt.Sprint(value)) == nil {
		return fault.Newf(fault.BadUserInput, "`%s` must be a value of %s, written as the schema writes it.", name, t.NamedType)
	}
	object, _ := value.(map[string]any)
	if object == nil {
		return nil
	}
	for _, f := range def.Fields {
		if err := c.value(name+"."+f.Name, f.Type, f.Directives, object[f.Name]); err != nil {
			return err
		}
	}
	return nil
}

// list checks the elements of a list, which has a type of its own if gqlparser made it of a variable's single value.
func (c *argumentCheck) list(name string, elem *ast.Type, directives ast.DirectiveList, value any) error {
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		return c.value(name, elem, directives, value) // a single value stands for a list of one
	}
	for i := range list.Len() {
		if err := c.value(fmt.Sprintf("%s[%d]", name, i), elem, directives, list.Index(i).Interface()); err != nil {
			return err
		}
	}
	return nil
}

func inRange(name string, directive *ast.Directive, value any) error {
	if directive == nil {
		return nil
	}
	n, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil {
		return nil //nolint:nilerr // not a number, which is for coercion to say
	}
	low, high := bound(directive, "min"), bound(directive, "max")
	if (low == nil || n >= float64(*low)) && (high == nil || n <= float64(*high)) {
		return nil
	}
	switch {
	case low != nil && high != nil:
		return fault.Newf(fault.BadUserInput, "`%s` must be %d to %d, not %v.", name, *low, *high, value)
	case low != nil:
		return fault.Newf(fault.BadUserInput, "`%s` must be %d or more, not %v.", name, *low, value)
	case high != nil:
		return fault.Newf(fault.BadUserInput, "`%s` must be %d or less, not %v.", name, *high, value)
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
