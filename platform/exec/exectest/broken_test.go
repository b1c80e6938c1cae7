package exectest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// ask answers by gqlgen's executor.
func ask(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
	e := executor.New(graph.NewExecutableSchema(zoo.Config(model.Faults{Seed: seed % 10, OneIn: 12})))
	e.SetDefaultRulesFn(exectest.Lenient)
	e.SetRecoverFunc(func(_ context.Context, panicked any) error { return errors.New(fmt.Sprint(panicked)) })
	return exectest.Ask(zoo.WithVisit(ctx, model.Member), e, o)
}

// broken answers by gqlgen's executor and then does something to the answers.
func broken(spoil func(r *graphql.Response)) func(context.Context, uint64, exectest.Operation) []*graphql.Response {
	return func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
		answers := ask(ctx, seed, o)
		for _, r := range answers {
			spoil(r)
		}
		return answers
	}
}

var (
	twoKeys   = regexp.MustCompile(`("[a-zA-Z0-9_]+":[0-9]+),("[a-zA-Z0-9_]+":"[^"\\]*")`)
	emptyList = regexp.MustCompile(`\[\]`)
	twoInList = regexp.MustCompile(`\[([0-9]+),([0-9]+)`)
)

func TestBrokenExecutorsAreCaught(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		spoil func(r *graphql.Response)
		most  int // how long a minimized query may be
	}{
		"it forgets the last error": {func(r *graphql.Response) {
			if len(r.Errors) > 0 {
				r.Errors = r.Errors[:len(r.Errors)-1]
			}
		}, 40},
		"it forgets the third error": {func(r *graphql.Response) {
			if len(r.Errors) > 2 {
				r.Errors = slices.Delete(r.Errors, 2, 3)
			}
		}, 300},
		"it gives an error twice": {func(r *graphql.Response) {
			if len(r.Errors) > 0 {
				r.Errors = append(r.Errors, r.Errors[0])
			}
		}, 40},
		"it leaves indices out of paths": {func(r *graphql.Response) {
			for _, err := range r.Errors {
				err.Path = slices.DeleteFunc(slices.Clone(err.Path), func(e ast.PathElement) bool {
					_, index := e.(ast.PathIndex)
					return index
				})
			}
		}, 80},
		"it exchanges two keys": {func(r *graphql.Response) {
			r.Data = twoKeys.ReplaceAll(r.Data, []byte(`$2,$1`))
		}, 100},
		"it exchanges two elements": {func(r *graphql.Response) {
			r.Data = twoInList.ReplaceAll(r.Data, []byte(`[$2,$1`))
		}, 80},
		"it gives null for an empty list": {func(r *graphql.Response) {
			r.Data = emptyList.ReplaceAll(r.Data, []byte(`null`))
		}, 80},
		"it gives an empty object for null": {func(r *graphql.Response) {
			if bytes.Equal(r.Data, []byte("null")) {
				r.Data = []byte("{}")
			}
		}, 40},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			x := exectest.Examination{
				Schema: schema,
				Limits: exectest.Limits{Mutations: true, Values: weights},
				Want:   ask, Got: broken(c.spoil),
			}
			found, differ := x.Find(t.Context(), 500, 1)
			if found == nil {
				t.Fatal("it is not")
			}
			if differ == nil || x.Check(t.Context(), *found) == nil {
				t.Error("the minimized operation does not show it")
			}
			if len(found.Operation.Query) > c.most {
				t.Errorf("%d bytes of a query are not minimal:\n%s", len(found.Operation.Query), found)
			}
		})
	}
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	t.Parallel()
	x := exectest.Examination{Schema: schema, Limits: exectest.Limits{Mutations: true, Subscriptions: true, Values: weights}, Want: ask, Got: ask}
	if found, differ := x.Find(t.Context(), 300, 1); found != nil {
		t.Errorf("%v\n%s", differ, found)
	}
}

// TestFlattenAsksForTheSame holds except where gqlgen's executor is known not to merge.
func TestFlattenAsksForTheSame(t *testing.T) {
	t.Parallel()
	differ := 0
	for i := range 300 {
		o := exectest.Generate(random(i), schema, exectest.Limits{Mutations: true, Values: weights})
		flat, err := exectest.Flatten(schema, o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(flat.Query, "fragment") || strings.Contains(flat.Query, "if: $") {
			t.Errorf("this is not flat: %s", flat)
		}
		if exectest.CompareAll(ask(t.Context(), uint64(i), o), ask(t.Context(), uint64(i), flat)) != nil {
			differ++
		}
	}
	if differ > 15 {
		t.Errorf("%d of 300 operations have other answers", differ)
	}
}

func TestMinimize(t *testing.T) {
	t.Parallel()
	o := exectest.Operation{
		OperationName: "B",
		Variables:     map[string]any{"first": 2, "mood": "WILD", "off": true, "never": 1},
		Query: `query A { mood }
		query B ($first: Int! = 3, $mood: Mood, $off: Boolean!) {
			mood @skip(if: $off)
			pack: lions(first: $first) { id ...F }
			... on Query { animals(mood: $mood) { ...G } }
		}
		fragment F on Lion { cubs(first: 1, mood: $mood) { name roar(times: 2) @include(if: true) ...G } }
		fragment G on Being { id kind: __typename }`,
	}
	got := exectest.Minimize(schema, o, func(o exectest.Operation) bool { return strings.Contains(o.Query, "roar") })
	want := "query { lions { cubs { roar } } }"
	if text := strings.Join(strings.Fields(got.Query), " "); text != want {
		t.Errorf("got %s", got)
	}
	if len(got.Variables) > 0 || got.OperationName != "" {
		t.Errorf("more is left than the query: %s", got)
	}
}

func TestCasesOfTheFolderAreExamined(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	asked := map[uint64]string{}
	note := func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
		asked[seed] = o.Query
		return ask(ctx, seed, o)
	}
	x := exectest.Examination{Schema: schema, Want: note, Got: ask, Folder: folder}
	text := "# Why it is here.\n# seed: 7\n# variables: {\"first\":1}\nquery ($first: Int!) { lions(first: $first) { id } }"
	if err := os.WriteFile(filepath.Join(folder, "a case.graphql"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	x.Run(t, 0, 1)
	if !strings.HasPrefix(asked[7], "query ($first: Int!)") || len(asked) != 1 {
		t.Errorf("asked for %v", asked)
	}
}
