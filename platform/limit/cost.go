package limit

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Price is what an operation costs, at most.
type Price struct {
	Cost  int
	Calls int // of sources, for answers of the sizes that are asked for or assumed
}

// Check gives what an operation of a valid document costs with variables that have been coerced, and refuses one that costs more than the
// limits allow, or that lacks the one slicing argument that @listSize wants. Fields that @skip and @include leave out cost nothing; a field
// that is selected twice is counted twice.
//
// Each selection is counted once for each type of object that it can be selected of, however often its fragments are spread.
func (c *Costs) Check(op *ast.OperationDefinition, variables map[string]any, l Limits) (Price, *gqlerror.Error) {
	b := newBill(c, variables)
	total := b.operation(op)
	p := Price{Cost: up(total.cost), Calls: down(total.steps + total.each)}
	switch {
	case b.wrong != nil:
		return p, b.wrong
	case l.Cost > 0 && p.Cost > l.Cost:
		return p, exceeded("cost", "The operation costs %s; %d is allowed. Ask for shorter lists, or for less of what is in them.", p.Cost, l.Cost, op.Position)
	case l.Calls > 0 && p.Calls > l.Calls:
		return p, exceeded("calls", "The operation needs up to %s calls of services; %d are allowed. Ask for shorter lists, or for less of what is in them.", p.Calls, l.Calls, op.Position)
	}
	return p, nil
}

// amount is what something costs for one object. Calls are a number that is needed for any objects at all, and a number for each of them: n
// objects in batches of b are 1-1/b and n/b calls, which is not below the number of batches, and less than one above it. A sum of such numbers,
// rounded down, is not below the sum of batches.
type amount struct {
	cost, steps, each float64
}

func (a amount) plus(b amount) amount {
	return amount{a.cost + b.cost, a.steps + b.steps, a.each + b.each}
}

// times gives what n objects cost for each object that they belong to.
func (a amount) times(n float64) amount {
	if n == 0 {
		return amount{}
	}
	return amount{a.cost * n, a.steps, a.each * n}
}

// either gives what an object costs that is of one type or of another. Others may be of the other one: calls are needed for both.
func (a amount) either(b amount) amount {
	return amount{max(a.cost, b.cost), a.steps + b.steps, max(a.each, b.each)}
}

// counted is what a selection costs: plain, and for each element of the lists that are as long as the slicing arguments of the field above.
type counted struct {
	plain, sized amount
}

// bill counts what one operation costs.
type bill struct {
	*Costs
	variables map[string]any
	fields    map[fieldAt]amount
	fragments map[fragmentAt]counted
	inputs    map[string]float64 // what the values of variables cost that are given to arguments
	described map[described]float64
	wrong     *gqlerror.Error
	counts    int // of selections, for tests
}

func newBill(c *Costs, variables map[string]any) *bill {
	return &bill{Costs: c, variables: variables, fields: map[fieldAt]amount{}, fragments: map[fragmentAt]counted{}, inputs: map[string]float64{}, described: map[described]float64{}}
}

// operation counts an operation.
func (b *bill) operation(op *ast.OperationDefinition) amount {
	root := b.schema.Query
	switch op.Operation {
	case ast.Mutation:
		root = b.schema.Mutation
	case ast.Subscription:
		root = b.schema.Subscription
	default:
	}
	return b.selections(op.SelectionSet, root, nil).plain
}

// fieldAt is a field as a type of object declares it. fragmentAt is a fragment on a type of object that a field gives; the field matters
// only if it sizes fields of the object.
type (
	fieldAt struct {
		field *ast.Field
		price *price
	}
	fragmentAt struct {
		name, on string
		sizing   *price
	}
)

// selections counts what is selected of objects of one type, which a field with a price gives.
func (b *bill) selections(set ast.SelectionSet, on *ast.Definition, of *price) counted {
	var total counted
	for _, s := range set {
		b.counts++
		var one counted
		switch s := s.(type) {
		case *ast.Field:
			if b.includes(s.Directives) {
				one = b.field(s, on, of)
			}
		case *ast.InlineFragment:
			if b.includes(s.Directives) && b.satisfies(on, s.TypeCondition) {
				one = b.selections(s.SelectionSet, on, of)
			}
		case *ast.FragmentSpread:
			if b.includes(s.Directives) && b.satisfies(on, s.Definition.TypeCondition) {
				one = b.fragment(s.Definition, on, of)
			}
		}
		total.plain, total.sized = total.plain.plus(one.plain), total.sized.plus(one.sized)
	}
	return total
}

func (b *bill) fragment(def *ast.FragmentDefinition, on *ast.Definition, of *price) counted {
	key := fragmentAt{name: def.Name, on: on.Name}
	if of != nil && len(of.sized) > 0 {
		key.sizing = of
	}
	if known, ok := b.fragments[key]; ok {
		return known
	}
	total := b.selections(def.SelectionSet, on, of)
	b.fragments[key] = total
	return total
}

// field counts a field of objects of one type.
func (b *bill) field(f *ast.Field, on *ast.Definition, of *price) counted {
	def := on.Fields.ForName(f.Name)
	if def == nil { // __typename
		return counted{}
	}
	if strings.HasPrefix(f.Name, "__") {
		return counted{plain: amount{cost: b.introspection(f)}}
	}
	p := b.Costs.fields[def]
	asked := b.calls(f, def, p)
	asked.cost = p.weight
	for _, arg := range f.Arguments {
		asked.cost += p.arguments[arg.Name] + b.input(def.Arguments.ForName(arg.Name).Type, arg.Value)
	}
	n, sized := b.elements(f, def, p, of)
	below := b.below(f, def, p).times(n)
	if sized {
		return counted{plain: asked, sized: below}
	}
	return counted{plain: asked.plus(below)}
}

// calls gives what a field needs for one object.
func (b *bill) calls(f *ast.Field, def *ast.FieldDefinition, p *price) amount {
	calls := p.calls
	if p.named {
		calls.each *= b.size(f, def, p)
	}
	return calls
}

// below counts one object that a field gives, or one value.
func (b *bill) below(f *ast.Field, def *ast.FieldDefinition, p *price) amount {
	key := fieldAt{f, p}
	if known, ok := b.fields[key]; ok {
		return known
	}
	gives := b.schema.Types[def.Type.Name()]
	var total amount
	if !gives.IsCompositeType() {
		total = amount{cost: b.types[gives.Name]}
	} else {
		size := 0.0
		if len(p.sized) > 0 {
			size = b.size(f, def, p)
		}
		for _, on := range b.schema.GetPossibleTypes(gives) {
			if on.Kind != ast.Object {
				continue
			}
			one := b.selections(f.SelectionSet, on, p)
			all := one.plain.plus(one.sized.times(size))
			all.cost += b.types[on.Name]
			total = total.either(all)
		}
	}
	b.fields[key] = total
	return total
}

func (b *bill) satisfies(on *ast.Definition, condition string) bool {
	if condition == "" || condition == on.Name {
		return true
	}
	for _, def := range b.schema.GetPossibleTypes(b.schema.Types[condition]) {
		if def == on {
			return true
		}
	}
	return false
}

// includes says whether the conditions of a selection hold.
func (b *bill) includes(list ast.DirectiveList) bool {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		arg := d.Arguments.ForName("if")
		if arg == nil {
			continue
		}
		value, err := arg.Value.Value(b.variables)
		if holds, ok := value.(bool); err == nil && ok && holds == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// size gives how many objects a field's slicing arguments ask for; how many are assumed if they do not say.
func (b *bill) size(f *ast.Field, def *ast.FieldDefinition, p *price) float64 {
	largest, given, defaults := 0.0, 0, 0
	for _, name := range p.slicing {
		arg := def.Arguments.ForName(name)
		value, own := arg.DefaultValue, false
		if a := f.Arguments.ForName(name); a != nil && (a.Value.Kind != ast.Variable || has(b.variables, a.Value.Raw)) {
			value, own = a.Value, true
		}
		n, ok := b.length(value)
		if !ok {
			continue
		}
		largest = max(largest, n)
		if own {
			given++
		} else {
			defaults++
		}
	}
	if given+defaults == 0 {
		largest = p.assumed
	}
	if p.one && given != 1 && (given != 0 || defaults != 1) && b.wrong == nil {
		b.wrong = gqlerror.WrapPath(nil, fault.Newf(fault.BadUserInput, "`%s` needs exactly one of %s, to say how many to give.", f.Name, "`"+strings.Join(p.slicing, "`, `")+"`"))
		if f.Position != nil {
			b.wrong.Locations = []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}
		}
	}
	return largest
}

// length gives how many objects the value of a slicing argument asks for: the number that it is, or how many there are if it is a list.
func (b *bill) length(value *ast.Value) (float64, bool) {
	if value == nil {
		return 0, false
	}
	given, err := value.Value(b.variables)
	if err != nil || given == nil {
		return 0, false
	}
	if list := reflect.ValueOf(given); list.Kind() == reflect.Slice {
		return float64(list.Len()), true
	}
	n, err := strconv.ParseFloat(fmt.Sprint(given), 64)
	if err != nil {
		return 1, true // one value, which stands for a list of one
	}
	if !(n > 0) {
		return 0, true
	}
	return min(n, saturated), true
}
