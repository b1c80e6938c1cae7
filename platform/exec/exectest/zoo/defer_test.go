package zoo_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestIncrementalAnswersSayTheSame asks random operations with @defer at random places, incrementally and not: all answers together are the
// whole one.
func TestIncrementalAnswersSayTheSame(t *testing.T) {
	t.Parallel()
	for kind, whole := range map[string]bool{"what is new": false, "whole fragments": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			compareIncremental(t, whole)
		})
	}
}

func compareIncremental(t *testing.T, wholeFragments bool) {
	t.Helper()
	compiled := &side{schema: func(faults model.Faults) graphql.ExecutableSchema {
		return graph.NewCompiledSchema(zoo.Config(faults), exec.Options{})
	}}
	var asked, answered, failed atomic.Int64
	good := []*graphql.Response{{}} // where nothing is wrong
	var x *exectest.Examination
	x = &exectest.Examination{
		Schema: gqlgen(model.Faults{}).Schema(),
		Limits: exectest.Limits{Mutations: true, Defer: true, Values: values, Without: declined},
		Want:   func(context.Context, uint64, exectest.Operation) []*graphql.Response { return good }, // Got compares
		Folder: "testdata/defer",
		Got: func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
			whole := compiled.ask(ctx, seed, o)
			answers := exectest.AskIncrementally(zoo.WithVisit(ctx, model.Level(seed%3)), compiled.executor(seed%100), o, wholeFragments)
			m, err := exectest.Merge(answers)
			if err == nil && !strings.Contains(o.Query, "look") && strings.Count(o.Query, "@defer") <= 10 { // look sees what will come, too
				alone, _ := exectest.Merge([]exectest.Answer{{Response: answers[0].Response}})
				err = exectest.CompareMerged(o, compiled.ask(ctx, seed, exectest.First(x.Schema, o))[0], alone)
			}
			if err == nil {
				err = exectest.CompareMerged(o, whole[0], m)
				failed.Add(int64(m.Failed()))
			}
			if err != nil {
				return []*graphql.Response{{Errors: gqlerror.List{{Message: err.Error()}}}}
			}
			asked.Add(1)
			answered.Add(int64(len(answers)))
			return good
		},
	}
	x.Run(t, *operations, *seed)
	t.Logf("%d operations had %d answers, and %d fragments failed", asked.Load(), answered.Load(), failed.Load())
	if answered.Load() < 2*asked.Load() || failed.Load() == 0 {
		t.Error("nothing was deferred, or nothing has failed")
	}
}
