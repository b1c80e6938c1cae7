package differential_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lab is a schema with each kind of input.
const lab = `
directive @twice(n: Int) repeatable on FIELD
directive @once(n: Int, any: Any) on FIELD | QUERY | VARIABLE_DEFINITION | FRAGMENT_DEFINITION
scalar Any
enum Colour { RED GREEN }
input In { a: Int! = 1 b: [Int!] c: In s: String = "s" f: Float id: ID e: Colour = RED any: Any bs: [[Boolean]] }
input Need { x: Int! y: Int! = 2 z: Int = null }
input One @oneOf { a: Int b: String n: Need l: [Int] }
interface Node { id: ID! }
interface Named implements Node { id: ID! name: String }
type T implements Node & Named { id: ID! name: String list: [Int] must: Int! at(x: Int, in: In): String t: T us: [U!] }
type U implements Node { id: ID! name: Int must: Int at(x: Int, in: In): String u: U }
type V { v: Int }
union TU = T | U
type Query {
  i(x: Int y: Int! = 3 f: Float s: String b: Boolean id: ID e: Colour any: Any in: In need: Need one: One ones: [One!] list: [Int!] deep: [[Int]] text: [String]): String
  must(x: Int!): String
  t: T node: Node named: Named tu: TU v: V
}
type Mutation { m(one: One!): T t: T }
type Subscription { a(x: Int): Int b: Int t: T }
`

// arguments are the arguments of Query.i by their types.
var arguments = map[string]string{
	"Int": "x", "Float": "f", "String": "s", "Boolean": "b", "ID": "id", "Colour": "e", "Any": "any", "In": "in", "Need": "need", "One": "one",
	"[One!]": "ones", "[Int!]": "list", "[[Int]]": "deep", "[String]": "text",
}

// remaining are the cases of which the gateway says something else than graphql-js 17, and why.
var remaining = map[string]string{
	"a Float that is too large":                                     "it is infinite in JavaScript, and the specification has finite ones only",
	"a Float that is too large in a custom scalar":                  "as above: nobody could read it",
	"an empty selection":                                            "only graphql-js 17 takes it; the specification and graphql-js 16 do not",
	"defer at the root of a mutation, the second time":              "graphql-js 17 overlooks it",
	"a variable that may be null in a oneOf that stands for a list": "graphql-js overlooks it where no list is written",
	"given: an ID of 400 digits":                                    "JavaScript has no such number; we keep all digits",
	"given: an ID of twenty digits":                                 "as above",
	"a control character in a string":                               "gqlparser's lexer refuses those that JSON must escape",
	"a control character in a comment":                              "as above",
	"values that are nested 1001 deep":                              "gqlparser stops at 1000",
	"a block string, and a string right behind its end":             "gqlparser would read the fourth quote as a part of the first string, so it is refused",
}

// cases gives all cases, by why they are there.
func cases() map[string]request {
	all := map[string]request{}
	for reason, query := range documents {
		all[reason] = request{Query: query}
	}
	for reason, c := range given {
		named, _, _ := strings.Cut(c.declared, " = ")
		query := fmt.Sprintf("query ($a: %s) { i(%s: $a) }", c.declared, arguments[strings.TrimSuffix(named, "!")])
		all["given: "+reason] = request{Query: query, Variables: parsed(c.variables).(map[string]any)}
	}
	all["values that are nested 1001 deep"] = request{Query: "{ i(any: " + strings.Repeat("[", 1001) + strings.Repeat("]", 1001) + ") }"}
	return all
}

// TestCases: the gateway's verdicts are graphql-js's, but for those that remaining says.
func TestCases(t *testing.T) {
	t.Parallel()
	_, engine := load(t, lab)
	all := cases()
	reasons := slices.Sorted(maps.Keys(all))
	requests := make([]request, len(reasons))
	for i, reason := range reasons {
		requests[i] = all[reason]
	}
	for i, v := range theirs(t, lab, requests) {
		got, old, current := ours(t, engine, requests[i]), v["16"], v["17"]
		if differs(old, current) != "" {
			t.Logf("graphql-js 16 and 17 disagree about %s:\n16: %s\n17: %s", reasons[i], old, current)
		}
		diff, why := differs(got, current), remaining[reasons[i]]
		if (diff != "") != (why != "") {
			t.Errorf("%s (differs because %q): %s\nours: %s\n16:   %s\n17:   %s\n%s", reasons[i], why, diff, got, old, current, requests[i].Query)
		}
		if got.Refused == "coerce" && old.Refused == "coerce" {
			if diff := cmp.Diff(plain(old.Messages), plain(got.Messages)); diff != "" {
				t.Errorf("%s: other messages than graphql-js 16's:\n%s", reasons[i], diff)
			}
		}
	}
	for reason := range remaining {
		if _, ok := all[reason]; !ok {
			t.Errorf("%s is no case", reason)
		}
	}
}
