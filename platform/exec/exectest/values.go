package exectest

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// arguments makes those of a field, and says whether it can.
func (g *generator) arguments(parent *ast.Definition, f *ast.FieldDefinition) (ast.ArgumentList, bool) {
	var list ast.ArgumentList
	for _, a := range f.Arguments {
		if g.optional(a.Type, a.DefaultValue) && g.oneIn(2) {
			continue
		}
		v := g.argument(a.Type, a.DefaultValue != nil, parent.Name+"."+f.Name+"."+a.Name, 0)
		switch {
		case v != nil:
			list = append(list, &ast.Argument{Name: a.Name, Value: v})
		case !g.optional(a.Type, a.DefaultValue):
			return nil, false
		}
	}
	return list, true
}

func (g *generator) optional(t *ast.Type, byDefault *ast.Value) bool {
	return !t.NonNull || byDefault != nil
}

// argument makes a value, which may be a variable; nil if there is none of the type.
func (g *generator) argument(t *ast.Type, hasDefault bool, path string, depth int) *ast.Value {
	if g.oneIn(4) {
		if v := g.variable(t, hasDefault, path); v != nil {
			return v
		}
	}
	return g.value(t, path, depth, true)
}

// value makes a value, with variables in it if they are allowed; nil if there is none of the type.
func (g *generator) value(t *ast.Type, path string, depth int, variables bool) *ast.Value {
	if !t.NonNull && g.oneIn(8) {
		return &ast.Value{Kind: ast.NullValue, Raw: "null"}
	}
	if t.Elem == nil {
		return g.named(t, path, depth, variables)
	}
	if t.Elem.Elem == nil && g.oneIn(6) { // a list of one
		own := *t.Elem
		own.NonNull = true
		return g.value(&own, path, depth, false)
	}
	list := &ast.Value{Kind: ast.ListValue}
	for range g.IntN(3) {
		if v := g.inner(t.Elem, false, path, depth, variables); v != nil {
			list.Children = append(list.Children, &ast.ChildValue{Value: v})
		}
	}
	return list
}

func (g *generator) inner(t *ast.Type, hasDefault bool, path string, depth int, variables bool) *ast.Value {
	if variables {
		return g.argument(t, hasDefault, path, depth)
	}
	return g.value(t, path, depth, false)
}

func (g *generator) named(t *ast.Type, path string, depth int, variables bool) *ast.Value {
	def := g.schema.Types[t.NamedType]
	if g.limits.Values != nil {
		if literal, ok := g.limits.Values(g.Rand, def.Name, path); ok {
			return parsedValue(literal)
		}
	}
	switch {
	case def.Kind == ast.Enum:
		return &ast.Value{Kind: ast.EnumValue, Raw: pick(g, def.EnumValues).Name}
	case def.Kind == ast.InputObject && def.Directives.ForName("oneOf") != nil:
		return g.oneOf(def, path, depth)
	case def.Kind == ast.InputObject:
		return g.object(def, path, depth, variables)
	default:
		return g.scalar(def.Name)
	}
}

func (g *generator) scalar(name string) *ast.Value {
	switch name {
	case "Int":
		n := pick(g, []int{1, 2, 3, 2, 3, 4, 0, -1})
		if g.oneIn(20) {
			n = pick(g, []int{math.MaxInt32, math.MinInt32, 60})
		}
		return &ast.Value{Kind: ast.IntValue, Raw: strconv.Itoa(n)}
	case "Float":
		if g.oneIn(3) {
			return &ast.Value{Kind: ast.IntValue, Raw: strconv.Itoa(g.IntN(10))}
		}
		return &ast.Value{Kind: ast.FloatValue, Raw: pick(g, []string{"0.5", "-1.25", "1e3", "123456789.125"})}
	case "Boolean":
		return &ast.Value{Kind: ast.BooleanValue, Raw: strconv.FormatBool(g.oneIn(2))}
	case "String":
		return &ast.Value{Kind: ast.StringValue, Raw: pick(g, []string{"", "a", "words", "\"quoted\" \\ é 🦁\n<&>"})}
	case "ID":
		if g.oneIn(4) {
			return &ast.Value{Kind: ast.IntValue, Raw: strconv.Itoa(g.IntN(100))}
		}
		return &ast.Value{Kind: ast.StringValue, Raw: pick(g, []string{"1", "id"})}
	default:
		return nil // only the caller knows what a custom scalar may be
	}
}

// object makes an input object; nil if a field that is needed has no value.
func (g *generator) object(def *ast.Definition, path string, depth int, variables bool) *ast.Value {
	object := &ast.Value{Kind: ast.ObjectValue}
	for _, f := range def.Fields {
		optional := g.optional(f.Type, f.DefaultValue)
		if optional && (depth > 2 || !g.oneIn(3)) {
			continue
		}
		v := g.inner(f.Type, f.DefaultValue != nil, path+"."+f.Name, depth+1, variables)
		switch {
		case v != nil:
			object.Children = append(object.Children, &ast.ChildValue{Name: f.Name, Value: v})
		case !optional:
			return nil
		}
	}
	return object
}

// oneOf makes an input object with exactly one field.
func (g *generator) oneOf(def *ast.Definition, path string, depth int) *ast.Value {
	for range 5 {
		f := pick(g, def.Fields)
		own := *f.Type
		own.NonNull = true
		if v := g.value(&own, path+"."+f.Name, depth+1, false); v != nil {
			return &ast.Value{Kind: ast.ObjectValue, Children: ast.ChildValueList{{Name: f.Name, Value: v}}}
		}
	}
	return nil
}

// variable gives one that may stand where a value of the type is expected: an old one of the same type, or a new one. It is nil if there is no
// value for it.
func (g *generator) variable(t *ast.Type, hasDefault bool, path string) *ast.Value {
	own := *t
	switch {
	case t.NonNull && hasDefault && g.oneIn(2):
		own.NonNull = false
	case !t.NonNull && g.oneIn(4):
		own.NonNull = true
	}
	for _, v := range g.variables {
		if v.Type.String() == own.String() && g.oneIn(2) {
			return &ast.Value{Kind: ast.Variable, Raw: v.Variable}
		}
	}
	v := &ast.VariableDefinition{Variable: "v" + strconv.Itoa(len(g.variables)), Type: &own}
	if g.oneIn(3) {
		v.DefaultValue = g.value(&own, path, 1, false)
	}
	if !g.give(v, path) {
		return nil
	}
	g.variables = append(g.variables, v)
	return &ast.Value{Kind: ast.Variable, Raw: v.Variable}
}

// give gives a variable a value, unless it can do without, and says whether it can.
func (g *generator) give(v *ast.VariableDefinition, path string) bool {
	optional := g.optional(v.Type, v.DefaultValue)
	if optional && g.oneIn(2) {
		return true
	}
	value := g.value(v.Type, path, 1, false)
	if value == nil {
		return optional
	}
	g.values[v.Variable] = plain(value)
	return true
}

// plain gives a value as JSON has it.
func plain(v *ast.Value) any {
	switch v.Kind {
	case ast.ListValue:
		list := []any{}
		for _, c := range v.Children {
			list = append(list, plain(c.Value))
		}
		return list
	case ast.ObjectValue:
		object := map[string]any{}
		for _, c := range v.Children {
			object[c.Name] = plain(c.Value)
		}
		return object
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw)
	default:
		value, err := v.Value(nil)
		if err != nil {
			panic(err) // it was just made
		}
		return value
	}
}

// condition gives what `@skip` and `@include` depend on: a literal, or a variable that is never null.
func (g *generator) condition(name string) *ast.Value {
	if g.oneIn(2) {
		return &ast.Value{Kind: ast.BooleanValue, Raw: strconv.FormatBool((name == "skip") == g.oneIn(4))}
	}
	for _, v := range g.variables {
		if v.Type.String() == "Boolean!" && g.oneIn(2) {
			return &ast.Value{Kind: ast.Variable, Raw: v.Variable}
		}
	}
	v := &ast.VariableDefinition{Variable: "c" + strconv.Itoa(len(g.variables)), Type: ast.NonNullNamedType("Boolean", nil)}
	if g.oneIn(3) {
		v.DefaultValue = g.scalar("Boolean")
	}
	if v.DefaultValue == nil || g.oneIn(2) {
		g.values[v.Variable] = g.oneIn(2)
	}
	g.variables = append(g.variables, v)
	return &ast.Value{Kind: ast.Variable, Raw: v.Variable}
}

// conditions makes the directives of a selection: mostly none.
func (g *generator) conditions(location ast.DirectiveLocation) ast.DirectiveList {
	var list ast.DirectiveList
	for _, name := range []string{"skip", "include"} {
		if g.oneIn(20) {
			list = append(list, &ast.Directive{Name: name, Arguments: ast.ArgumentList{{Name: "if", Value: g.condition(name)}}})
		}
	}
	return append(list, g.executable(location)...)
}

// executable makes a directive of the schema's own: mostly none.
func (g *generator) executable(location ast.DirectiveLocation) ast.DirectiveList {
	if !g.limits.Directives || !g.oneIn(200) {
		return nil
	}
	for _, d := range sorted(g.schema.Directives) {
		fits := false
		for _, l := range d.Locations {
			fits = fits || l == location
		}
		if !fits || d.Position.Src.BuiltIn || d.Name == "defer" {
			continue
		}
		if arguments, ok := g.arguments(&ast.Definition{Name: "@"}, &ast.FieldDefinition{Name: d.Name, Arguments: d.Arguments}); ok {
			return ast.DirectiveList{{Name: d.Name, Arguments: arguments}}
		}
	}
	return nil
}

// parsedValue reads a literal.
func parsedValue(literal string) *ast.Value {
	doc, err := parser.ParseQuery(&ast.Source{Input: "{f(a: " + literal + ")}"})
	if err != nil {
		panic(err) // the caller's hook gives literals
	}
	return doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value
}
