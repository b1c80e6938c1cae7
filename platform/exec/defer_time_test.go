package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/loader"
)

// asleep gives a resolver of a plural field that takes its time.
func asleep[V any](d time.Duration, value func(l *model.Lion) V) func(ctx context.Context, objs []*model.Lion) ([]V, error) {
	return func(_ context.Context, objs []*model.Lion) ([]V, error) {
		time.Sleep(d)
		return each(objs, value), nil
	}
}

// TestWhatIsDeferredDelaysNothing: it is called for when what comes before it has been written, and comes as soon as it is ready.
func TestWhatIsDeferredDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var calls []string
		begun := time.Now()
		at := func() int { return int(time.Since(begun) / time.Second) }
		called := func(name string, seconds int) func(ctx context.Context, objs []*model.Lion) ([]string, error) {
			return func(ctx context.Context, objs []*model.Lion) ([]string, error) {
				mu.Lock()
				calls = append(calls, fmt.Sprintf("%s of %d at %d", name, len(objs), at()))
				mu.Unlock()
				return asleep(time.Duration(seconds)*time.Second, asTag)(ctx, objs)
			}
		}
		g := compile(fakes{lions: nLions, tag: called("tag", 2), friend: asleep(5*time.Second, asBeing), secret: func(ctx context.Context, objs []*model.Lion) ([]*string, error) {
			_, err := called("secret", 3)(ctx, objs)
			return make([]*string, len(objs)), err
		}}, exec.Options{})
		next := g.stream(t.Context(), t, request{level: model.KeeperLevel, query: `{ lions(first: 2) { friend { __typename } ... @defer(label: "slow") { secret } ... @defer(label: "fast") { tag ... @defer(label: "inner") { tag2: tag } } } }`})
		var got []string
		for line := next(); line != ""; line = next() {
			got = append(got, fmt.Sprintf("%d: %s", at(), line))
		}
		wantLines(t, got,
			`5: {"lions":[{"friend":{"__typename":"Lion"}},{"friend":{"__typename":"Lion"}}]} +1 lions[0]:slow +2 lions[1]:slow +3 lions[0]:fast +4 lions[1]:fast …`,
			`7: 3.={"tag":"t"} 4.={"tag":"tt"} -3 -4 +5 lions[0]:inner +6 lions[1]:inner …`,
			`8: 1.={"secret":null} 2.={"secret":null} -1 -2 …`,
			`9: 5.={"tag2":"t"} 6.={"tag2":"tt"} -5 -6`)
		slices.Sort(calls)
		wantLines(t, calls, "secret of 2 at 5", "tag of 2 at 5", "tag of 2 at 7")
	})
}

// TestDeferredMembersAreReadLater, too: they may have directives, or be methods.
func TestDeferredMembersAreReadLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var asked []time.Duration
		g := compile(fakes{
			lions: nLions, friend: asleep(5*time.Second, asBeing),
			members: func(ctx context.Context, next graphql.Resolver) (any, error) {
				asked = append(asked, time.Since(begun))
				return next(ctx)
			},
		}, exec.Options{})
		wantLines(t, g.streamed(t, request{query: `{ lions(first: 2) { friend { __typename } ... @defer { diet } } }`}),
			`{"lions":[{"friend":{"__typename":"Lion"}},{"friend":{"__typename":"Lion"}}]} +1 lions[0]: +2 lions[1]: …`,
			`1.={"diet":"grass"} 2.={"diet":"grass"} -1 -2`)
		if len(asked) == 0 || slices.Min(asked) < 5*time.Second {
			t.Errorf("they were asked for after %v", asked)
		}
	})
}

// TestWhatIsDeferredIsOneBatch, of all fragments that are pending at once, and is not loaded again.
func TestWhatIsDeferredIsOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		load := func(ctx context.Context, keys ...string) error {
			_, err := things.LoadAll(ctx, keys)
			return err
		}
		g := compileFor(declaring(t, "Lion.where", "Lion.tag", "Lion.friend"), fakes{
			lions: nLions,
			where: func(ctx context.Context, l *model.Lion) (*string, error) {
				return nil, load(ctx, fmt.Sprint("w", l.Legs))
			},
			tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
				time.Sleep(time.Second) // and is waited for
				return each(objs, asTag), load(ctx, each(objs, func(l *model.Lion) string { return fmt.Sprint("t", l.Legs) })...)
			},
			friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
				return each(objs, asBeing), load(ctx, "w0", "f")
			},
		}, model.Faults{}, exec.Options{Guard: time.Hour})
		if got := g.streamed(t, request{query: `{ lions(first: 2) { friend { __typename } ... @defer { where } ... @defer { tag } } }`}); len(got) < 2 {
			t.Errorf("got %q", got)
		}
		calls.mu.Lock()
		defer calls.mu.Unlock()
		for i, call := range calls.calls {
			keys := strings.Fields(call)
			slices.Sort(keys)
			calls.calls[i] = strings.Join(keys, " ")
		}
		wantLines(t, calls.calls, "f w0", "t0 t1 w1")
	})
}

// TestWhatAMutationDefers is called for when all its root fields are done, and reads what they have written.
func TestWhatAMutationDefers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		load := func(ctx context.Context, key string) {
			if _, err := things.Load(ctx, key); err != nil {
				graphql.AddError(ctx, err)
			}
		}
		g := compileFor(declaring(t, "Mutation.step", "Step.lion", "Lion.where"), fakes{
			step: func(ctx context.Context, of *int) (*model.Step, error) {
				load(ctx, "step")
				return &model.Step{Number: *of}, nil
			},
			stepLion: func(_ context.Context, objs []*model.Step) ([]*model.Lion, error) {
				return each(objs, func(s *model.Step) *model.Lion { return &model.Lion{Body: model.Body{Legs: s.Number}} }), nil
			},
			where: func(ctx context.Context, l *model.Lion) (*string, error) {
				load(ctx, "step")
				load(ctx, fmt.Sprint(l.Legs))
				return must("here"), nil
			},
		}, model.Faults{}, exec.Options{})
		got := g.streamed(t, request{query: `mutation { a: step(of: 1) { ... @defer { lion { where } } } b: step(of: 2) { number ... @defer { lion { where } } } }`})
		if want := `{"a":{},"b":{"number":2}} +1 a: +2 b: …`; got[0] != want {
			t.Errorf("got %s, want %s", got[0], want)
		}
		calls.want(t, "step", "step", "step", "1 2")
	})
}

// raw is stream without gqlgen's executor around the schema, which asks for nothing more after the deadline. It is given one context for the
// first answer, and one for those that follow.
func (g *gateway) raw(first, following context.Context, t testing.TB, query string) func() string {
	t.Helper()
	var into exec.Incremental
	oc, errs := g.CreateOperationContext(graphql.StartOperationTrace(first), &graphql.RawParams{Query: query})
	if errs != nil {
		t.Fatal(errs)
	}
	inside := func(ctx context.Context) context.Context {
		ctx = exec.WithIncremental(graphql.WithOperationContext(ctx, oc), &into)
		return graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, oc.RecoverFunc)
	}
	respond := g.compiled.Exec(inside(first))
	return func() string {
		ctx := inside(first)
		first = following
		response := respond(ctx)
		if response == nil {
			return ""
		}
		return strings.Join(append([]string{string(response.Data) + bracketed(graphql.GetErrors(ctx))}, told(into)...), " ")
	}
}

// TestWhatIsDeferredHasTheDeadline: what is open then is told in one last answer, also if nobody has waited for it.
func TestWhatIsDeferredHasTheDeadline(t *testing.T) {
	t.Parallel()
	const query = `{ lions(first: 1) { friend { __typename } ... @defer(label: "a") { tag ... @defer(label: "b") { legs chip } } ... @defer(label: "c") { owner { __typename } ... @defer(label: "d") { l: legs where } } } }`
	f := fakes{
		lions: nLions, friend: asleep(time.Second, asBeing),
		tag:     asleep(time.Minute, asTag),
		owner:   asleep(time.Second, func(*model.Lion) *model.Keeper { return &model.Keeper{} }),
		where:   func(context.Context, *model.Lion) (*string, error) { time.Sleep(time.Minute); return nil, nil },
		members: func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
	}
	const first = `{"lions":[{"friend":{"__typename":"Lion"}}]} +1 lions[0]:a +2 lions[0]:c …`
	for name, test := range map[string]struct {
		seconds, pause int // until the deadline; after each answer
		want           []string
	}{
		"while it is waited for": {10, 0, []string{
			first, ` 2.={"owner":{"__typename":"Keeper"}} -2 +3 lions[0]:d …`,
			` 3.={"l":0,"where":null}[lions[0].where 1:190 DEADLINE_EXCEEDED] -1[lions[0].tag 1:68 DEADLINE_EXCEEDED] -3`,
		}},
		"while the first answer is": {0, 0, []string{
			`null[lions 1:3 DEADLINE_EXCEEDED]`,
		}},
		"before anybody waits": {10, 20, []string{
			first, ` 2.={"owner":{"__typename":"Keeper"}} 3.={"l":0,"where":null}[lions[0].where 1:190 DEADLINE_EXCEEDED] -1[lions[0].tag 1:68 DEADLINE_EXCEEDED] -2 -3 +3 lions[0]:d`,
		}},
		"with everything open": {1, 1, []string{
			`{"lions":[{"friend":null}]}[lions[0].friend 1:21 DEADLINE_EXCEEDED] +1 lions[0]:a +2 lions[0]:c …`,
			` 2.={"owner":null}[lions[0].owner 1:136 DEADLINE_EXCEEDED] 3.={"l":0,"where":null}[lions[0].where 1:190 DEADLINE_EXCEEDED] ` +
				`-1[lions[0].tag 1:68 DEADLINE_EXCEEDED] -2 -3 +3 lions[0]:d`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, separate := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(test.seconds)*time.Second-time.Millisecond)
					defer cancel()
					following := ctx
					if separate {
						following = t.Context()
					}
					next := compile(f, exec.Options{}).raw(ctx, following, t, query)
					var got []string
					for line := next(); line != ""; line = next() {
						got = append(got, line)
						time.Sleep(time.Duration(test.pause) * time.Second)
					}
					wantLines(t, got, test.want...)
					time.Sleep(time.Hour) // what is late goes nowhere
				})
			}
		})
	}
}

// TestWhoAsksNoFurther leaves nothing behind: what has begun ends, and nothing else begins. synctest would find what does not end.
func TestWhoAsksNoFurther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w watch
		g := compile(fakes{lions: nLions, tag: asleep(time.Minute, asTag), owner: keepers}, exec.Options{Step: w.step})
		next := g.stream(t.Context(), t, request{query: `{ lions(first: 1) { ... @defer { tag ... @defer { owner { __typename } } } } }`})
		next()
		time.Sleep(time.Hour)
		wantLines(t, w.all(), "lions Query.lions of 1: <nil>", "lions.tag Lion.tag of 1: <nil>")
	})
}

// TestAnswersThatAreLeft by a client that goes: the handler's own context ends the waiting, too.
func TestAnswersThatAreLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		following, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		g := compile(fakes{lions: nLions, tag: asleep(time.Minute, asTag)}, exec.Options{})
		next := g.raw(t.Context(), following, t, `{ lions(first: 1) { ... @defer { tag } } }`)
		next()
		if got, want := next(), ` -1[lions[0].tag 1:34 DEADLINE_EXCEEDED]`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := next(); got != "" {
			t.Errorf("and then %s", got)
		}
		time.Sleep(time.Hour)
	})
}
