package gen

import (
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
)

// write writes the function that writes an object.
func (g *generator) write(o *codegen.Object) {
	c := &g.code
	object, index := "", ""
	if !o.Root {
		object = ", obj " + goType(o.Reference())
	}
	if g.works[o.Name] || o.Root {
		index = ", index int"
	}
	c.line("// write%s writes an object.", o.Name)
	c.line("func (c *compiled) write%s(w *exec.Writer, sel *exec.Selection%s%s) bool {", o.Name, index, object)
	c.line("start, good := w.Object(), true")
	if !o.Stream {
		c.line("if sel.Deferred != nil {")
		c.line("w.Defer(sel, func(w *exec.Writer, sel *exec.Selection) bool { return c.write%s(w, sel%s%s) })", o.Name, given(index, "index"), given(object, "obj"))
		c.line("}")
	}
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

// given gives the argument for a parameter, if there is one.
func given(parameter, name string) string {
	if parameter == "" {
		return ""
	}
	return ", " + name
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
	v = g.address(ref) + v
	if g.works[ref.Definition.Name] {
		return fmt.Sprintf("ok = c.write%s(w, f, exec.At(index), %s)", ref.UniquenessKey(), v)
	}
	return fmt.Sprintf("ok = c.write%s(w, f, %s)", ref.UniquenessKey(), v)
}

// address gives the operator for an object that stands where it is, and not behind a pointer: functions take a pointer to it.
func (g *generator) address(ref *config.TypeReference) string {
	if ref.Definition.Kind == ast.Object && !ref.IsSlice() && !ref.IsNilable() {
		return "&"
	}
	return ""
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
	pointer := ""
	if g.address(ref) != "" {
		pointer = "*"
	}
	c.line("func (c *compiled) %s(w *exec.Writer, f *exec.Field, %sv %s%s) bool {", name, at, pointer, goType(ref.GO))
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
	object := g.address(elem) + item
	switch simple := scalar(elem, item); {
	case simple != "":
		c.line("ok := true\n%s\ngood = good && ok", simple)
	case works:
		call = fmt.Sprintf("c.write%s(w, f, first.Element(i), %s)", elem.UniquenessKey(), object)
	default:
		call = fmt.Sprintf("c.write%s(w, f, %s)", elem.UniquenessKey(), object)
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
		index := ""
		if works {
			index = ", w.Index(f, at)"
		}
		c.line("good := c.write%s(w, f.On(0)%s, v)", def.Name, index)
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
