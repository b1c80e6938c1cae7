package exec_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/loader"
)

// streamOf gives a stream of values, which ends after them.
func streamOf[V any](values ...V) <-chan V {
	stream := make(chan V, len(values))
	for _, v := range values {
		stream <- v
	}
	close(stream)
	return stream
}

func lionStream(legs ...int) func(context.Context, int) (<-chan *model.Lion, error) {
	return func(context.Context, int) (<-chan *model.Lion, error) {
		return streamOf(each(legs, func(n int) *model.Lion { return &model.Lion{Body: model.Body{Legs: n, Diet: "grass"}} })...), nil
	}
}

// event is an answer to a subscription.
type event struct {
	data   string
	errors []string
}

// TestSubscriptions compares all answers with those of gqlgen's executor too.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query  string
		fakes  fakes
		events []event
		alone  bool // gqlgen's executor answers otherwise
	}{
		"events, and the end": {
			query: `subscription { lions { legs owner { name } diet } }`, fakes: fakes{lionsStream: lionStream(1, 2), owner: keepers, name: unnamed},
			events: []event{{`{"lions":{"legs":1,"owner":{"name":""},"diet":"grass"}}`, nil}, {`{"lions":{"legs":2,"owner":{"name":""},"diet":"grass"}}`, nil}},
		},
		"no events": {query: `subscription { lions { legs } }`, fakes: fakes{lionsStream: lionStream()}},
		"by another name, with fragments and arguments": {
			query: `subscription S { ...F } fragment F on Subscription { l: lions(first: 2) { ... on Being { __typename } ...G } } fragment G on Lion { legs }`,
			fakes: fakes{lionsStream: lionStream(3)}, events: []event{{`{"l":{"__typename":"Lion","legs":3}}`, nil}},
		},
		"an event that is null": {
			query: `subscription { lions { legs owner { name } } }`,
			fakes: fakes{lionsStream: func(context.Context, int) (<-chan *model.Lion, error) {
				return streamOf[*model.Lion](nil, &model.Lion{}), nil
			}, owner: keepers, name: unnamed},
			events: []event{{`{"lions":null}`, nil}, {`{"lions":{"legs":0,"owner":{"name":""}}}`, nil}},
		},
		"events that are scalars": {
			query: `subscription { n: numbers(first: 2) }`,
			fakes: fakes{numbersStream: func(_ context.Context, n int) (<-chan int, error) { return streamOf(n, n+1), nil }}, events: []event{{`{"n":2}`, nil}, {`{"n":3}`, nil}},
		},
		"an error at the start": {
			query: `subscription { s: lions { legs } }`, alone: true, // gqlgen says another column
			fakes:  fakes{lionsStream: func(context.Context, int) (<-chan *model.Lion, error) { return nil, errors.New("not today") }},
			events: []event{{``, []string{"s 1:16 not today"}}},
		},
		"errors reported at the start": {
			query: `subscription { lions { legs } }`, alone: true,
			fakes: fakes{lionsStream: func(ctx context.Context, _ int) (<-chan *model.Lion, error) {
				graphql.AddErrorf(ctx, "not today")
				return nil, errors.New("nor tomorrow")
			}},
			events: []event{{``, []string{"lions  not today", "lions 1:16 nor tomorrow"}}},
		},
		"several errors at the start": {
			query: `subscription { n: numbers(first: 1) }`, alone: true,
			fakes: fakes{numbersStream: func(context.Context, int) (<-chan int, error) {
				return nil, gqlerror.List{gqlerror.Errorf("a"), gqlerror.Errorf("b")}
			}},
			events: []event{{``, []string{"n 1:16 a", "n 1:16 b"}}},
		},
		"a panic at the start": {
			query: `subscription { lions { legs } }`, alone: true,
			fakes:  fakes{lionsStream: func(context.Context, int) (<-chan *model.Lion, error) { panic("not today") }},
			events: []event{{``, []string{"lions 1:16 INTERNAL_SERVER_ERROR"}}},
		},
		"an error in an event": {
			query: `subscription { lions { legs owner { name } } }`, alone: true, // gqlgen's paths leave out the stream
			fakes: fakes{lionsStream: lionStream(1, 2, 3), owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
				if objs[0].Legs == 2 {
					return nil, errors.New("no owner")
				}
				return keepers(ctx, objs)
			}, name: unnamed},
			events: []event{
				{`{"lions":{"legs":1,"owner":{"name":""}}}`, nil}, {`{"lions":{"legs":2,"owner":null}}`, []string{"lions.owner 1:29 no owner"}},
				{`{"lions":{"legs":3,"owner":{"name":""}}}`, nil},
			},
		},
		"a null in an event that takes all of it": {
			query: `subscription { lions { legs tag } }`, alone: true,
			fakes: fakes{lionsStream: lionStream(1, 2), tag: func(_ context.Context, objs []*model.Lion) ([]string, error) {
				if objs[0].Legs == 1 {
					return nil, errors.New("no tag")
				}
				return []string{"t"}, nil
			}},
			events: []event{{`{"lions":null}`, []string{"lions.tag 1:29 no tag"}}, {`{"lions":{"legs":2,"tag":"t"}}`, nil}},
		},
		"panics in events": {
			query: `subscription { lions { legs where owner { name } } }`, alone: true, // gqlgen loses which
			fakes: fakes{
				lionsStream: lionStream(1), where: func(context.Context, *model.Lion) (*string, error) { panic("where") },
				owner: func(context.Context, []*model.Lion) ([]*model.Keeper, error) { panic("whose") },
			},
			events: []event{{`{"lions":{"legs":1,"where":null,"owner":null}}`, []string{"lions.where 1:29 INTERNAL_SERVER_ERROR", "lions.owner 1:35 INTERNAL_SERVER_ERROR"}}},
		},
		"panics of directives in events": {
			query: `subscription { lions { legs diet } }`, alone: true,
			fakes:  fakes{lionsStream: lionStream(1), members: panicking(func() { panic("no members") })},
			events: []event{{`{"lions":null}`, []string{"lions.diet 1:29 INTERNAL_SERVER_ERROR"}}},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			gateways := []*gateway{compile(test.fakes, exec.Options{})}
			if !test.alone {
				gateways = append(gateways, interpret(test.fakes))
			}
			for i, g := range gateways {
				next, _ := g.begin(t.Context(), t, request{query: test.query, level: model.KeeperLevel})
				for _, want := range test.events {
					got := next()
					if got == nil {
						t.Fatalf("executor %d: there is no answer", i)
					}
					check(t, got, want.data, want.errors...)
				}
				if got := next(); got != nil {
					t.Errorf("executor %d: another answer: %s, %v", i, got.Data, got.Errors)
				}
			}
			if gateways[0].compiled.Declined() != 0 {
				t.Error("it was declined")
			}
		})
	}
}

// TestSubscriptionsToNothing are errors, and kill nobody.
func TestSubscriptionsToNothing(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		`subscription($no: Boolean!) { lions @skip(if: $no) { legs } }`,
		`subscription($no: Boolean!) { ... @skip(if: $no) { lions { legs } } }`,
		`subscription($no: Boolean!) { __typename @include(if: $no) }`,
		`subscription($no: Boolean!) { ...F } fragment F on Subscription { lions { legs } numbers @include(if: $no) }`,
	} {
		g := compile(fakes{lionsStream: lionStream(1)}, exec.Options{})
		g.SetDefaultRulesFn(unchecked)
		next, _ := g.begin(t.Context(), t, request{query: query, variables: map[string]any{"no": true}})
		if got := next(); got == nil || len(got.Errors) != 1 || got.Data != nil {
			t.Errorf("%s: got %+v", query, got)
		}
		if next() != nil {
			t.Errorf("%s: there is another answer", query)
		}
	}
}

// TestSubscriptionsLoadAfreshForEachEvent, and at the start too.
func TestSubscriptionsLoadAfreshForEachEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		load := func(ctx context.Context, key string) {
			if _, err := things.Load(ctx, key); err != nil {
				graphql.AddError(ctx, err)
			}
		}
		g := compileFor(declaring(t, "Subscription.lions", "Lion.owner", "Lion.where", "Keeper.name"), fakes{
			lionsStream: func(ctx context.Context, n int) (<-chan *model.Lion, error) {
				load(ctx, "start")
				return lionStream(1, 2)(ctx, n)
			},
			owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
				load(ctx, "a")
				return keepers(ctx, objs)
			},
			where: func(ctx context.Context, _ *model.Lion) (*string, error) { load(ctx, "b"); return nil, nil },
			name: func(ctx context.Context, objs []*model.Keeper) ([]string, error) {
				load(ctx, "a")
				return unnamed(ctx, objs)
			},
		}, model.Faults{}, exec.Options{})
		next, _ := g.begin(t.Context(), t, request{query: `subscription { lions { legs owner { name } where } }`})
		begun := time.Now()
		for i := range 2 {
			check(t, next(), fmt.Sprintf(`{"lions":{"legs":%d,"owner":{"name":""},"where":null}}`, i+1))
		}
		if next() != nil {
			t.Error("there is another event")
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("events waited for %v", took)
		}
		calls.want(t, "start", "a b", "a b")
	})
}

// TestSubscriptionsEndWithTheirContext while they wait for an event, and while they execute one.
func TestSubscriptionsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var asked context.Context
		stream := make(chan *model.Lion)
		g := compile(fakes{lionsStream: func(ctx context.Context, _ int) (<-chan *model.Lion, error) {
			asked = ctx
			return stream, nil
		}, owner: func(ctx context.Context, _ []*model.Lion) ([]*model.Keeper, error) {
			<-ctx.Done()
			time.Sleep(time.Nanosecond)
			return nil, ctx.Err()
		}}, exec.Options{})
		next, _ := g.begin(ctx, t, request{query: `subscription { lions { legs owner { id } } }`})
		answers := make(chan *graphql.Response)
		go func() { answers <- next() }()
		stream <- &model.Lion{}
		synctest.Wait()
		cancel()
		check(t, <-answers, `{"lions":{"legs":0,"owner":null}}`, "lions.owner 1:29 DEADLINE_EXCEEDED")
		time.Sleep(time.Second) // the resolver is late
		if next() != nil {
			t.Error("there is another event")
		}
		if asked.Err() == nil {
			t.Error("the resolver's context goes on")
		}

		ctx, cancel = context.WithCancel(t.Context())
		next, _ = g.begin(ctx, t, request{query: `subscription { lions { legs } }`})
		go func() { answers <- next() }()
		synctest.Wait()
		cancel()
		if got := <-answers; got != nil {
			t.Errorf("an answer without an event: %s", got.Data)
		}
	})
}

// TestSubscriptionsAreDeclined with what gqlgen's executor has to answer.
func TestSubscriptionsAreDeclined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		g := compileFor(declaring(t, "Subscription.lions", "Lion.where"), fakes{
			lionsStream: func(ctx context.Context, _ int) (<-chan *model.Lion, error) {
				_, err := things.Load(ctx, "start")
				return streamOf(&model.Lion{}), err
			},
			where: func(ctx context.Context, _ *model.Lion) (*string, error) {
				v, err := things.Load(ctx, "here")
				return &v, err
			},
		}, model.Faults{}, exec.Options{})
		next, _ := g.begin(t.Context(), t, request{query: `subscription { lions { where @loud } }`})
		check(t, next(), `{"lions":{"where":"value of here!"}}`)
		if next() != nil || g.compiled.Declined() != 1 {
			t.Error("there is another event, or it was not declined")
		}
		calls.want(t, strings.Fields("start here")...)
	})
}
