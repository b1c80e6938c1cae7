package limit

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// elementWeight is what an element of a list costs that an argument is given: to read it, and for whoever has to look it up.
const elementWeight = 1

// input gives what the value of an argument costs, or a part of it: its lists' elements, and the input fields that have a weight. The value
// of a variable is counted once.
func (b *bill) input(t *ast.Type, literal *ast.Value) float64 {
	switch literal.Kind {
	case ast.Variable:
		cost, known := b.inputs[literal.Raw]
		if !known {
			cost = b.given(t, b.variables[literal.Raw])
			b.inputs[literal.Raw] = cost
		}
		return cost
	case ast.ListValue:
		cost := 0.0
		for _, child := range literal.Children {
			cost += elementWeight + b.input(elementOf(t), child.Value)
		}
		return cost
	case ast.ObjectValue:
		cost := 0.0
		for _, child := range literal.Children {
			weight, of := b.inputField(t, child.Name)
			cost += weight + b.input(of, child.Value)
		}
		return cost
	default:
		return 0
	}
}

// given is input for a value that has been coerced.
func (b *bill) given(t *ast.Type, value any) float64 {
	cost := 0.0
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			cost += elementWeight + b.given(elementOf(t), item)
		}
	case map[string]any:
		for name, item := range value {
			weight, of := b.inputField(t, name)
			cost += weight + b.given(of, item)
		}
	}
	return cost
}

// elementOf gives the type of a list's elements; nil within a scalar.
func elementOf(t *ast.Type) *ast.Type {
	if t == nil || t.Elem == nil {
		return t // of a scalar, or of one list for several in each other
	}
	return t.Elem
}

// inputField gives the weight of a field of an input object, and its type; nil within a scalar.
func (b *bill) inputField(t *ast.Type, name string) (weight float64, of *ast.Type) {
	if t == nil {
		return 0, nil
	}
	f := b.schema.Types[t.Name()].Fields.ForName(name)
	if f == nil {
		return 0, nil
	}
	return b.weights[f], f.Type
}
