package limit

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Sizes says how many objects the fields of one operation give, as Check counts them. It is not safe for concurrent use.
type Sizes struct{ bill *bill }

// Sizes gives the sizes of an operation with variables that have been coerced.
func (c *Costs) Sizes(variables map[string]any) Sizes { return Sizes{newBill(c, variables)} }

// Of gives how many objects or values a field gives at most for each object that it is of: what is asked for, or assumed. The field that gives that
// object is above, nil at the root; it says how long the lists of a connection are. Definitions are those of objects, not of interfaces.
func (s Sizes) Of(f *ast.Field, def *ast.FieldDefinition, above *ast.Field, aboveDef *ast.FieldDefinition) int {
	p := s.bill.Costs.fields[def]
	if p == nil {
		return 1
	}
	var of *price
	if aboveDef != nil {
		of = s.bill.Costs.fields[aboveDef]
	}
	n, sized := s.bill.elements(f, def, p, of)
	if sized {
		n *= s.bill.size(above, aboveDef, of)
	}
	return up(min(n, saturated))
}

// Calls gives how many calls of services a field needs at most for so many objects: of all sources that it names together.
func (s Sizes) Calls(f *ast.Field, def *ast.FieldDefinition, objects int) int {
	p := s.bill.Costs.fields[def]
	if p == nil || objects == 0 {
		return 0
	}
	calls := s.bill.calls(f, def, p)
	return down(calls.steps + calls.each*float64(objects))
}

// elements gives how many objects a field gives, and whether they are as many for each as the field above asks for.
func (b *bill) elements(f *ast.Field, def *ast.FieldDefinition, p, of *price) (n float64, sized bool) {
	n = 1
	for t := def.Type; t.Elem != nil; t = t.Elem {
		switch {
		case t != def.Type || p.sized != nil: // a list in a list, or a list of connections
			n *= b.listSize
		case p.slicing == nil && !p.declared && of.sizes(f.Name):
			sized = true
		default:
			n *= b.size(f, def, p)
		}
	}
	return n, sized
}
