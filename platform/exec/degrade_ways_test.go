package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
)

// TestWhatIsDegradedIsSaidAsJSON has the age of the oldest answer, in seconds.
func TestWhatIsDegradedIsSaidAsJSON(t *testing.T) {
	t.Parallel()
	for want, ages := range map[string][]time.Duration{
		`0`:      nil,
		`12.345`: {time.Second, 12345678 * time.Microsecond, 3 * time.Second},
		`60`:     {time.Minute, 0},
		`0.001`:  {1999 * time.Microsecond},
	} {
		ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
		exec.Aged(ctx, ages...)
		got, err := json.Marshal(graphql.GetExtensions(ctx))
		if want := `{"degraded":[{"path":["a"],"how":"stale","age":` + want + `},{"path":["a"],"how":"omit"}]}`; err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

// TestASharedAnswerSaysWhatIsDegraded to all who have asked for it.
func TestASharedAnswerSaysWhatIsDegraded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		s := &slow{gateway: degrading(t, fakes{where: singular(some1, asText), lions: func(_ context.Context, n int) ([]model.Lion, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			return prides(n), nil
		}}, exec.Options{Degrade: exec.Degradations{"Lion.where": staleField}, Share: byCaller})}
		var answers []<-chan *graphql.Response
		for range 3 {
			answers = append(answers, s.send(from(t.Context(), "ann"), t, request{query: `{ lions(first: 2) { where } }`}))
		}
		for _, answer := range answers {
			got := <-answer
			check(t, got, `{"lions":[{"where":"t"},{"where":"tt!"}]}`)
			if lines := degraded(t, got); !slices.Equal(lines, []string{`["lions",1,"where"] shop stale`}) {
				t.Errorf("got %q", lines)
			}
		}
		if calls.Load() != 1 {
			t.Errorf("%d executions", calls.Load())
		}
	})
}

// TestEachEventSaysWhatIsDegraded for itself.
func TestEachEventSaysWhatIsDegraded(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{lionsStream: lionStream(0, 1, 2), where: singular(outage{lost: []int{0, 2}, kept: []int{2}}, asText)},
		exec.Options{Degrade: exec.Degradations{"Lion.where": {How: exec.Stale, MaxAge: 1, Default: `"w"`}}})
	next, _ := g.begin(t.Context(), t, request{query: `subscription { lions { where } }`})
	for i, want := range []string{`"w" [["lions","where"] shop default]`, `"tt" []`, `"ttt!" [["lions","where"] shop stale]`} {
		got := next()
		text := strings.TrimSuffix(strings.TrimPrefix(string(got.Data), `{"lions":{"where":`), `}}`)
		if text = fmt.Sprint(text, " ", degraded(t, got)); text != want || got.Errors != nil {
			t.Errorf("%d: got %s, %v, want %s", i, text, got.Errors, want)
		}
	}
}

// TestInterceptorsOfRootFields may be around what is degraded, and may give something else.
func TestInterceptorsOfRootFields(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{where: singular(some1, asText), failing: func(context.Context) (*int, error) { return nil, down }, lion: func(ctx context.Context, key int) (*model.Lion, error) {
		return some1.of(ctx, &model.Lion{Body: model.Body{Legs: key}})
	}}, exec.Options{Degrade: exec.Degradations{"Query.lion": staleField, "Query.failing": defaultField("7"), "Lion.where": staleField}})
	g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		found := next(ctx)
		if graphql.GetRootFieldContext(ctx).Field.Alias == "mine" {
			return graphql.MarshalInt(8)
		}
		return found
	})
	got := g.ask(t, `{ lion(key: 1) { legs } failing mine: failing lions(first: 2) { where } }`)
	check(t, got, `{"lion":{"legs":101},"failing":7,"mine":8,"lions":[{"where":"t"},{"where":"tt!"}]}`)
	if lines, want := degraded(t, got), []string{`["lion"] shop stale`, `["failing"] shop default`, `["lions",1,"where"] shop stale`}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

// TestLoadersFindWhatIsKept: a batch of two fields fails; the one that may be stale has what is kept, the other one has its fault, and the
// trace knows of the one batch alone.
func TestLoadersFindWhatIsKept(t *testing.T) {
	t.Parallel()
	var again atomic.Int64
	texts := loader.New("shop", "texts", 2, func(ctx context.Context, keys []int) (map[int]string, error) {
		if !upstream.Kept(ctx) {
			return nil, down
		}
		again.Add(1)
		found := map[int]string{}
		for _, key := range keys {
			found[key] = fmt.Sprint(key, " of ", keys)
		}
		return found, nil
	})
	g := degrading(t, fakes{
		tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
			return texts.LoadAll(ctx, each(objs, func(l *model.Lion) int { return 10 + l.Legs }))
		},
		where: func(ctx context.Context, l *model.Lion) (*string, error) {
			text, err := texts.Load(ctx, 10+l.Legs)
			return &text, err
		},
		secret: func(ctx context.Context, objs []*model.Lion) ([]*string, error) {
			found, err := texts.LoadAll(ctx, each(objs, func(l *model.Lion) int { return 10 + l.Legs }))
			return each(found, func(text string) *string { return &text }), err
		},
	}, exec.Options{Degrade: exec.Degradations{"Lion.tag": staleField, "Lion.where": staleField, "Lion.secret": omittedField}})
	got := g.answer(exec.WithTrace(t.Context()), t, request{query: `{ lions(first: 3) { tag where secret } }`, level: model.KeeperLevel})
	lion := func(text string) string { return `{"tag":"` + text + `","where":"` + text + `","secret":null}` }
	check(t, got, `{"lions":[`+lion("10 of [10 11]")+`,`+lion("11 of [10 11]")+`,`+lion("12 of [12]")+`]}`,
		"lions[0].secret 1:31 SOURCE_UNAVAILABLE", "lions[1].secret 1:31 SOURCE_UNAVAILABLE", "lions[2].secret 1:31 SOURCE_UNAVAILABLE")
	if n := again.Load(); n != 4 {
		t.Errorf("%d calls for what is kept, want two for each of two fields", n)
	}
	if n := strings.Count(traced(t, got), `"loader":"texts"`); n != 2 {
		t.Errorf("the trace is %s", traced(t, got))
	}
}

// TestTheSecondRunIsAskedAsTheFirst: directives decide once more, with extensions and errors of its own, and a panic is nothing kept.
func TestTheSecondRunIsAskedAsTheFirst(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		members func(ctx context.Context, next graphql.Resolver) (any, error)
		kept    func(ctx context.Context, objs []*model.Lion) ([]*string, error)
		data    string
		stale   bool
	}{
		"the field's values":              {nil, func(context.Context, []*model.Lion) ([]*string, error) { return []*string{must("a"), nil}, nil }, `{"lions":[{"secret":"a"},{"secret":null}]}`, true},
		"they are not as many as objects": {nil, func(context.Context, []*model.Lion) ([]*string, error) { return []*string{must("a")}, nil }, "", false},
		"their errors are not as many": {nil, func(context.Context, []*model.Lion) ([]*string, error) {
			return partial([]*string{must("a"), must("b")}, nil, nil, down)
		}, "", false},
		"errors are reported beside": {nil, func(ctx context.Context, _ []*model.Lion) ([]*string, error) {
			graphql.AddErrorf(ctx, "half")
			return make([]*string, 2), nil
		}, "", false},
		"it panics":                       {nil, func(context.Context, []*model.Lion) ([]*string, error) { panic("boom") }, "", false},
		"the directive does not allow it": {func(context.Context, graphql.Resolver) (any, error) { return nil, fault.New(fault.Forbidden, "") }, nil, "", false},
		"the directive has null in place": {func(context.Context, graphql.Resolver) (any, error) { return nil, nil }, nil, "", false},
		"an extension is registered again": {nil, func(ctx context.Context, objs []*model.Lion) ([]*string, error) {
			graphql.RegisterExtension(ctx, "mine", 1)
			return make([]*string, len(objs)), nil
		}, `{"lions":[{"secret":null},{"secret":null}]}`, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := degrading(t, fakes{
				members: func(ctx context.Context, next graphql.Resolver) (any, error) {
					if test.members != nil && upstream.Kept(ctx) {
						return test.members(ctx, next)
					}
					return next(ctx)
				},
				secret: func(ctx context.Context, objs []*model.Lion) ([]*string, error) {
					if upstream.Kept(ctx) {
						return test.kept(ctx, objs)
					}
					graphql.RegisterExtension(ctx, "mine", 1)
					return nil, down
				},
			}, exec.Options{Degrade: exec.Degradations{"Lion.secret": staleField}})
			got := g.ask(t, `{ lions(first: 2) { secret } }`)
			if test.stale {
				check(t, got, test.data)
			} else {
				check(t, got, `{"lions":[{"secret":null},{"secret":null}]}`, "lions[0].secret 1:21 SOURCE_UNAVAILABLE", "lions[1].secret 1:21 SOURCE_UNAVAILABLE")
			}
			if lines := degraded(t, got); (len(lines) == 2) != test.stale {
				t.Errorf("got %q", lines)
			}
		})
	}
}

// TestTheSecondRunOfOneObject is used if it gives a value and nothing beside it.
func TestTheSecondRunOfOneObject(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{where: func(ctx context.Context, l *model.Lion) (*string, error) {
		switch {
		case !upstream.Kept(ctx):
			return nil, down
		case l.Legs == 1:
			graphql.AddErrorf(ctx, "half")
		case l.Legs == 2:
			panic("boom")
		}
		return must("kept"), nil
	}}, exec.Options{Degrade: exec.Degradations{"Lion.where": staleField}})
	check(t, g.ask(t, `{ lions(first: 4) { where } }`), `{"lions":[{"where":"kept"},{"where":null},{"where":null},{"where":"kept"}]}`,
		"lions[1].where 1:21 SOURCE_UNAVAILABLE", "lions[2].where 1:21 SOURCE_UNAVAILABLE")
}

// TestGqlgensExecutorDoesNotDegrade: null, and the error.
func TestGqlgensExecutorDoesNotDegrade(t *testing.T) {
	t.Parallel()
	for _, o := range []exec.Options{{Gqlgen: true}, {}} {
		o.Degrade = exec.Degradations{"Lion.where": defaultField(`"w"`)}
		got := degrading(t, fakes{where: singular(all, asText)}, o).ask(t, `{ lions(first: 1) { where } ...F @include(if: true) __type(name: "Lion") { name } } fragment F on Query { __typename }`)
		check(t, got, `{"lions":[{"where":null}],"__typename":"Query","__type":{"name":"Lion"}}`, "lions[0].where 1:21 SOURCE_UNAVAILABLE")
		if len(got.Extensions) > 0 {
			t.Errorf("got %v", got.Extensions)
		}
	}
}
