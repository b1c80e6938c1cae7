package exectest

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// key is a response key and what it stands for. To be valid wherever selections meet, it has one shape everywhere, and stands for one field
// with the same arguments, except that objects of different types may mean different ones
// (https://spec.graphql.org/September2025/#sec-Field-Selection-Merging).
type key struct {
	shape    string
	abstract string            // the field of interfaces and unions; empty if none
	objects  map[string]string // of objects, by type
}

// allows says whether the key may stand for a field of a type, and notes that it does.
func (k *key) allows(parent *ast.Definition, shape, signature string) bool {
	if k.shape != shape || k.abstract != "" && k.abstract != signature {
		return false
	}
	if parent.Kind == ast.Object {
		if own, ok := k.objects[parent.Name]; ok && own != signature {
			return false
		}
		k.objects[parent.Name] = signature
		return true
	}
	for _, own := range k.objects {
		if own != signature {
			return false
		}
	}
	k.abstract = signature
	return true
}

// take says whether a response key may stand for a field of a type, and notes that it does.
func (g *generator) take(name string, parent *ast.Definition, shape, signature string) bool {
	k := g.keys[name]
	if k == nil {
		k = &key{shape: shape, objects: map[string]string{}}
		g.keys[name] = k
	}
	return k.allows(parent, shape, signature)
}

// aliases are few, so that they meet.
var aliases = []string{"a", "b", "c", "d"}

// keyFor gives a response key for a field: its name, one of a few aliases, or else an alias of its own.
func (g *generator) keyFor(parent *ast.Definition, f *ast.FieldDefinition, arguments ast.ArgumentList) string {
	signature := f.Name
	for _, a := range arguments {
		signature += " " + a.Name + ":" + a.Value.String()
	}
	shape := g.shape(f.Type)
	if g.oneIn(4) {
		if alias := pick(g, aliases); g.take(alias, parent, shape, signature) {
			return alias
		}
	}
	if g.take(f.Name, parent, shape, signature) {
		return f.Name
	}
	for i := 2; ; i++ {
		if alias := f.Name + strconv.Itoa(i); g.take(alias, parent, shape, signature) {
			return alias
		}
	}
}

// typenameKey gives a response key for __typename. It shares none with fields: gqlparser takes its type for String, which it is not.
func (g *generator) typenameKey(parent *ast.Definition) string {
	if g.oneIn(4) && g.take("kind", parent, "__typename", "__typename") {
		return "kind"
	}
	return "__typename"
}

// shape gives what must be the same wherever a key is used: how lists and nulls are nested, and the type of what has no selections.
func (g *generator) shape(t *ast.Type) string {
	name := t.Name()
	if g.schema.Types[name].IsCompositeType() {
		name = "{}"
	}
	for ; t != nil; t = t.Elem {
		if t.NonNull {
			name += "!"
		}
		if t.Elem != nil {
			name += "[]"
		}
	}
	return name
}
