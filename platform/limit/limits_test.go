package limit_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/introspection"

	"github.com/mainstem/mainstem/platform/limit"
)

// TestEveryLimitIsDocumented: docs/limits.md has a row for each setting, with its default, and no other rows of settings.
func TestEveryLimitIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\| ([^|]*) \\| ([^|]*) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = strings.ReplaceAll(strings.TrimSpace(row[2]), ",", "")
	}
	defaults := reflect.ValueOf(limit.Defaults())
	for i := range defaults.NumField() {
		field := defaults.Type().Field(i)
		name := field.Tag.Get("yaml")
		if want := fmt.Sprint(defaults.Field(i).Interface()); documented[name] != want {
			t.Errorf("docs/limits.md says that %s is %q by default, and it is %s", name, documented[name], want)
		}
		if desc := field.Tag.Get("desc"); !strings.HasSuffix(desc, ".") {
			t.Errorf("%s is described as %q", name, desc)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/limits.md has %s, which is no setting", name)
	}
}

// TestOrdinaryDocumentsAreFarBelowTheLimits: a page of the shop, and the question that tools ask of the schema.
func TestOrdinaryDocumentsAreFarBelowTheLimits(t *testing.T) {
	t.Parallel()
	schema := theShop(t)
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]string{"a page": productPage, "introspection": introspection.Query} {
		limits := limit.Defaults()
		size, refused := limit.Document(parsed(t, query), limits)
		if refused != nil {
			t.Errorf("%s: %v", name, refused)
		}
		op, variables := operationOf(t, schema, query, nil)
		price, refused := costs.Check(op, variables, limits)
		if refused != nil {
			t.Errorf("%s: %v", name, refused)
		}
		for limit, used := range limits.Report(size, price) {
			if limit != "depth" && used.Requested > used.Limit/4 {
				t.Errorf("%s has %d of %d: %s", name, used.Requested, used.Limit, limit)
			}
		}
		if steps, errs := limit.StepsOf(schema, parsed(t, query), nil, limits); errs != nil || steps > limits.ValidationSteps/20 {
			t.Errorf("%s takes %d steps, %v", name, steps, errs)
		}
	}
}
