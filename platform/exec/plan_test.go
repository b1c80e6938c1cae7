package exec_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestWhatPlansAreKeptBy asks several times, and sees how many documents and plans are kept.
func TestWhatPlansAreKeptBy(t *testing.T) {
	t.Parallel()
	const conditions = `query($key: Int, $a: Boolean!, $b: Boolean! = true) {
		lion(key: $key) { legs @skip(if: $a) diet @include(if: $b) ... @include(if: $a) { kind: __typename } } }`
	const several = `query A { lion(key: 1) { legs } } query B { lion(key: 2) { legs } }`
	long := `{ lion(key: 1) { legs } } #` + strings.Repeat("x", exec.MaxPlanned)
	for reason, test := range map[string]struct {
		requests         []request
		answers          []string
		documents, plans int
	}{
		"the same again": {
			[]request{{query: `{lion(key: 1) {legs}}`}, {query: `{lion(key: 1) {legs}}`}},
			[]string{`{"lion":{"legs":1}}`, `{"lion":{"legs":1}}`}, 1, 1,
		},
		"another document": {
			[]request{{query: `{lion(key: 1) {legs}}`}, {query: `{lion(key: 2) {legs}}`}},
			[]string{`{"lion":{"legs":1}}`, `{"lion":{"legs":2}}`}, 2, 2,
		},
		"variables that decide nothing": {
			[]request{
				{query: conditions, variables: map[string]any{"key": 1, "a": false}},
				{query: conditions, variables: map[string]any{"key": 2, "a": false}},
			},
			[]string{`{"lion":{"legs":1,"diet":"grass"}}`, `{"lion":{"legs":2,"diet":"grass"}}`}, 1, 1,
		},
		"variables that decide, and defaults of such": {
			[]request{
				{query: conditions, variables: map[string]any{"key": 1, "a": true}},
				{query: conditions, variables: map[string]any{"key": 2, "a": true, "b": true}},
				{query: conditions, variables: map[string]any{"key": 3, "a": true, "b": false}},
				{query: conditions, variables: map[string]any{"key": 4, "a": false, "b": false}},
			},
			[]string{
				`{"lion":{"diet":"grass","kind":"Lion"}}`, `{"lion":{"diet":"grass","kind":"Lion"}}`, `{"lion":{"kind":"Lion"}}`, `{"lion":{"legs":4}}`,
			}, 1, 3,
		},
		"another operation of the document": {
			[]request{{query: several, operation: "A"}, {query: several, operation: "B"}, {query: several, operation: "A"}},
			[]string{`{"lion":{"legs":1}}`, `{"lion":{"legs":2}}`, `{"lion":{"legs":1}}`}, 2, 2,
		},
		"a long document": {
			[]request{{query: long}, {query: long}},
			[]string{`{"lion":{"legs":1}}`, `{"lion":{"legs":1}}`}, 0, 0,
		},
		"one that is declined is read once, and not planned": {
			[]request{{query: `{__schema{queryType{name}}}`}, {query: `{__schema{queryType{name}}}`}},
			[]string{`{"__schema":{"queryType":{"name":"Query"}}}`, `{"__schema":{"queryType":{"name":"Query"}}}`}, 1, 0,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(fakes{lion: oneLion}, exec.Options{})
			for i, r := range test.requests {
				r.level = model.KeeperLevel
				check(t, g.answer(t.Context(), t, r), test.answers[i])
			}
			if documents, plans := g.compiled.Kept(); documents != test.documents || plans != test.plans {
				t.Errorf("%d documents and %d plans are kept, want %d and %d", documents, plans, test.documents, test.plans)
			}
		})
	}
}

func TestSoManyPlansAreKept(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion}, exec.Options{})
	for i := range exec.MaxPlans + 10 {
		query := fmt.Sprintf("query($a: Boolean!) {lion(key: %d) {legs diet @skip(if: $a)}}", i)
		g.answer(t.Context(), t, request{query: query, variables: map[string]any{"a": i%2 == 0}, level: model.KeeperLevel})
	}
	if documents, plans := g.compiled.Kept(); documents != exec.MaxPlans || plans != exec.MaxPlans {
		t.Errorf("%d documents and %d plans are kept, want %d of each", documents, plans, exec.MaxPlans)
	}
}

// TestMoreConditionsThanAKeyHoldsAreDeclined: a plan is kept by the outcome of each.
func TestMoreConditionsThanAKeyHoldsAreDeclined(t *testing.T) {
	t.Parallel()
	for n, declined := range map[int]int64{64: 0, 65: 1} {
		var head, body strings.Builder
		variables := map[string]any{}
		for i := range n {
			fmt.Fprintf(&head, "$v%d: Boolean! ", i)
			fmt.Fprintf(&body, "f%d: legs @include(if: $v%d) ", i, i)
			variables[fmt.Sprintf("v%d", i)] = i == n-1
		}
		g := compile(fakes{lion: oneLion}, exec.Options{})
		query := "query(" + head.String() + ") {lion(key: 7) {" + body.String() + "}}"
		check(t, g.answer(t.Context(), t, request{query: query, variables: variables}), fmt.Sprintf(`{"lion":{"f%d":7}}`, n-1))
		if got := g.compiled.Declined(); got != declined {
			t.Errorf("with %d conditions, %d operations were declined, want %d", n, got, declined)
		}
	}
}

// doubling is a document with so many fragments, one within the other. BELOW stands for the next one.
func doubling(depth int, root, object, selections, leaf string) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(root, "BELOW", fmt.Sprintf("...F%d", depth)) + "\n")
	fmt.Fprintf(&b, "fragment F0 on %s { %s }\n", object, leaf)
	for i := 1; i <= depth; i++ {
		fmt.Fprintf(&b, "fragment F%d on %s { %s }\n", i, object, strings.ReplaceAll(selections, "BELOW", fmt.Sprintf("...F%d", i-1)))
	}
	return b.String()
}

// endless looks into itself.
func endless(_ context.Context, objs []*model.Lion) ([]*model.Look, error) {
	l := &model.Look{Two: 2}
	l.More = l
	return each(objs, func(*model.Lion) *model.Look { return l }), nil
}

func TestAPlanThatGrowsIsDropped(t *testing.T) {
	t.Parallel()
	for depth, kept := range map[int]bool{7: true, 15: false} {
		query := doubling(depth, "{ lion(key: 1) { look { BELOW } } }", "Look", "a: more { BELOW } b: more { BELOW }", "two")
		g := compile(fakes{lion: oneLion, look: endless}, exec.Options{})
		g.SetDefaultRulesFn(unchecked)
		next, oc := g.begin(t.Context(), t, request{query: query})
		if got := strings.Count(string(next().Data), "two"); got != 1<<depth {
			t.Errorf("%d leaves, want %d", got, 1<<depth)
		}
		fields, _ := g.compiled.Planned(oc)
		if (fields > 0) != kept || fields > exec.MaxPlanFields {
			t.Errorf("at depth %d a plan of %d fields is kept", depth, fields)
		}
		if documents, _ := g.compiled.Kept(); documents != 1 {
			t.Errorf("%d documents are kept; this one may be asked again", documents)
		}
	}
}

// TestDocumentsWithoutText, which gateways may make themselves, are not taken for one another, not even at the same time.
func TestDocumentsWithoutText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t)
		answers := make([]chan *graphql.Response, 3)
		for key := range answers {
			ctx := graphql.StartOperationTrace(from(t.Context(), "a"))
			oc, errs := s.CreateOperationContext(ctx, &graphql.RawParams{Query: fmt.Sprintf(`{ lion(key: %d) { legs } }`, key)})
			if errs != nil {
				t.Fatal(errs)
			}
			oc.RawQuery = ""
			next, ctx := s.DispatchOperation(ctx, oc)
			answers[key] = make(chan *graphql.Response)
			go func() { answers[key] <- next(ctx) }()
		}
		for key, answer := range answers {
			check(t, <-answer, fmt.Sprintf(`{"lion":{"legs":%d}}`, key))
		}
		if documents, plans := s.compiled.Kept(); documents != 0 || plans != 0 {
			t.Errorf("%d documents and %d plans are kept", documents, plans)
		}
	})
}
