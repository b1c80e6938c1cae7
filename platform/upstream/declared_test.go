package upstream_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

const declaring = `
	directive @source(name: String!) repeatable on FIELD_DEFINITION
	directive @other(name: String!) on FIELD_DEFINITION
	type Query {
		product: Product @source(name: "catalog")
		shop: Product @source(name: "shop") @source(name: "catalog")
	}
	type Product {
		name: String
		stock: Int @source(name: "shop")
		other: Int @other(name: "shop")
	}`

// running gives the context of the field that path names, from the root of the operation on, within an operation that asks for all.
func running(ctx context.Context, t *testing.T, path ...string) context.Context {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: declaring})
	doc, err := gqlparser.LoadQueryWithRules(schema, `{ product { name stock other } shop { name } __typename }`, rules.NewDefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	operation := doc.Operations[0]
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{Doc: doc, Operation: operation})
	set, object := operation.SelectionSet, "Query"
	for _, name := range path {
		f := fieldOf(t, set, name)
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: object, Field: graphql.CollectedField{Field: f}})
		set, object = f.SelectionSet, f.Definition.Type.Name()
	}
	return ctx
}

func fieldOf(t *testing.T, set ast.SelectionSet, name string) *ast.Field {
	t.Helper()
	for _, s := range set {
		if f, ok := s.(*ast.Field); ok && f.Name == name {
			return f
		}
	}
	t.Fatalf("the document has no field %q", name)
	return nil
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	field := func(path ...string) func(*testing.T) context.Context {
		return func(t *testing.T) context.Context {
			t.Helper()
			return running(t.Context(), t, path...)
		}
	}
	for reason, test := range map[string]struct {
		ctx  func(*testing.T) context.Context
		by   string // who is named to have called what it does not declare; empty if it does
		only string
	}{
		"outside of an operation":             {func(t *testing.T) context.Context { return t.Context() }, "", ""},
		"the field declares it":               {field("product", "stock"), "", ""},
		"the field declares it among others":  {field("shop"), "", ""},
		"the field declares another":          {field("product"), "Query.product called", ""},
		"the field declares nothing":          {field("product", "name"), "Product.name called", ""},
		"its parent declares it":              {field("shop", "name"), "Product.name called", ""},
		"another directive names it":          {field("product", "other"), "Product.other called", ""},
		"a field of every type":               {field("__typename"), "__typename called", ""},
		"no field runs":                       {field(), "the operation itself called", ""},
		"a loader of it":                      {field("product", "name"), "", "shop"},
		"a loader of another":                 {field("product", "stock"), "the loader of catalog called", "catalog"},
		"a loader outside of an operation":    {func(t *testing.T) context.Context { return t.Context() }, "the loader of catalog called", "catalog"},
		"an element of a list, with no field": {element(field("shop")), "the operation itself called", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			ctx := test.ctx(t)
			if test.only != "" {
				ctx = upstream.Only(ctx, test.only)
			}
			err := upstream.Declared(ctx, "shop")
			if (err == nil) != (test.by == "") {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				return
			}
			f := fault.From(err)
			if f.Code != fault.Internal || !strings.Contains(f.Error(), test.by) || !strings.Contains(f.Error(), `@source(name: "shop")`) {
				t.Errorf("got %v, want it to say that %s", f, test.by)
			}
			if strings.Contains(f.Message(), "shop") {
				t.Errorf("clients would read %q", f.Message())
			}
		})
	}
}

// element gives the context that gqlgen makes for an element of a list: it has an index and no field.
func element(of func(*testing.T) context.Context) func(*testing.T) context.Context {
	return func(t *testing.T) context.Context {
		t.Helper()
		return graphql.WithFieldContext(of(t), &graphql.FieldContext{Index: new(int)})
	}
}

func TestUndeclaredCallsAreNotMade(t *testing.T) {
	t.Parallel()
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			c := start(t, upstream.Options{}, upstream.Inputs{}, func(context.Context, map[string][]string) error {
				calls.Add(1)
				return nil
			})
			if err := c.call(running(t.Context(), t, "product", "name")); fault.From(err).Code != fault.Internal {
				t.Errorf("got %v, want INTERNAL_SERVER_ERROR", err)
			}
			if n := calls.Load(); n != 0 {
				t.Errorf("%d calls were made", n)
			}
			wantCode(t, c.call(running(t.Context(), t, "product", "stock")), "")
			wantCode(t, c.call(upstream.Only(running(t.Context(), t, "product", "name"), "shop")), "")
		})
	}
}

func TestUndeclaredStreamsAreNotOpened(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	g := newGRPC(t, upstream.Options{URL: startGRPC(t, func(grpc.ServerStream) error { calls.Add(1); return nil })}, upstream.Inputs{})
	_, err := g.NewStream(running(t.Context(), t, "product", "name"), watching, "/shop.Shop/Watch")
	if fault.From(err).Code != fault.Internal || calls.Load() != 0 {
		t.Errorf("got %v after %d calls, want INTERNAL_SERVER_ERROR after none", err, calls.Load())
	}
}
