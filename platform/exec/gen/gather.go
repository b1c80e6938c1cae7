package gen

import (
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
)

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
