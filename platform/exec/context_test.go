package exec_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// where tells what a resolver's context says of where it runs.
func where(ctx context.Context) string {
	fc := graphql.GetFieldContext(ctx)
	names := []string{}
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		names = append(names, f.Name)
	}
	oc, parent := graphql.GetOperationContext(ctx), "the operation"
	if fc.Parent.Field.Field != nil {
		parent = fc.Parent.Field.Name
	}
	return fmt.Sprintf("%s.%s as %s at %s in %s of %v below %v asks %v, %v, %v", fc.Object, fc.Field.Name, fc.Field.Alias, graphql.GetPath(ctx),
		oc.OperationName, fc.Args, parent, names, graphql.AnyFieldRequested(ctx, "boss.name", "level"), fc.IsResolver)
}

// TestWhatResolversKnow of where they run. Paths have no indices: a resolver may run for many objects.
func TestWhatResolversKnow(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	see := func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		seen[where(ctx)] = true
	}
	g := compile(fakes{
		lions: func(ctx context.Context, n int) ([]model.Lion, error) { see(ctx); return prides(n), nil },
		owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
			see(ctx)
			return keepers(ctx, objs)
		},
		cubs: func(ctx context.Context, objs []*model.Lion, n int) ([][]model.Lion, error) {
			see(ctx)
			return each(objs, func(*model.Lion) []model.Lion { return prides(n) }), nil
		},
		where: func(ctx context.Context, _ *model.Lion) (*string, error) { see(ctx); return nil, nil },
		boss:  func(ctx context.Context, objs []*model.Keeper) ([]*model.Keeper, error) { see(ctx); return objs, nil },
		name:  unnamed,
		members: func(ctx context.Context, next graphql.Resolver) (any, error) {
			see(ctx)
			return next(ctx)
		},
	}, exec.Options{})
	next, _ := g.begin(t.Context(), t, request{operation: "Op", variables: map[string]any{"n": 2}, query: `query Op($n: Int) {
		all: lions(first: $n) { diet kids: cubs(first: $n, mood: WILD) { here: where(prefix: "x") o: owner { ...K } o: owner { boss { name } } } } }
		fragment K on Keeper { __typename boss { ... on Being { id } } }`})
	if got := next(); got.Errors != nil {
		t.Fatal(got.Errors)
	}
	for _, want := range []string{
		"Query.lions as all at all in Op of map[first:2] below the operation asks [diet cubs], false, true",
		"Lion.diet as diet at all.diet in Op of map[] below lions asks [], false, false",
		"Lion.cubs as kids at all.kids in Op of map[first:2 mood:WILD] below lions asks [where owner], false, true",
		"Lion.where as here at all.kids.here in Op of map[prefix:x] below cubs asks [], false, true",
		"Lion.owner as o at all.kids.o in Op of map[] below cubs asks [__typename boss], true, true",
		"Keeper.boss as boss at all.kids.o.boss in Op of map[] below owner asks [id name], false, true",
	} {
		found := false
		for got := range seen {
			found = found || pointerless(got) == want
		}
		if !found {
			t.Errorf("no resolver knew %q", want)
		}
	}
	if t.Failed() || len(seen) != 6 {
		t.Error(slices.Collect(maps.Keys(seen)))
	}
}

// pointerless hides where pointers of arguments point to.
func pointerless(text string) string {
	for _, arg := range []string{"mood:", "prefix:"} {
		if i := strings.Index(text, arg+"0x"); i >= 0 {
			end := i + strings.IndexAny(text[i:], "] ")
			text = text[:i] + arg + map[string]string{"mood:": "WILD", "prefix:": "x"}[arg] + text[end:]
		}
	}
	return text
}

// TestExtensions of all kinds of resolvers are in the answer.
func TestExtensions(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query string
		fakes fakes
		want  map[string]any
	}{
		"plural": {
			`{ lions(first: 3) { friend { id } } }`,
			fakes{friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
				graphql.RegisterExtension(ctx, "friends", len(objs))
				return lionItself(ctx, objs)
			}}, map[string]any{"friends": 3},
		},
		"plural, though it fails": {
			`{ lions(first: 3) { friend { id } } }`,
			fakes{friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
				graphql.RegisterExtension(ctx, "friends", len(objs))
				return nil, fmt.Errorf("no friends")
			}}, map[string]any{"friends": 3},
		},
		"plural, though it panics": {
			`{ lions(first: 3) { friend { id } } }`,
			fakes{friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
				graphql.RegisterExtension(ctx, "friends", len(objs))
				panic("no friends")
			}}, map[string]any{"friends": 3},
		},
		"singular, of one object": {
			`{ lions(first: 1) { where } }`,
			fakes{where: func(ctx context.Context, _ *model.Lion) (*string, error) {
				graphql.RegisterExtension(ctx, "here", true)
				return nil, nil
			}}, map[string]any{"here": true},
		},
		"singular, of many objects": {
			`{ lions(first: 30) { where } }`,
			fakes{where: func(ctx context.Context, l *model.Lion) (*string, error) {
				if l.Legs%10 == 0 {
					graphql.RegisterExtension(ctx, fmt.Sprintf("here %d", l.Legs), l.Legs)
				}
				return nil, nil
			}}, map[string]any{"here 0": 0, "here 10": 10, "here 20": 20},
		},
		"a member's directive": {
			`{ lions(first: 3) { diet } }`,
			fakes{members: func(ctx context.Context, next graphql.Resolver) (any, error) {
				graphql.RegisterExtension(ctx, "asked", "diet")
				return next(ctx)
			}}, map[string]any{"asked": "diet"},
		},
		"a directive that does not ask further": {
			`{ lions(first: 3) { secret } }`,
			fakes{members: func(ctx context.Context, _ graphql.Resolver) (any, error) {
				graphql.RegisterExtension(ctx, "asked", "secret")
				return nil, nil
			}}, map[string]any{"asked": "secret"},
		},
		"a directive around a singular field": {
			`{ lions(first: 3) { chip } }`,
			fakes{members: func(ctx context.Context, next graphql.Resolver) (any, error) {
				graphql.RegisterExtension(ctx, "asked", "chip")
				return next(ctx)
			}}, map[string]any{"asked": "chip"},
		},
		"a mutation's fields": {
			`mutation { a: step(of: 1) { number } b: step(of: 2) { number } }`,
			fakes{step: func(ctx context.Context, of *int) (*model.Step, error) {
				graphql.RegisterExtension(ctx, fmt.Sprint("step ", *of), true)
				return nil, nil
			}}, map[string]any{"step 1": true, "step 2": true},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := test.fakes
			f.lions = nLions
			if got := compile(f, exec.Options{}).ask(t, test.query).Extensions; fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestExtensionsThatAreRegisteredTwice are a resolver's mistake: it panics. Who is first is chance; that nobody dies of it is not.
func TestExtensionsThatAreRegisteredTwice(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	g := compile(fakes{
		lions: nLions,
		where: func(ctx context.Context, _ *model.Lion) (*string, error) {
			calls.Add(1)
			graphql.RegisterExtension(ctx, "same", "where")
			return must("here"), nil
		},
		friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
			graphql.RegisterExtension(ctx, "same", "friend")
			return lionItself(ctx, objs)
		},
	}, exec.Options{})
	for range 20 {
		got := g.ask(t, `{ lions(first: 50) { where friend { __typename } } others: lions(first: 1) { friend { __typename } } }`)
		if _, ok := got.Extensions["same"]; !ok || !strings.HasSuffix(string(got.Data), `}]}`) {
			t.Errorf("got %s, %v", got.Data, got.Extensions)
		}
	}
	if calls.Load() != 20*50 {
		t.Errorf("%d calls, want %d", calls.Load(), 20*50)
	}
}

// TestErrorsThatDirectivesReport are in the answer, whether or not they ask further.
func TestErrorsThatDirectivesReport(t *testing.T) {
	t.Parallel()
	for query, test := range map[string]struct {
		asking, not string // the data
		path        string
	}{
		`{ lions(first: 2) { secret } }`: {`{"lions":[{"secret":"s"},{"secret":"s"}]}`, `{"lions":[{"secret":null},{"secret":null}]}`, "lions[0].secret"},
		`{ lions(first: 2) { chip } }`:   {`{"lions":[{"chip":"c"},{"chip":"c"}]}`, `{"lions":[{"chip":null},{"chip":null}]}`, "lions[0].chip"},
		`{ lion(key: 1) { chip } }`:      {`{"lion":{"chip":"c"}}`, `{"lion":{"chip":null}}`, "lion.chip"},
		`{ lion(key: 1) { diet } }`:      {`{"lion":{"diet":"grass"}}`, `{"lion":null}`, "lion.diet"},
	} {
		for _, asks := range []bool{false, true} {
			g := compile(fakes{
				lions: nLions, lion: oneLion,
				secret: func(_ context.Context, objs []*model.Lion) ([]*string, error) {
					return each(objs, func(*model.Lion) *string { return must("s") }), nil
				},
				chip: func(context.Context, *model.Lion) (*string, error) { return must("c"), nil },
				members: func(ctx context.Context, next graphql.Resolver) (any, error) {
					graphql.AddErrorf(ctx, "for members")
					if !asks {
						return nil, nil
					}
					return next(ctx)
				},
			}, exec.Options{})
			data := test.not
			if asks {
				data = test.asking
			}
			got := g.ask(t, query)
			if string(got.Data) != data || len(got.Errors) != 1 || got.Errors[0].Message != "for members" || got.Errors[0].Path.String() != test.path {
				t.Errorf("%s, asking further is %v: got %s, %v", query, asks, got.Data, got.Errors)
			}
		}
	}
}
