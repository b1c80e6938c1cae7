package exec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestWhatIsDeclined is answered by gqlgen's executor, and counted; trace says why.
func TestWhatIsDeclined(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query string
		use   func(e *executor.Executor)
		why   string
	}{
		"introspection":                     {query: `{ __schema { queryType { name } } }`, why: "Query.__schema"},
		"introspection of a type":           {query: `{ __type(name: "Lion") { name fields { name } } }`, why: "Query.__type"},
		"introspection beside other things": {query: `{ lion(key: 1) { legs } __schema { queryType { name } } }`, why: "Query.__schema"},
		"a directive at a field":            {query: `{ lion(key: 1) { where @loud } }`, why: "@loud"},
		"a directive at a field of a fragment, which is skipped": {
			query: `{ lion(key: 1) { legs ...F @skip(if: true) } } fragment F on Lion { where @loud(times: 2) }`, why: "@loud",
		},
		"a directive at the operation": {query: `query @noted { lion(key: 1) { legs } }`, why: "a directive on an operation"},
		"an object that is a map":      {query: `{ crate { label } }`, why: "Query.crate"},
		"an object that is an interface": {
			query: `{ ghost { name } }`, why: "Query.ghost",
		},
		"a plural field with a directive for each object": {query: `{ lion(key: 1) { roar } }`, why: "Lion.roar"},
		"a field interceptor": {
			query: `{ lion(key: 1) { legs } }`,
			use: func(e *executor.Executor) {
				e.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) })
			},
			why: "a field interceptor",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			compiled, other := compile(fakes{lion: oneLion}, exec.Options{}), interpret(fakes{lion: oneLion})
			for _, g := range []*gateway{compiled, other} {
				if test.use != nil {
					test.use(g.Executor)
				}
			}
			r := request{query: test.query, level: model.KeeperLevel}
			for range 2 {
				want := other.answer(t.Context(), t, r)
				check(t, compiled.answer(t.Context(), t, r), string(want.Data), shown(want.Errors)...)
			}
			if n := compiled.compiled.Declined(); n != 2 {
				t.Errorf("%d were declined, want 2", n)
			}
			got := compiled.answer(exec.WithTrace(t.Context()), t, r)
			if text := traced(t, got); !strings.Contains(text, `"executor":"gqlgen","reason":"`+test.why+`"`) {
				t.Errorf("trace says %s, want the reason %q", text, test.why)
			}
		})
	}
}

// TestWhatIsNotDeclined although it is near to what is.
func TestWhatIsNotDeclined(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ query, want string }{
		"a directive at a fragment's definition does not exist; conditions are no directives": {
			`{ lion(key: 1) { legs @include(if: true) ... @skip(if: false) { diet } } }`, `{"lion":{"legs":1,"diet":"grass"}}`,
		},
		"another operation of the document": {
			`query A { lion(key: 1) { legs } } query B @noted { lion(key: 2) { where @loud } __schema { queryType { name } } }`, `{"lion":{"legs":1}}`,
		},
		"typename of what would be declined otherwise": {`{ __typename }`, `{"__typename":"Query"}`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(fakes{lion: oneLion}, exec.Options{})
			check(t, g.answer(t.Context(), t, request{query: test.query, operation: map[bool]string{true: "A"}[strings.Contains(test.query, "query A")], level: model.KeeperLevel}), test.want)
			if n := g.compiled.Declined(); n != 0 {
				t.Errorf("%d were declined", n)
			}
		})
	}
}

// TestFieldInterceptorsGoToGqlgen with what they change.
func TestFieldInterceptorsGoToGqlgen(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion}, exec.Options{})
	g.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
		value, err := next(ctx)
		if n, ok := value.(int); ok {
			return n + 10, err
		}
		return value, err
	})
	check(t, g.ask(t, `{ lion(key: 1) { legs } }`), `{"lion":{"legs":11}}`)
}

// TestGqlgenIsAskedFor by an option.
func TestGqlgenIsAskedFor(t *testing.T) {
	t.Parallel()
	cfg := (&fakes{lion: oneLion}).config(model.Faults{})
	compiled := graph.NewCompiledSchema(cfg, exec.Options{Gqlgen: true})
	g := newGateway(compiled)
	check(t, g.ask(t, `{ lion(key: 1) { legs } }`), `{"lion":{"legs":1}}`)
	if compiled.Declined() != 1 {
		t.Error("it was not counted")
	}
}

// TestThereIsOneAnswer to queries and mutations.
func TestThereIsOneAnswer(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion}, exec.Options{})
	for _, query := range []string{`{ lion(key: 1) { legs } }`, `mutation { step { number } }`} {
		next, _ := g.begin(t.Context(), t, request{query: query})
		if next() == nil || next() != nil {
			t.Errorf("%s: there is no answer, or another one", query)
		}
	}
}
