package gen

import (
	"fmt"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
)

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
		g.perObject(f, value, func() { c.line("return c.Resolvers.%s", f.ShortInvocation()) })
		c.line("}, %s)", then)
	case g.step(f):
		c.line("exec.Inline(s, f, objs, %s, func(ctx context.Context, fc *graphql.FieldContext, obj %s) (%s, error) {", context, object, value)
		g.perObject(f, value, func() { g.read(f) })
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
		g.directives(&b, list, "nil")
		b.WriteString("}}")
		return b.String()
	}
	return call + "}"
}

// perObject writes the body of a function that gives one object's value, inside the directives that run for each object.
func (g *generator) perObject(f *codegen.Field, value string, body func()) {
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
	g.directives(c, list, object)
	c.line("}())")
}

// directives writes a chain of directives around next, the schema's first one innermost, as gqlgen has it.
func (g *generator) directives(c *code, list []*codegen.Directive, object string) {
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
