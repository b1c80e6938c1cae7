package exectest_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
)

// deferred is an operation and its whole answer.
var (
	deferred = exectest.Operation{Query: `{ lion { id ... @defer(label: "a") { name tag ... @defer(label: "b") { legs } } } }`}
	whole    = &graphql.Response{Data: []byte(`{"lion":{"id":"1","name":"n","tag":"t","legs":4}}`)}
	lion     = ast.Path{ast.PathName("lion")}
)

func first(data string, more bool, pending ...exec.Pending) exectest.Answer {
	return exectest.Answer{Response: &graphql.Response{Data: []byte(data)}, Incremental: exec.Incremental{Pending: pending, HasNext: more}}
}

func following(i exec.Incremental) exectest.Answer {
	return exectest.Answer{Response: &graphql.Response{}, Incremental: i}
}

// delivered gives right answers, which tests change.
func delivered() []exectest.Answer {
	a, b := exec.Pending{ID: "1", Path: lion, Label: "a"}, exec.Pending{ID: "2", Path: lion, Label: "b"}
	return []exectest.Answer{
		first(`{"lion":{"id":"1"}}`, true, a),
		following(exec.Incremental{
			Parts:     []exec.Part{{ID: "1", Path: lion, Label: "a", Data: []byte(`{"name":"n","tag":"t"}`)}},
			Completed: []exec.Completed{{ID: "1", Path: lion, Label: "a"}}, Pending: []exec.Pending{b}, HasNext: true,
		}),
		following(exec.Incremental{
			Parts:     []exec.Part{{ID: "2", Path: lion, Label: "b", Data: []byte(`{"legs":4}`)}},
			Completed: []exec.Completed{{ID: "2", Path: lion, Label: "b"}},
		}),
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	failed := gqlerror.List{at("x", "lion", "tag")}
	for why, c := range map[string]struct {
		change func(answers []exectest.Answer) []exectest.Answer
		differ string // what is said of it; none if empty
	}{
		"right":                       {func(a []exectest.Answer) []exectest.Answer { return a }, ""},
		"no answer":                   {func([]exectest.Answer) []exectest.Answer { return nil }, "there is no answer"},
		"one is missing":              {func(a []exectest.Answer) []exectest.Answer { return a[:2] }, "whether there is another one"},
		"more is promised than comes": {func(a []exectest.Answer) []exectest.Answer { a[2].HasNext = true; return a }, "whether there is another one"},
		"less is promised":            {func(a []exectest.Answer) []exectest.Answer { a[1].HasNext = false; return a }, "whether there is another one"},
		"something stays pending":     {func(a []exectest.Answer) []exectest.Answer { a[1].HasNext = false; return a[:2] }, "1 are pending"},
		"twice the same id":           {func(a []exectest.Answer) []exectest.Answer { a[1].Pending[0].ID = "1"; return a }, "pending twice"},
		"a part of nothing":           {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].ID = "3"; return a }, "was not pending so"},
		"a part of another label":     {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].Label = "a"; return a }, "was not pending so"},
		"a part elsewhere":            {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].SubPath = lion; return a }, "was not pending so"},
		"a part before what it is of": {func(a []exectest.Answer) []exectest.Answer {
			a[0].Pending[0].Path = ast.Path{ast.PathName("owl")}
			return a
		}, "no object"},
		"a field twice": {func(a []exectest.Answer) []exectest.Answer {
			a[2].Parts[0].Data = []byte(`{"legs":4,"id":"1"}`)
			return a
		}, `"id" is there already`},
		"completed twice":         {func(a []exectest.Answer) []exectest.Answer { a[2].Completed = a[1].Completed; return a }, "was not pending so"},
		"deferred with the first": {func(a []exectest.Answer) []exectest.Answer { a[0].Parts = a[1].Parts; return a }, "comes with the first answer"},
		"nothing is completed":    {func(a []exectest.Answer) []exectest.Answer { a[2].Completed = nil; return a }, "completes 0"},
		"an error elsewhere": {func(a []exectest.Answer) []exectest.Answer {
			a[2].Parts[0].Errors = gqlerror.List{at("x", "owl")}
			return a
		}, "an error at owl"},
		"an error that nobody has": {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].Errors = failed; return a }, "unexpected error"},
		"another value":            {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].Data = []byte(`{"legs":5}`); return a }, "lion.legs: want 4"},
		"a field less":             {func(a []exectest.Answer) []exectest.Answer { a[2].Parts[0].Data = []byte(`{}`); return a }, "lion.legs is missing"},
		"a field more": {func(a []exectest.Answer) []exectest.Answer {
			a[2].Parts[0].Data = []byte(`{"legs":4,"more":1}`)
			return a
		}, `nobody wants "more"`},
		"a field that fails takes only its own fragment": {func(a []exectest.Answer) []exectest.Answer {
			a[2].Parts, a[2].Completed[0].Errors = nil, failed
			return a
		}, "unexpected error"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			m, err := exectest.Merge(c.change(delivered()))
			if err == nil {
				err = exectest.CompareMerged(deferred, whole, m)
			}
			if c.differ == "" && err != nil || c.differ != "" && (err == nil || !strings.Contains(err.Error(), c.differ)) {
				t.Errorf("want %q, got %v", c.differ, err)
			}
		})
	}
}

// TestWhatANullTakes is explained by the fragment at which it stops, and only what stands in it.
func TestWhatANullTakes(t *testing.T) {
	t.Parallel()
	failed := gqlerror.List{at("x", "lion", "tag")}
	for why, c := range map[string]struct {
		whole, first, differ string
	}{
		"the object, where the whole answer has none":   {`{"lion":null}`, `{"lion":{"id":"1"}}`, ""},
		"the fragment's fields, where others are there": {`{"lion":{"id":"1","name":"n","legs":4}}`, `{"lion":{"id":"1"}}`, ""},
		"not fields beside it":                          {`{"lion":{"id":"1","diet":"d"}}`, `{"lion":{"id":"1"}}`, "lion.diet is missing"},
		"nor other values":                              {`{"lion":{"id":"2"}}`, `{"lion":{"id":"1"}}`, "lion.id: want"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			pending := exec.Pending{ID: "1", Path: lion, Label: "a"}
			m, err := exectest.Merge([]exectest.Answer{
				first(c.first, true, pending),
				following(exec.Incremental{Completed: []exec.Completed{{ID: "1", Path: lion, Label: "a", Errors: failed}}}),
			})
			if err != nil || m.Failed() != 1 {
				t.Fatal(err)
			}
			err = exectest.CompareMerged(deferred, &graphql.Response{Data: []byte(c.whole), Errors: failed}, m)
			if c.differ == "" && err != nil || c.differ != "" && (err == nil || !strings.Contains(err.Error(), c.differ)) {
				t.Errorf("want %q, got %v", c.differ, err)
			}
		})
	}
}

// TestDeferringAndFirst: operations with @defer are valid, and so are those that ask for what comes first.
func TestDeferringAndFirst(t *testing.T) {
	t.Parallel()
	found := 0
	for i := range uint64(200) {
		r := rand.New(rand.NewPCG(1, i))
		o := exectest.Generate(r, schema, exectest.Limits{Mutations: true, Defer: true})
		found += strings.Count(o.Query, "@defer")
		less := exectest.First(schema, o)
		if err := less.Validate(schema); err != nil || strings.Contains(less.Query, "@defer") {
			t.Fatalf("%v\n%s\n%s", err, o, less)
		}
	}
	if found < 200 {
		t.Errorf("%d fragments were deferred", found)
	}
}
