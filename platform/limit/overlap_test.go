package limit_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/limit"
)

// load reads the schema of some files.
func load(tb testing.TB, folder, pattern string) *ast.Schema {
	tb.Helper()
	files, err := fs.Glob(os.DirFS(folder), pattern)
	if err != nil || len(files) == 0 {
		tb.Fatalf("there are %d files %s in %s: %v", len(files), pattern, folder, err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := fs.ReadFile(os.DirFS(folder), file)
		if err != nil {
			tb.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func theZoo(tb testing.TB) *ast.Schema {
	tb.Helper()
	return load(tb, "../exec/exectest/testdata/zoo", "schema.graphqls")
}

func theShop(tb testing.TB) *ast.Schema {
	tb.Helper()
	return load(tb, "../../schema", "*.graphqls")
}

func parsed(tb reporter, query string) *ast.QueryDocument {
	tb.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		tb.Fatalf("%v:\n%s", err, query)
	}
	return doc
}

// reporter is a test, a benchmark or a rapid.T.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// overlaps gives what our rule says of a document.
func overlaps(schema *ast.Schema, doc *ast.QueryDocument) gqlerror.List {
	return limit.Validate(schema, doc, rules.NewRules(rules.OverlappingFieldsCanBeMergedRule), limit.Limits{})
}

// TestOverlappingFieldsAsGqlparser: random documents, many of which have fields that cannot be merged, get the verdict of gqlparser's rule, and that of the
// specification's own algorithm.
func TestOverlappingFieldsAsGqlparser(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]*ast.Schema{"the zoo": theZoo(t), "the shop": theShop(t), "dogs and cats": gqlparser.MustLoadSchema(&ast.Source{Input: dogsAndCats})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var merged, refused int
			rapid.Check(t, func(t *rapid.T) {
				query := drawDocument(t, schema)
				want := validator.ValidateWithRules(schema, parsed(t, query), rules.NewRules(rules.OverlappingFieldsCanBeMergedRule, rules.NoUnusedFragmentsRule))
				unused := slices.ContainsFunc(want, func(err *gqlerror.Error) bool { return err.Rule == "NoUnusedFragments" })
				doc := parsed(t, query)
				got := overlaps(schema, doc)
				if len(got) > 0 {
					refused++
				} else {
					merged++
				}
				if (len(got) > 0) != (len(want) > 0) && !unused { // in which gqlparser does not look below fields
					t.Fatalf("ours says %v\ngqlparser's says %v\n%s", got, want, query)
				}
				if can := canMergeAll(schema, doc); can != (len(got) == 0) {
					t.Fatalf("ours says %v\nthe specification says %v\n%s", got, can, query)
				}
			})
			if merged == 0 || refused == 0 {
				t.Errorf("%d documents can be merged, %d cannot", merged, refused)
			}
		})
	}
}

// drawDocument draws a document whose fields exist, with few response names, so that many are selected more than once.
func drawDocument(t *rapid.T, schema *ast.Schema) string {
	d := drawer{T: t, schema: schema}
	for i := range rapid.IntRange(0, 3).Draw(t, "fragments") {
		on := d.composite("on")
		d.left = 8
		d.fragments = append(d.fragments, fmt.Sprintf("F%d", i))
		d.conditions = append(d.conditions, on)
		d.text = append(d.text, fmt.Sprintf("fragment F%d on %s %s", i, on.Name, d.selections(on, 3, i)))
	}
	d.left = 14
	return d.selections(schema.Query, 5, len(d.fragments)) + "\n" + strings.Join(d.text, "\n")
}

type drawer struct {
	*rapid.T
	schema     *ast.Schema
	fragments  []string
	conditions []*ast.Definition
	text       []string
	left       int
}

func (d *drawer) composite(label string) *ast.Definition {
	var names []string
	for name, def := range d.schema.Types {
		if def.IsCompositeType() && !strings.HasPrefix(name, "__") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return d.schema.Types[rapid.SampledFrom(names).Draw(d.T, label)]
}

// selections draws a selection set that spreads the first so many fragments only.
func (d *drawer) selections(on *ast.Definition, depth, fragments int) string {
	var b strings.Builder
	b.WriteString("{")
	for range rapid.IntRange(1, 4).Draw(d.T, "selections") {
		d.left--
		switch kind := rapid.IntRange(0, 9).Draw(d.T, "kind"); {
		case kind < 3 && d.left > 0 && depth > 0:
			condition := on
			if possible := d.schema.GetPossibleTypes(on); kind < 2 && len(possible) > 0 {
				condition = possible[rapid.IntRange(0, len(possible)-1).Draw(d.T, "condition")]
			}
			fmt.Fprintf(&b, " ... on %s %s", condition.Name, d.selections(condition, depth, fragments))
		case kind < 5 && fragments > 0:
			fmt.Fprintf(&b, " ...F%d", rapid.IntRange(0, fragments-1).Draw(d.T, "fragment"))
		default:
			b.WriteString(" " + d.field(on, depth, fragments))
		}
	}
	b.WriteString(" }")
	return b.String()
}

func (d *drawer) field(on *ast.Definition, depth, fragments int) string {
	var fit ast.FieldList
	for _, f := range on.Fields {
		if !strings.HasPrefix(f.Name, "__") && (depth > 0 && d.left > 0 || d.schema.Types[f.Type.Name()].IsLeafType()) {
			fit = append(fit, f)
		}
	}
	if len(fit) == 0 {
		return "__typename"
	}
	f := fit[rapid.IntRange(0, len(fit)-1).Draw(d.T, "field")]
	text := f.Name
	if rapid.IntRange(0, 2).Draw(d.T, "aliased") > 0 {
		text = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(d.T, "alias") + ": " + f.Name
	}
	if len(f.Arguments) > 0 && rapid.Bool().Draw(d.T, "arguments") {
		text += fmt.Sprintf("(%s: %s)", f.Arguments[0].Name, rapid.SampledFrom([]string{"1", "2", "{a: 1, b: [2]}", "{b: [2], a: 1}", `"x"`}).Draw(d.T, "value"))
	}
	if below := d.schema.Types[f.Type.Name()]; below.IsCompositeType() {
		text += " " + d.selections(below, depth-1, fragments)
	}
	return text
}

// canMergeAll is FieldsInSetCanMerge of the specification, word by word, for all operations and fragments of a document that has been walked.
func canMergeAll(schema *ast.Schema, doc *ast.QueryDocument) bool {
	for _, op := range doc.Operations {
		if !canMerge(schema, expanded(op.SelectionSet)) {
			return false
		}
	}
	for _, f := range doc.Fragments {
		if !canMerge(schema, expanded(f.SelectionSet)) {
			return false
		}
	}
	return true
}

func expanded(set ast.SelectionSet) []*ast.Field {
	var all []*ast.Field
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			all = append(all, s)
		case *ast.InlineFragment:
			all = append(all, expanded(s.SelectionSet)...)
		case *ast.FragmentSpread:
			all = append(all, expanded(s.Definition.SelectionSet)...)
		}
	}
	return all
}

func canMerge(schema *ast.Schema, set []*ast.Field) bool {
	for i, a := range set {
		if !canMerge(schema, expanded(a.SelectionSet)) {
			return false
		}
		for _, b := range set[:i] {
			if a.Alias != b.Alias {
				continue
			}
			if !sameShape(schema, a, b) {
				return false
			}
			if a.ObjectDefinition == b.ObjectDefinition || a.ObjectDefinition.Kind != ast.Object || b.ObjectDefinition.Kind != ast.Object {
				if a.Name != b.Name || called(a) != called(b) || !canMerge(schema, append(expanded(a.SelectionSet), expanded(b.SelectionSet)...)) {
					return false
				}
			}
		}
	}
	return true
}

// called gives the arguments of a field that has one at most.
func called(f *ast.Field) string {
	if len(f.Arguments) == 0 {
		return ""
	}
	return strings.Replace(f.Arguments[0].Value.String(), "{b:[2],a:1}", "{a:1,b:[2]}", 1)
}

func sameShape(schema *ast.Schema, a, b *ast.Field) bool {
	x, y := a.Definition.Type, b.Definition.Type
	for x.Elem != nil || y.Elem != nil {
		if x.NonNull != y.NonNull || x.Elem == nil || y.Elem == nil {
			return false
		}
		x, y = x.Elem, y.Elem
	}
	if x.NonNull != y.NonNull {
		return false
	}
	if schema.Types[x.NamedType].IsLeafType() || schema.Types[y.NamedType].IsLeafType() {
		return x.NamedType == y.NamedType
	}
	merged := append(expanded(a.SelectionSet), expanded(b.SelectionSet)...)
	for i, f := range merged {
		for _, g := range merged[:i] {
			if f.Alias == g.Alias && !sameShape(schema, f, g) {
				return false
			}
		}
	}
	return true
}

const dogsAndCats = `
	type Query { pet(n: Int): Pet other: Pet dog: Dog cat: Cat any: Any pets: [Pet] }
	interface Pet { name(long: Boolean): String friend: Pet nick: String! age: Int }
	interface Loud { volume: Int friend: Pet }
	type Dog implements Pet & Loud { name(long: Boolean): String friend: Pet nick: String! age: Int barks: Boolean volume: Int owner: Person }
	type Cat implements Pet & Loud { name(long: Boolean): String friend: Pet nick: String! age: Int meows: Boolean volume: Int owner: Person toys: [String] }
	type Person { name: String pet: Pet pets: [Pet!] dog: Dog }
	union Any = Dog | Cat | Person`

func TestOverlappingFields(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: dogsAndCats})
	const tail = " Use different aliases on the fields to fetch both if this was intentional."
	for reason, test := range map[string]struct {
		query string
		want  string // the error, or errors
	}{
		"the same twice":             {`{ pet { age } pet { age } }`, ""},
		"two fields":                 {`{ dog { a: age a: volume } }`, `1:9 1:16 Fields "a" conflict because "age" and "volume" are different fields.`},
		"an alias that hides":        {`{ dog { age age: volume } }`, `1:9 1:13 Fields "age" conflict because "age" and "volume" are different fields.`},
		"different arguments":        {`{ dog { name(long: true) name } }`, `1:9 1:26 Fields "name" conflict because they have differing arguments.`},
		"arguments of two kinds":     {`{ pet(n: 1) { age } pet(n: "1") { age } }`, `1:3 1:21 Fields "pet" conflict because they have differing arguments.`},
		"variables":                  {`query($a: Int, $b: Int) { pet(n: $a) { age } pet(n: $b) { age } }`, `1:27 1:46 Fields "pet" conflict because they have differing arguments.`},
		"objects that are not one":   {`{ pet { ... on Dog { a: age } ... on Cat { a: volume } } }`, ""},
		"one that could be both":     {`{ pet { ... on Dog { a: age } ... on Loud { a: volume } } }`, `1:22 1:45 Fields "a" conflict because "age" and "volume" are different fields.`},
		"other shapes":               {`{ pet { ... on Dog { a: barks } ... on Cat { a: age } } }`, `1:22 1:46 Fields "a" conflict because they return conflicting types "Boolean" and "Int".`},
		"null or not":                {`{ pet { ... on Dog { a: nick } ... on Cat { a: name } } }`, `1:22 1:45 Fields "a" conflict because they return conflicting types "String!" and "String".`},
		"a list or not":              {`{ pet { ... on Dog { a: name } ... on Cat { a: toys } } }`, `1:22 1:45 Fields "a" conflict because they return conflicting types "String" and "[String]".`},
		"an object or not":           {`{ pet { ... on Dog { a: name } ... on Cat { a: owner { name } } } }`, `1:22 1:45 Fields "a" conflict because they return conflicting types "String" and "Person".`},
		"below":                      {`{ dog { a: age } dog { a: volume } }`, `1:3 1:18 Fields "dog" conflict because subfields "a" conflict because "age" and "volume" are different fields.`},
		"far below":                  {`{ dog { owner { a: name } } dog { owner { a: pet { age } } } }`, `1:3 1:29 Fields "dog" conflict because subfields "owner" conflict because subfields "a" conflict because "name" and "pet" are different fields.`},
		"shapes below what is apart": {`{ pet { ... on Dog { owner { a: name } } ... on Cat { owner { a: pets { age } } } } }`, `1:22 1:55 Fields "owner" conflict because subfields "a" conflict because they return conflicting types "String" and "[Pet!]".`},
		"names below what is apart":  {`{ pet { ... on Dog { owner { a: pet { age } } } ... on Cat { owner { a: dog { age } } } } }`, ""},
		"apart above, and not below": {`{ pet { ... on Dog { friend { a: age } } friend { a: friend { age } } } }`, `1:22 1:42 Fields "friend" conflict because subfields "a" conflict because "age" and "friend" are different fields.`},
		"in a fragment":              {"{ dog { ...a age: volume } }\nfragment a on Dog { age }", `2:21 1:14 Fields "age" conflict because "age" and "volume" are different fields.`},
		"in two fragments":           {"{ dog { ...a ...b } }\nfragment a on Dog { x: age }\nfragment b on Dog { x: volume }", `2:21 3:21 Fields "x" conflict because "age" and "volume" are different fields.`},
		"in a fragment of both":      {"{ a: dog { ...a } b: dog { ...a } }\nfragment a on Dog { x: age x: volume }", `2:21 2:28 Fields "x" conflict because "age" and "volume" are different fields.`},
		"in two operations":          {"query A { dog { x: age x: volume } } query B { cat { x: age x: volume } }", `1:17 1:24 Fields "x" conflict because "age" and "volume" are different fields.|1:54 1:61 Fields "x" conflict because "age" and "volume" are different fields.`},
		"several":                    {"{ dog { x: age x: volume x: barks y: age y: volume } }", `1:9 1:16 Fields "x" conflict because "age" and "volume" are different fields.|1:9 1:26 Fields "x" conflict because "age" and "barks" are different fields.|1:35 1:42 Fields "y" conflict because "age" and "volume" are different fields.`},
		"a cycle, which is refused by another rule": {"{ dog { ...a } } fragment a on Dog { friend { ...a } }", ""},
		"a fragment that is not there":              {"{ dog { ...a age } }", ""},
		"fields that are not there":                 {"{ dog { x: no } no { x } no { y } }", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, err := range overlaps(schema, parsed(t, test.query)) {
				var places string
				for _, l := range err.Locations {
					places += fmt.Sprintf("%d:%d ", l.Line, l.Column)
				}
				message, ok := strings.CutSuffix(err.Message, tail)
				if !ok || err.Rule != "OverlappingFieldsCanBeMerged" {
					t.Errorf("%s says %s", err.Rule, err.Message)
				}
				got = append(got, places+message)
			}
			if strings.Join(got, "|") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), test.want)
			}
		})
	}
}
