package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// shop has lions and keepers behind loaders of one source.
type shop struct {
	lions, keepers batches
}

// gateway gives a gateway whose lions and their owners come from the shop.
func (s *shop) gateway(t testing.TB) *gateway {
	lions, owners := loader.New("shop", "lions", 100, s.lions.fetch), loader.New("shop", "keepers", 100, s.keepers.fetch)
	return compileFor(declaring(t, "Query.lion", "Query.lions", "Lion.owner", "Keeper.boss"), fakes{
		lion: func(ctx context.Context, key int) (*model.Lion, error) {
			_, err := lions.Load(ctx, strconv.Itoa(key))
			return &model.Lion{Body: model.Body{Legs: key}}, err
		},
		lions: func(ctx context.Context, n int) ([]model.Lion, error) {
			_, err := lions.Load(ctx, "all")
			return prides(n), err
		},
		owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
			names, err := owners.LoadAll(ctx, each(objs, func(l *model.Lion) string { return "of " + strconv.Itoa(l.Legs) }))
			return each(names, func(string) *model.Keeper { return &model.Keeper{} }), err
		},
		boss: func(ctx context.Context, objs []*model.Keeper) ([]*model.Keeper, error) {
			_, err := owners.LoadAll(ctx, []string{"boss"})
			return objs, err
		},
	}, model.Faults{}, exec.Options{Guard: time.Hour}) // a starved machine is another test's
}

// runs is how often a test of chance is run.
func runs(n int) int {
	if testing.Short() {
		return n / 50
	}
	return n
}

// TestOneWaveIsOneBatch, every time: two steps that one answer wakes load from one loader.
func TestOneWaveIsOneBatch(t *testing.T) {
	t.Parallel()
	var s shop
	g := s.gateway(t)
	next := make(chan struct{}, 8)
	var all sync.WaitGroup
	n := runs(10_000)
	for range n {
		next <- struct{}{}
		all.Go(func() {
			defer func() { <-next }()
			got := g.answer(context.Background(), t, request{query: `{ a: lion(key: 1) { owner { __typename } } b: lion(key: 2) { owner { __typename } } }`})
			if want := `{"a":{"owner":{"__typename":"Keeper"}},"b":{"owner":{"__typename":"Keeper"}}}`; string(got.Data) != want {
				t.Errorf("got %s, %v", got.Data, got.Errors)
			}
		})
	}
	all.Wait()
	for of, calls := range map[string][]string{"1 2": s.lions.calls, "of 1 of 2": s.keepers.calls} {
		if len(calls) != n || len(slices.Compact(calls)) != 1 || calls[0] != of {
			t.Errorf("%d operations made %d calls, not all of them for %q", n, len(calls), of)
		}
	}
}

// TestEachLevelIsOneBatch, whatever the shape of what is asked for.
func TestEachLevelIsOneBatch(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2][]string{
		`{ a: lion(key: 1) { owner { boss { id } } } b: lion(key: 2) { owner { boss { id } } } c: lions(first: 3) { owner { id } } }`: {
			{"1 2 all"}, {"of 0 of 1 of 2", "boss"},
		},
		`{ a: lion(key: 1) { o: owner { id } p: owner { boss { id } } ... on Lion { owner { id } } } }`: {{"1"}, {"of 1", "boss"}},
		`{ lions(first: 100) { owner { boss { boss { id } } } } }`: {
			{"all"}, {strings.Join(slices.Sorted(slices.Values(numbered(100, "of %d"))), " "), "boss"},
		},
	} {
		for range runs(200) {
			var s shop
			if got := s.gateway(t).ask(t, query); got.Errors != nil {
				t.Fatal(got.Errors)
			}
			s.lions.want(t, want[0]...)
			s.keepers.want(t, want[1]...)
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

// TestSingularFieldsThatLoad: as many as there are wait in one batch, though only a few run at once.
func TestSingularFieldsThatLoad(t *testing.T) {
	t.Parallel()
	for range runs(100) {
		var calls batches
		things := loader.New("shop", "things", 1000, calls.fetch)
		var running, most atomic.Int64
		g := compileFor(declaring(t, "Lion.where"), fakes{lions: nLions, where: func(ctx context.Context, l *model.Lion) (*string, error) {
			most.Store(max(most.Load(), running.Add(1)))
			for range 100 {
				_ = strconv.Itoa(l.Legs) // others could begin meanwhile
			}
			running.Add(-1)
			v, err := things.Load(ctx, fmt.Sprintf("%02d", l.Legs))
			return &v, err
		}}, model.Faults{}, exec.Options{})
		got := g.ask(t, `{ lions(first: 100) { where } }`)
		if got.Errors != nil || !strings.HasSuffix(string(got.Data), `{"where":"value of 99"}]}`) {
			t.Fatal(string(got.Data), got.Errors)
		}
		calls.want(t, strings.Join(numbered100, " "))
		if most.Load() > exec.MaxWorkers {
			t.Fatalf("%d ran at once", most.Load())
		}
	}
}

var numbered100 = numbered(100, "%02d")

// TestSingularFieldsAreBounded: those that wait where platform cannot see it are few.
func TestSingularFieldsAreBounded(t *testing.T) {
	t.Parallel()
	for objects, want := range map[int]int64{1: 1, 3: 3, 8: 8, 100: exec.MaxWorkers} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int64
			g := compile(fakes{lions: nLions, where: func(context.Context, *model.Lion) (*string, error) {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
				return nil, nil
			}}, exec.Options{})
			begun := time.Now()
			g.answer(t.Context(), t, request{query: fmt.Sprintf(`{ lions(first: %d) { where } }`, objects)})
			if took, steps := time.Since(begun), (objects+exec.MaxWorkers-1)/exec.MaxWorkers; most.Load() != want || took != time.Duration(steps)*time.Second {
				t.Errorf("of %d, %d ran at once, and all in %v", objects, most.Load(), took)
			}
		})
	}
}

// TestSingularFieldsBesideOthers: steps of both kinds that load the same make one batch, by resolvers with goroutines of their own too.
func TestSingularFieldsBesideOthers(t *testing.T) {
	t.Parallel()
	for range runs(200) {
		var calls batches
		things := loader.New("shop", "things", 1000, calls.fetch)
		load := func(ctx context.Context, l *model.Lion) *string {
			v, err := things.Load(ctx, strconv.Itoa(l.Legs))
			if err != nil {
				graphql.AddError(ctx, err)
			}
			return &v
		}
		g := compileFor(declaring(t, "Lion.where", "Lion.secret", "Lion.tag"), fakes{
			lions: nLions,
			where: func(ctx context.Context, l *model.Lion) (*string, error) { return load(ctx, l), nil },
			tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
				tags := make([]string, len(objs))
				wave.Parallel(ctx, len(objs), func(ctx context.Context) { load(ctx, &model.Lion{Body: model.Body{Legs: 3}}) })
				return tags, nil
			},
			secret: func(ctx context.Context, objs []*model.Lion) ([]*string, error) {
				return each(objs[:1], func(l *model.Lion) *string { return load(ctx, l) })[:1:1], nil
			},
		}, model.Faults{}, exec.Options{})
		got := g.ask(t, `{ a: lions(first: 3) { where tag } b: lions(first: 1) { secret } }`)
		if got.Errors != nil {
			t.Fatal(got.Errors)
		}
		calls.want(t, "0 1 2 3")
		if t.Failed() {
			t.FailNow()
		}
	}
}

// TestADirectiveThatLoads is a runner like others: it holds no batch up.
func TestADirectiveThatLoads(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		`{ a: lions(first: 3) { diet } b: lion(key: 1) { diet } }`: {"level"},
		`{ lions(first: 3) { secret chip diet owner { id } } }`:    {"level", "owner"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var calls batches
			things := loader.New("shop", "things", 100, calls.fetch)
			g := compileFor(declaring(t, "Lion.diet", "Lion.secret", "Lion.chip", "Lion.owner"), fakes{
				lions: nLions, lion: oneLion,
				owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
					_, err := things.Load(ctx, "owner")
					return make([]*model.Keeper, len(objs)), err
				},
				members: func(ctx context.Context, next graphql.Resolver) (any, error) {
					if _, err := things.Load(ctx, "level"); err != nil {
						return nil, err
					}
					return next(ctx)
				},
			}, model.Faults{}, exec.Options{})
			begun := time.Now()
			if got := g.ask(t, query); got.Errors != nil {
				t.Error(got.Errors)
			}
			if took := time.Since(begun); took != 0 {
				t.Errorf("%s: it waited for %v", query, took)
			}
			calls.want(t, want...)
		})
	}
}

// TestTheGuard: a resolver that waits for a lock, which who waits for a batch holds, delays it by the guard and no longer.
func TestTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		held, unlock := make(chan struct{}), make(chan struct{})
		g := compileFor(declaring(t, "Lion.owner"), fakes{
			lions: nLions,
			owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
				close(held)
				defer close(unlock)
				_, err := things.Load(ctx, "owner")
				return make([]*model.Keeper, len(objs)), err
			},
			tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
				<-held
				<-unlock
				return tags(ctx, objs)
			},
		}, model.Faults{}, exec.Options{})
		begun := time.Now()
		check(t, g.ask(t, `{ lions(first: 1) { owner { id } tag } }`), `{"lions":[{"owner":null,"tag":"t0"}]}`)
		if took := time.Since(begun); took != wave.DefaultGuard {
			t.Errorf("it took %v, want %v", took, wave.DefaultGuard)
		}
	})
}
