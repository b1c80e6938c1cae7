package exec

import (
	"reflect"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// oneOfTypes gives the input objects that are @oneOf, or have fields that are.
func oneOfTypes(schema *ast.Schema) map[string]bool {
	found := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, def := range schema.Types {
			if def.Kind != ast.InputObject || found[name] {
				continue
			}
			has := def.Directives.ForName("oneOf") != nil
			for _, f := range def.Fields {
				has = has || found[f.Type.Name()]
			}
			if has {
				found[name], changed = true, true
			}
		}
	}
	return found
}

// wrongVariable says what is wrong with the variables whose types are @oneOf, which nobody else looks into: such an object has exactly one
// member, and that is not null (https://spec.graphql.org/September2025/#sec-OneOf-Input-Objects).
func (c *scan) wrongVariable(variables map[string]any) *gqlerror.Error {
	for _, v := range c.oneOf {
		if name, ok := wrongOneOf(c.schema, v.Type, variables[v.Variable]); !ok {
			err := gqlerror.ErrorPathf(ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}, "an object of %s has exactly one member, which is not null", name)
			errcode.Set(err, errcode.ValidationFailed)
			return err
		}
	}
	return nil
}

// wrongOneOf gives the type of an object within a value that is not as @oneOf wants it, and whether all are.
func wrongOneOf(schema *ast.Schema, t *ast.Type, value any) (name string, ok bool) {
	if t.Elem != nil {
		list := reflect.ValueOf(value) // gqlparser makes lists of several types
		if list.Kind() != reflect.Slice {
			return wrongOneOf(schema, t.Elem, value) // a single value stands for a list of one
		}
		for i := range list.Len() {
			if name, ok := wrongOneOf(schema, t.Elem, list.Index(i).Interface()); !ok {
				return name, false
			}
		}
		return "", true
	}
	object, _ := value.(map[string]any)
	if object == nil {
		return "", true
	}
	def := schema.Types[t.NamedType]
	if def.Directives.ForName("oneOf") != nil && len(object) != 1 {
		return def.Name, false
	}
	for member, v := range object {
		f := def.Fields.ForName(member)
		if f == nil {
			continue // coercion has refused it
		}
		if v == nil && def.Directives.ForName("oneOf") != nil {
			return def.Name, false
		}
		if name, ok := wrongOneOf(schema, f.Type, v); !ok {
			return name, false
		}
	}
	return "", true
}
