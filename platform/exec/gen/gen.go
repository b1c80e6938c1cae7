// Package gen generates the compiled executor's part of a gateway: how to read its types and which resolvers to call. It is a plugin of
// gqlgen's generator, whose types, bindings and resolvers it uses; platform/exec runs what it generates.
package gen

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/99designs/gqlgen/plugin"
	"github.com/vektah/gqlparser/v2/ast"
)

// Plugin writes exec.generated.go beside gqlgen's executor, whose unexported functions it calls.
type Plugin struct {
	// Once are the schema's directives that decide from the context alone, such as who may read a field: they run once for all objects of a
	// step, without an object. All others run for each object; on plural fields they leave the operation to gqlgen's executor.
	Once []string
}

var _ plugin.CodeGenerator = (*Plugin)(nil)

// Name names the plugin.
func (*Plugin) Name() string { return "exec" }

// file is the generated file's name.
const file = "exec.generated.go"

// GenerateCode writes the file. gqlgen calls it when types are bound and before it generates its own.
func (p *Plugin) GenerateCode(data *codegen.Data) error {
	if data.Config.UseFunctionSyntaxForExecutionContext {
		return fmt.Errorf("use_function_syntax_for_execution_context is not supported")
	}
	return templates.Render(templates.Options{
		PackageName:     data.Config.Exec.Package,
		Filename:        filepath.Join(data.Config.Exec.Dir(), file),
		GeneratedHeader: true,
		Packages:        data.Config.Packages,
		Template:        "{{ .Reserve }}{{ .Code }}",
		Data:            newGenerator(data, p.Once),
	})
}

// generator writes the code of one schema.
type generator struct {
	data    *codegen.Data
	once    []string
	objects []*codegen.Object // those that clients can ask for, by name
	works   map[string]bool   // the objects, interfaces and unions that can have steps below them
	code    code
	done    map[string]bool // the functions that are written
}

func newGenerator(data *codegen.Data, once []string) *generator {
	g := &generator{data: data, once: once, works: map[string]bool{}, done: map[string]bool{}}
	for _, o := range data.Objects {
		if !o.BuiltIn {
			own := *o
			own.Fields = slices.DeleteFunc(slices.Clone(o.Fields), (*codegen.Field).IsReserved) // introspection is gqlgen's
			g.objects = append(g.objects, &own)
		}
	}
	g.findWork()
	return g
}

// findWork finds the types that can have steps below them.
func (g *generator) findWork() {
	for changed := true; changed; {
		changed = false
		mark := func(name string, works bool) {
			if works && !g.works[name] {
				g.works[name], changed = true, true
			}
		}
		for _, o := range g.objects {
			for _, f := range o.Fields {
				mark(o.Name, !g.declined(f) && (g.step(f) || g.works[f.TypeReference.Definition.Name]))
			}
		}
		for _, i := range g.data.Interfaces {
			for _, c := range g.implementors(i.Name) {
				mark(i.Name, g.works[c.Name])
			}
		}
	}
}

// step says whether something has to be called for a field.
func (g *generator) step(f *codegen.Field) bool {
	return f.Object.Root || f.IsResolver || f.IsMethod() || f.HasHaser || len(f.Args) > 0 || len(f.ImplDirectives()) > 0
}

// declined says whether gqlgen's executor has to answer operations with the field.
func (g *generator) declined(f *codegen.Field) bool {
	switch {
	case f.IsMap(), f.TypeReference.IsRoot, f.HasFederationRequiresArg():
		return true
	case !f.Object.Root && !isPointer(f.Object.Reference()):
		return true // a model that is a map or an interface
	case f.UsesSubscriptionContext(), f.Stream && !f.Object.Stream:
		return true
	case f.IsBatch() && !f.Object.Root && len(g.each(f)) > 0:
		return true
	}
	for t := f.TypeReference; t != nil; t = t.Elem() {
		if t.IsPtrToSlice() || t.IsPtrToPtr() || t.IsPtrToIntf() || (t.Definition.IsCompositeType() && t.IsMarshaler) {
			return true
		}
		if !t.IsSlice() {
			break
		}
	}
	if object := g.data.Objects.ByName(f.TypeReference.Definition.Name); object != nil && !object.Root {
		return !isPointer(object.Reference())
	}
	return false
}

// each gives the field's directives that run for each object.
func (g *generator) each(f *codegen.Field) []*codegen.Directive {
	return slices.DeleteFunc(f.ImplDirectives(), g.runsOnce)
}

// all gives the field's directives that run once for all objects.
func (g *generator) all(f *codegen.Field) []*codegen.Directive {
	return slices.DeleteFunc(f.ImplDirectives(), func(d *codegen.Directive) bool { return !g.runsOnce(d) })
}

func (g *generator) runsOnce(d *codegen.Directive) bool { return slices.Contains(g.once, d.Name) }

// concrete gives the objects that an interface or a union can be, each once.
func (g *generator) concrete(name string) []string {
	var names []string
	for _, c := range g.implementors(name) {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// implementors gives the Go types of an interface's or a union's objects: some by value, by pointer, or both.
func (g *generator) implementors(name string) []codegen.InterfaceImplementor {
	return slices.DeleteFunc(slices.Clone(g.data.Interfaces[name].Implementors), func(i codegen.InterfaceImplementor) bool {
		return i.Kind != ast.Object || !isPointer(g.data.Objects.ByName(i.Name).Reference())
	})
}

func (g *generator) abstract(def *ast.Definition) bool {
	return def.Kind == ast.Interface || def.Kind == ast.Union
}
