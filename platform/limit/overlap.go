package limit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// overlappingFields is gqlparser's OverlappingFieldsCanBeMerged (https://spec.graphql.org/September2025/#FieldsInSetCanMerge()) without its
// comparisons of every two fields.
//
// All fields that come to stand in one object of the answer are looked at together, as a set: those of one response name must have one shape,
// and one name and arguments unless the objects that they are selected of cannot be the same one. What is selected below all of them is the
// next set. So a field is looked at once for each place in the answer that it is selected for, and not for each pair. A set that has been
// looked at, as it stands, is not looked at again: fragments that spread each other many times over are few sets.
func overlappingFields(v *validation) core.Rule {
	return core.Rule{Name: "OverlappingFieldsCanBeMerged", RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		var o *overlap
		begin := func(walker *core.Walker, set ast.SelectionSet) {
			if o == nil {
				o = newOverlap(walker.Schema, v, addError)
				o.hopeless = cyclic(walker.Document) // which has no end, and is refused anyway
			}
			if !o.hopeless {
				o.set([]*occurrence{{field: &ast.Field{SelectionSet: set}}})
			}
		}
		observers.OnOperation(func(walker *core.Walker, operation *ast.OperationDefinition) { begin(walker, operation.SelectionSet) })
		observers.OnFragment(func(walker *core.Walker, fragment *ast.FragmentDefinition) {
			if o == nil || !o.spread[fragment.Name] { // it is spread nowhere so far
				begin(walker, ast.SelectionSet{&ast.FragmentSpread{Name: fragment.Name, Definition: fragment}})
			}
		})
	}}
}

// overlap looks for fields that cannot be merged in one document.
type overlap struct {
	schema   *ast.Schema
	v        *validation
	addError core.AddErrFunc
	hopeless bool

	sets       map[string]bool // those that have been looked at, by key
	spread     map[string]bool // the fragments in them
	trails     map[trail]*trail
	signatures map[*ast.Field]int
	spreads    map[string]int        // the signatures of fields with nothing but fragments below
	calls      map[*ast.Field]string // names with arguments
}

func newOverlap(schema *ast.Schema, v *validation, addError core.AddErrFunc) *overlap {
	return &overlap{
		schema: schema, v: v, addError: addError,
		sets: map[string]bool{}, spread: map[string]bool{}, trails: map[trail]*trail{}, signatures: map[*ast.Field]int{}, spreads: map[string]int{}, calls: map[*ast.Field]string{},
	}
}

// occurrence is a field at one place of the answer.
type occurrence struct {
	field *ast.Field
	trail *trail
	above *occurrence // the field that it is selected of
}

// group looks at the fields of one response name, and at what is below them.
func (o *overlap) group(list []*occurrence) {
	if len(list) > 1 && (o.callsConflict(list) || o.shapesConflict(list)) {
		return
	}
	var below []*occurrence
	for _, f := range list {
		if len(f.field.SelectionSet) > 0 {
			below = append(below, f)
		}
	}
	if below != nil {
		o.set(below)
	}
}

// shapesConflict tells if fields have values of different shapes.
func (o *overlap) shapesConflict(list []*occurrence) bool {
	var first *occurrence
	for _, f := range list {
		switch {
		case f.field.Definition == nil || f.field.ObjectDefinition == nil: // which other rules tell
		case first == nil:
			first = f
		case o.typesConflict(first.field.Definition.Type, f.field.Definition.Type):
			o.tell(first, f, `they return conflicting types "`+first.field.Definition.Type.String()+`" and "`+f.field.Definition.Type.String()+`"`)
			return true
		}
	}
	return false
}

// typesConflict says whether values of the types have different shapes. That of an object is in its fields, which are looked at themselves.
func (o *overlap) typesConflict(a, b *ast.Type) bool {
	if a == b {
		return false
	}
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	if a.Elem != nil {
		return o.typesConflict(a.Elem, b.Elem)
	}
	return a.NamedType != b.NamedType && (o.schema.Types[a.NamedType].IsLeafType() || o.schema.Types[b.NamedType].IsLeafType())
}

// callsConflict tells if fields have different names or arguments though they can be fields of the same object: each that differs from an
// earlier one.
func (o *overlap) callsConflict(list []*occurrence) bool {
	var calls []string
	byCall := map[string][]*occurrence{} // one for each trail
	seen := map[spread]bool{}
	for _, f := range list {
		if f.field.ObjectDefinition == nil {
			continue
		}
		call := o.call(f.field)
		if byCall[call] == nil {
			calls = append(calls, call)
		}
		if key := (spread{call, f.trail}); !seen[key] {
			seen[key] = true
			byCall[call] = append(byCall[call], f)
		}
	}
	found := false
	for i, call := range calls {
		if a, b := o.meet(calls[:i], byCall, call); a != nil {
			o.tell(a, b, why(a.field, b.field))
			found = true
		}
	}
	return found
}

// meet gives two fields that the same object can have, of which one is called as earlier fields are, and one in another way.
func (o *overlap) meet(earlier []string, byCall map[string][]*occurrence, call string) (a, b *occurrence) {
	for _, other := range earlier {
		for _, a := range byCall[other] {
			for _, b := range byCall[call] {
				o.v.work()
				if !exclusive(a.trail, b.trail) {
					return a, b
				}
			}
		}
	}
	return nil, nil
}

func why(a, b *ast.Field) string {
	if a.Name != b.Name {
		return `"` + a.Name + `" and "` + b.Name + `" are different fields`
	}
	return "they have differing arguments"
}

// tell tells that two fields cannot be merged, from where the ways to them part.
func (o *overlap) tell(a, b *occurrence, reason string) {
	for a.above != b.above {
		if len(reason) < maxMessage { // what is longer is cut
			reason = `subfields "` + a.field.Alias + `" conflict because ` + reason
		}
		a, b = a.above, b.above
	}
	o.addError(
		core.Message(`Fields "%s" conflict because %s. Use different aliases on the fields to fetch both if this was intentional.`, a.field.Alias, reason),
		core.At(a.field.Position), core.At(b.field.Position),
	)
}

// call gives a field's name and arguments as text that is equal for equal ones.
func (o *overlap) call(f *ast.Field) string {
	if len(f.Arguments) == 0 {
		return f.Name
	}
	if text, known := o.calls[f]; known {
		return text
	}
	arguments := slices.Clone(f.Arguments)
	slices.SortStableFunc(arguments, func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.WriteString(f.Name)
	for _, a := range arguments {
		b.WriteString(" " + a.Name + ":")
		writeValue(&b, a.Value)
	}
	o.calls[f] = b.String()
	return o.calls[f]
}

// writeValue writes a value as text. The order of an object's fields does not matter.
func writeValue(b *strings.Builder, v *ast.Value) {
	children := v.Children
	if v.Kind == ast.ObjectValue {
		children = slices.Clone(children)
		slices.SortStableFunc(children, func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
	}
	b.WriteString(strconv.Itoa(int(v.Kind)) + strconv.Quote(v.Raw) + "(")
	for _, child := range children {
		b.WriteString(child.Name + ":")
		writeValue(b, child.Value)
	}
	b.WriteString(")")
}
