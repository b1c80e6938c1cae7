package exectest_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

var schema = graph.NewExecutableSchema(zoo.Config(model.Faults{})).Schema()

func random(i int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(i))) }

// weights gives literals for one of the schema's custom scalars, and for a single argument.
func weights(_ *rand.Rand, typeName, path string) (string, bool) {
	if path == "Query.keeper.id" {
		return `"the id"`, true
	}
	return `"1 kg"`, typeName == "Weight"
}

// TestGenerateMakesEverything sees each thing that an operation can have among many: Generate itself asserts that they are valid.
func TestGenerateMakesEverything(t *testing.T) {
	t.Parallel()
	limits := exectest.Limits{Mutations: true, Subscriptions: true, Directives: true, Values: weights}
	seen := map[string]bool{}
	for i := range 3000 {
		o := exectest.Generate(random(i), schema, limits)
		doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
		if err != nil {
			t.Fatal(err)
		}
		look(seen, doc, o)
	}
	for _, def := range schema.Types {
		if def.Kind != ast.Object && def.Kind != ast.Interface || strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			if !strings.HasPrefix(f.Name, "__") && !seen["field "+f.Name] {
				t.Errorf("no %s.%s", def.Name, f.Name)
			}
			for _, a := range f.Arguments {
				if custom := a.Type.Name(); custom != "Moment" && custom != "Code" && custom != "Colour" && custom != "Any" && !seen["argument "+a.Name] {
					t.Errorf("no %s.%s(%s:)", def.Name, f.Name, a.Name)
				}
			}
		}
	}
	for _, thing := range []string{
		"query", "mutation", "subscription", "operation without a name", "several operations", "variable", "variable by default", "alias",
		"fragment", "fragment spread twice", "inline fragment", "inline fragment on anything", "key selected twice with selections",
		"directive skip", "directive include", "directive loud", "directive noted", "null", "list", "object", "the id",
	} {
		if !seen[thing] {
			t.Errorf("no %s", thing)
		}
	}
}

// look notes what a document has.
func look(seen map[string]bool, doc *ast.QueryDocument, o exectest.Operation) {
	seen["several operations"] = seen["several operations"] || len(doc.Operations) > 1
	spread := map[string]bool{}
	for _, def := range doc.Operations {
		seen[string(def.Operation)] = true
		seen["operation without a name"] = seen["operation without a name"] || def.Name == ""
		for _, v := range def.VariableDefinitions {
			_, given := o.Variables[v.Variable]
			seen["variable"] = seen["variable"] || given
			seen["variable by default"] = seen["variable by default"] || v.DefaultValue != nil && !given
		}
		directives(seen, def.Directives)
		selections(seen, spread, def.SelectionSet)
	}
	for _, f := range doc.Fragments {
		seen["fragment"] = true
		selections(seen, spread, f.SelectionSet)
	}
}

func selections(seen, spread map[string]bool, set ast.SelectionSet) {
	keys := map[string]bool{}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			seen["field "+s.Name] = true
			seen["alias"] = seen["alias"] || s.Alias != s.Name
			if keys[s.Alias] && s.SelectionSet != nil {
				seen["key selected twice with selections"] = true
			}
			keys[s.Alias] = true
			for _, a := range s.Arguments {
				seen["argument "+a.Name] = true
				kinds := map[ast.ValueKind]string{ast.NullValue: "null", ast.ListValue: "list", ast.ObjectValue: "object", ast.StringValue: a.Value.Raw}
				seen[kinds[a.Value.Kind]] = true
			}
			directives(seen, s.Directives)
			selections(seen, spread, s.SelectionSet)
		case *ast.InlineFragment:
			seen["inline fragment"] = true
			seen["inline fragment on anything"] = seen["inline fragment on anything"] || s.TypeCondition == ""
			directives(seen, s.Directives)
			selections(seen, spread, s.SelectionSet)
		case *ast.FragmentSpread:
			seen["fragment spread twice"] = seen["fragment spread twice"] || spread[s.Name]
			spread[s.Name] = true
			directives(seen, s.Directives)
		}
	}
}

func directives(seen map[string]bool, list ast.DirectiveList) {
	for _, d := range list {
		seen["directive "+d.Name] = true
	}
}

func TestGenerateKeepsToLimits(t *testing.T) {
	t.Parallel()
	for i := range 300 {
		o := exectest.Generate(random(i), schema, exectest.Limits{
			Depth: 2, Fields: 20,
			Without: func(typeName, field string) bool { return typeName == "Query" && field != "lion" || field == "name" },
		})
		doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		look(seen, doc, o)
		for _, never := range []string{"mutation", "subscription", "directive loud", "directive noted", "field name", "field keeper"} {
			if seen[never] {
				t.Errorf("%s in %s", never, o)
			}
		}
		if flat, err := exectest.Flatten(schema, o); err != nil || deepest(flat.Query) > 2 {
			t.Errorf("%v, or too deep: %s", err, o)
		}
	}
}

// deepest gives how deep fields are nested in a query without fragments.
func deepest(query string) int {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		panic(err)
	}
	var depth func(set ast.SelectionSet) int
	depth = func(set ast.SelectionSet) int {
		most := 0
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.SelectionSet != nil {
					most = max(most, 1+depth(s.SelectionSet))
				}
			case *ast.InlineFragment:
				most = max(most, depth(s.SelectionSet))
			}
		}
		return most
	}
	return depth(doc.Operations[0].SelectionSet)
}

func TestGenerateDependsOnTheSeedAlone(t *testing.T) {
	t.Parallel()
	for i := range 100 {
		limits := exectest.Limits{Mutations: true, Values: weights}
		if a, b := exectest.Generate(random(i), schema, limits), exectest.Generate(random(i), schema, limits); a.String() != b.String() {
			t.Fatalf("two operations of one seed:\n%s\n%s", a, b)
		}
	}
}

func TestParseReadsWhatStringGives(t *testing.T) {
	t.Parallel()
	for i := range 100 {
		c := exectest.Case{Seed: uint64(i), Operation: exectest.Generate(random(i), schema, exectest.Limits{Values: weights})}
		read, err := exectest.ParseCase(c.String())
		if err != nil {
			t.Fatal(err)
		}
		if read.String() != c.String() {
			t.Errorf("want\n%s\ngot\n%s", c, read)
		}
	}
	for text, why := range map[string]string{"# seed: x\n{a}": "a seed that is no number", "# variables: {\n{a}": "variables that are no JSON"} {
		if _, err := exectest.ParseCase(text); err == nil {
			t.Errorf("%s is accepted", why)
		}
	}
}
