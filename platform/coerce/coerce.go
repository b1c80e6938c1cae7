// Package coerce gives the variables of a request as the types of its operation have them, with the verdicts and values of graphql-js
// (https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values).
package coerce

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// maxErrors bounds how many errors one request is told.
const maxErrors = 100

// Variables gives the values of an operation's variables, or everything that is wrong with them, as BAD_USER_INPUT, up to a hundred errors.
// The operation is of a valid document.
//
// What is given is JSON as Go decodes it: nil, bool, string, json.Number or float64, []any and map[string]any. It is not changed. The values
// are an int64 for Int, a float64 for Float, a string for String, ID and enums, a bool for Boolean, []any for lists and map[string]any, with
// the defaults filled in, for input objects. Values of other scalars are passed on as they came. A variable that is neither given nor has a
// default has no value.
func Variables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, gqlerror.List) {
	values := make(map[string]any, len(op.VariableDefinitions))
	c := coercion{schema: schema}
	for _, v := range op.VariableDefinitions {
		if len(c.errs) >= maxErrors {
			break
		}
		c.variable = v
		value, ok := given[v.Variable]
		switch {
		case !ok && v.DefaultValue != nil:
			if value, ok = c.literal(v.Type, v.DefaultValue); ok {
				values[v.Variable] = value
			}
		case !ok && v.Type.NonNull:
			c.refuse("of required type %s was not provided.", quoted(v.Type.String()))
		case !ok:
		case value == nil && v.Type.NonNull:
			c.refuse("of non-null type %s must not be null.", quoted(v.Type.String()))
		default:
			values[v.Variable] = c.value(v.Type, value)
		}
	}
	if c.errs != nil {
		return nil, c.errs
	}
	return values, nil
}

// coercion is the coercion of one request's variables.
type coercion struct {
	schema   *ast.Schema
	variable *ast.VariableDefinition
	path     []segment // within the variable's value
	errs     gqlerror.List
}

// segment is a step into a value: a name, or an index where there is none.
type segment struct {
	name  string
	index int
}

func (c *coercion) enter(s segment) { c.path = append(c.path, s) }

func (c *coercion) leave() { c.path = c.path[:len(c.path)-1] }

// value gives a value as its type has it. What it gives of one that is wrong, which it refuses, is never used.
func (c *coercion) value(t *ast.Type, value any) any {
	if value == nil {
		if t.NonNull {
			c.invalid(value, "Expected non-nullable type %s not to be null.", quoted(t.String()))
		}
		return nil
	}
	if t.Elem != nil {
		return c.list(t.Elem, value)
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case def == nil:
		c.refuse("expected value of type %s which cannot be used as an input type.", quoted(t.String()))
		return nil
	case def.Kind == ast.InputObject:
		return c.object(def, value)
	case def.Kind == ast.Enum:
		return c.enum(def, value)
	}
	return c.scalar(def.Name, value)
}

// list gives a list. A single value is a list of one.
func (c *coercion) list(elem *ast.Type, value any) any {
	list, ok := value.([]any)
	if !ok {
		return []any{c.value(elem, value)}
	}
	values := make([]any, len(list))
	for i, item := range list {
		if len(c.errs) >= maxErrors {
			break
		}
		c.enter(segment{index: i})
		values[i] = c.value(elem, item)
		c.leave()
	}
	return values
}

// object gives an input object, with the defaults of fields that are left out.
func (c *coercion) object(def *ast.Definition, value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		c.invalid(value, "Expected type %s to be an object.", quoted(def.Name))
		return nil
	}
	values := make(map[string]any, len(def.Fields))
	known := 0
	for _, f := range def.Fields {
		item, ok := object[f.Name]
		switch {
		case ok:
			known++
			c.enter(segment{name: f.Name})
			values[f.Name] = c.value(f.Type, item)
			c.leave()
		case f.DefaultValue != nil:
			if item, ok := c.literal(f.Type, f.DefaultValue); ok {
				values[f.Name] = item
			}
		case f.Type.NonNull:
			c.invalid(value, "Field %s of required type %s was not provided.", quoted(f.Name), quoted(f.Type.String()))
		}
	}
	if known != len(object) {
		c.unknown(def, object)
	}
	if def.Directives.ForName("oneOf") != nil {
		c.oneOf(def, object, values)
	}
	return values
}

// unknown refuses the fields of an object that its type has not, in the order of their names. If there are more than are told, it is left to
// chance which are: to put all in order would take longer than to read them.
func (c *coercion) unknown(def *ast.Definition, object map[string]any) {
	var names []string
	for name := range object {
		if len(names) < maxErrors && def.Fields.ForName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		c.invalid(object, "Field %s is not defined by type %s.", quoted(name), quoted(def.Name))
	}
}

// oneOf refuses an object that does not have exactly one field, which is not null
// (https://spec.graphql.org/September2025/#sec-OneOf-Input-Objects).
func (c *coercion) oneOf(def *ast.Definition, object, values map[string]any) {
	if len(values) != 1 {
		c.invalid(object, "Exactly one key must be specified for OneOf type %s.", quoted(def.Name))
		return
	}
	for name := range values {
		if object[name] == nil {
			c.enter(segment{name: name})
			c.invalid(nil, "Field %s must be non-null.", quoted(name))
			c.leave()
		}
	}
}

// enum gives the name of an enum's value, which must be written as the schema writes it.
func (c *coercion) enum(def *ast.Definition, value any) any {
	name, ok := value.(string)
	switch {
	case !ok:
		c.invalid(value, "Enum %s cannot represent non-string value: %s.", quoted(def.Name), inspect(value))
	case def.EnumValues.ForName(name) == nil:
		c.invalid(value, "Value %s does not exist in %s enum.", quoted(name), quoted(def.Name))
	}
	return value
}

// refuse adds an error about the variable as a whole.
func (c *coercion) refuse(format string, args ...any) {
	if len(c.errs) >= maxErrors {
		return
	}
	f := fault.Newf(fault.BadUserInput, "Variable %s "+format, append([]any{quoted("$" + c.variable.Variable)}, args...)...)
	err := gqlerror.WrapPath(nil, f)
	err.Message = f.Message()
	err.Extensions = map[string]any{"code": string(f.Code)}
	if p := c.variable.Position; p != nil {
		err.Locations = []gqlerror.Location{{Line: p.Line, Column: p.Column}}
	}
	c.errs = append(c.errs, err)
}

// invalid adds an error about a value that stands at the path.
func (c *coercion) invalid(value any, format string, args ...any) {
	at := ""
	if len(c.path) > 0 {
		at = " at " + quoted(c.where())
	}
	c.refuse("got invalid value %s%s; "+format, append([]any{inspect(value), at}, args...)...)
}

// where gives the path as text, in full up to where it is too long to be told anyway.
func (c *coercion) where() string {
	at := []byte(c.variable.Variable)
	for _, s := range c.path {
		if len(at) > maxTold {
			break
		}
		if s.name != "" {
			at = append(append(at, '.'), s.name...)
		} else {
			at = append(strconv.AppendInt(append(at, '['), int64(s.index), 10), ']')
		}
	}
	return string(at)
}
