package transport

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

var ruled = gqlparser.MustLoadSchema(&ast.Source{Input: `
	directive @once(any: Any) on FIELD | VARIABLE_DEFINITION
	scalar Any
	enum Colour { RED GREEN }
	input In { a: Int! = 1 b: [Int!] s: String }
	input Need { x: Int! }
	input One @oneOf { a: Int b: String }
	type Query { i(x: Int f: Float s: String b: Boolean id: ID e: Colour any: Any in: In need: Need one: One list: [[Int!]]): String t: T }
	type Mutation { t: T }
	type Subscription { a: Int b: Int t: T }
	type T { id: ID t: T }`})

// validated reads and validates a document as the engine does.
func validated(text string, suggest bool) (*ast.QueryDocument, gqlerror.List) {
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err == nil {
		err = lexical(text)
	}
	if err != nil {
		return nil, withCode("", err)
	}
	return doc, validator.ValidateWithRules(ruled, doc, documentRules(suggest))
}

// TestDocuments has what gqlparser alone would say something else about. e2e/clients/differential has more, and asks graphql-js.
func TestDocuments(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ text, want string }{
		"the largest Int":                         {`{ i(x: 2147483647) }`, ""},
		"an Int that is too large":                {`{ i(x: 2147483648) }`, "Int cannot represent non 32-bit signed integer value: 2147483648"},
		"an Int of many digits":                   {`{ i(x: 99999999999999999999) }`, "Int cannot represent non 32-bit signed integer value: 99999999999999999999"},
		"an Int with a fraction":                  {`{ i(x: 1.0) }`, "Int cannot represent non-integer value: 1.0"},
		"a Float of many digits":                  {`{ i(f: 99999999999999999999) }`, ""},
		"a Float that is too large":               {`{ i(f: 1e999) }`, "Float cannot represent non numeric value: 1e999"},
		"an ID of many digits":                    {`{ i(id: 99999999999999999999) }`, ""},
		"an ID with a fraction":                   {`{ i(id: 1.5) }`, "ID cannot represent a non-string and non-integer value: 1.5"},
		"many digits in a custom scalar":          {`{ i(any: {a: [99999999999999999999]}) }`, ""},
		"a number that is too large in one":       {`{ i(any: {a: 1e999}) }`, "Float cannot represent non numeric value: 1e999"},
		"an empty object for a scalar":            {`{ i(x: {}) }`, "Int cannot represent non-integer value: {}"},
		"an empty list for a scalar":              {`{ i(b: []) }`, "Boolean cannot represent a non boolean value: []"},
		"a String that is a name":                 {`{ i(s: RED) }`, "String cannot represent a non string value: RED"},
		"text for an object":                      {`{ i(in: "a") }`, `Expected value of type "In", found "a".`},
		"an enum value as text":                   {`{ i(e: "RED") }`, `Enum "Colour" cannot represent non-enum value: "RED". Did you mean the enum value "RED"?`},
		"an enum value of none":                   {`{ i(e: REDD) }`, `Value "REDD" does not exist in "Colour" enum. Did you mean the enum value "RED"?`},
		"an unknown field":                        {`{ i(in: {ss: "x"}) }`, `Field "ss" is not defined by type "In". Did you mean "s"?`},
		"an unknown field with a long name":       {`{ i(in: {` + strings.Repeat("s", 200) + `: "x"}) }`, `Field "` + strings.Repeat("s", 100) + `…" is not defined by type "In".`},
		"a missing field":                         {`{ i(need: {}) }`, `Field "Need.x" of required type "Int!" was not provided.`},
		"null":                                    {`{ i(need: {x: null}) }`, `Expected value of type "Int!", found null.`},
		"single values for lists":                 {`{ i(list: 1) a: i(list: [1, [2]]) }`, ""},
		"null in a list":                          {`{ i(list: [[null]]) }`, `Expected value of type "Int!", found null.`},
		"a list too many":                         {`{ i(list: [[[1]]]) }`, `Int cannot represent non-integer value: [1]`},
		"none of one":                             {`{ i(one: {}) }`, `OneOf Input Object "One" must specify exactly one key.`},
		"null of one":                             {`{ i(one: {b: null}) }`, `Field "One.b" must be non-null.`},
		"a wrong literal of a fragment, once":     {`query A { ...F } query B { ...F } fragment F on Query { i(x: "x") }`, `Int cannot represent non-integer value: "x"`},
		"a literal that is very long":             {`{ i(x: "` + strings.Repeat("ä", 1000) + `") }`, `Int cannot represent non-integer value: "` + strings.Repeat("ä", 49) + `…`},
		"a list that is long":                     {`{ i(x: [[1, {a: "b", c: RED}, 2], ` + strings.Repeat("3, ", 50) + `4]) }`, `Int cannot represent non-integer value: [[1, {a: "b", c: RED}, 2], ` + strings.Repeat("3, ", 24) + `3…`},
		"a number before a name":                  {`{ i(x: 1f: 2) }`, `Invalid number, expected digit but got: "f".`},
		"a number before a spread":                {`{ t { id @once(any: 1)...{ id } } }`, ""},
		"a number in a name, a text or a comment": {"{ a1b: i(s: \"1a\") b: i(s: \"\"\"1a\"\"\") } # 1a", ""},
		"half a character":                        {`{ i(s: "\ud83d") }`, `Invalid Unicode escape sequence: \ud83d.`},
		"the other half":                          {`{ i(s: "\ude00") }`, `Invalid Unicode escape sequence: \ude00.`},
		"two first halves":                        {`{ i(s: "\ud83d\ud83d") }`, `Invalid Unicode escape sequence: \ud83d.`},
		"both halves":                             {`{ i(s: "\ud83d\ude00 \\ud83d \u00e4 \" \u{1F600}") }`, ""},
		"a quote behind a block string":           {`{ i(s: """a"""") }`, `Unexpected quote after a block string.`},
		"no UTF-8":                                {"{ i(s: \"\xff\") }", "Invalid character: the document is not UTF-8."},
		"a fragment with variables":               {`{ ...F } fragment F($x: Int) on Query { i }`, `Fragment "F" cannot declare variables.`},
		"a variable in a variable's directive":    {`query ($a: Int, $b: Int @once(any: {a: [$a]})) { i(x: $b) }`, `Unexpected variable "$a" in a constant value.`},
		"a subscription by two names":             {`subscription { x: a y: a }`, `Anonymous Subscription must select only one top level field.`},
		"a subscription by one name twice":        {`subscription { a ...F } fragment F on Subscription { a ... { a } }`, ""},
		"a subscription of two in fragments":      {`subscription S { ...F } fragment F on Subscription { a ... { b } }`, `Subscription "S" must select only one top level field.`},
		"a subscription that may be skipped":      {`subscription ($x: Boolean!) { a @skip(if: $x) b @include(if: $x) }`, "Anonymous Subscription must not use `@skip` or `@include` directives in the top level selection."},
		"a subscription of __typename":            {`subscription { ... { __typename } }`, `Anonymous Subscription must not select an introspection top level field.`},
		"a mutation whose root is deferred":       {`mutation { ...F } fragment F on Mutation { ... @defer { t { id } } }`, `Defer directive cannot be used on the root of a mutation.`},
		"a mutation that defers":                  {`mutation { t { ... @defer { id } } }`, ""},
		"a subscription that defers":              {`subscription { t { ...F } } fragment F on T { ... @defer { id } }`, "Defer directive not supported on subscription operations. Disable `@defer` by setting the `if` argument to `false`."},
		"a subscription that need not defer":      {`subscription ($x: Boolean) { t { ... @defer(if: $x) { id } t { ... @defer(if: false) { id } } } }`, ""},
		"one label twice":                         {`{ t { ... @defer(label: "a") { id } t { ... @defer(label: "a") { id } } } }`, `Value for arguments "defer(label:)" must be unique across all usages of the directive.`},
		"a label that is a variable":              {`query ($l: String) { t { ... @defer(label: $l) { id } } }`, `Argument "@defer(label:)" must be a static string.`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, errs := validated(test.text, true)
			var messages []string
			for _, err := range errs {
				messages = append(messages, err.Message)
			}
			if got := strings.Join(messages, " | "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestLiteralsAreNotCopied: a long text deep in lists is not written down for each of them.
func TestLiteralsAreNotCopied(t *testing.T) {
	text := `{ i(x: ` + strings.Repeat("[", 900) + `"` + strings.Repeat("x", 1<<20) + `"` + strings.Repeat("]", 900) + `) }`
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	literal := doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value
	if n := testing.AllocsPerRun(10, func() { _ = shown(literal) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
	if got := shown(literal); len(got) > 110 {
		t.Errorf("%d bytes", len(got))
	}
}

// TestNothingIsSuggested: no name of the schema is told to who does not know it.
func TestNothingIsSuggested(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{ tt }`, `{ t }`, `{ i(xx: 1) }`, `{ i(e: "RED") }`, `{ i(e: REDD) }`, `{ i(in: {ss: 1}) }`, `query ($a: Inn) { i(any: $a) }`, `{ t { ... on TT { id } } }`,
		`{ i @once(anyy: 1) }`,
	} {
		_, errs := validated(text, false)
		if len(errs) == 0 {
			t.Errorf("%s is valid", text)
		}
		for _, err := range errs {
			if strings.Contains(err.Message, "Did you mean") {
				t.Errorf("%s: %s", text, err.Message)
			}
		}
	}
}

// TestWhatIsRead has literals that gqlparser reads in another way, or not at all.
func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		argument string
		want     any
	}{
		"a block string from its first line": {"s: \"\"\"a\n    b\n      c\"\"\"", "a\nb\n  c"},
		"a block string behind another":      {"any: [\"\"\"\r\n  ä\r\n\"\"\", \"\"\"  a\n  b \\\"\"\"\n\n\"\"\"]", []any{"ä", "  a\nb \"\"\""}},
		"an ID of many digits":               {"id: 99999999999999999999", "99999999999999999999"},
		"an ID that is minus zero":           {"id: -0", "-0"},
		"an ID":                              {"id: 7", int64(7)},
		"a Float of many digits":             {"f: 99999999999999999999", 99999999999999999999.0},
		"many digits in a custom scalar":     {"any: {a: 99999999999999999999}", map[string]any{"a": 99999999999999999999.0}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			doc, errs := validated("{ i("+test.argument+") }", true)
			if errs != nil {
				t.Fatal(errs)
			}
			got, err := doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value.Value(nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDefaultsOfOtherOperations: what an operation leaves out has not the default of another one's variable.
func TestDefaultsOfOtherOperations(t *testing.T) {
	t.Parallel()
	doc, errs := validated(`query A($x: Int) { ...F } query B($x: Int = 5) { ...F } fragment F on Query { i(in: {b: 1, a: 2}, any: {x: $x}) }`, true)
	if errs != nil {
		t.Fatal(errs)
	}
	got, err := doc.Fragments[0].SelectionSet[0].(*ast.Field).Arguments.ForName("any").Value.Value(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{}, got); diff != "" {
		t.Error(diff)
	}
}

// TestWhereItIsWrong: what lexical refuses has its place.
func TestWhereItIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]gqlerror.Location{
		"{ i(x: 1a) }":               {Line: 1, Column: 9},
		"{\r\n# x\r  i(x: 1a) }":     {Line: 3, Column: 9},
		"{ i(s: \"ä\ufeff\\ud83d\")": {Line: 1, Column: 11},
	} {
		err := lexical(text)
		known, ok := err.(*gqlerror.Error) //nolint:errorlint // it is not wrapped
		if !ok || len(known.Locations) != 1 || known.Locations[0] != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// FuzzLexical: what is found of a document's block strings are those that its parser finds.
func FuzzLexical(f *testing.F) {
	for _, text := range []string{
		`{ i(s: """a\n  b""", t: "\ud83d\ude00") }`, "{ i(s: \"\"\"\r\n ä \\\"\"\" \"\"\") # \"\"\"\n }", `query ($a: S = """x""" @d(a: [1, 1.5e3, """"""])) { ...F @x(y: {z: """ä"""}) }`,
		"\ufeff{ a(b: \"\\u{1F600}\\\\\", c: \"\"\"c\"\"\") }",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if lexical(text) != nil || err != nil {
			return
		}
		blocks := blockStrings(text)
		visitValues(doc, func(v *ast.Value) {
			if _, ok := blocks[v.Position.Start]; v.Kind == ast.BlockValue && !ok {
				t.Errorf("the block string at %d is not in %v", v.Position.Start, blocks)
			}
		})
	})
}

// visitValues visits the values of a document's arguments and defaults.
func visitValues(doc *ast.QueryDocument, visit func(*ast.Value)) {
	var value func(*ast.Value)
	value = func(v *ast.Value) {
		visit(v)
		for _, child := range v.Children {
			value(child.Value)
		}
	}
	directives := func(list ast.DirectiveList) {
		for _, d := range list {
			for _, a := range d.Arguments {
				value(a.Value)
			}
		}
	}
	var selections func(ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				directives(s.Directives)
				for _, a := range s.Arguments {
					value(a.Value)
				}
				selections(s.SelectionSet)
			case *ast.InlineFragment:
				directives(s.Directives)
				selections(s.SelectionSet)
			case *ast.FragmentSpread:
				directives(s.Directives)
			}
		}
	}
	for _, op := range doc.Operations {
		directives(op.Directives)
		for _, v := range op.VariableDefinitions {
			directives(v.Directives)
			if v.DefaultValue != nil {
				value(v.DefaultValue)
			}
		}
		selections(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		directives(fragment.Directives)
		selections(fragment.SelectionSet)
	}
}
