package exec_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// BenchmarkExecute executes a list of a hundred with a plural step below, by both executors, from a parsed document to the
// answer's bytes; and where both fields below the list would be degraded if they failed.
func BenchmarkExecute(b *testing.B) {
	f := fakes{lions: nLions, owner: keepers, friend: lionItself}
	for _, executor := range []struct {
		name    string
		gateway *gateway
	}{
		{"compiled", compile(f, exec.Options{})},
		{"degradable", degrading(b, f, exec.Options{Degrade: exec.Degradations{"Lion.owner": staleField, "Lion.friend": defaultField("null")}})},
		{"gqlgen", interpret(f)},
	} {
		b.Run(executor.name, func(b *testing.B) {
			g := executor.gateway
			g.SetQueryCache(lru.New[*ast.QueryDocument](10))
			r := request{query: `query($n: Int) { lions(first: $n) { legs owner { level } friend { ... on Lion { legs } } } }`, variables: map[string]any{"n": 100}}
			buffer := &exec.Buffer{}
			ctx := exec.WithBuffer(b.Context(), buffer)
			b.ReportAllocs()
			for b.Loop() {
				buffer.Bytes = buffer.Bytes[:0]
				if got := g.answer(ctx, b, r); len(got.Errors) != 0 {
					b.Fatal(got.Errors)
				}
			}
		})
	}
}

// BenchmarkPlan executes a document for the first time: what it costs to scan and plan it is in it.
func BenchmarkPlan(b *testing.B) {
	g := compile(fakes{keeper: oneKeeper, boss: bosses}, exec.Options{})
	g.SetQueryCache(lru.New[*ast.QueryDocument](10))
	g.SetDefaultRulesFn(unchecked)
	r := request{query: doubling(6, "{ keeper { BELOW } }", "Keeper", "a: boss { BELOW } b: boss { BELOW }", "kind: __typename")}
	for b.Loop() {
		g.compiled.Forget()
		g.answer(b.Context(), b, r)
	}
}

// FuzzDocuments executes whatever is valid, incrementally: the first answer is JSON, and without data only if there are errors; those that
// follow keep the rules.
func FuzzDocuments(f *testing.F) {
	for _, query := range []string{
		`{ beings { __typename ... on Animal { legs } ... on Lion { friend { id } } } }`,
		`query($a: Boolean = true) { lion { legs @skip(if: $a) } ...F } fragment F on Query { maze { rooms { title guest { id } } } }`,
		`mutation { step { number lion { tag } } }`,
		`{ exhibits { ... on Sign { text } ... on Stone { home { guests { id } } owner { name } } } values { any map moments codes } }`,
		`{ echo(wish: {name: "a", grid: [[1]]}, pick: {id: "x"}, raw: {count: 1}, any: {a: [null]}) }`,
		`{ beings { ... @defer(label: "a") { id ... on Lion @defer { tag friend { ...F @defer } } } ...F } } fragment F on Being { id ... @defer { name } }`,
	} {
		f.Add(query, uint64(0))
		f.Add(query, uint64(3))
	}
	f.Fuzz(func(t *testing.T, query string, seed uint64) {
		g := compileFor(nil, fakes{}, model.Faults{Seed: seed, OneIn: int(seed%2) * 8}, exec.Options{})
		g.SetParserTokenLimit(500)
		answer := exectest.Answer{}
		ctx := exec.WithIncremental(graphql.StartOperationTrace(zoo.WithVisit(context.Background(), model.KeeperLevel)), &answer.Incremental)
		oc, errs := g.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
		if errs != nil || oc.Operation.Operation == ast.Subscription {
			t.Skip("no query and no mutation: there is nothing to execute")
		}
		respond, ctx := g.DispatchOperation(ctx, oc)
		got := respond(ctx)
		if !json.Valid(got.Data) || string(got.Data) == "null" && len(got.Errors) == 0 {
			t.Errorf("got %s, %v", got.Data, got.Errors)
		}
		var answers []exectest.Answer
		for ; got != nil; got = respond(ctx) {
			answer.Response = got
			answers = append(answers, answer)
		}
		if _, err := exectest.Merge(answers); err != nil {
			t.Error(err)
		}
	})
}
