package limit_test

import (
	"fmt"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

func ExampleDocument() {
	doc, err := parser.ParseQuery(&ast.Source{Input: `{ a: users { ...f } b: users { ...f } } fragment f on User { friend { friend { id } } }`})
	if err != nil {
		panic(err)
	}
	limits := limit.Defaults()
	limits.Depth = 3
	_, refused := limit.Document(doc, limits)
	fmt.Println(fault.From(refused).Limit, "-", fault.From(refused).Message())
	// Output: depth - The operation nests fields 4 deep; 3 is allowed.
}

func ExampleValidate() {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { name: String age: Int }`})
	doc, err := parser.ParseQuery(&ast.Source{Input: `{ name name: age }`})
	if err != nil {
		panic(err)
	}
	fmt.Println(limit.Validate(schema, doc, nil, limit.Defaults())[0].Message)
	// Output: Fields "name" conflict because "name" and "age" are different fields. Use different aliases on the fields to fetch both if this was intentional.
}

func ExampleCosts_Check() {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		directive @source(name: String!) on FIELD_DEFINITION
		type Query { users(first: Int = 10): [User] @source(name: "users") }
		type User { id: ID }`})
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		panic(err)
	}
	doc := gqlparser.MustLoadQueryWithRules(schema, `{ users(first: 25) { id } }`, rules.NewDefaultRules())
	price, _ := costs.Check(doc.Operations[0], nil, limit.Defaults())
	fmt.Printf("%+v\n", price)
	// Output: {Cost:35 Calls:1}
}
