package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
)

// trace is extensions.trace as clients have it.
type trace struct {
	Executor string
	Duration float64
	Steps    []struct {
		Path, Field, Code string
		Objects           int
		Start, Duration   float64
	}
	Batches []struct {
		Loader, Source, Code string
		Keys                 int
		Start, Duration      float64
	}
}

// lines gives what was run, in order of its beginning and by name.
func (tr trace) lines() []string {
	var all []string
	for _, s := range tr.Steps {
		all = append(all, fmt.Sprintf("%4v+%v %s %s of %d %s", s.Start, s.Duration, s.Path, s.Field, s.Objects, s.Code))
	}
	for _, b := range tr.Batches {
		all = append(all, fmt.Sprintf("%4v+%v batch %s of %s: %d %s", b.Start, b.Duration, b.Loader, b.Source, b.Keys, b.Code))
	}
	slices.Sort(all)
	return all
}

// tracing is a gateway whose sources take a second.
func tracing(t testing.TB) *gateway {
	var calls batches
	calls.block = func(context.Context, []string) { time.Sleep(100 * time.Millisecond) }
	things := loader.New("shop", "things", 10, calls.fetch)
	broken := loader.New("shop", "broken", 10, func(context.Context, []string) (map[string]string, error) {
		return nil, fault.New(fault.SourceUnavailable, "")
	})
	return compileFor(declaring(t, "Lion.owner", "Lion.where", "Lion.tag", "Mutation.step", "Query.failing"), fakes{
		lion: oneLion, lions: nLions,
		owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
			_, err := things.LoadAll(ctx, numbered(len(objs), "%d"))
			return make([]*model.Keeper, len(objs)), err
		},
		where: func(ctx context.Context, l *model.Lion) (*string, error) {
			v, err := things.Load(ctx, fmt.Sprint("w", l.Legs))
			return &v, err
		},
		secret:  func(context.Context, []*model.Lion) ([]*string, error) { return nil, errors.New("never") },
		members: func(context.Context, graphql.Resolver) (any, error) { return nil, nil },
		failing: func(ctx context.Context) (*int, error) { _, err := broken.Load(ctx, "x"); return nil, err },
		step: func(ctx context.Context, _ *int) (*model.Step, error) {
			_, err := things.Load(ctx, "x")
			return &model.Step{}, err
		},
	}, model.Faults{}, exec.Options{})
}

// TestTrace says what was run, when, for how many objects, and what came of it.
func TestTrace(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		`{ failing lions(first: 12) { l: legs owner { name } } a: lion(key: 1) { where secret } }`: {
			"   0+0 a Query.lion of 1 ", "   0+0 a.secret Lion.secret of 1 ", "   0+0 batch broken of shop: 1 SOURCE_UNAVAILABLE",
			"   0+0 failing Query.failing of 1 SOURCE_UNAVAILABLE", "   0+0 lions Query.lions of 1 ",
			"   0+100 a.where Lion.where of 1 ", "   0+100 batch things of shop: 10 ", "   0+100 batch things of shop: 3 ", "   0+100 lions.owner Lion.owner of 12 ",
		},
		`mutation { a: step { number } b: step { number } }`: {
			"   0+100 a Mutation.step of 1 ", "   0+100 batch things of shop: 1 ", " 100+100 b Mutation.step of 1 ", " 100+100 batch things of shop: 1 ",
		},
		`{ lion(key: 1) { where @loud } }`: {"   0+100 batch things of shop: 1 "},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := tracing(t)
			next, _ := g.begin(exec.WithTrace(t.Context()), t, request{query: query})
			var tr trace
			if err := json.Unmarshal([]byte(traced(t, next())), &tr); err != nil {
				t.Fatal(err)
			}
			got := tr.lines()
			if strings.Contains(query, "@loud") {
				if tr.Executor != "gqlgen" || tr.Duration != 102 { // with the window of loaders
					t.Errorf("by %s in %v", tr.Executor, tr.Duration)
				}
				got[0] = strings.Replace(got[0], "2+", "0+", 1)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: got\n\t%s\nwant\n\t%s", query, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			if without := g.answer(t.Context(), t, request{query: query}); len(without.Extensions) != 0 {
				t.Errorf("who does not ask for it has %v", without.Extensions)
			}
		})
	}
}

// TestTraceAtTheDeadline has what has ended by then, and is not written to afterwards.
func TestTraceAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(exec.WithTrace(t.Context()), 50*time.Millisecond)
		defer cancel()
		got := tracing(t).answer(ctx, t, request{query: `{ lions(first: 1) { owner { name } } }`})
		before := traced(t, got)
		time.Sleep(time.Hour)
		if after := traced(t, got); after != before || !strings.Contains(before, "Query.lions") {
			t.Errorf("got %s, and later %s", before, after)
		}
	})
}

// TestTraceByAResolver: who takes its name keeps it.
func TestTraceByAResolver(t *testing.T) {
	t.Parallel()
	g := compile(fakes{failing: func(ctx context.Context) (*int, error) {
		graphql.RegisterExtension(ctx, "trace", "mine")
		return nil, nil
	}}, exec.Options{})
	if got := g.answer(exec.WithTrace(t.Context()), t, request{query: `{ failing }`}); got.Extensions["trace"] != "mine" {
		t.Errorf("got %v", got.Extensions)
	}
}

// TestWhoWatchesSteps is told of each, once, in a context that the resolvers get.
func TestWhoWatchesSteps(t *testing.T) {
	t.Parallel()
	var seen watch
	g := compile(fakes{
		lions: nLions,
		where: func(ctx context.Context, _ *model.Lion) (*string, error) {
			return must(fmt.Sprint(ctx.Value(passKey{}))), nil
		},
		friend: func(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
			return partial(make([]model.Being, len(objs)), nil, errors.New("no friend"))
		},
		members: func(context.Context, graphql.Resolver) (any, error) { return nil, nil },
	}, exec.Options{Step: func(ctx context.Context, f *exec.Field, objects int) (context.Context, func(error)) {
		ctx, ended := seen.step(ctx, f, objects)
		return context.WithValue(ctx, passKey{}, "in "+f.Name()), ended
	}})
	got := g.ask(t, `{ all: lions(first: 2) { where id f: friend { id } secret chip } }`)
	if !strings.Contains(string(got.Data), `"where":"in where"`) {
		t.Errorf("got %s", got.Data)
	}
	ended := seen.all()
	slices.Sort(ended)
	want := []string{
		"all Query.lions of 1: <nil>", "all.chip Lion.chip of 2: <nil>", "all.f Lion.friend of 2: batch resolver returned errors",
		"all.secret Lion.secret of 2: <nil>", "all.where Lion.where of 2: <nil>",
	}
	if !slices.Equal(ended, want) || seen.open != 0 {
		t.Errorf("got %q, and %d are open", ended, seen.open)
	}
}
