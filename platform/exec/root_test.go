package exec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/loader"
)

type around = func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler

type passKey struct{}

// nullWriter writes null by its own means.
var nullWriter = graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, "null") })

// only has an interceptor act at the root field with an alias.
func only(alias string, act around) around {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		if graphql.GetRootFieldContext(ctx).Field.Alias != alias {
			return next(ctx)
		}
		return act(ctx, next)
	}
}

// TestRootFieldInterceptors act at the field x.
func TestRootFieldInterceptors(t *testing.T) {
	t.Parallel()
	const query, mutation = `{ y: lion(key: 1) { legs } x: lion(key: 2) { legs owner { name } } z: failing }`, `mutation { y: step { number } x: step { number } z: step { number } }`
	const x = `{"legs":2,"owner":{"name":"here"}}`
	answer := func(x string) string { return `{"y":{"legs":1},"x":` + x + `,"z":0}` }
	for reason, test := range map[string]struct {
		query  string
		act    around
		data   string
		errors []string
	}{
		"that go on": {query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }, answer(x), nil},
		"that do not": {
			query, func(context.Context, graphql.RootResolver) graphql.Marshaler { return graphql.Null }, answer(`null`), nil,
		},
		"that do not, where null may not stand": {
			`{ y: lion(key: 1) { legs } x: failingMust }`, func(context.Context, graphql.RootResolver) graphql.Marshaler { return graphql.Null },
			`null`, []string{"x 1:28 Query.failingMust gave null, which the schema does not allow"},
		},
		"that report errors, where null may not stand": {
			`{ y: lion(key: 1) { legs } x: failingMust }`, func(ctx context.Context, _ graphql.RootResolver) graphql.Marshaler {
				graphql.AddErrorf(ctx, "refused")
				return graphql.Null
			}, `null`, []string{"x 1:28 refused"},
		},
		"that go on twice": {
			query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { next(ctx); return next(ctx) }, answer(x), nil,
		},
		"that go on, and give something else": {
			query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
				next(ctx)
				return graphql.MarshalString("else")
			}, answer(`"else"`), nil,
		},
		"that give what writes null": {
			query, func(context.Context, graphql.RootResolver) graphql.Marshaler { return nullWriter }, answer(`null`), nil,
		},
		"that give nothing": {
			query, func(context.Context, graphql.RootResolver) graphql.Marshaler { return nil }, answer(`null`), nil,
		},
		"that give what panics": {
			query, func(context.Context, graphql.RootResolver) graphql.Marshaler {
				return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, `{"half":`); panic("unspeakable") })
			}, answer(`null`), []string{"x 1:28 INTERNAL_SERVER_ERROR"},
		},
		"that panic before": {
			query, func(context.Context, graphql.RootResolver) graphql.Marshaler { panic("before") }, answer(`null`), []string{"x 1:28 INTERNAL_SERVER_ERROR"},
		},
		"that panic afterwards": {
			query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { next(ctx); panic("after") },
			answer(`null`), []string{"x 1:28 INTERNAL_SERVER_ERROR"},
		},
		"that report errors, before and after": {
			query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
				graphql.AddErrorf(ctx, "before")
				defer graphql.AddError(ctx, errors.New("after"))
				return next(ctx)
			}, answer(x), []string{"x 1:28 before", "x 1:28 after"},
		},
		"that report errors, and do not go on": {
			query, func(ctx context.Context, _ graphql.RootResolver) graphql.Marshaler {
				graphql.AddErrorf(ctx, "refused")
				return graphql.Null
			}, answer(`null`), []string{"x 1:28 refused"},
		},
		"that hand a context on": {
			query, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
				return next(context.WithValue(ctx, passKey{}, "there"))
			}, answer(`{"legs":2,"owner":{"name":"there"}}`), nil,
		},
		"of mutations, that go on": {
			mutation, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
			`{"y":{"number":1},"x":{"number":2},"z":{"number":3}}`, nil,
		},
		"of mutations, that do not": {
			mutation, func(context.Context, graphql.RootResolver) graphql.Marshaler { return graphql.Null }, `{"y":{"number":1},"x":null,"z":{"number":2}}`, nil,
		},
		"of mutations, that panic": {
			mutation, func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { next(ctx); panic("after") },
			`{"y":{"number":1},"x":null,"z":{"number":3}}`, []string{"x 1:31 INTERNAL_SERVER_ERROR"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var steps atomic.Int64
			g := compile(fakes{
				lion: oneLion, owner: keepers,
				failing: func(context.Context) (*int, error) { return new(int), nil },
				name: func(ctx context.Context, objs []*model.Keeper) ([]string, error) {
					pass, ok := ctx.Value(passKey{}).(string)
					if !ok {
						pass = "here"
					}
					return each(objs, func(*model.Keeper) string { return pass }), nil
				},
				step: func(context.Context, *int) (*model.Step, error) { return &model.Step{Number: int(steps.Add(1))}, nil },
			}, exec.Options{})
			g.AroundRootFields(only("x", test.act))
			check(t, g.ask(t, test.query), test.data, test.errors...)
			if g.compiled.Declined() != 0 {
				t.Error("it was declined")
			}
		})
	}
}

// TestWhatRunsInsideRootFieldInterceptors: everything below the field, and nothing of others.
func TestWhatRunsInsideRootFieldInterceptors(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var events []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, what)
	}
	g := compile(fakes{
		lion: func(ctx context.Context, key int) (*model.Lion, error) { note("lion"); return oneLion(ctx, key) },
		owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
			note("owner")
			return keepers(ctx, objs)
		},
		name: func(ctx context.Context, objs []*model.Keeper) ([]string, error) {
			note("name")
			return unnamed(ctx, objs)
		},
	}, exec.Options{})
	for _, which := range []string{"outer", "inner"} {
		g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
			rc := graphql.GetRootFieldContext(ctx)
			note(which + " begins " + rc.Object + " " + rc.Field.Alias)
			defer note(which + " ends")
			return next(ctx)
		})
	}
	check(t, g.ask(t, `{ __typename x: lion(key: 1) { owner { name } } }`), `{"__typename":"Query","x":{"owner":{"name":""}}}`)
	want := []string{"outer begins lion x", "inner begins lion x", "lion", "owner", "name", "inner ends", "outer ends"}
	if !slices.Equal(events, want) {
		t.Errorf("got %q, want %q", events, want)
	}
}

// TestRootFieldInterceptorsOfSubscriptions are not called, as gqlgen does not: neither at the root nor below.
func TestRootFieldInterceptorsOfSubscriptions(t *testing.T) {
	t.Parallel()
	f := fakes{owner: keepers, name: unnamed, lionsStream: func(context.Context, int) (<-chan *model.Lion, error) {
		stream := make(chan *model.Lion, 1)
		stream <- &model.Lion{Body: model.Body{Legs: 4}}
		close(stream)
		return stream, nil
	}}
	for which, g := range map[string]*gateway{"compiled": compile(f, exec.Options{}), "gqlgen's": interpret(f)} {
		g.AroundRootFields(func(ctx context.Context, _ graphql.RootResolver) graphql.Marshaler {
			t.Errorf("%s calls one at %s", which, graphql.GetRootFieldContext(ctx).Object)
			return graphql.Null
		})
		next, _ := g.begin(t.Context(), t, request{query: `subscription { lions { legs owner { name } } }`})
		check(t, next(), `{"lions":{"legs":4,"owner":{"name":""}}}`)
		if next() != nil {
			t.Error("there is another event")
		}
	}
}

// TestRootFieldInterceptorsThatLoad make one batch for all root fields, at once.
func TestRootFieldInterceptorsThatLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls batches
		things := loader.New("shop", "things", 100, calls.fetch)
		g := compileFor(declaring(t, "Query.lion"), fakes{lion: oneLion}, model.Faults{}, exec.Options{})
		g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
			field := graphql.GetRootFieldContext(ctx).Field
			ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Query", Field: field})
			if _, err := things.Load(ctx, field.Alias); err != nil {
				graphql.AddError(ctx, err)
			}
			return next(ctx)
		})
		begun := time.Now()
		check(t, g.ask(t, `{ a: lion(key: 1) { legs } b: lion(key: 2) { legs } c: lion(key: 3) { legs } }`), `{"a":{"legs":1},"b":{"legs":2},"c":{"legs":3}}`)
		if took := time.Since(begun); took != 0 {
			t.Errorf("they waited for %v", took)
		}
		calls.want(t, "a b c")
	})
}

// TestRootFieldInterceptorsAtTheDeadline go on with what has gone out, and reach nobody.
func TestRootFieldInterceptorsAtTheDeadline(t *testing.T) {
	t.Parallel()
	for _, operation := range []ast.Operation{ast.Query, ast.Mutation} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			g := compile(fakes{
				failing: func(context.Context) (*int, error) { <-release; return must(1), nil },
				step:    func(context.Context, *int) (*model.Step, error) { <-release; return &model.Step{}, nil },
			}, exec.Options{})
			g.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
				graphql.RegisterExtension(ctx, "early", true)
				return next(ctx)
			})
			g.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
				got := next(ctx)
				<-release
				for i := range 100 {
					graphql.AddErrorf(ctx, "too late")
					graphql.RegisterExtension(ctx, fmt.Sprint(graphql.GetRootFieldContext(ctx).Field.Alias, i), "too late")
				}
				return got
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			query := strings.Replace(`OP { a: FIELD b: FIELD }`, "OP", string(operation), 1)
			if operation == ast.Query {
				query = strings.ReplaceAll(query, "FIELD", "failing")
			} else {
				query = strings.ReplaceAll(query, "FIELD", "step { number }")
			}
			got := g.answer(ctx, t, request{query: query})
			close(release)
			for range 2 { // while they go on, and afterwards
				if lines, extensions := shown(got.Errors), fmt.Sprint(got.Extensions); string(got.Data) != `{"a":null,"b":null}` || len(lines) != 2 || extensions != "map[early:true]" {
					t.Errorf("got %s, %q, %v", got.Data, lines, got.Extensions)
				}
				synctest.Wait()
			}
		})
	}
}
