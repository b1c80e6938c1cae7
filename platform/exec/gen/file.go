package gen

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/templates"
)

// code is Go code as it grows.
type code struct{ strings.Builder }

// line adds a line.
func (c *code) line(format string, args ...any) {
	_, _ = fmt.Fprintf(c, format+"\n", args...) // which cannot fail
}

func goType(t types.Type) string { return templates.CurrentImports.LookupType(t) }

func isPointer(t types.Type) bool {
	_, ok := t.(*types.Pointer)
	return ok
}

// Reserve reserves the names of the packages that all of the code uses.
func (g *generator) Reserve() (string, error) {
	for _, path := range []string{
		"context", "errors", "fmt", "github.com/99designs/gqlgen/graphql", "github.com/mainstem/mainstem/platform/exec",
	} {
		if _, err := templates.CurrentImports.Reserve(path); err != nil {
			return "", err
		}
	}
	return "", nil
}

// Code gives the file's code.
func (g *generator) Code() string {
	g.header()
	for _, o := range g.objects {
		g.start(o)
		g.write(o)
	}
	for _, name := range slices.Sorted(maps.Keys(g.data.Interfaces)) {
		if def := g.data.Interfaces[name]; !def.BuiltIn {
			g.writeAbstract(def)
			g.gatherAbstract(def)
		}
	}
	for _, o := range g.objects {
		for _, f := range o.Fields {
			if !g.declined(f) {
				g.writeReference(f.TypeReference)
				g.gatherReference(f.TypeReference)
			}
		}
	}
	return g.code.String()
}

// header writes what the file begins with: the schema's fields, and where operations enter.
func (g *generator) header() {
	c := &g.code
	c.line("// NewCompiledSchema gives the compiled executor of the schema. What it declines, gqlgen's executor answers.")
	c.line("func NewCompiledSchema(cfg Config, o exec.Options) *exec.Schema {")
	c.line("schema := &executableSchema{SchemaData: cfg.Schema, Resolvers: cfg.Resolvers, Directives: cfg.Directives, ComplexityRoot: cfg.Complexity}")
	c.line("return exec.New(schema, compiledTypes, func(oc *graphql.OperationContext) exec.Generated {")
	c.line("return &compiled{newExecutionContext(oc, schema, nil)}")
	c.line("}, o)")
	c.line("}\n")
	c.line("// compiled reads the schema's types and calls its resolvers for one operation.")
	c.line("type compiled struct{ *executionContext }\n")
	c.line("// The schema's fields.")
	c.line("const (")
	c.line("_ = iota // __typename")
	for _, o := range g.objects {
		for _, f := range o.Fields {
			c.line("%s", id(f))
		}
	}
	c.line(")\n")
	g.typeTable()
	c.line("func (c *compiled) Inputs(ctx context.Context) context.Context {")
	c.line("return graphql.WithUnmarshalerMap(ctx, graphql.BuildUnmarshalerMap(")
	for _, in := range g.data.Inputs {
		if !in.HasUnmarshal() {
			c.line("c.unmarshalInput%s,", in.Name)
		}
	}
	c.line("))")
	c.line("}\n")
	g.root("Query", g.data.QueryRoot)
	g.root("Mutation", g.data.MutationRoot)
	g.subscription(g.data.SubscriptionRoot)
}

func id(f *codegen.Field) string { return "field" + f.Object.Name + "_" + f.Name }

// typeTable writes what the plans have to know of the types.
func (g *generator) typeTable() {
	c := &g.code
	c.line("var compiledTypes = exec.Types{")
	for _, o := range g.objects {
		c.line("%q: {Fields: map[string]exec.FieldType{", o.Name)
		for _, f := range o.Fields {
			flags := ""
			switch {
			case g.declined(f):
				flags = ", Declined: true"
			case g.step(f) && f.IsResolver:
				flags = ", Step: true, Resolver: true"
			case g.step(f):
				flags = ", Step: true"
			}
			c.line("%q: {ID: %s%s},", f.Name, id(f), flags)
		}
		c.line("}},")
	}
	for _, name := range slices.Sorted(maps.Keys(g.data.Interfaces)) {
		if !g.data.Interfaces[name].BuiltIn {
			c.line("%q: {Concrete: %#v},", name, g.concrete(name))
		}
	}
	c.line("}\n")
}

// root writes where queries and mutations enter.
func (g *generator) root(kind string, o *codegen.Object) {
	c := &g.code
	if o == nil {
		c.line("func (c *compiled) %s(*exec.Step, *exec.Selection) {}\n", kind)
		c.line("func (c *compiled) Write%s(*exec.Writer, *exec.Selection) bool { return false }\n", kind)
		return
	}
	c.line("func (c *compiled) %s(s *exec.Step, sel *exec.Selection) { c.start%s(s, sel, exec.Root) }\n", kind, o.Name)
	c.line("func (c *compiled) Write%s(w *exec.Writer, sel *exec.Selection) bool { return c.write%s(w, sel, 0) }\n", kind, o.Name)
}

// subscription writes where subscriptions enter.
func (g *generator) subscription(o *codegen.Object) {
	c := &g.code
	c.line("func (c *compiled) Subscribe(ctx context.Context, f *exec.Field) (func(context.Context) func(*exec.Step), error) {")
	c.line("switch f.ID {")
	if o != nil {
		for _, f := range o.Fields {
			if g.declined(f) {
				continue
			}
			c.line("case %s:", id(f))
			c.line("return exec.Subscribe(ctx, f, %s, func(ctx context.Context, fc *graphql.FieldContext) (<-chan %s, error) {", g.call(f), goType(f.TypeReference.GO))
			g.perObject(f, "<-chan "+goType(f.TypeReference.GO), func() { c.line("return c.Resolvers.%s", f.ShortInvocation()) })
			c.line("}, %s)", g.then(f.TypeReference))
		}
	}
	c.line("}")
	c.line("return nil, errors.New(\"the compiled executor does not know this subscription\")")
	c.line("}\n")
	if o == nil {
		c.line("func (c *compiled) WriteSubscription(*exec.Writer, *exec.Selection) bool { return false }\n")
		return
	}
	c.line("func (c *compiled) WriteSubscription(w *exec.Writer, sel *exec.Selection) bool { return c.write%s(w, sel, 0) }\n", o.Name)
}
