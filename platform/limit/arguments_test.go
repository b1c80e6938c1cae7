package limit_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/coerce"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

const schemaText = `
	directive @range(min: Int, max: Int) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
	scalar Code
	scalar Any
	enum Size { SMALL LARGE }
	type Query {
		page(first: Int! = 20 @range(min: 1, max: 100), after: Int): Page
		least(n: Int @range(min: -5)): Int
		most(n: Int @range(max: 5)): Int
		free(n: Int @range): Int
		share(of: Float @range(min: 0, max: 1)): Int
		byCode(code: Code): Page
		byCodes(codes: [Code!]): Int
		all(ns: [Int] @range(min: 1, max: 3)): Int
		grid(ns: [[Int!]!] @range(min: 1, max: 3)): Int
		search(filter: Filter, filters: [Filter!]): Int
		sized(size: Size, sizes: [Size!]): Int
		any(value: Any): Int
	}
	type Page { page(first: Int @range(min: 1, max: 100)): Page total: Int named(code: Code): Thing }
	interface Thing { total(n: Int @range(max: 5)): Int }
	type Shelf implements Thing { total(n: Int @range(max: 5)): Int size(n: Int @range(max: 5)): Int }
	input Filter {
		price: Int @range(min: 0)
		code: Code
		size: Size
		ns: [Int!] @range(max: 3)
		and: [Filter!]
		not: Filter
		count: Int! = 1 @range(min: 1)
	}
	type Mutation { page(first: Int @range(min: 1, max: 100)): Page }`

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: schemaText})

// scalars have one that wants codes such as "A1". It refuses plainly; its message is for clients when it is a fault.
var scalars = map[string]func(any) error{
	"Code": func(v any) error {
		if s, ok := v.(string); ok && len(s) == 2 {
			return nil
		}
		return fault.Newf(fault.BadUserInput, "A code has two characters, unlike this %T.", v)
	},
}

// arguments gives the extension as gqlgen makes it ready.
func arguments(scalars map[string]func(any) error) *limit.Arguments {
	a := &limit.Arguments{Scalars: scalars}
	if err := a.Validate(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }}); err != nil {
		panic(err)
	}
	return a
}

// operation reads a request as gqlgen's executor does before it asks extensions. It fails for a request that gqlgen refuses itself.
func operation(query, name, variables string) (*graphql.OperationContext, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, err
	}
	if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
		return nil, errs
	}
	oc := &graphql.OperationContext{RawQuery: query, OperationName: name, Doc: doc, Operation: doc.Operations.ForName(name)}
	if oc.Operation == nil {
		return nil, errors.New("no such operation")
	}
	var values map[string]any
	if variables != "" {
		dec := json.NewDecoder(strings.NewReader(variables))
		dec.UseNumber() // as the transport does
		if err := dec.Decode(&values); err != nil {
			return nil, err
		}
	}
	coerced, errs := coerce.Variables(schema, oc.Operation, values)
	if errs != nil {
		return nil, errs
	}
	oc.Variables = coerced
	return oc, nil
}

func check(t *testing.T, query, variables string) *gqlerror.Error {
	t.Helper()
	oc, err := operation(query, "", variables)
	if err != nil {
		t.Fatalf("gqlgen refuses this itself: %v", err)
	}
	return arguments(scalars).MutateOperationContext(t.Context(), oc)
}

func TestArguments(t *testing.T) {
	t.Parallel()
	const code = "A code has two characters, unlike this"
	for reason, test := range map[string]struct {
		query, variables string
		want             string // the message; empty if nothing is wrong
	}{
		"null for what has a default": {`query($n: Int) { page(first: $n) { total } }`, `{"n":null}`, "`first` must not be null."},
		"nothing for what has one":    {`query($n: Int) { page(first: $n) { total } }`, `{}`, ""},
		"null to skip by":             {`query($b: Boolean = true) { page @skip(if: $b) { total } }`, `{"b":null}`, "`if` must not be null."},
		"null to include by":          {`query($b: Boolean = true) { page { ... @include(if: $b) { total } } }`, `{"b":null}`, "`if` must not be null."},
		"no arguments":                {`{ page { total } }`, "", ""},
		"the lowest":                  {`{ page(first: 1) { total } }`, "", ""},
		"the highest":                 {`{ page(first: 100) { total } }`, "", ""},
		"below the lowest":            {`{ page(first: 0) { total } }`, "", "`first` must be 1 to 100, not 0."},
		"above the highest":           {`{ page(first: 101) { total } }`, "", "`first` must be 1 to 100, not 101."},
		"negative":                    {`{ page(first: -1) { total } }`, "", "`first` must be 1 to 100, not -1."},
		"no range":                    {`{ page(after: -7) { total } }`, "", ""},
		"a range without bounds":      {`{ free(n: -7) }`, "", ""},
		"min alone, at it":            {`{ least(n: -5) }`, "", ""},
		"min alone, below":            {`{ least(n: -6) }`, "", "`n` must be -5 or more, not -6."},
		"min alone, far above":        {`{ least(n: 2147483647) }`, "", ""},
		"max alone, at it":            {`{ most(n: 5) }`, "", ""},
		"max alone, above":            {`{ most(n: 6) }`, "", "`n` must be 5 or less, not 6."},
		"max alone, far below":        {`{ most(n: -2147483648) }`, "", ""},
		"null":                        {`{ least(n: null) }`, "", ""},
		"a fraction in its range":     {`{ share(of: 0.5) }`, "", ""},
		"a whole number for one":      {`{ share(of: 1) }`, "", ""},
		"a fraction above":            {`{ share(of: 1.5) }`, "", "`of` must be 0 to 1, not 1.5."},
		"a fraction below":            {`{ share(of: -0.1) }`, "", "`of` must be 0 to 1, not -0.1."},
		"a fraction, far above":       {`{ share(of: 1e300) }`, "", "`of` must be 0 to 1, not 1e+300."},
		"a variable in its range":     {`query($n: Int!) { page(first: $n) { total } }`, `{"n":100}`, ""},
		"a variable above":            {`query($n: Int!) { page(first: $n) { total } }`, `{"n":101}`, "`first` must be 1 to 100, not 101."},
		"a variable of a fraction":    {`query($x: Float) { share(of: $x) }`, `{"x":1.01}`, "`of` must be 0 to 1, not 1.01."},
		"a variable that is absent":   {`query($n: Int) { least(n: $n) }`, `{}`, ""},
		"a variable that is null":     {`query($n: Int) { least(n: $n) }`, `{"n":null}`, ""},
		"a variable's default":        {`query($n: Int = -6) { least(n: $n) }`, `{}`, "`n` must be -5 or more, not -6."},
		"a default that is not used": {`query($n: Int = -6) { least(n: $n) }`, `{"n":0}`,
			""},
		"a variable that no argument has": {`query($n: Int = 7) { least @include(if: true) most(n: 1) page(after: $n) { total } }`, ``, ""},
		"an alias":                        {`{ a: page(first: 1) { total } b: page(first: 101) { total } }`, "", "`first` must be 1 to 100, not 101."},
		"a field that is skipped":         {`{ page(first: 101) @skip(if: true) { total } }`, "", "`first` must be 1 to 100, not 101."},
		"deep in the document":            {"{" + strings.Repeat("page(first: 7) {", 100) + "page(first: 101) { total }" + strings.Repeat("}", 101), "", "`first` must be 1 to 100, not 101."},
		"beside a field that is deep":     {`{ page { page { page { total } } } least(n: -6) }`, "", "`n` must be -5 or more, not -6."},
		"in an inline fragment":           {`{ ... { page(first: 101) { total } } }`, "", "`first` must be 1 to 100, not 101."},
		"in a fragment on a type":         {`{ page { named { ... on Shelf { size(n: 6) } } } }`, "", "`n` must be 5 or less, not 6."},
		"on an interface":                 {`{ page { named { total(n: 6) } } }`, "", "`n` must be 5 or less, not 6."},
		"in a fragment":                   {`{ ...f } fragment f on Query { page(first: 101) { total } }`, "", "`first` must be 1 to 100, not 101."},
		"in a fragment's fragment":        {`{ ...f } fragment f on Query { ...g } fragment g on Query { least(n: -6) }`, "", "`n` must be -5 or more, not -6."},
		"a variable in a fragment":        {`query($n: Int) { ...f } fragment f on Query { least(n: $n) }`, `{"n":-6}`, "`n` must be -5 or more, not -6."},
		"in a mutation":                   {`mutation { page(first: 101) { total } }`, "", "`first` must be 1 to 100, not 101."},
		"what every type has":             {`{ __typename page { __typename } __schema { types { fields(includeDeprecated: true) { name } } } __type(name: "Page") { name } }`, "", ""},

		"a scalar that is good":      {`{ byCode(code: "A1") { total } }`, "", ""},
		"a scalar that is wrong":     {`{ byCode(code: "A12") { total } }`, "", "`code`: " + code + " string."},
		"a scalar of another kind":   {`{ byCode(code: 12) { total } }`, "", "`code`: " + code + " int64."},
		"a scalar that is a list":    {`{ byCode(code: ["A1"]) { total } }`, "", "`code`: " + code + " []interface {}."},
		"a scalar that is an object": {`{ byCode(code: {a: 1}) { total } }`, "", "`code`: " + code + " map[string]interface {}."},
		"a scalar that is null":      {`{ byCode(code: null) { total } }`, "", ""},
		"a scalar in a variable":     {`query($c: Code) { byCode(code: $c) { total } }`, `{"c":"A12"}`, "`code`: " + code + " string."},
		"a scalar that nobody reads": {`{ any(value: {a: [1, {b: "c"}]}) }`, "", ""},
		"a number that no scalar can hold": {`{ any(value: 99999999999999999999) }`, "",
			"`value` has a number that is out of range."},
		"a number within a scalar":                    {`{ any(value: {a: [1, {b: 1e999}]}) }`, "", "`value` has a number that is out of range."},
		"scalars in a list":                           {`{ byCodes(codes: ["A1", "A12"]) }`, "", "`codes[1]`: " + code + " string."},
		"one scalar for a list":                       {`{ byCodes(codes: "A1") }`, "", ""},
		"one scalar for a list, wrong":                {`{ byCodes(codes: "A12") }`, "", "`codes`: " + code + " string."},
		"one scalar for a list, in a variable":        {`query($c: [Code!]) { byCodes(codes: $c) }`, `{"c":"A1"}`, ""},
		"one scalar for a list, in a variable, wrong": {`query($c: [Code!]) { byCodes(codes: $c) }`, `{"c":"A12"}`, "`codes[0]`: " + code + " string."},

		"a list in its range":               {`{ all(ns: [1, 2, null, 3]) }`, "", ""},
		"a list with one above":             {`{ all(ns: [1, 4]) }`, "", "`ns[1]` must be 1 to 3, not 4."},
		"an empty list":                     {`{ all(ns: []) }`, "", ""},
		"one value for a list":              {`{ all(ns: 4) }`, "", "`ns` must be 1 to 3, not 4."},
		"a list in a variable":              {`query($ns: [Int]) { all(ns: $ns) }`, `{"ns":[1,4]}`, "`ns[1]` must be 1 to 3, not 4."},
		"a variable in a list":              {`query($n: Int) { all(ns: [1, $n]) }`, `{"n":4}`, "`ns[1]` must be 1 to 3, not 4."},
		"an absent variable in a list":      {`query($n: Int) { all(ns: [1, $n]) }`, ``, ""},
		"one value for a list, in variable": {`query($ns: [Int]) { all(ns: $ns) }`, `{"ns":4}`, "`ns[0]` must be 1 to 3, not 4."},
		"lists in a list":                   {`{ grid(ns: [[1], [2, 4]]) }`, "", "`ns[1][1]` must be 1 to 3, not 4."},
		"lists in a list, in a variable":    {`query($ns: [[Int!]!]) { grid(ns: $ns) }`, `{"ns":[[1],[2,4]]}`, "`ns[1][1]` must be 1 to 3, not 4."},
		"one value for lists in a list":     {`query($ns: [[Int!]!]) { grid(ns: $ns) }`, `{"ns":4}`, "`ns[0][0]` must be 1 to 3, not 4."},

		"an input in its range":             {`{ search(filter: {price: 0, code: "A1"}) }`, "", ""},
		"an empty input":                    {`{ search(filter: {}) }`, "", ""},
		"an input that is null":             {`{ search(filter: null) }`, "", ""},
		"a field of an input":               {`{ search(filter: {price: -1}) }`, "", "`filter.price` must be 0 or more, not -1."},
		"a field that is null":              {`{ search(filter: {price: null}) }`, "", ""},
		"a scalar in an input":              {`{ search(filter: {code: "A"}) }`, "", "`filter.code`: " + code + " string."},
		"a list in an input":                {`{ search(filter: {ns: [1, 4]}) }`, "", "`filter.ns[1]` must be 3 or less, not 4."},
		"an input in an input":              {`{ search(filter: {not: {not: {price: -1}}}) }`, "", "`filter.not.not.price` must be 0 or more, not -1."},
		"an input in a list in an input":    {`{ search(filter: {and: [{price: 1}, {price: -1}]}) }`, "", "`filter.and[1].price` must be 0 or more, not -1."},
		"an input in a list":                {`{ search(filters: [{}, {count: 0}]) }`, "", "`filters[1].count` must be 1 or more, not 0."},
		"one input for a list":              {`{ search(filters: {count: 0}) }`, "", "`filters.count` must be 1 or more, not 0."},
		"an input in a variable":            {`query($f: Filter) { search(filter: $f) }`, `{"f":{"and":[{"not":{"price":-1}}]}}`, "`filter.and[0].not.price` must be 0 or more, not -1."},
		"a variable in an input":            {`query($n: Int) { search(filter: {price: $n}) }`, `{"n":-1}`, "`filter.price` must be 0 or more, not -1."},
		"an absent variable in an input":    {`query($n: Int) { search(filter: {price: $n}) }`, ``, ""},
		"one input for a list, in variable": {`query($f: [Filter!]) { search(filters: $f) }`, `{"f":{"price":-1}}`, "`filters[0].price` must be 0 or more, not -1."},
		"one value in an input in variable": {`query($f: Filter) { search(filter: $f) }`, `{"f":{"ns":4,"and":{"price":1}}}`, "`filter.ns[0]` must be 3 or less, not 4."},

		"an enum":               {`{ sized(size: SMALL, sizes: [LARGE]) }`, "", ""},
		"an enum in a variable": {`query($s: Size, $l: [Size!]) { sized(size: $s, sizes: $l) }`, `{"s":"SMALL","l":["LARGE"]}`, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			err := check(t, test.query, test.variables)
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var f *fault.Error
			if err == nil || !errors.As(err, &f) {
				t.Fatalf("got %v, want a fault", err)
			}
			if f.Code != fault.BadUserInput || f.Message() != test.want {
				t.Errorf("got %s: %s\nwant %s", f.Code, f.Message(), test.want)
			}
		})
	}
}

func TestArgumentsSayWhere(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query, variables string
		line, column     int
	}{
		"a literal":              {"{\n  least(n: -6)\n}", "", 2, 9},
		"a variable":             {"query($n: Int) {\n  least(\n    n: $n\n  )\n}", `{"n":-6}`, 3, 5},
		"a fragment":             {"{ ...f }\nfragment f on Query { least(n: -6) }", "", 2, 29},
		"the first of two":       {"{ a: least(n: -6)\n b: least(n: -7) }", "", 1, 12},
		"the first of one field": {"{ search(filters: {price: -1}, filter: {price: -2}) }", "", 1, 10},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			err := check(t, test.query, test.variables)
			if err == nil || len(err.Locations) != 1 || err.Locations[0] != (gqlerror.Location{Line: test.line, Column: test.column}) {
				t.Errorf("got %v, want it at %d:%d", err, test.line, test.column)
			}
			if err != nil && err.Path != nil {
				t.Errorf("the path is %v, though nothing was executed", err.Path)
			}
		})
	}
}

// TestAVariableIsLookedAtOnce for an argument, however many fields it is given to, and not at all where nothing in it can be wrong.
func TestAVariableIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query, variables string
		want             int
	}{
		"many fields":      {"query($c: [Code!]) {" + strings.Repeat("byCodes(codes: $c) ", 50) + "}", `{"c":["A1","A2"]}`, 2},
		"in a literal":     {"query($c: Code!) {" + strings.Repeat("byCodes(codes: [$c, $c]) ", 5) + "}", `{"c":"A1"}`, 10},
		"two arguments":    {"query($c: Code!) { byCodes(codes: [$c]) byCode(code: $c) { total } }", `{"c":"A1"}`, 2},
		"nothing to check": {"query($s: [Size!]) { sized(sizes: $s) }", `{"s":["SMALL","LARGE"]}`, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			oc, err := operation(test.query, "", test.variables)
			if err != nil {
				t.Fatal(err)
			}
			looked := 0
			count := func(any) error { looked++; return nil }
			if err := arguments(map[string]func(any) error{"Code": count}).MutateOperationContext(t.Context(), oc); err != nil || looked != test.want {
				t.Errorf("looked at %d values, %v; want %d", looked, err, test.want)
			}
		})
	}
}
