package gen

import (
	"fmt"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
)

// graphqlPackage is where gqlgen's own marshalers are.
const graphqlPackage = "github.com/99designs/gqlgen/graphql"

// scalar gives the statement that writes a built-in scalar which cannot be null; empty for everything else.
func scalar(ref *config.TypeReference, v string) string {
	if ref.IsSlice() || ref.IsNilable() || ref.IsTargetNilable() || ref.IsMarshaler {
		return ""
	}
	if ref.Definition.Name == "Float" && !ref.GQL.NonNull {
		return "" // one that cannot be written is null
	}
	return builtin(ref, v)
}

// builtin gives the statement that writes a value by one of gqlgen's own marshalers; empty for others.
func builtin(ref *config.TypeReference, v string) string {
	if ref.HasEnumValues() {
		return fmt.Sprintf("ok = w.String(%s[%s])", ref.EnumMarshalVar(false), v)
	}
	m := ref.Marshaler
	if m == nil || m.Pkg() == nil || m.Pkg().Path() != graphqlPackage {
		return ""
	}
	switch m.Name() {
	case "MarshalString", "MarshalID":
		return fmt.Sprintf("ok = w.String(string(%s))", v)
	case "MarshalBoolean":
		return fmt.Sprintf("ok = w.Bool(bool(%s))", v)
	case "MarshalInt", "MarshalInt8", "MarshalInt16", "MarshalInt32", "MarshalInt64":
		return fmt.Sprintf("ok = w.Int(int64(%s))", v)
	case "MarshalUint", "MarshalUint8", "MarshalUint16", "MarshalUint32", "MarshalUint64":
		return fmt.Sprintf("ok = w.Uint(uint64(%s))", v)
	case "MarshalFloat", "MarshalFloatContext":
		return fmt.Sprintf("ok = w.Float(f, float64(%s))", v)
	}
	return ""
}

// writeLeaf writes the body of the function that writes a scalar or an enum, as gqlgen's marshaling function does.
func (g *generator) writeLeaf(ref *config.TypeReference) {
	c := &g.code
	g.nilValue(ref)
	if ref.IsMarshaler {
		marshal := "exec.Marshal"
		if ref.IsContext {
			marshal = "exec.MarshalContext"
		}
		c.line("if %s(w, f, v) { return true }", marshal)
		c.line("return w.Nothing(f, %t)", ref.GQL.NonNull)
		return
	}
	v := "v"
	switch {
	case ref.IsTargetNilable() && !ref.IsNilable():
		v = "&v"
	case !ref.IsTargetNilable() && ref.IsNilable():
		v = "*v"
	}
	if simple := builtin(ref, v); simple != "" {
		c.line("ok := true\n%s", simple)
		c.line("if ok { return true }")
		c.line("return w.Nothing(f, %t)", ref.GQL.NonNull)
		return
	}
	if ref.CastType != nil {
		v = fmt.Sprintf("%s(%s)", goType(ref.CastType), v)
	}
	marshal := "w.Marshal"
	if ref.IsContext {
		marshal = "w.MarshalContext"
	}
	c.line("if %s(f, %s(%s)) { return true }", marshal, templates.Call(ref.Marshaler), v)
	c.line("return w.Nothing(f, %t)", ref.GQL.NonNull)
}
