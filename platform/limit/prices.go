package limit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Costs is what the operations of a schema cost. It is only read, and safe for concurrent use.
//
// It is the cost directive draft (https://ibm.github.io/graphql-specs/cost-spec.html) with one sum for types and fields:
//
//	directive @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
//	directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],
//	  requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
//
// Asking for a field costs its weight: 10 if it has @source, else nothing. Each object that it gives costs the weight of its type, 1, and
// what is selected of it; of an interface or a union, what the dearest type costs. How many there are is what its slicing arguments ask for,
// or else what is assumed. A field with `first` or `last` has them as slicing arguments without being told; if it gives one object, these
// are for the object's lists `edges` and `nodes`. Each element of a list that an argument is given costs 1, each input field its weight.
//
// Introspection costs 2 for each field of each object that it gives.
//
// Each field with @source needs calls: for each source that it names, one for as many objects as a call takes, or one for each object if the
// field is not resolved in batches. At worst, every object of every list is there and no two are equal.
type Costs struct {
	schema   *ast.Schema
	listSize float64 // that is assumed
	fields   map[*ast.FieldDefinition]*price
	types    map[string]float64               // the weights
	weights  map[*ast.FieldDefinition]float64 // those of input fields that have one
}

// CostOptions are what a gateway decides. Zero values stand for the defaults.
type CostOptions struct {
	ListSize int            // how many elements a list is assumed to have if the schema does not say it; 10
	Batches  map[string]int // for how many objects one call is enough, by source, or by field such as Category.products; 100 for others. 1 where each is asked for alone.
}

const (
	defaultListSize = 10
	defaultBatch    = 100
	sourceWeight    = 10 // of a field that needs a source
	objectWeight    = 1
)

// price is what the schema says of a field.
type price struct {
	weight    float64
	arguments map[string]float64 // the weights of those that have one
	calls     amount             // for the sources of one object
	assumed   float64
	slicing   []string
	sized     []string // the fields of the object that are as long as the slicing arguments say; nil if the field itself is
	declared  bool     // by @listSize
	one       bool     // whether exactly one slicing argument must be given
	named     bool     // whether a slicing argument is a list that names the elements: they are what calls are for
}

// NewCosts reads a schema. It fails if a directive in it makes no sense.
func NewCosts(schema *ast.Schema, o CostOptions) (*Costs, error) {
	if o.ListSize == 0 {
		o.ListSize = defaultListSize
	}
	c := &Costs{schema: schema, listSize: float64(o.ListSize), fields: map[*ast.FieldDefinition]*price{}, types: map[string]float64{}, weights: map[*ast.FieldDefinition]float64{}}
	var problems []error
	for name, def := range schema.Types {
		if def.IsCompositeType() {
			c.types[name] = objectWeight
		}
		if err := weigh(def.Directives, func(w float64) { c.types[name] = w }); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		if def.Kind == ast.InputObject {
			for _, f := range def.Fields {
				if err := weigh(f.Directives, func(w float64) { c.weights[f] = w }); err != nil {
					problems = append(problems, fmt.Errorf("%s.%s: %w", name, f.Name, err))
				}
			}
		}
		if def.Kind != ast.Object {
			continue
		}
		for _, f := range def.Fields {
			p, err := c.price(def, f, o)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s.%s: %w", name, f.Name, err))
			}
			c.fields[f] = p
		}
	}
	return c, errors.Join(problems...)
}

// weigh passes on the weight of @cost, if there is one.
func weigh(list ast.DirectiveList, set func(weight float64)) error {
	d := list.ForName("cost")
	if d == nil {
		return nil
	}
	w, err := strconv.ParseFloat(text(d, "weight"), 64)
	if err != nil || !(w >= 0 && w <= saturated) {
		return fmt.Errorf("@cost(weight: %q): must be a number that is not below zero", text(d, "weight"))
	}
	set(w)
	return nil
}

// text gives what a directive's argument has been given, empty for nothing.
func text(d *ast.Directive, name string) string {
	if arg := d.Arguments.ForName(name); arg != nil {
		return arg.Value.Raw
	}
	return ""
}

func (c *Costs) price(parent *ast.Definition, f *ast.FieldDefinition, o CostOptions) (*price, error) {
	p := &price{arguments: map[string]float64{}, assumed: float64(o.ListSize)}
	sources := f.Directives.ForNames("source")
	if len(sources) > 0 {
		p.weight = sourceWeight
	}
	batched := parent == c.schema.Query || parent == c.schema.Mutation || parent == c.schema.Subscription
	if d := f.Directives.ForName("goField"); d != nil {
		batched = batched || text(d, "batch") == "true"
	}
	for _, d := range sources {
		batch, own := o.Batches[parent.Name+"."+f.Name]
		if !own {
			batch = o.Batches[text(d, "name")]
		}
		switch {
		case !batched:
			batch = 1
		case batch == 0:
			batch = defaultBatch
		}
		p.calls.each += 1 / float64(batch)
		p.calls.steps += 1 - 1/float64(batch) // so that one object is one call
	}
	problem := weigh(f.Directives, func(w float64) { p.weight = w })
	for _, arg := range f.Arguments {
		problem = errors.Join(problem, weigh(arg.Directives, func(w float64) { p.arguments[arg.Name] = w }))
	}
	if d := f.Directives.ForName("listSize"); d != nil {
		return p, errors.Join(problem, c.readListSize(p, f, d))
	}
	c.connection(p, f)
	return p, problem
}

// readListSize reads @listSize.
func (c *Costs) readListSize(p *price, f *ast.FieldDefinition, d *ast.Directive) error {
	var problem error
	if size := text(d, "assumedSize"); size != "" && size != "null" {
		n, err := strconv.ParseFloat(size, 64)
		if err != nil || !(n >= 0) {
			problem = fmt.Errorf("@listSize(assumedSize: %s): must not be below zero", size)
		}
		p.assumed = n
	}
	p.declared = true
	p.slicing, p.sized = names(d, "slicingArguments"), names(d, "sizedFields")
	p.one = len(p.slicing) > 0 && text(d, "requireOneSlicingArgument") != "false"
	for _, name := range p.slicing {
		switch arg := f.Arguments.ForName(name); {
		case arg == nil:
			problem = errors.Join(problem, fmt.Errorf("@listSize: there is no argument %q", name))
		case arg.Type.Elem != nil && f.Type.Elem != nil:
			p.named = true
		}
	}
	for _, name := range p.sized {
		if def := c.schema.Types[f.Type.Name()].Fields.ForName(name); def == nil || def.Type.Elem == nil {
			problem = errors.Join(problem, fmt.Errorf("@listSize: %s has no list %q", f.Type.Name(), name))
		}
	}
	if p.sized == nil && f.Type.Elem == nil {
		problem = errors.Join(problem, errors.New("@listSize without sizedFields: must be on a list"))
	}
	return problem
}

// names gives the elements of a directive's argument.
func names(d *ast.Directive, name string) []string {
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return nil
	}
	var list []string
	for _, child := range arg.Value.Children {
		list = append(list, child.Value.Raw)
	}
	if list == nil && arg.Value.Raw != "" && arg.Value.Kind == ast.StringValue {
		list = []string{arg.Value.Raw} // which stands for a list of one
	}
	return list
}

// connection knows what asks for so many objects without being told.
func (c *Costs) connection(p *price, f *ast.FieldDefinition) {
	for _, name := range []string{"first", "last"} {
		if arg := f.Arguments.ForName(name); arg != nil && arg.Type.Name() == "Int" && arg.Type.Elem == nil {
			p.slicing = append(p.slicing, name)
		}
	}
	if p.slicing == nil || f.Type.Elem != nil {
		return
	}
	p.sized = []string{}
	for _, name := range []string{"edges", "nodes"} {
		if def := c.schema.Types[f.Type.Name()].Fields.ForName(name); def != nil && def.Type.Elem != nil {
			p.sized = append(p.sized, name)
		}
	}
}

// sizes says whether a field of the object that the price's field gives is as long as the slicing arguments say.
func (p *price) sizes(field string) bool { return p != nil && slices.Contains(p.sized, field) }
