package exectest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits says what operations are like. Zero values stand for the defaults.
type Limits struct {
	Depth         int  // how deep fields are nested; 5
	Fields        int  // about how many are selected at most; 80
	Mutations     bool // some operations are mutations
	Subscriptions bool // some are subscriptions
	Directives    bool // some use the schema's own executable directives
	Defer         bool // fragments are deferred; see Deferring
	// Without says which fields are never selected; nil for none.
	Without func(typeName, field string) bool
	// Values gives a literal for an argument's or an input field's value, such as an id that exists. Its path is where the value stands:
	// "Query.product.id", "Query.products.filter.category". Custom scalars have no other values; what needs one without is not selected.
	Values func(r *rand.Rand, typeName, argPath string) (literal string, ok bool)
}

// Generate makes a random operation. It is valid, likes to select the same field more than once, and depends on r alone.
func Generate(r *rand.Rand, schema *ast.Schema, limits Limits) Operation {
	limits.Depth, limits.Fields = max(limits.Depth, 0), max(limits.Fields, 0)
	if limits.Depth == 0 {
		limits.Depth = 5
	}
	if limits.Fields == 0 {
		limits.Fields = 80
	}
	g := &generator{
		Rand: r, schema: schema, limits: limits, left: limits.Fields/10 + r.IntN(limits.Fields),
		keys: map[string]*key{}, used: map[string][]use{}, spread: map[string]bool{},
		doc: &ast.QueryDocument{}, values: map[string]any{},
	}
	o := g.document()
	if limits.Defer {
		o = Deferring(r, o)
	}
	if err := o.Validate(schema); err != nil {
		panic(fmt.Sprintf("an operation is not valid: %v\n%s", err, o))
	}
	return o
}

// generator makes one document.
type generator struct {
	*rand.Rand

	schema *ast.Schema
	limits Limits
	left   int // how many fields may still be selected

	keys      map[string]*key  // by response key
	used      map[string][]use // the fields that were selected of a type
	fragments []*fragment
	spread    map[string]bool // the operations' fragments
	doc       *ast.QueryDocument

	variables ast.VariableDefinitionList // of all operations
	values    map[string]any             // that some of them are given
}

// fragment is a named fragment that is complete.
type fragment struct {
	def   *ast.FragmentDefinition
	depth int // how deep its fields are nested
}

// use is a field that was selected.
type use struct {
	key       string
	field     *ast.FieldDefinition
	arguments ast.ArgumentList
}

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// document makes one operation or more, of which one is to be executed.
func (g *generator) document() Operation {
	count := 1
	if g.oneIn(8) {
		count = 2 + g.IntN(2)
	}
	for i := range count {
		kind, root := g.root()
		def := &ast.OperationDefinition{Operation: kind, Name: "Operation" + strconv.Itoa(i)}
		if kind == ast.Subscription {
			def.SelectionSet = g.event(root)
		} else {
			for g.left > 0 {
				def.SelectionSet = append(def.SelectionSet, g.selections(root, g.limits.Depth)...)
			}
		}
		def.Directives = g.executable(ast.DirectiveLocation(map[ast.Operation]string{
			ast.Query: "QUERY", ast.Mutation: "MUTATION", ast.Subscription: "SUBSCRIPTION",
		}[kind]))
		g.doc.Operations = append(g.doc.Operations, def)
		g.left = 5
	}
	o := Operation{OperationName: g.doc.Operations[0].Name} // which is the largest
	if g.oneIn(4) {
		o.OperationName = pick(g, g.doc.Operations).Name
	}
	if len(g.doc.Operations) == 1 && g.oneIn(2) {
		g.doc.Operations[0].Name, o.OperationName = "", ""
	}
	for _, f := range g.fragments {
		g.doc.Fragments = append(g.doc.Fragments, f.def)
	}
	tidy(g.doc, g.variables)
	for _, v := range g.doc.Operations.ForName(o.OperationName).VariableDefinitions {
		if value, ok := g.values[v.Variable]; ok {
			if o.Variables == nil {
				o.Variables = map[string]any{}
			}
			o.Variables[v.Variable] = value
		}
	}
	o.Query = printed(g.doc)
	return o
}

func (g *generator) root() (ast.Operation, *ast.Definition) {
	switch {
	case g.limits.Mutations && g.schema.Mutation != nil && g.oneIn(5):
		return ast.Mutation, g.schema.Mutation
	case g.limits.Subscriptions && g.schema.Subscription != nil && g.oneIn(12):
		return ast.Subscription, g.schema.Subscription
	default:
		return ast.Query, g.schema.Query
	}
}

// event makes the selections of a subscription, which has one field.
func (g *generator) event(root *ast.Definition) ast.SelectionSet {
	for {
		if f := g.field(root, g.limits.Depth, false); f.Name != "__typename" {
			f.Directives = nil // it must not be skipped
			return ast.SelectionSet{f}
		}
	}
}

// selections makes what is selected of a type. Fields are nested as deep as depth at most.
func (g *generator) selections(parent *ast.Definition, depth int) ast.SelectionSet {
	left := g.left
	g.left = max(3, left/2) // so that something is left for what comes after it
	allowed := g.left
	var set ast.SelectionSet
	for range 2 + g.IntN(5) {
		set = append(set, g.selection(parent, depth))
		if g.left <= 0 {
			break
		}
	}
	g.left = left - (allowed - g.left)
	return set
}

func (g *generator) selection(parent *ast.Definition, depth int) ast.Selection {
	switch kind := g.IntN(10); {
	case g.left <= 0 || kind < 7 && parent.Kind != ast.Union || kind < 2:
		return g.field(parent, depth, true)
	case kind < 9:
		on := g.overlapping(parent)
		inline := &ast.InlineFragment{SelectionSet: g.selections(on, depth), Directives: g.conditions("INLINE_FRAGMENT")}
		if on != parent || g.oneIn(2) {
			inline.TypeCondition = on.Name
		}
		return inline
	default:
		return g.fragment(parent, depth)
	}
}

// overlapping gives a composite type that objects of the parent type can be of, often the parent itself.
func (g *generator) overlapping(parent *ast.Definition) *ast.Definition {
	if g.oneIn(3) {
		return parent
	}
	if objects := objectsOf(g.schema, parent); g.oneIn(2) {
		return pick(g, objects)
	}
	var names []string
	for name, def := range g.schema.Types {
		if def.IsCompositeType() && !strings.HasPrefix(name, "__") && g.overlap(parent, def) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return g.schema.Types[pick(g, names)]
}

// overlap says whether an object can be of both types.
func (g *generator) overlap(a, b *ast.Definition) bool {
	objects := objectsOf(g.schema, a)
	return slices.ContainsFunc(objectsOf(g.schema, b), func(d *ast.Definition) bool { return slices.Contains(objects, d) })
}

// fragment spreads a fragment that fits, or makes one.
func (g *generator) fragment(parent *ast.Definition, depth int) ast.Selection {
	var fit []*fragment
	for _, f := range g.fragments {
		if f.depth <= depth && g.overlap(parent, g.schema.Types[f.def.TypeCondition]) {
			fit = append(fit, f)
		}
	}
	if len(fit) == 0 || len(fit) < 4 && g.oneIn(2) {
		on := g.overlapping(parent)
		set := g.selections(on, min(depth, 1+g.IntN(max(depth, 1))))
		f := &fragment{def: &ast.FragmentDefinition{
			Name: "F" + strconv.Itoa(len(g.fragments)), TypeCondition: on.Name, SelectionSet: set,
		}}
		f.depth = g.depth(set)
		g.fragments = append(g.fragments, f) // from now on; it cannot spread itself
		fit = []*fragment{f}
	}
	return &ast.FragmentSpread{Name: pick(g, fit).def.Name, Directives: g.conditions("FRAGMENT_SPREAD")}
}

// depth gives how deep fields are nested.
func (g *generator) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if len(s.SelectionSet) > 0 {
				deepest = max(deepest, 1+g.depth(s.SelectionSet))
			}
		case *ast.InlineFragment:
			deepest = max(deepest, g.depth(s.SelectionSet))
		case *ast.FragmentSpread:
			for _, f := range g.fragments {
				if f.def.Name == s.Name {
					deepest = max(deepest, f.depth)
				}
			}
		}
	}
	return deepest
}

// field selects one field of a type: __typename if there is none, and often one that was selected before, so that both are one.
func (g *generator) field(parent *ast.Definition, depth int, again bool) *ast.Field {
	g.left--
	var chosen use
	leaves := g.oneIn(8) // for which it makes less of a difference
	before := slices.DeleteFunc(slices.Clone(g.used[parent.Name]), func(u use) bool {
		return !g.fits(parent, u.field, depth) || !leaves && !g.schema.Types[u.field.Type.Name()].IsCompositeType()
	})
	if again && len(before) > 0 && g.oneIn(3) {
		chosen = pick(g, before)
	} else {
		field := g.candidate(parent, depth)
		if field == nil {
			return &ast.Field{Name: "__typename", Alias: g.typenameKey(parent), Directives: g.conditions("FIELD")}
		}
		arguments, ok := g.arguments(parent, field)
		if !ok {
			return &ast.Field{Name: "__typename", Alias: g.typenameKey(parent)}
		}
		chosen = use{field: field, arguments: arguments}
		chosen.key = g.keyFor(parent, field, arguments)
		g.used[parent.Name] = append(g.used[parent.Name], chosen)
	}
	f := &ast.Field{Name: chosen.field.Name, Alias: chosen.key, Arguments: chosen.arguments, Directives: g.conditions("FIELD")}
	if below := g.schema.Types[chosen.field.Type.Name()]; below.IsCompositeType() {
		f.SelectionSet = g.selections(below, depth-1)
	}
	return f
}

// candidate picks a field of a type, nil for __typename.
func (g *generator) candidate(parent *ast.Definition, depth int) *ast.FieldDefinition {
	if g.oneIn(12) {
		return nil
	}
	var leaves, all, nested []*ast.FieldDefinition
	for _, f := range parent.Fields {
		if g.fits(parent, f, depth) {
			all = append(all, f)
			if g.schema.Types[f.Type.Name()].IsCompositeType() {
				nested = append(nested, f)
			} else {
				leaves = append(leaves, f)
			}
		}
	}
	switch {
	case len(leaves) > 0 && (g.left <= 0 || g.oneIn(3)):
		return pick(g, leaves)
	case len(nested) > 0 && g.oneIn(2):
		return pick(g, nested)
	case len(all) > 0:
		return pick(g, all)
	default:
		return nil
	}
}

func (g *generator) fits(parent *ast.Definition, f *ast.FieldDefinition, depth int) bool {
	if strings.HasPrefix(f.Name, "__") || g.limits.Without != nil && g.limits.Without(parent.Name, f.Name) {
		return false
	}
	return depth > 0 && g.left > -10 || !g.schema.Types[f.Type.Name()].IsCompositeType()
}
