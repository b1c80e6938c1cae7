package exec_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// bosses has each keeper be his own boss, to a depth that the document gives.
func bosses(_ context.Context, objs []*model.Keeper) ([]*model.Keeper, error) { return objs, nil }

func oneKeeper(context.Context, *string) (*model.Keeper, error) { return &model.Keeper{}, nil }

// TestDocumentsThatAreExponentialForOthers plans only what there are objects for, and each place of the answer once.
func TestDocumentsThatAreExponentialForOthers(t *testing.T) {
	t.Parallel()
	friends := func(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
		return each(objs, func(l *model.Lion) model.Being { return l }), nil
	}
	nobody := func(_ context.Context, objs []*model.Keeper) ([]*model.Keeper, error) {
		return make([]*model.Keeper, len(objs)), nil
	}
	for reason, test := range map[string]struct {
		query  string
		fakes  fakes
		fields int // that are planned
		leaves int // of the answer
	}{
		"two aliases of a field, 25 deep, and nobody is there": {
			doubling(25, "{ keeper { BELOW } }", "Keeper", "a: boss { BELOW } b: boss { BELOW }", "kind: __typename"),
			fakes{keeper: oneKeeper, boss: nobody}, 3, 0,
		},
		"two aliases of a field, 25 deep, and no root": {
			doubling(25, "{ keeper { BELOW } }", "Keeper", "a: boss { BELOW } b: boss { BELOW }", "kind: __typename"),
			fakes{keeper: func(context.Context, *string) (*model.Keeper, error) { return nil, nil }}, 1, 0,
		},
		"two aliases of a field, 8 deep": {
			doubling(8, "{ keeper { BELOW } }", "Keeper", "a: boss { BELOW } b: boss { BELOW }", "kind: __typename"),
			fakes{keeper: oneKeeper, boss: bosses}, 1 + (1<<9 - 2) + 1<<8, 1 << 8,
		},
		"the same field twice, 25 deep": {
			doubling(25, "{ keeper { BELOW } }", "Keeper", "boss { BELOW } boss { BELOW }", "kind: __typename"),
			fakes{keeper: oneKeeper, boss: bosses}, 1 + 25 + 1, 1,
		},
		"the same field many times in many fragments, 25 deep": {
			doubling(25, "{ keeper { BELOW } }", "Keeper", strings.Repeat("... on Keeper { boss { BELOW } } ... on Being { ... on Keeper { boss { BELOW } } }", 5), "kind: __typename"),
			fakes{keeper: oneKeeper, boss: bosses}, 1 + 25 + 1, 1,
		},
		"a fragment that is spread many times": {
			"{ keeper { " + strings.Repeat("...F ", 1000) + " } } fragment F on Keeper { " + strings.Repeat("...G ", 1000) + "} fragment G on Keeper { kind: __typename }",
			fakes{keeper: oneKeeper}, 2, 1,
		},
		"through interfaces, 25 deep": {
			doubling(25, "{ lion(key: 1) { BELOW } }", "Being", "... on Animal { friend { BELOW } } ... on Lion { friend { BELOW } } ... on Owl { friend { BELOW } }", "kind: __typename"),
			fakes{lion: oneLion, friend: friends}, 1 + 25 + 1, 1,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(test.fakes, exec.Options{})
			g.SetDefaultRulesFn(unchecked) // they are not linear
			next, oc := g.begin(t.Context(), t, request{query: test.query})
			answer := next()
			if answer.Errors != nil {
				t.Fatal(answer.Errors)
			}
			if leaves := strings.Count(string(answer.Data), `"kind"`); leaves != test.leaves {
				t.Errorf("%d leaves, want %d", leaves, test.leaves)
			}
			if fields, _ := g.compiled.Planned(oc); fields != test.fields {
				t.Errorf("%d fields are planned, want %d", fields, test.fields)
			}
		})
	}
}

// TestObjectsAreNotPlanned: a plan is as large for a thousand objects as for one.
func TestObjectsAreNotPlanned(t *testing.T) {
	t.Parallel()
	const query = `query($n: Int!) { lions(first: $n) { legs cubs(first: 3) { legs friend { id } } } }`
	for _, n := range []int{1, 1000} {
		g := compile(fakes{lions: nLions}, exec.Options{})
		next, oc := g.begin(t.Context(), t, request{query: query, variables: map[string]any{"n": n}})
		if answer := next(); answer.Errors != nil {
			t.Fatal(answer.Errors)
		}
		if fields, states := g.compiled.Planned(oc); fields < 5 || fields > 11 || states < 4 || states > 10 { // by what friends are
			t.Errorf("for %d lions, %d fields and %d states", n, fields, states)
		}
	}
}

// allocated gives how many bytes a call allocates.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryGrowsWithTheAnswer measures first answers, whose plans grow as they are executed. Not in parallel: it counts what all allocate.
func TestMemoryGrowsWithTheAnswer(t *testing.T) {
	for reason, test := range map[string]struct {
		fakes fakes
		ask   func(size int) string
		sizes [2]int
		times uint64 // how much larger the second is
	}{
		"steps that the plan did not have when the run began": {
			fakes{keeper: oneKeeper, boss: bosses},
			func(depth int) string {
				return doubling(depth, "{ keeper { BELOW } }", "Keeper", "a: boss { BELOW } b: boss { BELOW }", "kind: __typename")
			}, [2]int{7, 12}, 32,
		},
		"objects": {
			fakes{lions: nLions},
			func(n int) string { return fmt.Sprintf("{ lions(first: %d) { legs home { depth } tag } }", n) }, [2]int{500, 5000}, 10,
		},
		"nulls that are not allowed, each of which was reported": {
			fakes{beingsMust: func(ctx context.Context, first int) ([]model.Being, error) {
				for i := range first {
					graphql.AddError(ctx, gqlerror.ErrorPathf(append(graphql.GetPath(ctx), ast.PathIndex(i)), "none"))
				}
				return make([]model.Being, first), nil
			}},
			func(n int) string { return fmt.Sprintf("{ beingsMust(first: %d) { id } }", n) }, [2]int{20, 400}, 20,
		},
		"fields": {
			fakes{lion: oneLion},
			func(n int) string {
				var b strings.Builder
				for i := range n {
					fmt.Fprintf(&b, "a%d: friend { id } b%d: legs ", i, i)
				}
				return "{ lion(key: 1) { " + b.String() + " } }"
			}, [2]int{200, 2000}, 10,
		},
		"fragments": {
			fakes{lion: oneLion},
			func(n int) string {
				var spreads, fragments strings.Builder
				for i := range n {
					fmt.Fprintf(&spreads, "...F%d ", i)
					fmt.Fprintf(&fragments, "fragment F%d on Lion { a%d: legs }\n", i, i)
				}
				return "{ lion(key: 1) { " + spreads.String() + " } }\n" + fragments.String()
			}, [2]int{200, 2000}, 10,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			var bytes [2]uint64
			for i, size := range test.sizes {
				var answer *graphql.Response
				g := compile(test.fakes, exec.Options{})
				g.SetDefaultRulesFn(unchecked)
				next, _ := g.begin(t.Context(), t, request{query: test.ask(size)})
				bytes[i] = allocated(func() {
					answer = next()
				})
				if wrong := len(answer.Errors); wrong != 0 && wrong != size {
					t.Fatal(answer.Errors)
				}
			}
			if bytes[1] > bytes[0]*test.times*2 { // its square would be far more
				t.Errorf("%d bytes and then %d: %.1f times as many, for an answer %d times as large",
					bytes[0], bytes[1], float64(bytes[1])/float64(bytes[0]), test.times)
			}
		})
	}
}

// TestPlansGrowUnderManyHands has one plan worked out by many operations at once.
func TestPlansGrowUnderManyHands(t *testing.T) {
	t.Parallel()
	query := `{ beings(first: 4) { __typename id ... on Lion { friend { id ...B } owner { id } home { guests { ...B } } } ... on Owl { prey { ...B } } } }
		fragment B on Being { id name ... on Animal { legs kin { id legs home { depth } } } ... on Keeper { boss { id } finds { __typename ... on Sign { text } } } }`
	fresh := compile(fakes{}, exec.Options{})
	want := string(fresh.ask(t, query).Data)
	for range 20 {
		g := compile(fakes{}, exec.Options{})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				next, _ := g.begin(context.Background(), t, request{query: query, level: model.KeeperLevel})
				if got := string(next().Data); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
		all.Wait()
		if documents, plans := g.compiled.Kept(); documents != 1 || plans != 1 {
			t.Errorf("%d documents, %d plans", documents, plans)
		}
	}
}
