package exec_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

func TestDefer(t *testing.T) {
	t.Parallel()
	f := fakes{
		lion: oneLion, lions: nLions, friend: lionItself, owner: keepers, beings: menagerie, tag: tags, keeper: oneKeeper,
		secret: broken(1, asText), step: func(context.Context, *int) (*model.Step, error) { return &model.Step{Number: 1}, nil }, cubs: func(_ context.Context, objs []*model.Lion, n int) ([][]model.Lion, error) {
			return each(objs, func(*model.Lion) []model.Lion { return prides(n) }), nil
		},
		name: func(context.Context, []*model.Keeper) ([]string, error) {
			return nil, fault.New(fault.SourceUnavailable, "")
		},
	}
	for reason, test := range map[string]struct {
		query string
		want  []string
	}{
		"what is deferred follows": {
			`{ lion(key: 1) { legs ... @defer(label: "l") { tag } diet } }`,
			[]string{`{"lion":{"legs":1,"diet":"grass"}} +1 lion:l …`, `1.={"tag":"t1"} -1`},
		},
		"by a spread, without a label": {
			`{ lion(key: 1) { legs ...F @defer } } fragment F on Lion { tag diet }`,
			[]string{`{"lion":{"legs":1}} +1 lion: …`, `1.={"tag":"t1","diet":"grass"} -1`},
		},
		"at the root": {
			`{ ... @defer { lion(key: 1) { legs tag } } __typename }`,
			[]string{`{"__typename":"Query"} +1 : …`, `1.={"lion":{"legs":1,"tag":"t1"}} -1`},
		},
		"nothing else is asked for": {
			`{ ... @defer { lion(key: 1) { legs } } }`,
			[]string{`{} +1 : …`, `1.={"lion":{"legs":1}} -1`},
		},
		"members alone, for which nothing has to be called": {
			`{ lion(key: 1) { legs ... @defer { diet } } }`,
			[]string{`{"lion":{"legs":1}} +1 lion: …`, `1.={"diet":"grass"} -1`},
		},
		"each element of a list is pending": {
			`{ lions(first: 2) { legs ... @defer(label: "l") { tag } } }`,
			[]string{`{"lions":[{"legs":0},{"legs":1}]} +1 lions[0]:l +2 lions[1]:l …`, `1.={"tag":"t0"} 2.={"tag":"t1"} -1 -2`},
		},
		"a list within what is deferred is one": {
			`{ ... @defer { lions(first: 2) { tag } } }`,
			[]string{`{} +1 : …`, `1.={"lions":[{"tag":"t0"},{"tag":"t1"}]} -1`},
		},
		"fields that others need too come first, and once": {
			`{ lion(key: 1) { ... @defer { legs tag friend { ... on Lion { tag legs } } } legs friend { ... on Lion { legs } } } }`,
			[]string{`{"lion":{"legs":1,"friend":{"legs":1}}} +1 lion: …`, `1.={"tag":"t1"} 1.friend={"tag":"t1"} -1`},
		},
		"a fragment of what has come anyway is not pending": {
			`{ lion(key: 1) { legs tag ... @defer(label: "l") { tag legs ... @defer(label: "m") { legs diet } } } }`,
			[]string{`{"lion":{"legs":1,"tag":"t1"}} +1 lion:m …`, `1.={"diet":"grass"} -1`},
		},
		"nor is one that is spread as well": {
			`{ lion(key: 1) { ...F @defer ...F } } fragment F on Lion { tag legs }`, []string{`{"lion":{"tag":"t1","legs":1}}`},
		},
		"in elements of lists that others need": {
			`{ lions(first: 2) { legs } ... @defer { lions(first: 2) { tag } } }`,
			[]string{`{"lions":[{"legs":0},{"legs":1}]} +1 : …`, `1.lions[0]={"tag":"t0"} 1.lions[1]={"tag":"t1"} -1`},
		},
		"one in another waits for it": {
			`{ lion(key: 1) { ... @defer(label: "a") { tag ... @defer(label: "b") { legs friend { id: __typename ... @defer(label: "c") { ... on Lion { tag } } } } } } }`,
			[]string{
				`{"lion":{}} +1 lion:a …`, `1.={"tag":"t1"} -1 +2 lion:b …`, `2.={"legs":1,"friend":{"id":"Lion"}} -2 +3 lion.friend:c …`, `3.={"tag":"t1"} -3`,
			},
		},
		"what the outer one has is not the inner one's": {
			`{ lion(key: 1) { ... @defer(label: "a") { tag ... @defer(label: "b") { tag legs } } } }`,
			[]string{`{"lion":{}} +1 lion:a …`, `1.={"tag":"t1"} -1 +2 lion:b …`, `2.={"legs":1} -2`},
		},
		"what two want is delivered once, with the first": {
			`{ lion(key: 1) { ... @defer(label: "a") { tag legs } ... @defer(label: "b") { tag note { text } } } }`,
			[]string{`{"lion":{}} +1 lion:a +2 lion:b …`, `1.={"tag":"t1"} 1.={"legs":1} 2.={"note":null} -1 -2`},
		},
		"as a part of the nearest": {
			`{ ... @defer(label: "a") { lion(key: 1) { tag } } lion(key: 1) { legs ... @defer(label: "b") { tag note { text } } } }`,
			[]string{`{"lion":{"legs":1}} +1 :a +2 lion:b …`, `2.={"tag":"t1"} 2.={"note":null} -1 -2`},
		},
		"by type": {
			`{ beings { __typename ... on Lion @defer(label: "lion") { note { text } } ... on Animal { ... on Owl @defer(label: "owl") { legs } } } }`,
			[]string{
				`{"beings":[{"__typename":"Lion"},{"__typename":"Owl"},{"__typename":"Owl"},null,{"__typename":"Stone"},{"__typename":"Keeper"}]} ` +
					`+1 beings[0]:lion +2 beings[1]:owl +3 beings[2]:owl …`,
				`1.={"note":null} 2.={"legs":2} 3.={"legs":null} -1 -2 -3`,
			},
		},
		"literals": {
			`{ lion(key: 1) { ... @defer(if: true) { legs } ... @defer(if: false) { diet } } }`,
			[]string{`{"lion":{"diet":"grass"}} +1 lion: …`, `1.={"legs":1} -1`},
		},
		"conditions come first": {
			`{ lion(key: 1) { legs ... @defer @skip(if: true) { tag } ...F @defer @include(if: false) ... @include(if: true) @defer { diet @skip(if: true) } } } fragment F on Lion { tag }`,
			[]string{`{"lion":{"legs":1}}`},
		},
		"errors are told with what they belong to": {
			`{ lions(first: 2) { legs ... @defer { secret tag } } }`,
			[]string{
				`{"lions":[{"legs":0},{"legs":1}]} +1 lions[0]: +2 lions[1]: …`,
				`1.={"secret":"t","tag":"t0"} 2.={"secret":null,"tag":"t1"}[lions[1].secret 1:39 SOURCE_UNAVAILABLE] -1 -2`,
			},
		},
		"a null that may not be costs what is deferred, and what is within": {
			`{ lions(first: 2) { legs ... @defer { owner { name } } owner { level ... @defer(label: "m") { level2: level name ... @defer { boss { level } } } } } }`,
			[]string{
				`{"lions":[{"legs":0,"owner":{"level":null}},{"legs":1,"owner":{"level":null}}]} +1 lions[0]: +2 lions[1]: +3 lions[0].owner:m +4 lions[1].owner:m …`,
				`-1[lions[0].owner.name 1:47 SOURCE_UNAVAILABLE] -2[lions[1].owner.name 1:47 SOURCE_UNAVAILABLE] ` +
					`-3[lions[0].owner.name 1:47 SOURCE_UNAVAILABLE] -4[lions[1].owner.name 1:47 SOURCE_UNAVAILABLE]`,
			},
		},
		"it stops where null may stand": {
			`{ lion(key: 1) { ... @defer { legs owner { name ... @defer(label: "lost") { level } } } } }`,
			[]string{`{"lion":{}} +1 lion: …`, `1.={"legs":1,"owner":null}[lion.owner.name 1:44 SOURCE_UNAVAILABLE] -1`},
		},
		"what is deferred within what is null is not pending": {
			`{ lion(key: 1) { owner { name ... @defer { level } } legs } }`,
			[]string{`{"lion":{"owner":null,"legs":1}}[lion.owner.name 1:26 SOURCE_UNAVAILABLE]`},
		},
		"of a mutation: below its root fields": {
			`mutation { ... @defer { a: step { number } } }`, []string{`{"a":{"number":1}}`},
		},
		"typename": {
			`{ lion(key: 1) { ... @defer { __typename t: __typename } } }`, []string{`{"lion":{}} +1 lion: …`, `1.={"__typename":"Lion","t":"Lion"} -1`},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(f, exec.Options{})
			for range 2 { // the second time by a plan that is worked out
				wantLines(t, g.streamed(t, request{query: test.query}), test.want...)
			}
			if n := g.compiled.Declined(); n != 0 {
				t.Errorf("%d were declined", n)
			}
		})
	}
}

// TestDeferConditions by variables: it defers unless they are false.
func TestDeferConditions(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, tag: tags}, exec.Options{})
	now, later := []string{`{"lion":{"legs":1,"tag":"t1"}}`}, []string{`{"lion":{"legs":1}} +1 lion: …`, `1.={"tag":"t1"} -1`}
	for _, test := range []struct {
		definition string
		variables  map[string]any
		want       []string
	}{
		{"$v: Boolean!", map[string]any{"v": true}, later},
		{"$v: Boolean!", map[string]any{"v": false}, now},
		{"$v: Boolean! = false", nil, now},
		{"$v: Boolean! = true", nil, later},
		{"$v: Boolean = false", map[string]any{"v": true}, later},
		{"$v: Boolean", nil, later},
		{"$v: Boolean", map[string]any{"v": false}, now},
	} {
		query := `query(` + test.definition + `) { lion(key: 1) { legs ... @defer(if: $v) { tag } } }`
		wantLines(t, g.streamed(t, request{query: query, variables: test.variables}), test.want...)
	}
	both := `query($v: Boolean!) { lion(key: 1) { legs ... @defer(if: $v) { tag @include(if: $v) diet @skip(if: $v) } } }`
	wantLines(t, g.streamed(t, request{query: both, variables: map[string]any{"v": true}}), later...)
	wantLines(t, g.streamed(t, request{query: both, variables: map[string]any{"v": false}}), `{"lion":{"legs":1,"diet":"grass"}}`)
	wantLines(t, g.streamed(t, request{query: both, variables: map[string]any{"v": true}}), later...)
}

// TestWhoDoesNotTakeIncrementalAnswers has a whole one, from either executor.
func TestWhoDoesNotTakeIncrementalAnswers(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`{ lion(key: 1) { ... @defer { legs } ...F @defer(label: "l") diet } } fragment F on Lion { where ... @defer { tag } }`: `{"lion":{"legs":1,"where":".lion.where","tag":"t1","diet":"grass"}}`,
		`query($v: Boolean = true) { lion(key: 1) { ... @defer(if: $v) { legs } } }`:                                            `{"lion":{"legs":1}}`,
		`{ lion(key: 1) { ... @defer { legs ...F @defer } where @loud } } fragment F on Lion { diet }`:                          `{"lion":{"legs":1,"diet":"grass","where":".lion.where!"}}`,
	} {
		g := compile(fakes{lion: oneLion, tag: tags}, exec.Options{})
		for range 2 {
			check(t, g.ask(t, query), want)
		}
		next, _ := g.begin(t.Context(), t, request{query: query})
		if next() == nil || next() != nil {
			t.Errorf("%s: there is no answer, or another one", query)
		}
	}
}

// TestWhatIsDeclinedIsNotDeferred: gqlgen would send null first. What is left to it has one answer.
func TestWhatIsDeclinedIsNotDeferred(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, tag: tags}, exec.Options{})
	for range 2 {
		wantLines(t, g.streamed(t, request{query: `{ lion(key: 1) { ... @defer { tag } ...F @defer where @loud } } fragment F on Lion { legs ... @defer { diet } }`}),
			`{"lion":{"tag":"t1","legs":1,"diet":"grass","where":".lion.where!"}}`)
	}
	if n := g.compiled.Declined(); n != 2 {
		t.Errorf("%d were declined", n)
	}
}

// TestEventsAreNotDeferred: each is one answer.
func TestEventsAreNotDeferred(t *testing.T) {
	t.Parallel()
	g := compile(fakes{tag: tags, lionsStream: func(context.Context, int) (<-chan *model.Lion, error) {
		events := make(chan *model.Lion, 1)
		events <- &model.Lion{}
		close(events)
		return events, nil
	}}, exec.Options{})
	wantLines(t, g.streamed(t, request{query: `subscription { lions { legs ... @defer { tag } } }`}), `{"lions":{"legs":0,"tag":"t0"}}`)
}

// TestDeferredRootFieldsAreIntercepted, as others are.
func TestDeferredRootFieldsAreIntercepted(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, tag: tags, friend: lionItself}, exec.Options{})
	g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		switch graphql.GetRootFieldContext(ctx).Field.Alias {
		case "null":
			return graphql.Null
		case "wrong":
			graphql.AddErrorf(ctx, "wrong")
		}
		return next(ctx)
	})
	wantLines(t, g.streamed(t, request{query: `{ ... @defer { null: lion(key: 2) { tag } wrong: lion(key: 3) { tag ... @defer { friend { __typename } } } } }`}),
		`{} +1 : …`, `1.={"null":null,"wrong":{"tag":"t3"}}[wrong 1:43 wrong] -1 +2 wrong: …`, `2.={"friend":{"__typename":"Lion"}} -2`)
}

// TestPanicsOfWhatIsDeferred are its errors.
func TestPanicsOfWhatIsDeferred(t *testing.T) {
	t.Parallel()
	f := fakes{lion: oneLion, tag: func(context.Context, []*model.Lion) ([]string, error) { panic("tag") }, where: func(context.Context, *model.Lion) (*string, error) { panic("where") }}
	wantLines(t, compile(f, exec.Options{}).streamed(t, request{query: `{ lion(key: 1) { legs ... @defer { where legs2: legs ... @defer { tag } } } }`}),
		`{"lion":{"legs":1}} +1 lion: …`, `1.={"where":null,"legs2":1}[lion.where 1:36 INTERNAL_SERVER_ERROR] -1 +2 lion: …`, `-2[lion.tag 1:67 INTERNAL_SERVER_ERROR]`)
}

// TestOneOfManyFails alone: what of its list is deferred otherwise is delivered.
func TestOneOfManyFails(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions, tag: broken(1, asTag), owner: keepers}, exec.Options{})
	wantLines(t, g.streamed(t, request{query: `{ lions(first: 3) { legs ... @defer(label: "l") { diet tag ... @defer { legs2: legs } } } }`}),
		`{"lions":[{"legs":0},{"legs":1},{"legs":2}]} +1 lions[0]:l +2 lions[1]:l +3 lions[2]:l …`,
		`1.={"diet":"grass","tag":"t"} 3.={"diet":"grass","tag":"ttt"} -1 -2[lions[1].tag 1:56 SOURCE_UNAVAILABLE] -3 +4 lions[0]: +5 lions[2]: …`,
		`4.={"legs2":0} 5.={"legs2":2} -4 -5`)
	wantLines(t, g.streamed(t, request{query: `{ lions(first: 3) { legs } ... @defer(label: "l") { lions(first: 3) { tag } } }`}),
		`{"lions":[{"legs":0},{"legs":1},{"legs":2}]} +1 :l …`, `-1[lions[1].tag 1:71 SOURCE_UNAVAILABLE]`)
}

// TestWhatTwoWantAndOneLoses is delivered with the other, which may come before or after it.
func TestWhatTwoWantAndOneLoses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		slow time.Duration // the one that loses nothing
		want []string
	}{
		"before": {0, []string{`2.={"legs":1} 2.={"owner":{"__typename":"Keeper"}} -2 …`, `-1[lion.tag 1:43 SOURCE_UNAVAILABLE]`}},
		"after":  {time.Minute, []string{`-1[lion.tag 1:43 SOURCE_UNAVAILABLE] …`, `2.={"legs":1} 2.={"owner":{"__typename":"Keeper"}} -2`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := compile(fakes{
					lion: oneLion,
					tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
						time.Sleep(time.Second)
						return broken(1, asTag)(ctx, objs)
					},
					owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
						time.Sleep(test.slow)
						return keepers(ctx, objs)
					},
				}, exec.Options{})
				buffer := &exec.Buffer{}
				next := g.stream(exec.WithBuffer(t.Context(), buffer), t, request{query: `{ lion(key: 1) { ... @defer(label: "a") { tag legs } ... @defer(label: "b") { legs owner { __typename } } } }`})
				var got []string
				for line := next(); line != ""; line = next() {
					got = append(got, line)
					for i := range buffer.Bytes {
						buffer.Bytes[i] = '?' // it was sent
					}
					buffer.Bytes = buffer.Bytes[:0]
				}
				wantLines(t, got, append([]string{`{"lion":{}} +1 lion:a +2 lion:b …`}, test.want...)...)
			})
		})
	}
	g := compile(fakes{lion: oneLion, tag: broken(1, asTag)}, exec.Options{})
	wantLines(t, g.streamed(t, request{query: `{ lion(key: 1) { ... @defer(label: "a") { tag legs } ... @defer(label: "b") { legs tag } } }`}),
		`{"lion":{}} +1 lion:a +2 lion:b …`, `-1[lion.tag 1:43 SOURCE_UNAVAILABLE] -2[lion.tag 1:43 SOURCE_UNAVAILABLE]`)
}
