package limit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

const directives = `
	directive @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
	directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
	directive @source(name: String!) repeatable on FIELD_DEFINITION
	directive @goField(batch: Boolean, forceResolver: Boolean) on FIELD_DEFINITION
`

const pricedSchema = directives + `
	type Query {
		item: Item
		items: [Item]
		five: [Item] @listSize(assumedSize: 5)
		some(take: Int): [Item] @listSize(slicingArguments: ["take"])
		top(first: Int = 3): [Item]
		page(first: Int! = 20, last: Int): Page @source(name: "shop")
		either(a: Int, b: Int): [Item] @listSize(slicingArguments: ["a", "b"], assumedSize: 7)
		any(a: Int, b: Int): [Item] @listSize(slicingArguments: ["a", "b"], assumedSize: 7, requireOneSlicingArgument: false)
		byIds(ids: [ID!]!): [Item] @source(name: "shop") @source(name: "log") @listSize(slicingArguments: ["ids"])
		rows(count: Int!): Rows @listSize(slicingArguments: ["count"], sizedFields: ["left", "right"])
		grid: [[Item]]
		thing: Thing
		things: [Thing]
		dear(very: Boolean @cost(weight: "40")): Int @cost(weight: "2.5")
		heavy: Heavy
		number: Int
		blob: Blob
		find(by: Filter, bys: [[Filter]], blob: Blob): Int
	}
	input Filter { words: [String] hard: Int @cost(weight: "30") and: [Filter!] grade: Grade }
	enum Grade @cost(weight: "3") { GOOD }
	type Item { id: ID stock: Stock @source(name: "stock") @goField(batch: true) alone: Item @source(name: "shop") tags: [String] items: [Item] page(first: Int = 10): Page }
	type Stock { count: Int }
	type Page { nodes: [Item] edges: [Edge] total: Int more(first: Int = 2): Page }
	type Edge { node: Item }
	type Rows { left: [Item] right: [[Item]] other: [Item] }
	type Heavy @cost(weight: "100") { id: ID }
	interface Thing { id: ID stock: Stock }
	type A implements Thing { id: ID stock: Stock @source(name: "stock") @goField(batch: true) one: Item }
	type B implements Thing { id: ID stock: Stock two: Item @source(name: "shop") @goField(batch: true) }
	scalar Blob @cost(weight: "9")
	type Mutation { write: Item @source(name: "shop") }
`

// operationOf gives an operation with its variables, as they are coerced.
func operationOf(tb reporter, schema *ast.Schema, query string, given map[string]any) (*ast.OperationDefinition, map[string]any) {
	tb.Helper()
	doc := parsed(tb, query)
	if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
		tb.Fatalf("%v", errs)
	}
	variables, err := validator.VariableValues(schema, doc.Operations[0], given)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return doc.Operations[0], variables
}

// TestBatchesByField: a field can be asked for otherwise than others of its source, and a list that is named needs calls for its elements.
func TestBatchesByField(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: pricedSchema})
	costs, err := limit.NewCosts(schema, limit.CostOptions{Batches: map[string]int{"stock": 50, "Item.stock": 2}})
	if err != nil {
		t.Fatal(err)
	}
	op, variables := operationOf(t, schema, `{ some(take: 5) { stock { count } } }`, nil)
	got, _ := costs.Check(op, variables, limit.Limits{})
	some := op.SelectionSet[0].(*ast.Field)
	stock := some.SelectionSet[0].(*ast.Field)
	sizes := costs.Sizes(variables)
	n := sizes.Of(some, some.Definition, nil, nil)
	if calls := sizes.Calls(stock, stock.Definition, n); got.Calls != 3 || n != 5 || calls != 3 {
		t.Errorf("%d calls, for %d objects %d", got.Calls, n, calls)
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: pricedSchema})
	costs, err := limit.NewCosts(schema, limit.CostOptions{Batches: map[string]int{"stock": 50}})
	if err != nil {
		t.Fatal(err)
	}
	for reason, test := range map[string]struct {
		query       string
		variables   map[string]any
		cost, calls int
	}{
		"a number":                      {`{ number }`, nil, 0, 0},
		"an object":                     {`{ item { id } }`, nil, 1, 0},
		"a list":                        {`{ items { id } }`, nil, 10, 0},
		"of an assumed size":            {`{ five { id } }`, nil, 5, 0},
		"of the size that is asked for": {`{ some(take: 4) { id } }`, nil, 4, 0},
		"by a variable":                 {`query($n: Int) { some(take: $n) { id } }`, map[string]any{"n": 6}, 6, 0},
		"by a variable's default":       {`query($n: Int = 8) { some(take: $n) { id } }`, nil, 8, 0},
		"by first":                      {`{ top(first: 9) { id } }`, nil, 9, 0},
		"by first's default":            {`{ top { id } }`, nil, 3, 0},
		"null asks for nothing":         {`{ top(first: null) { id } }`, nil, 10, 0},
		"none":                          {`{ top(first: 0) { items { id } } }`, nil, 0, 0},
		"fewer than none":               {`{ top(first: -5) { id } }`, nil, 0, 0},
		"one of two":                    {`{ either(b: 4) { id } }`, nil, 4, 0},
		"two, where one is enough":      {`{ any(a: 2, b: 4) { id } }`, nil, 4, 0},
		"none, where none is needed":    {`{ any { id } }`, nil, 7, 0},
		"as many as there are ids":      {`{ byIds(ids: ["1", "2", "3"]) { id } }`, nil, 10 + 3 + 3, 2},
		"one id for a list":             {`{ byIds(ids: "1") { id } }`, nil, 11, 2},
		"ids in a variable":             {`query($ids: [ID!]!) { byIds(ids: $ids) { id } }`, map[string]any{"ids": []any{"1", "2"}}, 10 + 2 + 2, 2},

		"more ids than a call takes": {`query($ids: [ID!]!) { byIds(ids: $ids) { id } }`, map[string]any{"ids": slices.Repeat([]any{"1"}, 120)}, 10 + 120 + 120, 4},

		"a connection alone":           {`{ page { total } }`, nil, 11, 1},
		"nodes":                        {`{ page(first: 5) { nodes { id } } }`, nil, 16, 1},
		"edges":                        {`{ page(first: 5) { edges { node { id } } } }`, nil, 21, 1},
		"nodes and edges":              {`{ page(first: 5) { nodes { id } edges { node { id } } } }`, nil, 26, 1},
		"nodes in a fragment":          {`{ page(first: 5) { ...p } } fragment p on Page { nodes { id } }`, nil, 16, 1},
		"one fragment, two sizes":      {`{ page(first: 5) { ...p more { ...p } } } fragment p on Page { nodes { id } }`, nil, 19, 1},
		"pages of pages":               {`{ page(first: 5) { nodes { page(first: 4) { nodes { id } } } } }`, nil, 11 + 5*(1+1+4), 1},
		"first and last":               {`{ page(first: 5, last: 9) { nodes { id } } }`, nil, 20, 1},
		"sized fields":                 {`{ rows(count: 3) { left { id } } }`, nil, 4, 0},
		"a sized field that is nested": {`{ rows(count: 3) { right { id } } }`, nil, 31, 0},
		"a field that is not sized":    {`{ rows(count: 3) { other { id } } }`, nil, 11, 0},
		"lists of lists":               {`{ grid { id } }`, nil, 100, 0},
		"lists in lists":               {`{ items { items { items { id } } } }`, nil, 10 + 100 + 1000, 0},
		"texts":                        {`{ items { tags } }`, nil, 10, 0},

		"a source":                        {`{ item { stock { count } } }`, nil, 12, 1},
		"a source for a list":             {`{ items { stock { count } } }`, nil, 10 * 12, 1},
		"a batch that is full":            {`{ some(take: 50) { stock { count } } }`, nil, 50 * 12, 1},
		"two batches":                     {`{ some(take: 51) { stock { count } } }`, nil, 51 * 12, 2},
		"three batches":                   {`{ some(take: 101) { stock { count } } }`, nil, 101 * 12, 3},
		"one by one":                      {`{ some(take: 7) { alone { id } } }`, nil, 7 * 12, 7},
		"two aliases":                     {`{ item { a: stock { count } b: stock { count } } }`, nil, 23, 2},
		"a mutation":                      {`mutation { a: write { id } b: write { id } }`, nil, 22, 2},
		"an interface":                    {`{ thing { id } }`, nil, 1, 0},
		"the dearest type":                {`{ thing { ... on A { one { id } } ... on B { two { id } } } }`, nil, 1 + 11, 1},
		"calls for both types":            {`{ things { ... on A { stock { count } } ... on B { two { id } } } }`, nil, 120, 2},
		"a field as its type declares it": {`{ thing { stock { count } } }`, nil, 12, 1},
		"a fragment on an interface":      {`{ things { ...t } } fragment t on Thing { ... on A { one { id } } id }`, nil, 20, 0},

		"a field's weight":        {`{ dear }`, nil, 3, 0},
		"an argument's weight":    {`{ dear(very: true) }`, nil, 43, 0},
		"a type's weight":         {`{ heavy { id } }`, nil, 100, 0},
		"a scalar's weight":       {`{ blob }`, nil, 9, 0},
		"what is skipped":         {`query($no: Boolean!) { item @include(if: $no) { id } ... @skip(if: true) { heavy { id } } ...f @include(if: false) } fragment f on Query { blob }`, map[string]any{"no": false}, 0, 0},
		"what is not":             {`query($no: Boolean!) { item @skip(if: $no) { id } ... @include(if: true) { heavy { id } } }`, map[string]any{"no": false}, 101, 0},
		"names of types":          {`{ __typename item { __typename } }`, nil, 1, 0},
		"elements of lists":       {`{ find(by: {words: ["a", "b"], and: [{words: ["c"]}]}) }`, nil, 4, 0},
		"one element for lists":   {`{ find(bys: {words: "a"}) }`, nil, 0, 0},
		"elements in a variable":  {`query($f: [[Filter]]) { find(bys: $f) }`, map[string]any{"f": []any{[]any{map[string]any{"words": []any{"a", "b"}}}}}, 4, 0},
		"at each field":           {`query($f: [String]) { a: find(by: {words: $f}) b: find(by: {words: $f}) }`, map[string]any{"f": []any{"a", "b"}}, 4, 0},
		"elements in a scalar":    {`query($b: Blob) { a: find(blob: [1, {b: [2]}]) b: find(blob: $b) }`, map[string]any{"b": map[string]any{"c": []any{1, 2}}}, 3 + 2, 0},
		"an input field's weight": {`{ find(by: {hard: 1, and: [{hard: 2}, {}]}) }`, nil, 30 + 32, 0},
		"of a variable's value":   {`query($f: Filter, $n: Int) { a: find(by: $f) b: find(by: {hard: $n}) }`, map[string]any{"f": map[string]any{"hard": 1}}, 30 + 30, 0},

		"a type of the schema":     {`{ __type(name: "Stock") { name fields { name type { name } } } }`, nil, 2 * (2 + 3), 0},
		"by a name in a variable":  {`query($n: String!) { __type(name: $n) { ...f } } fragment f on __Type { ... { name } }`, map[string]any{"n": "Stock"}, 2, 0},
		"a type that is not there": {`{ __type(name: "No") { name } }`, nil, 0, 0},
		"types within types":       {`{ __type(name: "Query") { fields { args { type { ofType { ofType { ofType { name } } } } } } } }`, nil, 2 * (1 + 20 + 15 + 15 + 5 + 2 + 1), 0},
		"types of each kind":       {`{ __type(name: "Thing") { possibleTypes { interfaces { name } } enumValues { name } inputFields { name } } }`, nil, 2 * (3 + 2 + 2), 0},
		"values, and input fields": {`{ a: __type(name: "Grade") { enumValues { name } fields { name } } b: __type(name: "Filter") { inputFields { name } fields { name } } }`, nil, 2 * (2 + 1 + 2 + 4), 0},
		"the whole schema":         {`{ __schema { queryType { name } subscriptionType { name } directives { args { name } locations } } }`, nil, 2 * (4 + 10*2 + 14), 0},
		"what is skipped of it":    {`{ __schema { queryType @skip(if: true) { name } ... @include(if: false) { types { name } } } }`, nil, 0, 0},
		"what is selected twice":   {`{ item { id } item { id } }`, nil, 2, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			op, variables := operationOf(t, schema, test.query, test.variables)
			got, err := costs.Check(op, variables, limit.Limits{})
			if want := (limit.Price{Cost: test.cost, Calls: test.calls}); got != want || err != nil {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestCostIsRefused(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: pricedSchema})
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		t.Fatal(err)
	}
	limits := limit.Limits{Cost: 100, Calls: 3}
	for reason, test := range map[string]struct {
		query, limit, message string
	}{
		"at the limit":     {`{ some(take: 100) { id } }`, "", ""},
		"above it":         {`{ some(take: 101) { id } }`, "cost", "The operation costs 101; 100 is allowed. Ask for shorter lists, or for less of what is in them."},
		"far above it":     {"{ items" + strings.Repeat("{ items", 30) + "{ id }" + strings.Repeat("}", 31), "cost", "The operation costs more than 1099511627776; 100 is allowed. Ask for shorter lists, or for less of what is in them."},
		"too many calls":   {`{ some(take: 4) { alone { id } } }`, "calls", "The operation needs up to 4 calls of services; 3 are allowed. Ask for shorter lists, or for less of what is in them."},
		"as many as there": {`{ some(take: 3) { alone { id } } }`, "", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			op, variables := operationOf(t, schema, test.query, nil)
			_, err := costs.Check(op, variables, limits)
			if name, message := refusal(t, err); name != test.limit || message != test.message {
				t.Errorf("got %s: %s", name, message)
			}
		})
	}
	for _, query := range []string{`{ either { id } }`, `{ either(a: 1, b: 2) { id } }`, `{ either(a: null) { id } }`} {
		op, variables := operationOf(t, schema, query, nil)
		_, err := costs.Check(op, variables, limits)
		if f := fault.From(err); err == nil || f.Code != fault.BadUserInput || f.Message() != "`either` needs exactly one of `a`, `b`, to say how many to give." {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestCostIsLinear counts fragments that would be 2^500 fields, and selections by several types that would be 4^20.
func TestCostIsLinear(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var fan strings.Builder
	fan.WriteString("{ lion { ...F0 } }")
	for i := range 500 {
		fmt.Fprintf(&fan, " fragment F%d on Lion { a: shadow { ...F%d } b: shadow { ...F%d } }", i, i+1, i+1)
	}
	fan.WriteString(" fragment F500 on Lion { id }")
	types := "{ being " + nested(20, "{ ... on Animal { friend", "{ id }", "} }") + "}"
	mixed := "{ being " + nested(20, "{ ... on Animal { friend { id } } ... on Lion { friend { id } } ... on Owl { friend", "{ id }", "} }") + "}"
	for name, test := range map[string]struct {
		query      string
		selections int // at most
	}{
		"a fan":         {fan.String(), 500*5 + 10},
		"several types": {types, 20 * 2 * 4 * 4},
		"mixed types":   {mixed, 20 * 7 * 4 * 4},
		"introspection": {"{__schema{types{...F0}}}" + repeat(30, "fragment F%[1]d on __Type{a:ofType{...F%[2]d} b:ofType{...F%[2]d}}") + "fragment F30 on __Type{name}", len(schema.Types) * 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op, variables := operationOf(t, schema, test.query, nil)
			if n := costs.SelectionsCounted(op, variables); n > test.selections {
				t.Errorf("%d selections were counted", n)
			}
		})
	}
}

func TestCostsOfASchemaThatMakesNoSense(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`type Query { a: Int @cost(weight: "dear") }`:                                                        `Query.a: @cost(weight: "dear")`,
		`type Query { a: Int @cost(weight: "-1") }`:                                                          `Query.a: @cost(weight: "-1")`,
		`type Query { a(b: Int @cost(weight: "NaN")): Int }`:                                                 `Query.a: @cost(weight: "NaN")`,
		`type Query @cost(weight: "") { a: Int }`:                                                            `Query: @cost(weight: "")`,
		`type Query { a: Int @listSize(assumedSize: 2) }`:                                                    `Query.a: @listSize without sizedFields`,
		`type Query { a: [Int] @listSize(assumedSize: -2) }`:                                                 `Query.a: @listSize(assumedSize: -2)`,
		`type Query { a: [Int] @listSize(slicingArguments: ["n"]) }`:                                         `Query.a: @listSize: there is no argument "n"`,
		`type Query { a(n: Int): Query @listSize(slicingArguments: ["n"], sizedFields: ["b"]) c: Int }`:      `Query.a: @listSize: Query has no list "b"`,
		`type Query { a(n: Int): Query @listSize(slicingArguments: "n", sizedFields: ["c"]) c: Int d: Int }`: `Query.a: @listSize: Query has no list "c"`,
	} {
		_, err := limit.NewCosts(gqlparser.MustLoadSchema(&ast.Source{Input: directives + schema}), limit.CostOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", schema, err)
		}
	}
}
