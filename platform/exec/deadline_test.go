package exec_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// TestWhatIsOpenAtTheDeadline has resolvers wait for longer than the answer may take. Some end with their context, some do not.
func TestWhatIsOpenAtTheDeadline(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query  string
		fakes  func(wait func(ctx context.Context)) fakes
		data   string
		errors []string
	}{
		"nothing": {
			`{ lions(first: 2) { legs where } }`,
			func(func(context.Context)) fakes {
				return fakes{where: func(context.Context, *model.Lion) (*string, error) {
					time.Sleep(200 * time.Millisecond)
					return must("here"), nil
				}}
			},
			`{"lions":[{"legs":0,"where":"here"},{"legs":1,"where":"here"}]}`, nil,
		},
		"a plural field": {
			`{ lions(first: 2) { legs friend { id } tag } }`,
			func(wait func(context.Context)) fakes {
				return fakes{friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
					wait(ctx)
					return lionItself(ctx, objs)
				}, tag: tags}
			},
			`{"lions":[{"legs":0,"friend":null,"tag":"t0"},{"legs":1,"friend":null,"tag":"t1"}]}`,
			[]string{"lions[0].friend 1:26 DEADLINE_EXCEEDED", "lions[1].friend 1:26 DEADLINE_EXCEEDED"},
		},
		"a plural field that may not be null": {
			`{ lions(first: 2) { tag } failing }`,
			func(wait func(context.Context)) fakes {
				return fakes{tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
					wait(ctx)
					return tags(ctx, objs)
				}}
			},
			`null`, []string{"lions[0].tag 1:21 DEADLINE_EXCEEDED", "lions[1].tag 1:21 DEADLINE_EXCEEDED"},
		},
		"a singular field of some objects": {
			`{ lions(first: 4) { where } }`,
			func(wait func(context.Context)) fakes {
				return fakes{where: func(ctx context.Context, l *model.Lion) (*string, error) {
					switch l.Legs {
					case 1:
						return nil, errors.New("nowhere")
					case 2:
						wait(ctx)
					}
					return must("here"), nil
				}}
			},
			`{"lions":[{"where":"here"},{"where":null},{"where":null},{"where":"here"}]}`,
			[]string{"lions[1].where 1:21 nowhere", "lions[2].where 1:21 DEADLINE_EXCEEDED"},
		},
		"a singular field of the only object": {
			`{ lion(key: 7) { legs where } }`,
			func(wait func(context.Context)) fakes {
				return fakes{where: func(ctx context.Context, _ *model.Lion) (*string, error) { wait(ctx); return must("late"), nil }}
			},
			`{"lion":{"legs":7,"where":null}}`, []string{"lion.where 1:23 DEADLINE_EXCEEDED"},
		},
		"a singular field of some objects, with others below": {
			`{ lions(first: 3) { home { depth lion { legs } } } }`,
			func(wait func(context.Context)) fakes {
				return fakes{home: func(ctx context.Context, l *model.Lion) (*model.Den, error) {
					if l.Legs == 1 {
						wait(ctx)
					}
					return &model.Den{Depth: l.Legs}, nil
				}}
			},
			`{"lions":[{"home":{"depth":0,"lion":null}},{"home":null},{"home":{"depth":2,"lion":null}}]}`,
			[]string{"lions[0].home.lion 1:34 DEADLINE_EXCEEDED", "lions[1].home 1:21 DEADLINE_EXCEEDED", "lions[2].home.lion 1:34 DEADLINE_EXCEEDED"},
		},
		"a field far below, beside what is ready": {
			`{ a: lion(key: 1) { owner { boss { name } years } } b: lion(key: 2) { owner { years } } }`,
			func(wait func(context.Context)) fakes {
				return fakes{
					owner: keepers, boss: bosses, years: func(context.Context, *model.Keeper) (*int, error) { return must(30), nil },
					name: func(ctx context.Context, objs []*model.Keeper) ([]string, error) {
						wait(ctx)
						return unnamed(ctx, objs)
					},
				}
			},
			`{"a":{"owner":{"boss":null,"years":30}},"b":{"owner":{"years":30}}}`, []string{"a.owner.boss.name 1:36 DEADLINE_EXCEEDED"},
		},
		"a root field, and with it all that is below": {
			`{ a: lion(key: 1) { owner { boss { name } } } b: lion(key: 2) { legs } }`,
			func(wait func(context.Context)) fakes {
				return fakes{lion: func(ctx context.Context, key int) (*model.Lion, error) {
					if key == 1 {
						wait(ctx)
					}
					return oneLion(ctx, key)
				}, owner: func(context.Context, []*model.Lion) ([]*model.Keeper, error) {
					return nil, errors.New("nobody reads this")
				}}
			},
			`{"a":null,"b":{"legs":2}}`, []string{"a 1:3 DEADLINE_EXCEEDED"},
		},
		"a mutation's first field, so that the second is not begun": {
			`mutation { a: step(of: 1) { number } b: step(of: 2) { number } }`,
			func(wait func(context.Context)) fakes {
				return fakes{step: func(ctx context.Context, of *int) (*model.Step, error) {
					wait(ctx)
					return &model.Step{Number: *of}, nil
				}}
			},
			`{"a":null,"b":null}`, []string{"a 1:12 DEADLINE_EXCEEDED", "b 1:38 DEADLINE_EXCEEDED"},
		},
		"what is below a mutation's first field": {
			`mutation { a: step(of: 1) { number lion { legs } } b: step(of: 2) { number } }`,
			func(wait func(context.Context)) fakes {
				return fakes{step: func(_ context.Context, of *int) (*model.Step, error) { return &model.Step{Number: *of}, nil },
					stepLion: func(ctx context.Context, objs []*model.Step) ([]*model.Lion, error) {
						wait(ctx)
						return make([]*model.Lion, len(objs)), nil
					}}
			},
			`{"a":{"number":1,"lion":null},"b":null}`, []string{"a.lion 1:36 DEADLINE_EXCEEDED", "b 1:52 DEADLINE_EXCEEDED"},
		},
	} {
		for which, wait := range map[string]func(ctx context.Context){
			"deaf to its context": func(context.Context) { time.Sleep(time.Hour) },
			"a moment late":       func(ctx context.Context) { <-ctx.Done(); time.Sleep(time.Nanosecond) },
		} {
			t.Run(reason+", "+which, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := test.fakes(wait)
					f.lions = nLions
					if f.lion == nil {
						f.lion = oneLion
					}
					f.failing = func(context.Context) (*int, error) { return nil, nil }
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					begun := time.Now()
					got := compile(f, exec.Options{}).answer(ctx, t, request{query: test.query})
					if took := time.Since(begun); took > time.Second {
						t.Errorf("the answer took %v", took)
					}
					check(t, got, test.data, test.errors...)
					time.Sleep(2 * time.Hour) // what is late goes nowhere
					check(t, got, test.data, test.errors...)
				})
			})
		}
	}
}

func tags(_ context.Context, objs []*model.Lion) ([]string, error) {
	return each(objs, func(l *model.Lion) string { return fmt.Sprint("t", l.Legs) }), nil
}

// TestResultsThatAreLate go nowhere, not even while the answer is being sent. It is for the race detector.
func TestResultsThatAreLate(t *testing.T) {
	t.Parallel()
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{}, 3)
		late := func(ctx context.Context) {
			cancel()
			for i := range 5 {
				graphql.RegisterExtension(ctx, fmt.Sprint("late", i), i)
				graphql.AddErrorf(ctx, "late")
			}
		}
		g := compile(fakes{
			lions: nLions,
			friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
				defer func() { ended <- struct{}{} }()
				late(ctx)
				return partial(make([]model.Being, len(objs)), make([]error, len(objs))...)
			},
			where: func(ctx context.Context, l *model.Lion) (*string, error) {
				if l.Legs == 20 {
					defer func() { ended <- struct{}{} }()
					late(ctx)
				}
				return must("here"), gqlerror.Errorf("late too")
			},
			owner: func(ctx context.Context, _ []*model.Lion) ([]*model.Keeper, error) {
				defer func() { ended <- struct{}{} }()
				late(ctx)
				panic("late")
			},
		}, exec.Options{})
		g.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			graphql.RegisterExtension(ctx, "early", true)
			return next(ctx)
		})
		next, _ := g.begin(exec.WithTrace(ctx), t, request{query: `{ lions(first: 21) { friend { id } owner { id } where } }`})
		if got := next(); got != nil {
			_ = fmt.Sprint(string(got.Data), shown(got.Errors), traced(t, got), got.Extensions)
		}
		for range 3 {
			<-ended
		}
	}
}

// TestNoFieldOfAMutationBeginsAfterTheDeadline, also if the one before it ends just then.
func TestNoFieldOfAMutationBeginsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	for _, intercepted := range []bool{false, true} {
		for range 500 {
			ctx, cancel := context.WithCancel(t.Context())
			var begun atomic.Int64
			g := compile(fakes{step: func(context.Context, *int) (*model.Step, error) {
				begun.Add(1)
				cancel()
				return &model.Step{}, nil
			}}, exec.Options{})
			if intercepted {
				g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) })
			}
			next, _ := g.begin(ctx, t, request{query: `mutation { a: step { number } b: step { number } }`})
			got := next()
			if n := begun.Load(); n != 1 {
				t.Fatalf("%d fields have begun", n)
			}
			if lines := shown(got.Errors); len(lines) == 0 || lines[len(lines)-1] != "b 1:31 DEADLINE_EXCEEDED" {
				t.Fatalf("got %s, %q", got.Data, lines)
			}
		}
	}
}

// TestWhatIsLateCanBeAskedForAgain, unless it is a mutation that may have been done.
func TestWhatIsLateCanBeAskedForAgain(t *testing.T) {
	t.Parallel()
	for query, again := range map[string]bool{`{ failing }`: true, `mutation { step { number } }`: false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			g := compile(fakes{
				failing: func(context.Context) (*int, error) { time.Sleep(time.Minute); return nil, nil },
				step:    func(context.Context, *int) (*model.Step, error) { time.Sleep(time.Minute); return nil, nil },
			}, exec.Options{})
			got := g.answer(ctx, t, request{query: query})
			f, ok := errors.AsType[*fault.Error](got.Errors[0].Err)
			if !ok || f.Retryable() != again {
				t.Errorf("%s: %v can be retried: %v", query, got.Errors, ok && f.Retryable())
			}
			time.Sleep(time.Hour)
		})
	}
}

// TestAClientThatGoes ends the waiting, and what resolvers wait for.
func TestAClientThatGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var ended atomic.Bool
		g := compile(fakes{lions: nLions, friend: func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return nil, ctx.Err()
		}}, exec.Options{})
		time.AfterFunc(time.Minute, cancel)
		got := g.answer(ctx, t, request{query: `{ lions(first: 1) { friend { id } } }`})
		check(t, got, `{"lions":[{"friend":null}]}`, "lions[0].friend 1:21 DEADLINE_EXCEEDED")
		if ended.Load() {
			t.Error("the resolver was waited for")
		}
		time.Sleep(time.Minute)
		if !ended.Load() {
			t.Error("the resolver's context has not ended")
		}
	})
}
