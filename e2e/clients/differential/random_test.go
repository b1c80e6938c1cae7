package differential_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec/exectest"
)

// random gives a request: one in three as a client might send it, others with a few things changed that may make it wrong.
func random(r *rand.Rand, s *ast.Schema) request {
	g := generator{r, s, known(s)}
	var made request
	if r.IntN(2) == 0 {
		o := exectest.Generate(r, s, exectest.Limits{Depth: 3, Fields: 12, Mutations: true, Subscriptions: true, Directives: true, Values: custom})
		made = request{o.Query, o.Variables, o.OperationName}
	} else {
		made = g.withVariables()
	}
	if r.IntN(3) == 0 {
		return made
	}
	if len(made.Variables) > 0 && r.IntN(3) > 0 {
		made.Variables = g.spoiled(made.Variables).(map[string]any)
		return made
	}
	for range 1 + r.IntN(2) {
		if r.IntN(3) == 0 {
			made.Query = g.changed(made.Query)
		} else {
			made.Query = g.mutated(made.Query)
		}
	}
	return made
}

// custom gives literals of the schemas' own scalars.
func custom(r *rand.Rand, typeName, _ string) (string, bool) {
	if slices.Contains([]string{"Int", "Float", "String", "Boolean", "ID"}, typeName) {
		return "", false
	}
	list := map[string][]string{
		"Any": {`1`, `"x"`, `{a: [1, null, {b: 1.5}]}`, `[]`, `ENUM`, `true`}, "Map": {`{a: 1}`, `{}`}, "Moment": {`7`},
		"Weight": {`"1 kg"`}, "Colour": {`"#102030"`}, "Code": {`"c"`}, "DateTime": {`"2026-03-14T15:09:26Z"`}, "URL": {`"https://shop.example/"`},
	}[typeName]
	if list == nil {
		return "", false
	}
	return list[r.IntN(len(list))], true
}

// generator makes and changes requests.
type generator struct {
	*rand.Rand

	schema *ast.Schema
	names  []string // that the schema has
}

func one[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

// known gives the names of a schema, in an order that is always the same.
func known(s *ast.Schema) []string {
	found := map[string]bool{}
	for name, def := range s.Types {
		found[name] = true
		for _, f := range def.Fields {
			found[f.Name] = true
			for _, a := range f.Arguments {
				found[a.Name] = true
			}
		}
		for _, v := range def.EnumValues {
			found[v.Name] = true
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// withVariables gives an operation with variables for the arguments of some fields of its root.
func (g generator) withVariables() request {
	root := g.schema.Query
	if g.schema.Mutation != nil && g.IntN(3) == 0 {
		root = g.schema.Mutation
	}
	var fields ast.FieldList
	for _, f := range root.Fields {
		if len(f.Arguments) > 0 && !strings.HasPrefix(f.Name, "__") {
			fields = append(fields, f)
		}
	}
	made := request{Variables: map[string]any{}}
	var declared, selected []string
	for i := range 1 + g.IntN(2) {
		f := one(g, fields)
		var arguments []string
		for j, a := range f.Arguments {
			if !a.Type.NonNull && g.IntN(3) == 0 {
				continue
			}
			name := fmt.Sprintf("v%d%d", i, j)
			text := "$" + name + ": " + a.Type.String()
			if g.IntN(4) == 0 {
				text += " = " + g.literal(a.Type, 3)
			}
			declared, arguments = append(declared, text), append(arguments, a.Name+": $"+name)
			if g.IntN(8) > 0 {
				made.Variables[name] = g.value(a.Type, 3)
			}
		}
		if arguments == nil {
			continue
		}
		below := ""
		if g.schema.Types[f.Type.Name()].IsCompositeType() {
			below = " { __typename }"
		}
		selected = append(selected, fmt.Sprintf("f%d: %s(%s)%s", i, f.Name, strings.Join(arguments, ", "), below))
	}
	made.Query = strings.ToLower(root.Name)
	if declared != nil {
		made.Query += " (" + strings.Join(declared, ", ") + ")"
	}
	made.Query += " { " + strings.Join(append(selected, "__typename"), " ") + " }"
	return made
}

// What numbers and texts look like, for those who send them as JSON and as literals.
var (
	integers = []string{"0", "-0", "1", "-7", "2147483647", "-2147483648"}
	floats   = []string{"1.5", "-0.0", "1e2", "1.0", "1E-3", "123456789012", "0.1"}
	texts    = []string{`""`, `"x"`, `"1"`, `"CALM"`, `"äöü 😀"`, `"\u00e4\ud83d\ude00"`, `"a\"b\\c\/\n\t"`}
)

// value gives a value that fits a type, as JSON has it.
func (g generator) value(t *ast.Type, depth int) any {
	if !t.NonNull && g.IntN(10) == 0 {
		return nil
	}
	if t.Elem != nil {
		if g.IntN(4) == 0 { // for a list of one
			return g.value(&ast.Type{NamedType: t.Elem.NamedType, Elem: t.Elem.Elem, NonNull: true}, depth)
		}
		list := make([]any, g.IntN(3))
		for i := range list {
			list[i] = g.value(t.Elem, depth-1)
		}
		return list
	}
	def := g.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return one(g, def.EnumValues).Name
	case ast.InputObject:
		object := map[string]any{}
		fields := def.Fields
		if def.Directives.ForName("oneOf") != nil {
			f := one(g, def.Fields)
			fields = ast.FieldList{{Name: f.Name, Type: &ast.Type{NamedType: f.Type.NamedType, Elem: f.Type.Elem, NonNull: true}}}
		}
		for _, f := range fields {
			if f.Type.NonNull && (f.DefaultValue == nil || g.IntN(2) == 0) || depth > 0 && g.IntN(2) == 0 {
				object[f.Name] = g.value(f.Type, depth-1)
			}
		}
		return object
	default:
		return parsed(g.scalar(def.Name, false))
	}
}

// scalar gives a scalar's value as JSON, or as a literal.
func (g generator) scalar(name string, literal bool) string {
	switch name {
	case "Int":
		if literal || g.IntN(4) > 0 {
			return one(g, integers)
		}
		return one(g, []string{"1.0", "1e2", "-0.0"})
	case "Float":
		return one(g, append(floats, integers...))
	case "Boolean":
		return one(g, []string{"true", "false"})
	case "ID":
		return one(g, append(texts, integers...))
	case "String":
		if literal && g.IntN(2) == 0 {
			return one(g, []string{"\"\"\"a\n  b\n   c\"\"\"", "\"\"\"\r\n  a\r\n\r\n  \\\"\"\" ä\r\n\"\"\"", `"\u{1F600}"`, `"""  x """`, `""""""`})
		}
		return one(g, texts)
	}
	if literal {
		if text, ok := custom(g.Rand, name, ""); ok {
			return text
		}
		return `"x"`
	}
	return one(g, []string{`"1 kg"`, `7`, `{"a": [1, 2.5, null]}`, `[]`, `true`})
}

// parsed gives JSON as it is read, numbers as they are written.
func parsed(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return value
}

// literal gives a literal that fits a type.
func (g generator) literal(t *ast.Type, depth int) string {
	if !t.NonNull && g.IntN(10) == 0 {
		return "null"
	}
	if t.Elem != nil {
		if g.IntN(4) == 0 {
			return g.literal(&ast.Type{NamedType: t.Elem.NamedType, Elem: t.Elem.Elem, NonNull: true}, depth)
		}
		list := make([]string, g.IntN(3))
		for i := range list {
			list[i] = g.literal(t.Elem, depth-1)
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	def := g.schema.Types[t.NamedType]
	switch def.Kind {
	case ast.Enum:
		return one(g, def.EnumValues).Name
	case ast.InputObject:
		fields := def.Fields
		if def.Directives.ForName("oneOf") != nil {
			f := one(g, def.Fields)
			fields = ast.FieldList{{Name: f.Name, Type: &ast.Type{NamedType: f.Type.NamedType, Elem: f.Type.Elem, NonNull: true}}}
		}
		var members []string
		for _, f := range fields {
			if f.Type.NonNull && (f.DefaultValue == nil || g.IntN(2) == 0) || depth > 0 && g.IntN(2) == 0 {
				members = append(members, f.Name+": "+g.literal(f.Type, depth-1))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	default:
		return g.scalar(def.Name, true)
	}
}

// wrongs are values that fit few types.
var wrongs = []string{
	`null`, `true`, `1.5`, `1e2`, `2147483648`, `-2147483649`, `1e400`, `9007199254740991`, `"1"`, `"true"`, `"calm"`, `""`, `[]`, `[null]`, `[[1]]`,
	`{}`, `{"id": 1}`, `{"id": null}`, `{"id": "1", "name": "x"}`, `{"__typename": "Wish"}`, `[1, "x", true]`, `{"a": {"b": {"c": {"d": 1}}}}`,
}

// spoiled gives a value with something in it that is other.
func (g generator) spoiled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if len(v) > 0 && g.IntN(5) > 0 {
			names := make([]string, 0, len(v))
			for name := range v {
				names = append(names, name)
			}
			slices.Sort(names)
			changed := map[string]any{}
			for _, name := range names {
				changed[name] = v[name]
			}
			name := one(g, names)
			switch g.IntN(6) {
			case 0:
				delete(changed, name)
			case 1:
				changed[one(g, g.names)] = parsed(one(g, wrongs))
			case 2:
				changed[name] = parsed(one(g, wrongs))
			default:
				changed[name] = g.spoiled(v[name])
			}
			return changed
		}
		return map[string]any{one(g, g.names): value}
	case []any:
		if len(v) > 0 && g.IntN(4) > 0 {
			changed := slices.Clone(v)
			i := g.IntN(len(v))
			changed[i] = g.spoiled(v[i])
			return changed
		}
		return parsed(one(g, wrongs))
	}
	if g.IntN(6) == 0 {
		return []any{value, value}
	}
	return parsed(one(g, wrongs))
}
