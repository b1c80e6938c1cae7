package exec_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestExtensionsOfIncrementalAnswers are of what comes with them.
func TestExtensionsOfIncrementalAnswers(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{
		lions: nLions,
		tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
			graphql.RegisterExtension(ctx, "tagged", len(objs))
			return tags(ctx, objs)
		},
		friend: func(context.Context, []*model.Lion) ([]model.Being, error) { return nil, down },
		owner:  func(context.Context, []*model.Lion) ([]*model.Keeper, error) { return nil, down },
	}, exec.Options{Degrade: exec.Degradations{"Lion.friend": {How: exec.Omit}, "Lion.owner": defaultField(`{"level":"KEEPER","id":"k","name":"Ann"}`)}})
	var into exec.Incremental
	ctx := exec.WithTrace(exec.WithIncremental(t.Context(), &into))
	next, _ := g.begin(ctx, t, request{query: `{ lions(first: 1) { friend { id } ... @defer { tag owner { id ... @defer { level } } } } }`})
	var got []string
	for response := next(); response != nil; response = next() {
		trace := "none"
		if text := fmt.Sprintf("%+v", response.Extensions["trace"]); strings.Contains(text, "lions.owner") {
			trace = "whole"
		} else if strings.Contains(text, "lions.friend") {
			trace = "first"
		}
		got = append(got, fmt.Sprintf("%s%s trace %s, tagged %v, degraded %s, has next %v", response.Data, told(into), trace, response.Extensions["tagged"], degraded(t, response), *response.HasNext))
	}
	wantLines(t, got,
		`{"lions":[{"friend":null}]}[+1 lions[0]: …] trace first, tagged <nil>, degraded [["lions",0,"friend"] shop omit], has next true`,
		`[1.={"tag":"t0","owner":{"id":"k"}} -1 +2 lions[0].owner: …] trace none, tagged 1, degraded [["lions",0,"owner"] shop default], has next true`,
		`[2.={"level":"KEEPER"} -2] trace whole, tagged <nil>, degraded [], has next false`)
}

// TestInterceptorsSeeEachIncrementalAnswer, and can change it; the presenter sees each error.
func TestInterceptorsSeeEachIncrementalAnswer(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, secret: broken(1, asText)}, exec.Options{})
	g.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		i := exec.IncrementalOf(ctx)
		for k := range i.Parts {
			i.Parts[k].Errors = i.Parts[k].Errors[:0]
		}
		if response != nil {
			i.Pending = append(i.Pending, exec.Pending{ID: "seen"})
		}
		return response
	})
	var presented atomic.Int64
	g.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		presented.Add(1)
		return graphql.DefaultErrorPresenter(ctx, err)
	})
	wantLines(t, g.streamed(t, request{query: `{ lion(key: 1) { legs ... @defer { secret } } }`}),
		`{"lion":{"legs":1}} +1 lion: +seen : …`, `1.={"secret":null}[] -1 +seen :`)
	if presented.Load() != 1 {
		t.Errorf("%d errors were presented", presented.Load())
	}
}

// TestWhatIsDeferredIsNotShared; an operation that defers nothing, or nothing now, is.
func TestWhatIsDeferredIsNotShared(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	entered, release := make(chan struct{}, 2), make(chan struct{})
	g := compileFor(declaring(t, "Query.lion", "Lion.tag"), fakes{
		lion: func(ctx context.Context, key int) (*model.Lion, error) {
			calls.Add(1)
			entered <- struct{}{}
			<-release
			return oneLion(ctx, key)
		},
		tag: tags,
	}, model.Faults{}, exec.Options{Share: byCaller})
	r := request{query: `{ lion(key: 1) { legs ... @defer { tag } } }`}
	lines := make(chan []string, 2)
	for range 2 {
		next := g.stream(from(t.Context(), "ann"), t, r)
		go func() { lines <- []string{next(), next(), next()} }()
	}
	<-entered
	<-entered // both
	close(release)
	for range 2 {
		wantLines(t, <-lines, `{"lion":{"legs":1}} +1 lion: …`, `1.={"tag":"t1"} -1`, "")
	}
}

// TestManyDeferredFragments: what is spread exponentially often is not deferred exponentially often, but told once all the same.
func TestManyDeferredFragments(t *testing.T) {
	t.Parallel()
	var query strings.Builder
	query.WriteString(`{ lion(key: 1) { legs ...F0 } }`)
	const depth = 40
	for i := range depth {
		fmt.Fprintf(&query, ` fragment F%d on Lion { f%d: legs friend { id ...F%d @defer(label: "a%d") ...F%d @defer(label: "b%d") } ...F%d @defer(label: "c%d") ...F%d @defer(label: "d%d") }`,
			i, i, i+1, i, i+1, i, i+1, i, i+1, i)
	}
	fmt.Fprintf(&query, ` fragment F%d on Lion { last: legs }`, depth)
	g := compile(fakes{lion: oneLion, friend: func(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
		return each(objs, func(l *model.Lion) model.Being {
			if l.Legs > 3 {
				return nil
			}
			return &model.Lion{Body: model.Body{Legs: l.Legs + 1}}
		}), nil
	}}, exec.Options{})
	lines := g.streamed(t, request{query: query.String()})
	all := strings.Join(lines, " ")
	if n := strings.Count(all, `"last":1`); n != 1 {
		t.Errorf("the last field of the first lion was told %d times", n)
	}
	if n := strings.Count(all, "+"); n > 64*5*5 {
		t.Errorf("%d were pending", n)
	}
}

// TestLabels that are no strings are none.
func TestLabels(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion}, exec.Options{})
	g.SetDefaultRulesFn(unchecked)
	for label, want := range map[string]string{`"l"`: "l", `"""l"""`: "l", `null`: "", `$v`: ""} {
		wantLines(t, g.streamed(t, request{query: `query($v: String) { lion(key: 1) { ... @defer(label: ` + label + `) { legs } } }`, variables: map[string]any{"v": "variable"}}),
			`{"lion":{}} +1 lion:`+want+` …`, `1.={"legs":1} -1`)
	}
}

// TestStaleAndDeferred: what a source has kept comes with what it is for.
func TestStaleAndDeferred(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{lions: nLions, friend: plural(outage{lost: []int{0}, kept: []int{0}}, asBeing)},
		exec.Options{Degrade: exec.Degradations{"Lion.friend": staleField}})
	wantLines(t, g.streamed(t, request{query: `{ lions(first: 2) { legs ... @defer { friend { ... on Lion { legs ... @defer { diet2: legs } } } } } }`}),
		`{"lions":[{"legs":0},{"legs":1}]} +1 lions[0]: +2 lions[1]: …`,
		`1.={"friend":{"legs":100}} 2.={"friend":{"legs":1}} -1 -2 +3 lions[0].friend: +4 lions[1].friend: …`,
		`3.={"diet2":100} 4.={"diet2":1} -3 -4`)
}

// TestArgumentsOfWhatIsDeferred are refused with it.
func TestArgumentsOfWhatIsDeferred(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, atMost: func(context.Context, graphql.Resolver) (any, error) {
		return nil, fault.New(fault.BadUserInput, "no")
	}}, exec.Options{})
	wantLines(t, g.streamed(t, request{query: `{ lion(key: 1) { legs } ... @defer { echo(number: 1) } }`}),
		`{"lion":{"legs":1}} +1 : …`, `1.={"echo":null}[echo.number 1:38 BAD_USER_INPUT] -1`)
}
