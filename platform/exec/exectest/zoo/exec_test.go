package zoo_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

var (
	operations = flag.Int("exec.operations", defaultOperations, "how many random operations are compared")
	seed       = flag.Uint64("exec.seed", 1, "what decides them")
)

// side answers operations by one kind of executor, one for each way in which the zoo fails.
type side struct {
	schema func(faults model.Faults) graphql.ExecutableSchema

	mu        sync.Mutex
	executors map[uint64]*executor.Executor
}

// ask answers a case: its seed says what fails, and who asks.
func (s *side) ask(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
	return exectest.Ask(zoo.WithVisit(ctx, model.Level(seed%3)), s.executor(seed%100), o)
}

func (s *side) executor(seed uint64) *executor.Executor {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.executors[seed]; ok {
		return e
	}
	faults := model.Faults{Seed: seed, OneIn: 15}
	if seed%4 == 0 {
		faults.OneIn = 0 // nothing fails
	}
	e := executor.New(s.schema(faults))
	if seed%5 == 1 {
		e.AroundRootFields(intercept)
	}
	e.SetDefaultRulesFn(exectest.Lenient)
	e.SetRecoverFunc(func(_ context.Context, panicked any) error { return errors.New(fmt.Sprint(panicked)) })
	if s.executors == nil {
		s.executors = map[uint64]*executor.Executor{}
	}
	s.executors[seed] = e
	return e
}

// intercept takes one field's place.
func intercept(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if graphql.GetRootFieldContext(ctx).Field.Name == "mood" {
		return graphql.Null
	}
	return next(ctx)
}

func gqlgen(faults model.Faults) graphql.ExecutableSchema {
	return graph.NewExecutableSchema(zoo.Config(faults))
}

// unwritten says whether an error is that of a scalar which cannot be written.
func unwritten(err *gqlerror.Error) bool {
	return err.Message == "the code is empty" || err.Message == "the moment is before all time"
}

func TestCompiledAnswersAsGqlgen(t *testing.T) {
	t.Parallel()
	everything := exectest.Limits{Mutations: true, Subscriptions: true, Directives: true, Values: values}
	planned := exectest.Limits{Mutations: true, Subscriptions: true, Values: values, Without: declined}
	t.Run("everything", func(t *testing.T) {
		t.Parallel()
		compare(t, everything, "testdata", *operations/4)
	})
	t.Run("what is planned", func(t *testing.T) {
		t.Parallel()
		for _, s := range compare(t, planned, "", *operations*3/4) {
			if n := s.Declined(); n > 0 {
				t.Errorf("%d operations were left to gqlgen's executor", n)
			}
		}
	})
}

// TestCompiledAnswersManyAtOnce asks each operation several times at once, by one executor, whose plan none of them has made yet.
func TestCompiledAnswersManyAtOnce(t *testing.T) {
	t.Parallel()
	want := &side{schema: gqlgen}
	got := &side{schema: func(faults model.Faults) graphql.ExecutableSchema {
		return graph.NewCompiledSchema(zoo.Config(faults), exec.Options{})
	}}
	x := examination(want)
	x.Limits = exectest.Limits{Mutations: true, Subscriptions: true, Values: values, Without: declined}
	x.Got = func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
		answers := make([][]*graphql.Response, 4)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = got.ask(ctx, seed, o) })
		}
		all.Wait()
		wanted := want.ask(ctx, seed, o)
		for _, answer := range answers {
			if exectest.CompareAll(wanted, answer) != nil {
				return answer // which may be a known departure
			}
		}
		return answers[0]
	}
	x.Run(t, *operations/20, *seed)
}

// examination compares with what one side answers, except for what it is known to do wrong.
func examination(want *side) *exectest.Examination {
	schema := gqlgen(model.Faults{}).Schema()
	return &exectest.Examination{
		Schema:     schema,
		Want:       want.ask,
		Departures: []exectest.Departure{exectest.Merging(schema, want.ask), exectest.Events(schema), exectest.Unwritten(unwritten)},
	}
}

// compare compares both executors, and gives the compiled ones.
func compare(t *testing.T, limits exectest.Limits, folder string, n int) []*exec.Schema {
	t.Helper()
	var compiled []*exec.Schema
	got := &side{schema: func(faults model.Faults) graphql.ExecutableSchema {
		s := graph.NewCompiledSchema(zoo.Config(faults), exec.Options{})
		compiled = append(compiled, s)
		return s
	}}
	x := examination(&side{schema: gqlgen})
	x.Got, x.Limits, x.Folder = got.ask, limits, folder
	x.Run(t, n, *seed)
	return compiled
}

// declined says which fields the compiled executor leaves to gqlgen's: objects that are maps or interfaces, methods that say whether there is a
// value, and plural fields with a directive that runs for each object.
func declined(typeName, field string) bool {
	switch typeName + "." + field {
	case "Query.crate", "Query.crates", "Query.ghost", "Query.ghosts", "Owl.nickname", "Values.perhaps", "Lion.roar", "Lion.shadow", "Stone.story":
		return true
	}
	return false
}
