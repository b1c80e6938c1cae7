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

// TestMutationsAreSerial: a field begins when all below the one before it has ended, in the document's order, whatever fails.
func TestMutationsAreSerial(t *testing.T) {
	t.Parallel()
	for _, intercepted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var events []string
			note := func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, fmt.Sprintf(format, args...))
			}
			g := compile(fakes{
				step: func(_ context.Context, of *int) (*model.Step, error) {
					note("%d begins", *of)
					time.Sleep(time.Duration(10-*of) * time.Second)
					if *of == 2 {
						panic("two")
					}
					return &model.Step{Number: *of}, nil
				},
				stepLion: func(_ context.Context, objs []*model.Step) ([]*model.Lion, error) {
					time.Sleep(time.Second)
					note("%d has a lion", objs[0].Number)
					return []*model.Lion{{Body: model.Body{Legs: objs[0].Number}}}, nil
				},
				tag: func(_ context.Context, objs []*model.Lion) ([]string, error) {
					time.Sleep(time.Second)
					note("%d has a tag", objs[0].Legs)
					return []string{"t"}, nil
				},
			}, exec.Options{})
			if intercepted {
				g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) })
			}
			got := g.ask(t, `mutation { c: step(of: 3) { lion { tag } } ...F c: step(of: 3) { number } __typename } fragment F on Mutation { b: step(of: 2) { number } a: step(of: 1) { lion { tag } } }`)
			check(t, got, `{"c":{"lion":{"tag":"t"},"number":3},"b":null,"a":{"lion":{"tag":"t"}},"__typename":"Mutation"}`, "b 1:113 INTERNAL_SERVER_ERROR")
			want := strings.Split("3 begins,3 has a lion,3 has a tag,2 begins,1 begins,1 has a lion,1 has a tag", ",")
			if !slices.Equal(events, want) {
				t.Errorf("got %q, want %q", events, want)
			}
		})
	}
}

// TestMutationsLoadAfresh after each root field, by whichever executor. Queries load once.
func TestMutationsLoadAfresh(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		`mutation { a: step(of: 1) { lion { where } } b: step(of: 2) { lion { where legs } } }`:  {"step", "lion", "where", "step", "lion", "where"},
		`mutation { a: step(of: 1) { lion { where @loud } } b: step(of: 2) { lion { where } } }`: {"step", "lion", "where", "step", "lion", "where"},
		`{ a: lion(key: 1) { where tag } b: lion(key: 2) { where tag c: where } }`:               {"step", "tag where"},
		`{ a: lion(key: 1) { where @loud } b: lion(key: 2) { where } }`:                          {"step", "where"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var calls batches
			things := loader.New("shop", "things", 100, calls.fetch)
			load := func(ctx context.Context, key string) {
				if _, err := things.Load(ctx, key); err != nil {
					graphql.AddError(ctx, err)
				}
			}
			g := compileFor(declaring(t, "Query.lion", "Mutation.step", "Step.lion", "Lion.where", "Lion.tag"), fakes{
				lion: func(ctx context.Context, key int) (*model.Lion, error) { load(ctx, "step"); return oneLion(ctx, key) },
				step: func(ctx context.Context, of *int) (*model.Step, error) {
					load(ctx, "step")
					return &model.Step{Number: *of}, nil
				},
				stepLion: func(ctx context.Context, _ []*model.Step) ([]*model.Lion, error) {
					load(ctx, "lion")
					return []*model.Lion{{}}, nil
				},
				where: func(ctx context.Context, _ *model.Lion) (*string, error) {
					load(ctx, "where")
					return must("here"), nil
				},
				tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
					load(ctx, "tag")
					return tags(ctx, objs)
				},
			}, model.Faults{}, exec.Options{})
			if got := g.ask(t, query); got.Errors != nil {
				t.Error(got.Errors)
			}
			calls.want(t, want...)
		})
	}
}
