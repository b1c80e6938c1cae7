package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// gateway is the zoo with a test's fakes behind one executor.
type gateway struct {
	*executor.Executor

	compiled *exec.Schema // nil if the executor is gqlgen's
	schema   *ast.Schema
}

// compile gives a gateway with the compiled executor.
func compile(f fakes, o exec.Options) *gateway { return compileFor(nil, f, model.Faults{}, o) }

// compileFor is compile with a schema of one's own, nil for the zoo's, and with faults.
func compileFor(schema *ast.Schema, f fakes, faults model.Faults, o exec.Options) *gateway {
	cfg := f.config(faults)
	cfg.Schema = schema
	compiled := graph.NewCompiledSchema(cfg, o)
	g := newGateway(compiled)
	g.compiled = compiled
	return g
}

// interpret gives a gateway with gqlgen's executor.
func interpret(f fakes) *gateway {
	return newGateway(graph.NewExecutableSchema(f.config(model.Faults{})))
}

func newGateway(es graphql.ExecutableSchema) *gateway {
	g := &gateway{Executor: executor.New(es), schema: es.Schema()}
	g.SetRecoverFunc(func(_ context.Context, panicked any) error {
		return fault.Wrap(fault.Internal, fmt.Errorf("panic: %v", panicked))
	})
	return g
}

// request is an operation and what is sent along.
type request struct {
	query, operation string
	variables        map[string]any
	level            model.Level
}

// begin has an operation begin, and gives what waits for its answers.
func (g *gateway) begin(ctx context.Context, t testing.TB, r request) (func() *graphql.Response, *graphql.OperationContext) {
	t.Helper()
	ctx = graphql.StartOperationTrace(zoo.WithVisit(ctx, r.level))
	oc, errs := g.CreateOperationContext(ctx, &graphql.RawParams{Query: r.query, OperationName: r.operation, Variables: r.variables})
	if errs != nil {
		t.Fatalf("%s: %v", r.query, errs)
	}
	oc.DisableIntrospection = false
	respond, ctx := g.DispatchOperation(ctx, oc)
	return func() *graphql.Response { return respond(ctx) }, oc
}

// answer gives the only answer to an operation.
func (g *gateway) answer(ctx context.Context, t testing.TB, r request) *graphql.Response {
	t.Helper()
	next, _ := g.begin(ctx, t, r)
	return next()
}

// ask gives the answer to a keeper's query.
func (g *gateway) ask(t testing.TB, query string) *graphql.Response {
	t.Helper()
	return g.answer(t.Context(), t, request{query: query, level: model.KeeperLevel})
}

// check compares an answer with its data and errors, as shown gives them.
func check(t testing.TB, got *graphql.Response, data string, errs ...string) {
	t.Helper()
	if got == nil {
		t.Fatal("there is no answer")
	}
	if string(got.Data) != data {
		t.Errorf("got data  %s\nwant data %s", got.Data, data)
	}
	if list := shown(got.Errors); !slices.Equal(list, errs) {
		t.Errorf("got errors\n\t%s\nwant errors\n\t%s", strings.Join(list, "\n\t"), strings.Join(errs, "\n\t"))
	}
}

// shown gives errors as lines of path, location, and code or message.
func shown(list gqlerror.List) []string {
	var lines []string
	for _, err := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s", err.Path, at(err), said(err)))
	}
	return lines
}

func at(err *gqlerror.Error) string {
	var all []string
	for _, l := range err.Locations {
		all = append(all, fmt.Sprintf("%d:%d", l.Line, l.Column))
	}
	return strings.Join(all, ",")
}

func said(err *gqlerror.Error) string {
	if f, ok := errors.AsType[*fault.Error](err.Err); ok {
		return string(f.Code)
	}
	return err.Message
}

// prides are as many lions, with as many legs as they have brothers before them.
func prides(n int) []model.Lion {
	lions := make([]model.Lion, n)
	for i := range lions {
		lions[i] = model.Lion{Body: model.Body{Legs: i, Diet: "grass"}}
	}
	return lions
}

// nLions resolves Query.lions by as many as are asked for.
func nLions(_ context.Context, first int) ([]model.Lion, error) { return prides(first), nil }

// oneLion resolves Query.lion.
func oneLion(_ context.Context, key int) (*model.Lion, error) {
	return &model.Lion{Body: model.Body{Legs: key, Diet: "grass"}}, nil
}

// each makes a value of each object.
func each[O, V any](objs []O, value func(o O) V) []V {
	values := make([]V, len(objs))
	for i, o := range objs {
		values[i] = value(o)
	}
	return values
}

// must gives a pointer to a value.
func must[V any](v V) *V { return &v }

var zooText = sync.OnceValues(func() ([]byte, error) { return os.ReadFile("exectest/testdata/zoo/schema.graphqls") })

// declaring gives the zoo's schema in which fields, such as "Lion.owner", declare the source "shop".
func declaring(t testing.TB, fields ...string) *ast.Schema {
	t.Helper()
	text, err := zooText()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)}, &ast.Source{Input: "directive @source(name: String!) repeatable on FIELD_DEFINITION"})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		object, name, _ := strings.Cut(field, ".")
		def := schema.Types[object].Fields.ForName(name)
		def.Directives = append(def.Directives, &ast.Directive{
			Name: "source", Arguments: ast.ArgumentList{{Name: "name", Value: &ast.Value{Raw: "shop", Kind: ast.StringValue}}},
		})
	}
	return schema
}

// unchecked are no rules: documents that validation takes too long for are still to be executed.
func unchecked() *rules.Rules { return rules.NewRules() }

// traced gives an answer's extensions.trace as clients see it.
func traced(t testing.TB, got *graphql.Response) string {
	t.Helper()
	text, err := json.Marshal(got.Extensions["trace"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
