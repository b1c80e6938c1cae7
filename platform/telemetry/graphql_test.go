package telemetry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { products: [Product!] }
	type Mutation { buy: Product }
	type Product { name: String, stock: Stock, related: [Product!] }
	type Stock { level: Int }
`})

// run executes a document: exec stands for the generated code.
func run(ctx context.Context, t testing.TB, tel *telemetry.Telemetry, document string, exec func(ctx context.Context) graphql.ResponseHandler) (graphql.ResponseHandler, context.Context) {
	t.Helper()
	e := executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc:     func() *ast.Schema { return schema },
		ExecFunc:       exec,
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) { return 0, false },
	})
	e.Use(tel.GraphQL())
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
	if errs != nil {
		t.Fatal(errs)
	}
	return e.DispatchOperation(ctx, oc)
}

// resolve does what generated code does for one parent of a field. indices stand for the lists on the way to the field.
func resolve(ctx context.Context, object, alias string, isResolver bool, resolver graphql.Resolver) (context.Context, error) {
	inner := ctx
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{
		Object: object, IsResolver: isResolver,
		Field: graphql.CollectedField{Field: &ast.Field{Name: strings.TrimSuffix(alias, "2"), Alias: alias}},
	})
	_, err := graphql.GetOperationContext(ctx).ResolverMiddleware(ctx, func(ctx context.Context) (any, error) {
		inner = ctx
		return resolver(ctx)
	})
	return inner, err
}

func element(ctx context.Context, i int) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i})
}

func nothing(context.Context) (any, error) { return nil, nil }

// tree writes the spans as the paths of their names, sorted.
func tree(spans []sdktrace.ReadOnlySpan) []string {
	byID := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, span := range spans {
		byID[span.SpanContext().SpanID()] = span
	}
	var paths []string
	for _, span := range spans {
		path := span.Name()
		for parent, ok := byID[span.Parent().SpanID()]; ok; parent, ok = byID[parent.Parent().SpanID()] {
			path = parent.Name() + " > " + path
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func named(t *testing.T, spans *tracetest.SpanRecorder, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, span := range spans.Ended() {
		if span.Name() == name {
			return span
		}
	}
	t.Fatalf("no span %q in %v", name, tree(spans.Ended()))
	return nil
}

// once answers with one response, whose making is the function.
func once(respond func(ctx context.Context) *graphql.Response) func(context.Context) graphql.ResponseHandler {
	return func(context.Context) graphql.ResponseHandler {
		done := false
		return func(ctx context.Context) *graphql.Response {
			if done {
				return nil
			}
			done = true
			return respond(ctx)
		}
	}
}

func TestOneSpanPerStep(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	var mu sync.Mutex
	worked := map[trace.SpanID]int{} // by the span in which a stock was resolved
	stock := func(ctx context.Context) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		worked[trace.SpanContextFromContext(ctx).SpanID()]++
		return nil, nil
	}
	ctx, server := tel.Tracer("test").Start(t.Context(), "POST /graphql")
	responses, ctx := run(ctx, t, tel, "query ProductPage { products { name stock { level } related { stock { level } } } }",
		once(func(ctx context.Context) *graphql.Response {
			ctx, _ = resolve(ctx, "Query", "products", true, nothing)
			var parents sync.WaitGroup
			for i := range 50 {
				parents.Go(func() {
					ctx := element(ctx, i)
					_, _ = resolve(ctx, "Product", "name", false, nothing)
					inner, _ := resolve(ctx, "Product", "stock", true, stock)
					_, _ = resolve(inner, "Stock", "level", false, nothing)
					_, _ = resolve(ctx, "Product", "stock2", true, stock)
					inner, _ = resolve(ctx, "Product", "related", false, nothing)
					_, _ = resolve(element(inner, 0), "Product", "stock", true, stock)
				})
			}
			parents.Wait()
			return &graphql.Response{}
		}))
	if responses(ctx) == nil || responses(ctx) != nil {
		t.Error("there is not one response")
	}
	server.End()

	want := []string{
		"POST /graphql",
		"POST /graphql > query ProductPage",
		"POST /graphql > query ProductPage > Query.products",
		"POST /graphql > query ProductPage > Query.products > Product.stock",
		"POST /graphql > query ProductPage > Query.products > Product.stock",
		"POST /graphql > query ProductPage > Query.products > Product.stock",
	}
	if diff := cmp.Diff(want, tree(spans.Ended())); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	var paths []string
	for _, span := range spans.Ended() {
		if span.Name() == "Product.stock" {
			attributes := attributesOf(span)
			paths = append(paths, attributes["graphql.field.path"].(string))
			if worked[span.SpanContext().SpanID()] != 50 || attributes["graphql.field.object"] != "Product" || attributes["graphql.field.name"] != "stock" {
				t.Errorf("%d of 50 parents were resolved in the span %v", worked[span.SpanContext().SpanID()], attributes)
			}
			operation := named(t, spans, "query ProductPage")
			if span.EndTime().After(operation.EndTime()) || span.EndTime().Before(span.StartTime()) {
				t.Error("the step ends outside the operation")
			}
		}
	}
	slices.Sort(paths)
	if diff := cmp.Diff([]string{"products.related.stock", "products.stock", "products.stock2"}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestOperationSpan(t *testing.T) {
	t.Parallel()
	const secretQuery = `query ProductPage { products { name } }`
	tests := map[string]struct {
		document, name string
		errors         gqlerror.List
		codes          []string
	}{
		"a name":      {secretQuery, "query ProductPage", nil, nil},
		"no name":     {"{ products { name } }", "query", nil, nil},
		"mutation":    {"mutation Buy { buy { name } }", "mutation Buy", nil, nil},
		"a long name": {"query " + strings.Repeat("a", 300) + " { products { name } }", "query " + strings.Repeat("a", 100), nil, nil},
		"errors": {secretQuery, "query ProductPage", gqlerror.List{
			{Message: "private", Extensions: map[string]any{"code": "SOURCE_TIMEOUT"}},
			{Message: "private", Extensions: map[string]any{"code": "FORBIDDEN"}},
			{Message: "private", Extensions: map[string]any{"code": "SOURCE_TIMEOUT"}},
			{Message: "private"},
		}, []string{"FORBIDDEN", "SOURCE_TIMEOUT"}},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			responses, ctx := run(t.Context(), t, tel, test.document, once(func(context.Context) *graphql.Response {
				return &graphql.Response{Errors: test.errors}
			}))
			responses(ctx)
			span := spans.Ended()[0]
			attributes := attributesOf(span)
			kind, name, _ := strings.Cut(test.name, " ")
			if span.Name() != test.name || attributes["graphql.operation.type"] != kind || len(attributes["graphql.document.hash"].(string)) != 64 {
				t.Errorf("span %q, attributes %v", span.Name(), attributes)
			}
			if got, ok := attributes["graphql.operation.name"]; ok != (name != "") || ok && got != name {
				t.Errorf("the operation's name is %v", got)
			}
			if failed := span.Status().Code == codes.Error; failed != (test.errors != nil) {
				t.Errorf("the status is %v", span.Status())
			}
			if test.errors != nil {
				if diff := cmp.Diff(test.codes, attributes["graphql.error.codes"]); diff != "" || attributes["graphql.error.count"] != int64(4) {
					t.Errorf("attributes %v", attributes)
				}
			}
		})
	}
}

func TestStepSpanHasTheCodeOfItsFault(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	responses, ctx := run(t.Context(), t, tel, "{ products { name } }", once(func(ctx context.Context) *graphql.Response {
		for i, err := range []error{nil, fault.Wrap(fault.SourceTimeout, errors.New("http://private")), nil} {
			_, _ = resolve(element(ctx, i), "Product", "stock", true, func(context.Context) (any, error) { return nil, err })
		}
		return &graphql.Response{}
	}))
	responses(ctx)
	if status := named(t, spans, "Product.stock").Status(); status.Code != codes.Error || status.Description != "SOURCE_TIMEOUT" {
		t.Errorf("the status is %v", status)
	}
}

func TestStepOfAPanicEndsWithTheResponse(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	responses, ctx := run(t.Context(), t, tel, "{ products { name } }", once(func(ctx context.Context) *graphql.Response {
		func() {
			defer func() { _ = recover() }() // as generated code does
			_, _ = resolve(ctx, "Product", "stock", true, func(context.Context) (any, error) { panic("x") })
		}()
		return &graphql.Response{}
	}))
	responses(ctx)
	if step := named(t, spans, "Product.stock"); step.EndTime().Before(step.StartTime()) {
		t.Error("the step ends before it starts")
	}
}

func TestOperationWithoutResponseEnds(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	responses, ctx := run(t.Context(), t, tel, "{ products { name } }", once(func(context.Context) *graphql.Response { return nil }))
	if responses(ctx) != nil { // as when the request was over before
		t.Error("there is a response")
	}
	named(t, spans, "query")
}

func TestNothingIsRecordedWithoutExporter(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Config{})
	ctx := fromCaller(t.Context(), "01")
	responses, ctx := run(ctx, t, tel, "{ products { name } }", once(func(ctx context.Context) *graphql.Response {
		inner, _ := resolve(ctx, "Query", "products", true, nothing)
		if traceID(inner) != callerTrace {
			t.Error("the trace does not go on")
		}
		return &graphql.Response{}
	}))
	if responses(ctx) == nil {
		t.Error("there is no response")
	}
}

// BenchmarkInterceptField is what the extension costs each field with a resolver.
func BenchmarkInterceptField(b *testing.B) {
	recording, _ := record(b)
	for name, tel := range map[string]*telemetry.Telemetry{"off": start(b, telemetry.Config{}), "recording": recording} {
		b.Run(name, func(b *testing.B) {
			responses, ctx := run(b.Context(), b, tel, "{ products { name } }", once(func(ctx context.Context) *graphql.Response {
				field := graphql.CollectedField{Field: &ast.Field{Name: "stock", Alias: "stock"}}
				ctx = graphql.WithFieldContext(element(ctx, 0), &graphql.FieldContext{Object: "Product", IsResolver: true, Field: field})
				extension := tel.GraphQL()
				b.ReportAllocs()
				for b.Loop() {
					_, _ = extension.InterceptField(ctx, nothing)
				}
				return &graphql.Response{}
			}))
			responses(ctx)
		})
	}
}
