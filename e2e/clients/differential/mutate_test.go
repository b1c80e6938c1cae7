package differential_test

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// literals are values that stand in for others.
var literals = []string{
	`null`, `true`, `1`, `-0`, `1.5`, `1e3`, `2147483648`, `99999999999999999999`, `"x"`, `""`, `CALM`, `SMALL`, `[]`, `[null]`, `[1, "x"]`, `[[1]]`, `{}`, `{x: 1}`, `{id: 1}`,
	`{id: null}`, `{name: "x", id: "y"}`, `{name: "x", name: "y"}`, `{spot: {x: 1}}`, `{spot: {}}`, `{name: "n", inner: {name: 1}}`, `{min: 1, max: null}`, `{status: ACTIVE}`,
}

// uses are directives that stand where they may or may not.
var uses = []*ast.Directive{
	{Name: "skip", Arguments: ast.ArgumentList{raw("if", "true")}}, {Name: "include", Arguments: ast.ArgumentList{raw("if", "false")}}, {Name: "include"},
	{Name: "skip", Arguments: ast.ArgumentList{raw("if", "$c0")}}, {Name: "defer"}, {Name: "defer", Arguments: ast.ArgumentList{raw("label", `"l"`)}},
	{Name: "defer", Arguments: ast.ArgumentList{raw("if", "false")}}, {Name: "loud"}, {Name: "loud", Arguments: ast.ArgumentList{raw("times", "3")}}, {Name: "noted"},
	{Name: "deprecated"}, {Name: "none"},
}

// raw gives an argument whose value is printed as it is.
func raw(name, literal string) *ast.Argument {
	return &ast.Argument{Name: name, Value: literalValue(literal)}
}

func literalValue(text string) *ast.Value { return &ast.Value{Kind: ast.EnumValue, Raw: text} }

// parts are what a document has of each kind, in its order.
type parts struct {
	sets       []*ast.SelectionSet
	fields     []*ast.Field
	inline     []*ast.InlineFragment
	spreads    []*ast.FragmentSpread
	arguments  []*ast.ArgumentList
	values     []*ast.Value
	directives []*ast.DirectiveList
	variables  []*ast.VariableDefinitionList
}

func partsOf(doc *ast.QueryDocument) *parts {
	p := &parts{}
	for _, op := range doc.Operations {
		p.variables = append(p.variables, &op.VariableDefinitions)
		p.use(&op.Directives)
		p.set(&op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		p.use(&f.Directives)
		p.set(&f.SelectionSet)
	}
	return p
}

func (p *parts) set(set *ast.SelectionSet) {
	p.sets = append(p.sets, set)
	for _, s := range *set {
		switch s := s.(type) {
		case *ast.Field:
			p.fields = append(p.fields, s)
			p.argumentList(&s.Arguments)
			p.use(&s.Directives)
			if len(s.SelectionSet) > 0 {
				p.set(&s.SelectionSet)
			}
		case *ast.InlineFragment:
			p.inline = append(p.inline, s)
			p.use(&s.Directives)
			p.set(&s.SelectionSet)
		case *ast.FragmentSpread:
			p.spreads = append(p.spreads, s)
			p.use(&s.Directives)
		}
	}
}

func (p *parts) use(list *ast.DirectiveList) {
	p.directives = append(p.directives, list)
	for _, d := range *list {
		p.argumentList(&d.Arguments)
	}
}

func (p *parts) argumentList(list *ast.ArgumentList) {
	p.arguments = append(p.arguments, list)
	for _, a := range *list {
		p.value(a.Value)
	}
}

func (p *parts) value(v *ast.Value) {
	p.values = append(p.values, v)
	for _, child := range v.Children {
		p.value(child.Value)
	}
}

// mutated gives a document that reads well, and in which something else is said.
func (g generator) mutated(query string) string {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return query // which another change has spoiled
	}
	p := partsOf(doc)
	if len(p.fields) == 0 || len(p.variables) == 0 {
		return query
	}
	switch g.IntN(10) {
	case 0, 1: // what is in the answer by one name
		one(g, p.fields).Alias = one(g, p.fields).Alias
	case 2:
		copied, err := parser.ParseQuery(&ast.Source{Input: query}) // else a selection could come to stand in itself
		if err != nil {
			panic(err)
		}
		set, from := one(g, p.sets), one(g, partsOf(copied).sets)
		*set = append(*set, fewer(one(g, *from)))
	case 3:
		f := one(g, p.fields)
		f.Name = one(g, g.names)
	case 4:
		g.mutateArguments(p)
	case 5:
		if len(p.values) > 0 {
			*one(g, p.values) = *literalValue(one(g, literals))
		}
	case 6:
		if len(p.inline) > 0 {
			one(g, p.inline).TypeCondition = g.typeName()
		} else {
			one(g, doc.Operations).Operation = one(g, []ast.Operation{ast.Query, ast.Mutation, ast.Subscription})
		}
	case 7:
		list := one(g, p.directives)
		*list = append(*list, one(g, uses))
	case 8:
		g.mutateVariables(p)
	case 9:
		g.mutateFragments(doc, p)
	}
	var b strings.Builder
	formatter.NewFormatter(&b).FormatQueryDocument(doc)
	return b.String()
}

// fewer gives a field with an argument less, and others as they are.
func fewer(s ast.Selection) ast.Selection {
	if f, ok := s.(*ast.Field); ok && len(f.Arguments) > 0 {
		f.Arguments = f.Arguments[1:]
	}
	return s
}

func (g generator) mutateArguments(p *parts) {
	if len(p.arguments) == 0 {
		return
	}
	list := one(g, p.arguments)
	switch {
	case len(*list) == 0 || g.IntN(4) == 0:
		*list = append(*list, raw(one(g, g.names), one(g, literals)))
	case g.IntN(2) == 0:
		*list = slices.Clone((*list)[1:])
	default:
		*list = append(*list, (*list)[0])
	}
}

func (g generator) mutateVariables(p *parts) {
	list := one(g, p.variables)
	if len(*list) == 0 {
		*list = ast.VariableDefinitionList{{Variable: "c0", Type: ast.NonNullNamedType("Boolean", nil)}}
		return
	}
	v := one(g, *list)
	switch g.IntN(7) {
	case 0:
		*list = slices.Clone((*list)[1:])
	case 1:
		*list = append(*list, v)
	case 2:
		v.DefaultValue = literalValue(one(g, literals))
	case 3:
		v.Type = ast.ListType(v.Type, nil)
	case 4:
		v.Type = ast.NamedType(g.typeName(), nil)
	case 5:
		if len(p.values) > 0 {
			*one(g, p.values) = ast.Value{Kind: ast.Variable, Raw: v.Variable}
		}
	default:
		c := *v.Type
		c.NonNull = !c.NonNull
		v.Type = &c
	}
}

func (g generator) mutateFragments(doc *ast.QueryDocument, p *parts) {
	if len(doc.Fragments) == 0 {
		doc.Fragments = append(doc.Fragments, &ast.FragmentDefinition{Name: "N", TypeCondition: g.typeName(), SelectionSet: ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename"}}})
		set := one(g, p.sets)
		*set = append(*set, &ast.FragmentSpread{Name: "N"})
		return
	}
	f := one(g, doc.Fragments)
	switch g.IntN(4) {
	case 0:
		f.TypeCondition = g.typeName()
	case 1:
		set := one(g, p.sets)
		*set = append(*set, &ast.FragmentSpread{Name: f.Name})
	case 2:
		f.Name = one(g, []string{"N", doc.Fragments[0].Name})
	default:
		doc.Fragments = doc.Fragments[1:]
	}
}

// typeName gives the name of a type.
func (g generator) typeName() string {
	for {
		if name := one(g, g.names); g.schema.Types[name] != nil && !strings.HasPrefix(name, "__") {
			return name
		}
	}
}

// tokens are what documents are made of, with what is ignored between.
var tokens = regexp.MustCompile(`"""(?s:.*?)"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9][0-9.eE+-]*|\s+|.`)

// strange are parts that fit in few places.
var strange = []string{
	`1`, `-0`, `1.0`, `1e3`, `2147483648`, `99999999999999999999`, `1.5e300`, `"x"`, `"\u{1F600}"`, `"\u{D800}"`, `"\uD800"`, `"\uD83D\uDE00"`,
	"\"\"\"a\n  b\"\"\"", `null`, `true`, `{}`, `[]`, `[1]`, `[null]`, `{id: 1}`, `{id: 1, id: 2}`, `{id: null}`, `$v00`, `$v01`, `$none`, `CALM`,
	` @skip(if: true)`, ` @include(if: false)`, ` @skip(if: $v00)`, ` @include(if: "x")`, ` @defer`, ` @defer(label: "a")`, ` @defer(if: false)`, ` @deprecated`,
	` @none`, ` __typename `, ` __schema { types { name } } `, ` __type(name: "Query") { name } `, `... on Query { __typename }`, `... { __typename }`, `...F`,
	` fragment F on Query { __typename } `, ` query Q { __typename } `, ` { __typename } `, ` subscription { lions { id } other: lions { id } } `, `on`, `!`, `:`, `(`, `)`, `[`, `]`,
	`{`, `}`, `=`, `&`, `|`, `,`, `# comment` + "\n", ` type T { a: Int } `, `a: `, `1a`, `'`, "\ufeff", "\"\"\"\"\"\"",
}

// changed gives a document with one token other, or more, or less.
func (g generator) changed(query string) string {
	parts := tokens.FindAllString(query, -1)
	if len(parts) < 2 {
		return query
	}
	var words, named []int
	for i, p := range parts {
		if strings.TrimSpace(p) != "" {
			words = append(words, i)
		}
		if name.MatchString(p) {
			named = append(named, i)
		}
	}
	if g.IntN(3) > 0 && len(named) > 1 { // which leads further than to the parser
		words = named
	}
	i, j := one(g, words), one(g, words)
	switch g.IntN(9) {
	case 0:
		parts[i] = ""
	case 1:
		parts[i] += " " + parts[i]
	case 2:
		parts[i], parts[j] = parts[j], parts[i]
	case 3:
		parts[i] = parts[j]
	case 4, 5:
		parts[i] = one(g, g.names)
	case 6:
		parts[i] += one(g, strange)
	default:
		parts[i] = one(g, strange)
	}
	return strings.Join(parts, "")
}

var name = regexp.MustCompile(`^[_A-Za-z]`)
