package coerce_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/coerce"
	"github.com/mainstem/mainstem/platform/fault"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	scalar Any
	enum Colour { RED GREEN }
	input In { a: Int! = 1 b: [Int!] c: In s: String = "s" f: Float id: ID e: Colour = RED any: Any }
	input Need { x: Int! y: In = {b: 2} }
	input One @oneOf { a: Int b: String }
	type Query { i(x: Any): String }`})

// operation gives a query that declares variables.
func operation(tb testing.TB, variables string) *ast.OperationDefinition {
	tb.Helper()
	var used []string
	for _, part := range strings.Split(variables, "$")[1:] {
		name, _, _ := strings.Cut(part, ":")
		used = append(used, "$"+name)
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: fmt.Sprintf("query (%s) { i(x: [%s]) }", variables, strings.Join(used, ", "))})
	if err != nil {
		tb.Fatal(err)
	}
	if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); errs != nil {
		tb.Fatal(errs)
	}
	return doc.Operations[0]
}

// decoded gives JSON as the transport reads it.
func decoded(tb testing.TB, text string) map[string]any {
	tb.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		tb.Fatal(err)
	}
	return values
}

func TestVariables(t *testing.T) {
	t.Parallel()
	type values = map[string]any
	for reason, test := range map[string]struct {
		declared, given string
		want            values
	}{
		"an Int":                         {"$a: Int", `{"a": -7}`, values{"a": int64(-7)}},
		"an Int as 1.0":                  {"$a: Int!", `{"a": 1.0}`, values{"a": int64(1)}},
		"an Int as 1e3":                  {"$a: Int", `{"a": 1e3}`, values{"a": int64(1000)}},
		"a Float":                        {"$a: Float", `{"a": 0.1}`, values{"a": 0.1}},
		"a Float without a fraction":     {"$a: Float", `{"a": 3}`, values{"a": 3.0}},
		"a String":                       {"$a: String", `{"a": "x"}`, values{"a": "x"}},
		"a Boolean":                      {"$a: Boolean", `{"a": false}`, values{"a": false}},
		"an ID":                          {"$a: ID", `{"a": "x"}`, values{"a": "x"}},
		"an ID as a number":              {"$a: ID", `{"a": 4}`, values{"a": "4"}},
		"an ID as 4.0":                   {"$a: ID", `{"a": 4.0}`, values{"a": "4"}},
		"an ID of many digits":           {"$a: ID", `{"a": 12345678901234567890}`, values{"a": "12345678901234567890"}},
		"an enum":                        {"$a: Colour", `{"a": "GREEN"}`, values{"a": "GREEN"}},
		"a custom scalar":                {"$a: Any", `{"a": {"b": [1]}}`, values{"a": values{"b": []any{json.Number("1")}}}},
		"null":                           {"$a: Int $b: [Int!] $c: In", `{"a": null, "b": null, "c": null}`, values{"a": nil, "b": nil, "c": nil}},
		"nothing":                        {"$a: Int", `{}`, values{}},
		"nothing, with a default":        {"$a: Int = 5 $b: Int! = 6", `{}`, values{"a": int64(5), "b": int64(6)}},
		"null, with a default":           {"$a: Int = 5", `{"a": null}`, values{"a": nil}},
		"a list":                         {"$a: [Int!]", `{"a": [1, 2]}`, values{"a": []any{int64(1), int64(2)}}},
		"one for a list":                 {"$a: [Int!]", `{"a": 1}`, values{"a": []any{int64(1)}}},
		"one for a list of lists":        {"$a: [[Int]]", `{"a": [1, [2], null]}`, values{"a": []any{[]any{int64(1)}, []any{int64(2)}, nil}}},
		"an object, with its defaults":   {"$a: In", `{"a": {"b": 1, "c": {"a": 2, "s": null, "e": "GREEN"}}}`, values{"a": values{"a": int64(1), "b": []any{int64(1)}, "s": "s", "e": "RED", "c": values{"a": int64(2), "s": nil, "e": "GREEN"}}}},
		"a default within a default":     {"$a: Need", `{"a": {"x": 1}}`, values{"a": values{"x": int64(1), "y": values{"a": int64(1), "b": []any{int64(2)}, "s": "s", "e": "RED"}}}},
		"a default that is an object":    {"$a: Need = {x: 1, y: null}", `{}`, values{"a": values{"x": int64(1), "y": nil}}},
		"a default of any type":          {"$a: Any = {l: [], o: {}, n: null, e: X}", `{}`, values{"a": values{"l": []any{}, "o": values{}, "n": nil, "e": "X"}}},
		"one of one":                     {"$a: One", `{"a": {"b": "x"}}`, values{"a": values{"b": "x"}}},
		"a variable that nobody declare": {"$a: Int", `{"a": 1, "b": 2}`, values{"a": int64(1)}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			given := decoded(t, test.given)
			got, errs := coerce.Variables(schema, operation(t, test.declared), given)
			if errs != nil {
				t.Fatal(errs)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(decoded(t, test.given), given); diff != "" {
				t.Errorf("what was given is changed:\n%s", diff)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		declared, given string
		want            []string // behind `Variable "$a" `
	}{
		"an Int as text":              {"$a: Int", `{"a": "1"}`, []string{`got invalid value "1"; Int cannot represent non-integer value: "1"`}},
		"an Int with a fraction":      {"$a: In", `{"a": {"b": [1.5]}}`, []string{`got invalid value 1.5 at "a.b[0]"; Int cannot represent non-integer value: 1.5`}},
		"an Int that is too large":    {"$a: Int", `{"a": 2147483648}`, []string{`got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648`}},
		"a Float as text":             {"$a: Float", `{"a": "1"}`, []string{`got invalid value "1"; Float cannot represent non numeric value: "1"`}},
		"a Float that is too large":   {"$a: Float", `{"a": 1e999}`, []string{`got invalid value 1e999; Float cannot represent non numeric value: 1e999`}},
		"a String as a number":        {"$a: String", `{"a": 1}`, []string{`got invalid value 1; String cannot represent a non string value: 1`}},
		"a Boolean as text":           {"$a: Boolean", `{"a": "true"}`, []string{`got invalid value "true"; Boolean cannot represent a non boolean value: "true"`}},
		"an ID with a fraction":       {"$a: ID", `{"a": 1.5}`, []string{`got invalid value 1.5; ID cannot represent value: 1.5`}},
		"an ID as an object":          {"$a: ID", `{"a": {"b": {"c": {"d": 1}}}}`, []string{`got invalid value { b: { c: [Object] } }; ID cannot represent value: { b: { c: [Object] } }`}},
		"an enum in small letters":    {"$a: Colour", `{"a": "red"}`, []string{`got invalid value "red"; Value "red" does not exist in "Colour" enum.`}},
		"an enum as a number":         {"$a: Colour", `{"a": 0}`, []string{`got invalid value 0; Enum "Colour" cannot represent non-string value: 0.`}},
		"nothing for what must be":    {"$a: Int!", `{}`, []string{`of required type "Int!" was not provided.`}},
		"null for what must be":       {"$a: [Int]!", `{"a": null}`, []string{`of non-null type "[Int]!" must not be null.`}},
		"null in a list":              {"$a: [Int!]", `{"a": [null]}`, []string{`got invalid value null at "a[0]"; Expected non-nullable type "Int!" not to be null.`}},
		"text for an object":          {"$a: In", `{"a": "x"}`, []string{`got invalid value "x"; Expected type "In" to be an object.`}},
		"a list for an object":        {"$a: In", `{"a": []}`, []string{`got invalid value []; Expected type "In" to be an object.`}},
		"a field that is missing":     {"$a: Need", `{"a": {}}`, []string{`got invalid value {}; Field "x" of required type "Int!" was not provided.`}},
		"fields that are unknown":     {"$a: In", `{"a": {"z": 1, "y": 2}}`, []string{`got invalid value { y: 2, z: 1 }; Field "y" is not defined by type "In".`, `got invalid value { y: 2, z: 1 }; Field "z" is not defined by type "In".`}},
		"several things":              {"$a: In", `{"a": {"a": null, "b": ["x", 1, true]}}`, []string{`got invalid value null at "a.a"; Expected non-nullable type "Int!" not to be null.`, `got invalid value "x" at "a.b[0]"; Int cannot represent non-integer value: "x"`, `got invalid value true at "a.b[2]"; Int cannot represent non-integer value: true`}},
		"none of one":                 {"$a: One", `{"a": {}}`, []string{`got invalid value {}; Exactly one key must be specified for OneOf type "One".`}},
		"two of one":                  {"$a: One", `{"a": {"a": 1, "b": null}}`, []string{`got invalid value { a: 1, b: null }; Exactly one key must be specified for OneOf type "One".`}},
		"null of one":                 {"$a: One", `{"a": {"a": null}}`, []string{`got invalid value null at "a.a"; Field "a" must be non-null.`}},
		"text that is long":           {"$a: Int", `{"a": "` + strings.Repeat("ä", 1000) + `"}`, []string{`got invalid value "` + strings.Repeat("ä", 49) + `…; Int cannot represent non-integer value: "` + strings.Repeat("ä", 49) + `…`}},
		"a list that is long":         {"$a: Int", `{"a": [1,2,3,4,5,6,7,8,9,10,11,12]}`, []string{`got invalid value [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...]; Int cannot represent non-integer value: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...]`}},
		"a name that is long":         {"$a: In", `{"a": {"` + strings.Repeat("x", 1000) + `": 1}}`, []string{`got invalid value { ` + strings.Repeat("x", 98) + `…; Field "` + strings.Repeat("x", 100) + `…" is not defined by type "In".`}},
		"a name of an enum's, long":   {"$a: Colour", `{"a": "` + strings.Repeat("x", 1000) + `"}`, []string{`got invalid value "` + strings.Repeat("x", 99) + `…; Value "` + strings.Repeat("x", 100) + `…" does not exist in "Colour" enum.`}},
		"an object in a list for one": {"$a: [Int!]", `{"a": {}}`, []string{`got invalid value {}; Int cannot represent non-integer value: {}`}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, errs := coerce.Variables(schema, operation(t, test.declared), decoded(t, test.given))
			if got != nil {
				t.Errorf("got %v", got)
			}
			var messages []string
			for _, err := range errs {
				messages = append(messages, strings.TrimPrefix(err.Message, `Variable "$a" `))
				if fault.From(err).Code != fault.BadUserInput || err.Extensions["code"] != "BAD_USER_INPUT" || len(err.Locations) != 1 || err.Locations[0].Column != 8 {
					t.Errorf("%+v", err)
				}
			}
			if diff := cmp.Diff(test.want, messages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestErrorsAreBounded has values with very many errors. If each was written down, or all of the value for each, this would take hours.
func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	var unknown strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&unknown, `"x%d": 1,`, i)
	}
	for reason, test := range map[string]struct{ declared, given string }{
		"a list":               {"$a: [Int!] $b: Int!", `{"a": [` + strings.Repeat(`"x",`, 200_000) + `"x"]}`},
		"an object":            {"$a: In", `{"a": {` + unknown.String() + `"y": 1}}`},
		"a list of an object":  {"$a: [In]", `{"a": [{` + unknown.String() + `"y": 1}, 1, 2]}`},
		"a very deep list":     {"$a: [Int!]", `{"a": [` + strings.Repeat("["+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+",", 200) + `1` + strings.Repeat("]", 200) + `]}`},
		"a list of empty ones": {"$a: [One!]", `{"a": [` + strings.Repeat(`{},`, 200_000) + `{}]}`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, errs := coerce.Variables(schema, operation(t, test.declared), decoded(t, test.given))
			if len(errs) == 0 || len(errs) > 100 {
				t.Errorf("%d errors", len(errs))
			}
			for _, err := range errs {
				if len(err.Message) > 1000 {
					t.Errorf("%d bytes", len(err.Message))
				}
			}
		})
	}
}

// FuzzVariables has values of any kind sent: each is refused with messages of a bounded length, or comes out as its type says.
func FuzzVariables(f *testing.F) {
	for _, text := range []string{`1`, `1.5`, `"x"`, `true`, `null`, `[]`, `{}`, `{"a": 1e3, "b": [1, null]}`, `{"c": {"c": {}}}`, `[[1]]`, `1e999`, `"RED"`} {
		f.Add(text)
	}
	declared := operation(f, "$a: Int $b: Float $c: String $d: Boolean $e: ID $f: Colour $g: [[In!]] $h: One $i: Any $j: [Int!] $k: Need")
	f.Fuzz(func(t *testing.T, text string) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var value any
		if d.Decode(&value) != nil {
			return
		}
		for _, v := range declared.VariableDefinitions {
			op := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{v}}
			values, errs := coerce.Variables(schema, op, map[string]any{v.Variable: value})
			for _, err := range errs {
				if len(err.Message) > 1000 {
					t.Errorf("%d bytes: %s", len(err.Message), err.Message)
				}
			}
			if got := values[v.Variable]; errs == nil && got != nil && !is(v.Type, got) {
				t.Errorf("$%s: %T %v", v.Variable, got, got)
			}
		}
	})
}

// is says whether a value is what readers of the type expect.
func is(t *ast.Type, value any) (ok bool) {
	switch {
	case t.Elem != nil:
		_, ok = value.([]any)
	case t.NamedType == "Int":
		_, ok = value.(int64)
	case t.NamedType == "Float":
		_, ok = value.(float64)
	case t.NamedType == "Boolean":
		_, ok = value.(bool)
	case t.NamedType == "String" || t.NamedType == "ID" || t.NamedType == "Colour":
		_, ok = value.(string)
	case t.NamedType == "Any":
		ok = true
	default:
		_, ok = value.(map[string]any)
	}
	return ok
}

// BenchmarkVariables compares with gqlparser, which changes what it is given.
func BenchmarkVariables(b *testing.B) {
	for name, bench := range map[string]struct{ declared, given string }{
		"scalars": {"$a: Int! $b: ID! $c: String $d: Colour", `{"a": 20, "b": "UHJvZHVjdDpTS1UtMQ", "c": "x", "d": "RED"}`},
		"object":  {"$a: In!", `{"a": {"a": 1, "b": [1, 2, 3], "c": {"a": 2, "s": "x", "e": "GREEN"}, "s": "y", "e": "RED", "id": "x", "f": 1.5}}`},
	} {
		op := operation(b, bench.declared)
		given := decoded(b, bench.given)
		b.Run(name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, errs := coerce.Variables(schema, op, given); errs != nil {
					b.Fatal(errs)
				}
			}
		})
		b.Run(name+"/gqlparser", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := validator.VariableValues(schema, op, given); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleVariables() {
	doc, err := parser.ParseQuery(&ast.Source{Input: "query ($first: Int! = 20, $ids: [ID!]) { i(x: [$first, $ids]) }"})
	if err != nil {
		panic(err)
	}
	values, errs := coerce.Variables(schema, doc.Operations[0], map[string]any{"ids": json.Number("7")})
	fmt.Println(values["first"], values["ids"], len(errs))
	_, errs = coerce.Variables(schema, doc.Operations[0], map[string]any{"first": "ten", "ids": []any{true}})
	for _, err := range errs {
		fmt.Println(err.Message)
	}
	// Output:
	// 20 [7] 0
	// Variable "$first" got invalid value "ten"; Int cannot represent non-integer value: "ten"
	// Variable "$ids" got invalid value true at "ids[0]"; ID cannot represent value: true
}
