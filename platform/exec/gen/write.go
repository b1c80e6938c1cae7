package gen

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
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
			g.each1(f, "<-chan "+goType(f.TypeReference.GO), func() { c.line("return c.Resolvers.%s", f.ShortInvocation()) })
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

// start writes the function that begins the steps of an object.
func (g *generator) start(o *codegen.Object) {
	if o.Stream || !g.works[o.Name] {
		return
	}
	c := &g.code
	objects := "[]" + "struct{}"
	if !o.Root {
		objects = "[]" + goType(o.Reference())
	}
	c.line("// start%s begins what is selected of objects and has to be called.", o.Name)
	c.line("func (c *compiled) start%s(s *exec.Step, sel *exec.Selection, objs %s) {", o.Name, objects)
	c.line("for _, f := range sel.Work {")
	c.line("switch f.ID {")
	for _, f := range o.Fields {
		if !g.declined(f) && (g.step(f) || g.works[f.TypeReference.Definition.Name]) {
			c.line("case %s:", id(f))
			g.startField(f)
		}
	}
	c.line("}\n}\n}\n")
}

// startField writes how one field's step begins.
func (g *generator) startField(f *codegen.Field) {
	c := &g.code
	value := goType(f.TypeReference.GO)
	context, then := g.call(f), g.then(f.TypeReference)
	object := "struct{}"
	if !f.Object.Root {
		object = goType(f.Object.Reference())
	}
	receiver := "obj"
	if f.Object.Root {
		receiver = "_"
	}
	switch {
	case f.IsBatch() && !f.Object.Root:
		c.line("exec.Plural(s, f, objs, %s, func(ctx context.Context, fc *graphql.FieldContext) ([]%s, error) {", context, value)
		c.line("return c.Resolvers.%s().%s(%s)", templates.UcFirst(f.Object.Name), f.GoFieldName, f.BatchCallArgs("objs", ""))
		c.line("}, %s)", then)
	case f.IsResolver:
		c.line("exec.Singular(s, f, objs, %s, func(ctx context.Context, fc *graphql.FieldContext, %s %s) (%s, error) {", context, receiver, object, value)
		g.each1(f, value, func() { c.line("return c.Resolvers.%s", f.ShortInvocation()) })
		c.line("}, %s)", then)
	case g.step(f):
		c.line("exec.Inline(s, f, objs, %s, func(ctx context.Context, fc *graphql.FieldContext, obj %s) (%s, error) {", context, object, value)
		g.each1(f, value, func() { g.read(f) })
		c.line("}, %s)", then)
	default:
		c.line("exec.Plain(s, f, objs, %s, func(obj %s) %s { return obj.%s }, %s)", context, object, value, f.GoFieldName, then)
	}
}

// read writes how a field that needs no resolver is read.
func (g *generator) read(f *codegen.Field) {
	c := &g.code
	none := fmt.Sprintf("*new(%s), exec.ErrNull", goType(f.TypeReference.GO))
	if len(g.each(f)) > 0 {
		none = "nil, nil" // to the directives
	}
	if f.HasHaser {
		c.line("if !obj.%s() { return %s }", f.HaserMethodName, none)
	}
	switch {
	case f.IsVariable():
		c.line("return obj.%s, nil", f.GoFieldName)
	case f.VOkFunc:
		c.line("if v, ok := obj.%s(%s); ok { return v, nil }", f.GoFieldName, f.CallArgs())
		c.line("return %s", none)
	case f.NoErr:
		c.line("return obj.%s(%s), nil", f.GoFieldName, f.CallArgs())
	default:
		c.line("return obj.%s(%s)", f.GoFieldName, f.CallArgs())
	}
}

// call gives the exec.Call of a field.
func (g *generator) call(f *codegen.Field) string {
	call := "exec.Call{Context: c." + f.FieldContextFunc()
	if list := g.all(f); len(list) > 0 {
		var b code
		b.line("exec.Call{Context: c.%s, Allow: func(ctx context.Context, next graphql.Resolver) (any, error) {", f.FieldContextFunc())
		g.directives(&b, list, "nil", "any")
		b.WriteString("}}")
		return b.String()
	}
	return call + "}"
}

// each1 writes the body of a function that gives one object's value, inside the directives that run for each object.
func (g *generator) each1(f *codegen.Field, value string, body func()) {
	list := g.each(f)
	if len(list) == 0 {
		body()
		return
	}
	c := &g.code
	c.line("next := func(ctx context.Context) (any, error) {")
	body()
	c.line("}")
	object := "obj"
	if f.Object.Root {
		object = "nil"
	}
	c.line("return exec.As[%s](func() (any, error) {", value)
	g.directives(c, list, object, value)
	c.line("}())")
}

// directives writes a chain of directives around next, the schema's first one innermost, as gqlgen has it.
func (g *generator) directives(c *code, list []*codegen.Directive, object, _ string) {
	c.line("directive0 := next")
	for i, d := range list {
		c.line("directive%d := func(ctx context.Context) (any, error) {", i+1)
		for _, arg := range d.Args {
			value := arg.Value
			if value == nil {
				value = arg.Default
			}
			if value == nil {
				continue
			}
			c.line("%s, err := c.%s(ctx, %s)", arg.VarName, arg.TypeReference.UnmarshalFunc(), templates.Dump(value))
			c.line("if err != nil { return nil, err }")
		}
		if !d.IsBuiltIn() {
			c.line("if c.Directives.%s == nil { return nil, errors.New(%q) }", d.CallName(), "directive "+d.Name+" is not implemented")
			c.line("return c.Directives.%s(%s)", d.CallName(), d.ResolveArgs(object, i))
		} else {
			c.line("return builtInDirective%s(%s)", d.CallName(), d.ResolveArgs(object, i))
		}
		c.line("}")
	}
	c.line("return directive%d(ctx)", len(list))
}

// then gives the function that a field's values are handed to; nil if no steps can be below.
func (g *generator) then(ref *config.TypeReference) string {
	if !g.works[ref.Definition.Name] {
		return "nil"
	}
	return "c.gather" + ref.UniquenessKey()
}

// write writes the function that writes an object.
func (g *generator) write(o *codegen.Object) {
	c := &g.code
	object, index := ", obj "+goType2(o), ""
	if o.Root {
		object = ""
	}
	if g.works[o.Name] || o.Root {
		index = ", index int"
	}
	c.line("// write%s writes an object.", o.Name)
	c.line("func (c *compiled) write%s(w *exec.Writer, sel *exec.Selection%s%s) bool {", o.Name, index, object)
	c.line("start, good := w.Object(), true")
	c.line("for _, f := range sel.Fields {")
	c.line("w.Key(start, f)")
	c.line("ok := true")
	c.line("switch f.ID {")
	c.line("case exec.Typename:")
	c.line("ok = w.Raw(`%q`)", o.Name)
	for _, f := range o.Fields {
		if !g.declined(f) {
			c.line("case %s:", id(f))
			g.writeField(f)
		}
	}
	c.line("}")
	c.line("good = good && ok")
	c.line("}")
	c.line("return w.EndObject(start, good)")
	c.line("}\n")
}

func goType2(o *codegen.Object) string {
	if o.Root {
		return ""
	}
	return goType(o.Reference())
}

// writeField writes how a field is written.
func (g *generator) writeField(f *codegen.Field) {
	c := &g.code
	ref := f.TypeReference
	if !g.step(f) {
		c.line("%s", g.value(ref, "obj."+f.GoFieldName))
		return
	}
	if f.Object.Root && !f.Object.Stream {
		c.line("if good, replaced := w.Replaced(f); replaced { ok = good; break }")
	}
	c.line("if vs := w.Values(f, index); vs != nil {")
	c.line("%s", g.value(ref, fmt.Sprintf("vs.([]%s)[index]", goType(ref.GO))))
	c.line("} else { ok = w.Lost(f) }")
}

// value gives the statement that writes a value of a field.
func (g *generator) value(ref *config.TypeReference, v string) string {
	if simple := scalar(ref, v); simple != "" {
		return simple
	}
	if g.works[ref.Definition.Name] {
		return fmt.Sprintf("ok = c.write%s(w, f, exec.At(index), %s)", ref.UniquenessKey(), v)
	}
	return fmt.Sprintf("ok = c.write%s(w, f, %s)", ref.UniquenessKey(), v)
}

// writeReference writes the function that writes values of a type reference, and those that it calls.
func (g *generator) writeReference(ref *config.TypeReference) {
	name := "write" + ref.UniquenessKey()
	if g.done[name] || scalar(ref, "v") != "" {
		return
	}
	g.done[name] = true
	c := &g.code
	at := ""
	if g.works[ref.Definition.Name] {
		at = "at exec.Place, "
	}
	c.line("func (c *compiled) %s(w *exec.Writer, f *exec.Field, %sv %s) bool {", name, at, goType(ref.GO))
	switch {
	case ref.IsSlice():
		g.writeSlice(ref)
	case ref.Definition.IsLeafType():
		g.writeLeaf(ref)
	default:
		g.writeComposite(ref)
	}
	c.line("}\n")
	if ref.IsSlice() {
		g.writeReference(ref.Elem())
	}
}

func (g *generator) writeSlice(ref *config.TypeReference) {
	c := &g.code
	elem := ref.Elem()
	if !ref.GQL.NonNull {
		c.line("if v == nil { return w.Null() }")
	}
	works := g.works[ref.Definition.Name]
	if works {
		c.line("first := w.List(f, at)")
	}
	c.line("start, good := w.Array(), true")
	c.line("for i := range v {")
	c.line("w.Next(start, i)")
	item := "v[i]"
	call := ""
	switch simple := scalar(elem, item); {
	case simple != "":
		c.line("ok := true\n%s\ngood = good && ok", simple)
	case works:
		call = fmt.Sprintf("c.write%s(w, f, first.Element(i), %s)", elem.UniquenessKey(), item)
	default:
		call = fmt.Sprintf("c.write%s(w, f, %s)", elem.UniquenessKey(), item)
	}
	if call != "" {
		c.line("good = %s && good", call)
	}
	c.line("}")
	c.line("good = w.EndArray(start, good)")
	g.nullable(ref)
}

// nullable writes the end of a function whose value is good or not.
func (g *generator) nullable(ref *config.TypeReference) {
	if ref.GQL.NonNull {
		g.code.line("return good")
	} else {
		g.code.line("return good || w.Null()")
	}
}

// nilValue writes what is done with a nil.
func (g *generator) nilValue(ref *config.TypeReference) {
	switch {
	case !ref.IsNilable():
	case ref.GQL.NonNull:
		g.code.line("if v == nil { return w.Missing(f) }")
	default:
		g.code.line("if v == nil { return w.Null() }")
	}
}

func (g *generator) writeComposite(ref *config.TypeReference) {
	c := &g.code
	g.nilValue(ref)
	def := ref.Definition
	works := g.works[def.Name]
	switch {
	case g.abstract(def) && works:
		c.line("good := c.write%s(w, f, at, v)", def.Name)
	case g.abstract(def):
		c.line("good := c.write%s(w, f, v)", def.Name)
	default:
		v := "v"
		if !ref.IsNilable() {
			v = "&v"
		}
		index := ""
		if works {
			index = ", w.Index(f, at)"
		}
		c.line("good := c.write%s(w, f.On(0)%s, %s)", def.Name, index, v)
	}
	g.nullable(ref)
}

// writeAbstract writes the function that writes an interface's or a union's value.
func (g *generator) writeAbstract(i *codegen.Interface) {
	c := &g.code
	at := ""
	if g.works[i.Name] {
		at = "at exec.Place, "
	}
	concrete := g.concrete(i.Name)
	c.line("// write%s writes an object by its type.", i.Name)
	c.line("func (c *compiled) write%s(w *exec.Writer, f *exec.Field, %sv %s) bool {", i.Name, at, goType(i.Type))
	c.line("switch v := v.(type) {")
	for _, impl := range g.implementors(i.Name) {
		c.line("case %s:", goType(impl.Type))
		v := "v"
		if impl.CanBeNil() {
			c.line("if v == nil { return w.Absent(f) }")
		} else {
			v = "&v"
		}
		index := ""
		if g.works[impl.Name] {
			index = ", w.Index(f, at)"
		}
		c.line("return c.write%s(w, f.On(%d)%s, %s)", impl.Name, slices.Index(concrete, impl.Name), index, v)
	}
	c.line("}")
	c.line("w.Fail(f, fmt.Errorf(\"%%T is no %s that the schema knows\", v))", i.Name)
	c.line("return false")
	c.line("}\n")
}

// gatherReference writes the function that begins the steps below values of a type reference, and those that it calls.
func (g *generator) gatherReference(ref *config.TypeReference) {
	name := "gather" + ref.UniquenessKey()
	def := ref.Definition
	if g.done[name] || !g.works[def.Name] {
		return
	}
	g.done[name] = true
	c := &g.code
	c.line("func (c *compiled) %s(s *exec.Step, f *exec.Field, shape *exec.Shape, vs []%s) {", name, goType(ref.GO))
	switch {
	case ref.IsSlice() && def.Kind == ast.Object && !ref.Elem().IsSlice() && !ref.Elem().IsNilable():
		c.line("c.gather%s(s, f, shape, exec.ListsOf(shape, vs))", def.Name)
	case ref.IsSlice():
		c.line("c.gather%s(s, f, shape, exec.Lists(shape, vs))", ref.Elem().UniquenessKey())
	case def.Kind != ast.Object || ref.IsNilable():
		c.line("c.gather%s(s, f, shape, vs)", def.Name)
	default:
		c.line("c.gather%s(s, f, shape, exec.Pointers(shape, vs))", def.Name)
	}
	c.line("}\n")
	if ref.IsSlice() && (def.Kind != ast.Object || ref.Elem().IsSlice() || ref.Elem().IsNilable()) {
		g.gatherReference(ref.Elem())
	}
	if object := g.data.Objects.ByName(def.Name); def.Kind == ast.Object && !g.done["gather"+def.Name] {
		g.done["gather"+def.Name] = true
		c.line("func (c *compiled) gather%s(s *exec.Step, f *exec.Field, shape *exec.Shape, vs []%s) {", def.Name, goType(object.Reference()))
		c.line("if objs := exec.Objects(shape, vs); len(objs) > 0 { c.start%s(s, f.On(0), objs) }", def.Name)
		c.line("}\n")
	}
}

// gatherAbstract writes the function that begins the steps below values of an interface or a union, by their types.
func (g *generator) gatherAbstract(i *codegen.Interface) {
	if !g.works[i.Name] {
		return
	}
	c := &g.code
	concrete := g.concrete(i.Name)
	c.line("// gather%s begins the steps of values by their types.", i.Name)
	c.line("func (c *compiled) gather%s(s *exec.Step, f *exec.Field, shape *exec.Shape, vs []%s) {", i.Name, goType(i.Type))
	c.line("places := shape.Places(len(vs))")
	for _, name := range concrete {
		if g.works[name] {
			c.line("var objs%s []%s", name, goType(g.data.Objects.ByName(name).Reference()))
		}
	}
	c.line("for i, v := range vs {")
	c.line("switch v := v.(type) {")
	for _, impl := range g.implementors(i.Name) {
		if !g.works[impl.Name] {
			continue
		}
		v := "v"
		c.line("case %s:", goType(impl.Type))
		if impl.CanBeNil() {
			c.line("if v == nil { continue }")
		} else {
			v = "&v"
		}
		c.line("places[i] = int32(len(objs%s))", impl.Name)
		c.line("objs%s = append(objs%s, %s)", impl.Name, impl.Name, v)
	}
	c.line("}\n}")
	for k, name := range concrete {
		if g.works[name] {
			c.line("if len(objs%s) > 0 { c.start%s(s, f.On(%d), objs%s) }", name, name, k, name)
		}
	}
	c.line("}\n")
}
