package coerce

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// scalar gives the value of a scalar. Those that are not GraphQL's own are for whoever reads them to check.
func (c *coercion) scalar(name string, value any) any {
	switch name {
	case "Int":
		return c.int(value)
	case "Float":
		if f, ok := number(value); ok && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
		c.invalid(value, "Float cannot represent non numeric value: %s", inspect(value))
	case "String":
		if _, ok := value.(string); !ok {
			c.invalid(value, "String cannot represent a non string value: %s", inspect(value))
		}
	case "Boolean":
		if _, ok := value.(bool); !ok {
			c.invalid(value, "Boolean cannot represent a non boolean value: %s", inspect(value))
		}
	case "ID":
		return c.id(value)
	}
	return value
}

// number gives what a JSON number says, infinite if it is too large, and whether the value is one.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(n), 64)
		return f, err == nil || math.IsInf(f, 0)
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return 0, false
}

// int gives a whole number of 32 bits, however it is written: 1.0 and 1e2 are whole.
func (c *coercion) int(value any) any {
	if n, ok := value.(json.Number); ok { // as most come
		if i, err := strconv.ParseInt(string(n), 10, 32); err == nil {
			return i
		}
	}
	f, ok := number(value)
	switch {
	case !ok || f != math.Trunc(f) || math.IsInf(f, 0):
		c.invalid(value, "Int cannot represent non-integer value: %s", inspect(value))
	case f < math.MinInt32 || f > math.MaxInt32:
		c.invalid(value, "Int cannot represent non 32-bit signed integer value: %s", inspect(value))
	default:
		return int64(f)
	}
	return nil
}

// id gives text, or the digits of a whole number. Unlike graphql-js, whose numbers have 53 bits, it keeps all of them.
func (c *coercion) id(value any) any {
	switch n := value.(type) {
	case string:
		return value
	case json.Number:
		if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			return strconv.FormatInt(i, 10) // of -0 too
		}
		if onlyDigits(string(n)) {
			return string(n)
		}
	case int64:
		return strconv.FormatInt(n, 10)
	case int:
		return strconv.Itoa(n)
	}
	f, ok := number(value)
	if !ok || f != math.Trunc(f) || math.IsInf(f, 0) {
		c.invalid(value, "ID cannot represent value: %s", inspect(value))
		return nil
	}
	if math.Abs(f) < 1e21 { // from where on JavaScript writes exponents
		return strconv.FormatFloat(f+0, 'f', -1, 64) // -0 + 0 is 0
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// onlyDigits says whether a JSON number has neither a fraction nor an exponent.
func onlyDigits(n string) bool {
	for i := range len(n) {
		if (n[i] < '0' || n[i] > '9') && (i > 0 || n[i] != '-') {
			return false
		}
	}
	return n != ""
}

// literal gives a constant of a document or a schema that is valid as its type has it. It says whether it is of that type.
func (c *coercion) literal(t *ast.Type, v *ast.Value) (any, bool) {
	if v.Kind == ast.NullValue {
		return nil, !t.NonNull
	}
	if t.Elem != nil {
		return c.listLiteral(t.Elem, v)
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case def == nil:
		return nil, false
	case def.Kind == ast.InputObject:
		return c.objectLiteral(def, v)
	case def.Kind == ast.Enum:
		return v.Raw, v.Kind == ast.EnumValue && def.EnumValues.ForName(v.Raw) != nil
	}
	return scalarLiteral(def.Name, v)
}

func (c *coercion) listLiteral(elem *ast.Type, v *ast.Value) (any, bool) {
	if v.Kind != ast.ListValue {
		item, ok := c.literal(elem, v)
		return []any{item}, ok
	}
	values := make([]any, len(v.Children))
	for i, child := range v.Children {
		item, ok := c.literal(elem, child.Value)
		if !ok {
			return nil, false
		}
		values[i] = item
	}
	return values, true
}

func (c *coercion) objectLiteral(def *ast.Definition, v *ast.Value) (any, bool) {
	if v.Kind != ast.ObjectValue {
		return nil, false
	}
	values := make(map[string]any, len(def.Fields))
	for _, f := range def.Fields {
		literal := v.Children.ForName(f.Name)
		if literal == nil {
			literal = f.DefaultValue
		}
		if literal == nil {
			if f.Type.NonNull {
				return nil, false
			}
			continue
		}
		item, ok := c.literal(f.Type, literal)
		if !ok {
			return nil, false
		}
		values[f.Name] = item
	}
	return values, true
}

// scalarLiteral gives the value of a scalar's literal.
func scalarLiteral(name string, v *ast.Value) (any, bool) {
	isInt, isText := v.Kind == ast.IntValue, v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	switch name {
	case "Int":
		i, err := strconv.ParseInt(v.Raw, 10, 32)
		return i, isInt && err == nil
	case "Float":
		f, err := strconv.ParseFloat(v.Raw, 64)
		return f, (isInt || v.Kind == ast.FloatValue) && err == nil
	case "String":
		return v.Raw, isText
	case "Boolean":
		return v.Raw == "true", v.Kind == ast.BooleanValue
	case "ID":
		return v.Raw, isText || isInt
	}
	return untyped(v)
}

// untyped gives what a literal says by itself.
func untyped(v *ast.Value) (any, bool) {
	switch v.Kind {
	case ast.ListValue:
		values := make([]any, len(v.Children))
		for i, child := range v.Children {
			item, ok := untyped(child.Value)
			if !ok {
				return nil, false
			}
			values[i] = item
		}
		return values, true
	case ast.ObjectValue:
		values := make(map[string]any, len(v.Children))
		for _, child := range v.Children {
			item, ok := untyped(child.Value)
			if !ok {
				return nil, false
			}
			values[child.Name] = item
		}
		return values, true
	default:
		value, err := v.Value(nil)
		return value, err == nil
	}
}
