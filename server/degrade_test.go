package server_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/server"
)

// degrading loads a configuration of a gateway without services that degrades fields so.
func degrading(t *testing.T, yaml string, environ ...string) (server.Config, error) {
	t.Helper()
	file := t.TempDir() + "/mainstem.yaml"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(file, environ, alone(t))
}

const kept = "sources: {inventory: {cache: {enabled: true}}}\n"

func TestWhatCanBeDegraded(t *testing.T) {
	t.Parallel()
	for reason, yaml := range map[string]string{
		"stale":                      kept + "degrade: {Product.stock: {how: stale, maxAge: 10m}}",
		"stale, else a value":        kept + `degrade: {Product.stock: {how: stale, maxAge: 10m, value: 'null'}}`,
		"a value":                    `degrade: {Product.rating: {how: default, value: '{"average": null, "count": 0, "distribution": []}'}}`,
		"null with its error":        `degrade: {Product.reviews: {how: omit}}`,
		"no field":                   `degrade: {}`,
		"several, one below another": kept + "degrade:\n  Product.stock:\n    how: stale\n    maxAge: 1m\n  Product.reviews:\n    how: omit\n",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if _, err := degrading(t, yaml); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatCannotBeDegraded(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ yaml, wrong string }{
		"no field's name":          {"degrade:\n  stock: {how: omit}\n", `2:3: degrade: "stock" is not a field such as Product.stock`},
		"a field that is none":     {"degrade:\n  Product.stok: {how: omit}\n", "2:17: degrade.Product.stok: there is no such field"},
		"a write":                  {"degrade:\n  Mutation.createReview: {how: omit}\n", "degrade.Mutation.createReview: only what is read"},
		"a field without a source": {"degrade:\n  Product.name: {how: omit}\n", "degrade.Product.name: the field declares no @source"},
		"no way that there is":     {"degrade:\n  Product.stock: {how: never}\n", "2:24: degrade.Product.stock.how: must be stale, default or omit"},
		"no way at all":            {"degrade:\n  Product.stock: {}\n", "degrade.Product.stock.how: must be"},
		"nothing is kept":          {"degrade:\n  Product.stock: {how: stale, maxAge: 1m}\n", "2:24: degrade.Product.stock.how: stale needs what is kept of inventory: set sources.inventory.cache.enabled"},
		"stale without an age":     {kept + "degrade:\n  Product.stock: {how: stale}\n", "degrade.Product.stock.maxAge: must say"},
		"an age of something else": {"degrade:\n  Product.stock: {how: omit, maxAge: 1m}\n", "2:38: degrade.Product.stock.maxAge: is for stale only"},
		"no value":                 {"degrade:\n  Product.rating: {how: default}\n", "degrade.Product.rating.value: must be given"},
		"a value that is no JSON":  {"degrade:\n  Product.rating: {how: default, value: '{'}\n", "2:41: degrade.Product.rating.value: "},
		"a value of another type":  {"degrade:\n  Product.rating: {how: default, value: '5'}\n", "2:41: degrade.Product.rating.value: "},
		"a value that lacks a part": {
			"degrade:\n  Product.rating: {how: default, value: '{}'}\n", "degrade.Product.rating.value: ",
		},
		"gqlgen's executor": {"executor: gqlgen\ndegrade: {Product.reviews: {how: omit}}\n", "2:10: degrade: needs `executor: compiled`"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := degrading(t, test.yaml)
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("got %v, want it to say %q", err, test.wrong)
			}
		})
	}
}

// TestDegradedByTheEnvironment: what the file names can be changed by a variable, and nothing be added.
func TestDegradedByTheEnvironment(t *testing.T) {
	t.Parallel()
	yaml := kept + "degrade: {Product.stock: {how: stale, maxAge: 10m}}"
	c, err := degrading(t, yaml, "MAINSTEM_DEGRADE_PRODUCT_STOCK_MAX_AGE=1h")
	if err != nil || c.Degrade["Product.stock"].MaxAge.Std() != time.Hour {
		t.Errorf("got %+v, %v", c.Degrade, err)
	}
	if _, err := degrading(t, yaml, "MAINSTEM_DEGRADE_PRODUCT_REVIEWS_HOW=omit"); err == nil || !strings.Contains(err.Error(), "there is no such setting") {
		t.Errorf("got %v", err)
	}
}

// TestADegradedField: it has the value that stands in its place, and no error.
func TestADegradedField(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.Degrade = map[server.FieldName]server.DegradeConfig{"Query.categories": {How: "default", Value: "[]"}}
	_, got := ask(t, run(t, c), `{ shelves: categories { name } }`, nil)
	if shelves, ok := got.Data["shelves"].([]any); !ok || len(shelves) != 0 || len(got.Errors) != 0 {
		t.Errorf("got %+v", got)
	}
	if len(got.Extensions.Degraded) != 1 || got.Extensions.Degraded[0].How != "default" || got.Extensions.Degraded[0].Source != "catalog" {
		t.Errorf("it says %+v", got.Extensions)
	}
}
