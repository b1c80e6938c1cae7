package exec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestCheck has the zoo's fields degraded, each of which has a source, except where the reason says otherwise.
func TestCheck(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		field    string
		how      exec.Degradation
		problems string
	}{
		"stale":                    {"Lion.friend", staleField, ""},
		"stale with a literal":     {"Lion.where", exec.Degradation{How: exec.Stale, MaxAge: 1, Default: `""`}, ""},
		"omit":                     {"Query.lion", omittedField, ""},
		"another way":              {"Lion.where", exec.Degradation{How: "drop"}, "Lion.where.how: must be stale, default or omit"},
		"no way":                   {"Lion.where", exec.Degradation{}, "Lion.where.how: must be stale, default or omit"},
		"stale, of any age":        {"Lion.where", exec.Degradation{How: exec.Stale}, "Lion.where.maxAge: must say how old a value may be"},
		"an age of a literal":      {"Lion.where", exec.Degradation{How: exec.Default, MaxAge: time.Hour, Default: `""`}, "Lion.where.maxAge: is for stale only"},
		"no literal":               {"Lion.where", exec.Degradation{How: exec.Default}, "Lion.where.default: must be given, as JSON; null is a value too"},
		"omit a literal":           {"Lion.where", exec.Degradation{How: exec.Omit, Default: `""`}, "Lion.where.default: is not for omit"},
		"everything is wrong":      {"Lion.where", exec.Degradation{MaxAge: 1, Default: `7`}, "Lion.where.how: must be stale, default or omit\nLion.where.maxAge: is for stale only\nLion.where.default: must be of the type String"},
		"no such type":             {"Tiger.where", omittedField, "Tiger.where: there is no such field in the schema; fields are named as in Product.stock"},
		"no such field":            {"Lion.stripes", omittedField, "Lion.stripes: there is no such field in the schema; fields are named as in Product.stock"},
		"no field":                 {"Lion", omittedField, "Lion: there is no such field in the schema; fields are named as in Product.stock"},
		"an interface's":           {"Being.name", omittedField, "Being.name: Being is no object: name the field of each object that it can be"},
		"an input's":               {"Spot.x", omittedField, "Spot.x: Spot is no object: name the field of each object that it can be"},
		"a mutation":               {"Mutation.step", omittedField, "Mutation.step: only what is read can be degraded"},
		"a subscription":           {"Subscription.lions", omittedField, "Subscription.lions: only what is read can be degraded"},
		"a mutation's payload":     {"Step.lion", omittedField, "Step.lion: no query reaches Step"},
		"a field without a source": {"Owl.home", omittedField, "Owl.home: the field declares no @source that could fail"},

		"a number for an Int":         {"Keeper.years", defaultField("-2147483648"), ""},
		"a fraction for an Int":       {"Keeper.years", defaultField("1.0"), "Keeper.years.default: must be of the type Int"},
		"too large for an Int":        {"Keeper.years", defaultField("2147483648"), "Keeper.years.default: must be of the type Int"},
		"a text for an Int":           {"Keeper.years", defaultField(`"1"`), "Keeper.years.default: must be of the type Int"},
		"a whole number for a Float":  {"Stone.mass", defaultField("1"), ""},
		"a number for a Float":        {"Stone.mass", defaultField("-1.5e3"), ""},
		"no number for a Float":       {"Stone.mass", defaultField(`true`), "Stone.mass.default: must be of the type Float"},
		"too large for a Float":       {"Stone.mass", defaultField(`1e999`), "Stone.mass.default: must be of the type Float"},
		"a boolean":                   {"Values.bool", defaultField("true"), ""},
		"a text for a boolean":        {"Values.bool", defaultField(`"true"`), "Values.bool.default: must be of the type Boolean"},
		"a boolean for a String":      {"Lion.where", defaultField("true"), "Lion.where.default: must be of the type String"},
		"an enum":                     {"Lion.mood", defaultField(`"CALM"`), ""},
		"another enum's value":        {"Lion.mood", defaultField(`"SMALL"`), "Lion.mood.default: must be of the type Mood"},
		"an enum that is a number":    {"Lion.mood", defaultField(`1`), "Lion.mood.default: must be of the type Mood"},
		"a scalar of one's own":       {"Lion.weight", defaultField(`{"a": [1]}`), ""},
		"null":                        {"Lion.where", defaultField("null"), ""},
		"null where there is none":    {"Lion.tag", defaultField("null"), "Lion.tag.default: must not be null"},
		"null in a list":              {"Query.numbers", defaultField(`[null, [1, null]]`), "Query.numbers.default: [1][1] must not be null"},
		"lists":                       {"Query.numbers", defaultField(`[null, [], [1]]`), ""},
		"no list":                     {"Query.numbers", defaultField(`1`), "Query.numbers.default: must be a list"},
		"a list for one":              {"Lion.where", defaultField(`["a"]`), "Lion.where.default: must be of the type String"},
		"not JSON":                    {"Lion.where", defaultField(`here`), "Lion.where.default: must be JSON, with each name once in an object"},
		"a member twice":              {"Lion.weight", defaultField(`{"a": 1, "a": 1}`), "Lion.weight.default: must be JSON, with each name once in an object"},
		"more than one value":         {"Lion.where", defaultField(`"a" "b"`), "Lion.where.default: must be JSON, with each name once in an object"},
		"an object":                   {"Lion.owner", defaultField(`{"id": "k", "name": "K", "boss": {"id": 2, "name": ""}}`), ""},
		"an object that says what":    {"Lion.owner", defaultField(`{"__typename": "Keeper", "id": "k", "name": "K"}`), ""},
		"an object of another type":   {"Lion.owner", defaultField(`{"__typename": "Lion"}`), `Lion.owner.default: must have a "__typename" that Keeper can be`},
		"no object":                   {"Lion.owner", defaultField(`[]`), "Lion.owner.default: must be an object"},
		"a member is missing":         {"Lion.owner", defaultField(`{"id": "k"}`), `Lion.owner.default: must have "name", which is never null in Keeper`},
		"a member is unknown":         {"Lion.owner", defaultField(`{"id": "k", "name": "K", "mane": 1}`), `Lion.owner.default: has "mane", which Keeper has not`},
		"a member is wrong":           {"Lion.owner", defaultField(`{"id": "k", "name": "K", "boss": {"id": true, "name": ""}}`), `Lion.owner.default: .boss.id must be of the type ID`},
		"a member is missing, inside": {"Lion.owner", defaultField(`{"id": "k", "name": "K", "animals": [{"__typename": "Owl"}]}`), `Lion.owner.default: .animals[0] must have "id", which is never null in Owl`},
		"an interface":                {"Lion.friend", defaultField(nobody), ""},
		"an interface, of what":       {"Lion.friend", defaultField(`{"id": "k"}`), `Lion.friend.default: must have a "__typename" that Being can be`},
		"an interface, of no object":  {"Lion.friend", defaultField(`{"__typename": "Animal", "id": "k"}`), `Lion.friend.default: must have a "__typename" that Being can be`},
		"an interface, of a number":   {"Lion.friend", defaultField(`{"__typename": 1}`), `Lion.friend.default: must have a "__typename" that Being can be`},
		"a union":                     {"Query.exhibits", defaultField(`[{"__typename": "Sign", "text": "closed"}]`), ""},
		"a union, of another":         {"Query.exhibits", defaultField(`[{"__typename": "Keeper", "id": 1, "name": ""}]`), `Query.exhibits.default: [0] must have a "__typename" that Exhibit can be`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			schema := declaring(t, "Lion.friend", "Lion.where", "Lion.mood", "Lion.tag", "Lion.weight", "Lion.owner", "Keeper.years", "Stone.mass", "Values.bool", "Query.lion",
				"Query.numbers", "Query.exhibits", "Mutation.step", "Subscription.lions", "Step.lion")
			all := exec.Degradations{test.field: test.how}
			var said string
			if err := all.Check(schema); err != nil {
				said = err.Error()
				if _, ok := errors.AsType[config.Problems](err); !ok {
					t.Errorf("it is a %T", err)
				}
			}
			if said != test.problems {
				t.Errorf("got  %s\nwant %s", said, test.problems)
			}
			defer func() {
				if p := recover(); (p != nil) != (test.problems != "") {
					t.Errorf("the executor panics with %v", p)
				}
			}()
			compileFor(schema, fakes{}, model.Faults{}, exec.Options{Degrade: all})
		})
	}
}

// TestCheckSaysAllThatIsWrong, by field.
func TestCheckSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	err := exec.Degradations{"Lion.where": {}, "A.b": omittedField, "Lion.mood": staleField, "Lion.tag": defaultField("[")}.Check(declaring(t, "Lion.where", "Lion.tag", "Lion.mood"))
	problems, _ := errors.AsType[config.Problems](err)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	if got := strings.Join(paths, " "); got != "A.b Lion.tag.default Lion.where.how" {
		t.Errorf("got %s", got)
	}
}

func ExampleDegradations_Check() {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		directive @source(name: String!) repeatable on FIELD_DEFINITION
		type Query { product: Product @source(name: "catalog") }
		type Product { sku: ID! stock: Stock @source(name: "inventory") rating: Float @source(name: "reviews") }
		type Stock { available: Int! }
	`})
	fmt.Println(exec.Degradations{
		"Product.stock":  {How: exec.Default, Default: `{"available": "many"}`},
		"Product.rating": {How: exec.Stale, MaxAge: time.Hour},
	}.Check(schema))
	// Output:
	// Product.stock.default: .available must be of the type Int
}
