package zoo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// visit asks for a bit of everything.
const visit = `query Visit {
	lionsLoose { name tag roar cubs { name where(prefix: "at ") look { asked two } } rivals { __typename } secret chip diet }
	beings(first: 4) { __typename id name ... on Owl { prey { id } home { guests { id } mood eggs } flights { song } } }
	mazes { grid loose cube roomsLoose { keeper { name boss { name } } doors { number title } } exhibits { ... on Stone { owner { name } } } moods }
	values { any map floats weights maybes time levels string nicks ids moments codes risky riskyMust perhaps renamed }
	crates { label count owner { name } } ghosts { name age haunts { id } } vault { gold }
	tree { value left { right { value } } leaves { value } }
	echo(wish: {name: "a wish"}, pick: {spot: {x: 1}}, raw: {text: "a"}) numbers failing members
}`

// ask executes a query by gqlgen's executor.
func ask(t *testing.T, faults model.Faults, level model.Level, query string) *graphql.Response {
	t.Helper()
	e := executor.New(graph.NewExecutableSchema(zoo.Config(faults)))
	e.SetRecoverFunc(func(_ context.Context, panicked any) error { return errors.New(panicked.(string)) })
	ctx := graphql.StartOperationTrace(zoo.WithVisit(t.Context(), level))
	operation, list := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if list != nil {
		t.Fatal(list)
	}
	handle, ctx := e.DispatchOperation(ctx, operation)
	return handle(ctx)
}

func TestNothingFailsUnlessAsked(t *testing.T) {
	t.Parallel()
	got := ask(t, model.Faults{}, model.KeeperLevel, visit)
	if got.Errors != nil {
		t.Fatal(got.Errors)
	}
	if again := ask(t, model.Faults{}, model.KeeperLevel, visit); string(again.Data) != string(got.Data) {
		t.Error("the same question has two answers")
	}
}

// TestEverythingFailsOnceInAWhile sees each kind of fault among many seeds.
func TestEverythingFailsOnceInAWhile(t *testing.T) {
	t.Parallel()
	all := map[string]bool{}
	for seed := range uint64(200) {
		for _, err := range ask(t, model.Faults{Seed: seed, OneIn: 12}, model.Visitor, visit).Errors {
			words := strings.Fields(err.Message)
			all[words[len(words)-1]] = true
			if strings.HasPrefix(err.Message, "all of ") {
				all["whole"] = true
			}
		}
	}
	for _, kind := range []string{"failed", "fault", "panicked", "allow", "whole", "members.", "time", "empty"} {
		if !all[kind] {
			t.Errorf("nothing ends with %q: %v", kind, all)
		}
	}
}
