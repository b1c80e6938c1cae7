package exec

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Types is what the generator tells of the schema's types, by name. It is only read.
type Types map[string]Type

// Type is what the generator tells of one type.
type Type struct {
	Fields   map[string]FieldType // of an object
	Concrete []string             // of an interface or a union: the objects that it can be, in the order of the generated code
}

// FieldType is what the generator tells of an object's field.
type FieldType struct {
	ID       int  // the case of the generated switches
	Step     bool // whether something has to be called for it
	Resolver bool // whether that is a resolver
	Declined bool // whether the generated code cannot answer it, so that gqlgen's executor has to
}

// Typename is the FieldType.ID of `__typename`. All others are positive.
const Typename = 0

// object is what the plans know of one object type.
type object struct {
	name      string
	satisfies map[string]bool // the type conditions that hold for it
	fields    map[string]*fieldInfo
}

// fieldInfo is what the plans know of a field of an object.
type fieldInfo struct {
	FieldType
	object   string
	def      *ast.FieldDefinition
	concrete []*object // what its value can be; nil for leaves
	sources  []string
	degraded *degradation // what becomes of it when its source fails; nil for its error
}

// objects joins the generator's types with the schema.
func objects(types Types, schema *ast.Schema, degradations map[string]*degradation) map[string]*object {
	all := map[string]*object{}
	for name, def := range schema.Types {
		if def.Kind == ast.Object {
			all[name] = &object{name: name, satisfies: map[string]bool{name: true}, fields: map[string]*fieldInfo{}}
		}
	}
	for _, def := range schema.Types {
		if def.IsAbstractType() {
			for _, possible := range schema.GetPossibleTypes(def) {
				if o := all[possible.Name]; o != nil { // interfaces that implement it are among them
					o.satisfies[def.Name] = true
				}
			}
		}
	}
	for name, o := range all {
		for _, def := range schema.Types[name].Fields {
			known, ok := types[name].Fields[def.Name]
			if !ok {
				known.Declined = true // introspection, or a schema that has more than was generated from
			}
			info := &fieldInfo{FieldType: known, object: name, def: def, degraded: degradations[name+"."+def.Name]}
			for _, d := range def.Directives.ForNames("source") {
				if arg := d.Arguments.ForName("name"); arg != nil {
					info.sources = append(info.sources, arg.Value.Raw)
				}
			}
			typ := schema.Types[def.Type.Name()]
			switch {
			case typ.Kind == ast.Object:
				info.concrete = []*object{all[typ.Name]}
			case typ.IsAbstractType():
				for _, c := range types[typ.Name].Concrete {
					info.concrete = append(info.concrete, all[c])
				}
			}
			o.fields[def.Name] = info
		}
	}
	return all
}
