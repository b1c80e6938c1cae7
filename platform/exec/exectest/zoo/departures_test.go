package zoo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestWhereGqlgenDeparts has each thing in which gqlgen's executor is known to depart from the specification, and the compiled one does not.
// It fails where gqlgen's has been mended: then exectest needs to allow for less.
func TestWhereGqlgenDeparts(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		faults model.Faults
		query  string
		gqlgen string // what it answers; empty if that depends on chance, or is a data race
		want   string
	}{
		"fields of interfaces that are not related are not merged": {
			query:  `{ owned { ... on Tagged { owner { kind: __typename } } ... on Owned { owner { level } } } }`,
			gqlgen: `{"owned":[{"owner":{"kind":"Keeper"}},{"owner":{"level":"VISITOR"}},{"owner":{"kind":"Keeper"}},{"owner":{"level":"VISITOR"}}]}`,
			want: `{"owned":[{"owner":{"kind":"Keeper","level":"VISITOR"}},{"owner":{"level":"VISITOR"}},` +
				`{"owner":{"kind":"Keeper","level":"KEEPER"}},{"owner":{"level":"VISITOR"}}]}`,
		},
		"a scalar that cannot be written is null where it may not be": {
			faults: model.Faults{Unwritable: true},
			query:  `{ values { moment } }`,
			gqlgen: `{"values":{"moment":null}} values.moment: the moment is before all time`,
			want:   `{"values":null} values.moment: the moment is before all time`,
		},
		"an element that cannot be written is reported without its index": {
			faults: model.Faults{Seed: 15, OneIn: 4},
			query:  `{ values { moments } }`,
			gqlgen: `{"values":{"moments":[943840,null]}} values.moments: the moment is before all time`,
			want:   `{"values":{"moments":[943840,null]}} values.moments[1]: the moment is before all time`,
		},
		"a scalar that cannot be written is not reported in what is taken back": {
			faults: model.Faults{Seed: 22, OneIn: 4},
			query:  `{ values { moments } failingMust }`,
			gqlgen: `null failingMust: NOT_FOUND: Query.failingMust has a fault`,
			want:   `null failingMust: NOT_FOUND: Query.failingMust has a fault, values.moments[0]: the moment is before all time`,
		},
		"an event's errors have paths without the subscription's field": {
			faults: model.Faults{Seed: 1, OneIn: 2},
			query:  `subscription { lions { name } }`,
			gqlgen: `{"lions":{"name":"name 299"}} | {"lions":{"name":null}} | {"lions":{"name":null}} name: Lion.name panicked`,
			want:   `{"lions":{"name":"name 299"}} | {"lions":{"name":null}} | {"lions":{"name":null}} lions.name: Lion.name panicked`,
		},
		"an event that may not be null is null in an object": {
			faults: model.Faults{Seed: 3, OneIn: 2},
			query:  `subscription { exhibits(first: 1) { ... on Lion { tag } } }`,
			gqlgen: `{"exhibits":null} tag: Lion.tag failed`,
			want:   `null exhibits.tag: Lion.tag failed`,
		},
		"a plural resolver that panics fails once, and in other words for the other objects": {
			faults: model.Faults{Panics: "Lion.weight"},
			query:  `{ lions(first: 2) { weight } }`,
			want:   `{"lions":[{"weight":null},{"weight":null}]} lions[0].weight: Lion.weight panicked, lions[1].weight: Lion.weight panicked`,
		},
		"an error that several objects share has the path of one": {
			faults: model.Faults{Shared: "Lion.chip"},
			query:  `{ lions(first: 2) { chip } }`,
			want:   `{"lions":[{"chip":null},{"chip":null}]} lions[0].chip: shared, lions[1].chip: shared`,
		},
		"nor does the compiled executor write into one that plural resolvers share": {
			faults: model.Faults{Shared: "Lion.weight"},
			query:  `{ lions(first: 2) { weight } }`,
			gqlgen: `{"lions":[{"weight":null},{"weight":null}]} lions[0].weight: shared, lions[1].weight: shared`,
			want:   `{"lions":[{"weight":null},{"weight":null}]} lions[0].weight: shared, lions[1].weight: shared`,
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if c.gqlgen != "" {
				if got := answers(t.Context(), graph.NewExecutableSchema(zoo.Config(c.faults)), c.query); got != c.gqlgen {
					t.Errorf("gqlgen's executor\nwant %s\ngot  %s", c.gqlgen, got)
				}
			}
			if got := answers(t.Context(), graph.NewCompiledSchema(zoo.Config(c.faults), exec.Options{}), c.query); got != c.want {
				t.Errorf("the compiled executor\nwant %s\ngot  %s", c.want, got)
			}
		})
	}
}

// answers gives a keeper's answers to a query as text, with errors sorted.
func answers(ctx context.Context, schema graphql.ExecutableSchema, query string) string {
	e := executor.New(schema)
	e.SetRecoverFunc(func(_ context.Context, panicked any) error { return errors.New(fmt.Sprint(panicked)) })
	var all []string
	for _, r := range exectest.Ask(zoo.WithVisit(ctx, model.KeeperLevel), e, exectest.Operation{Query: query}) {
		text := string(r.Data)
		var errs []string
		for _, err := range r.Errors {
			errs = append(errs, err.Path.String()+": "+err.Message)
		}
		slices.Sort(errs)
		if errs != nil {
			text += " " + strings.Join(errs, ", ")
		}
		all = append(all, text)
	}
	return strings.Join(all, " | ")
}
