package e2e

import (
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/schema"
)

// services are the demo's, each of which is a source.
var services = []string{"catalog", "customers", "inventory", "orders", "payments", "reviews", "shipping"}

// everything asks all services, each in more than one way where it has more than one.
const everything = `{
	products(first: 5) {
		nodes {
			name category { name parent { name } } stock { available } rating { count }
			reviews(first: 3) { nodes { title author { displayName reviews(first: 1) { totalCount } } product { name } } }
		}
		edges { node { stock { status } } }
	}
	categories { name products(first: 1) { nodes { stock { available } } } }
	order(id: "${Order:ord-000028}") {
		number
		lines { name product { name stock { available } reviews(first: 1) { totalCount } } }
		payment { status method { __typename ... on Card { brand } } order { number } }
		shipment { status events { description } order { number } }
		customer { displayName email orders(first: 2) { nodes { number payment { status } shipment { status } } } }
	}
	orders(first: 3) { nodes { number customer { displayName } payment { status } shipment { status } } }
	customer(id: "${Customer:cus-00002}") { displayName phone reviews(first: 2) { nodes { title product { name } } } orders { totalCount } }
	review(id: "${Review:rev-0000110}") { title author { displayName } product { name rating { average } } }
}`

// ways are how a service is broken, and the code that its fields have then.
var ways = map[string]struct {
	breaking.Break
	code string
}{
	"down":   {breaking.Break{Down: true}, "SOURCE_UNAVAILABLE"},
	"refuse": {breaking.Break{Refuse: true}, "SOURCE_UNAVAILABLE"},
	"slow":   {breaking.Break{Latency: 10 * time.Minute}, "DEADLINE_EXCEEDED"},
}

// TestALostService: whatever is wrong with a service, its own fields are lost, with one error each, and nothing else is.
func TestALostService(t *testing.T) {
	t.Parallel()
	document := parse(t, everything)
	healthy := must[map[string]any](t, start(t, options{}), "support", everything, nil)
	for _, service := range services {
		for way, broken := range ways {
			t.Run(service+"/"+way, func(t *testing.T) {
				t.Parallel()
				o := options{broken: map[string]breaking.Break{service: broken.Break}}
				if way == "slow" {
					o.config = "requestTimeout: 2s" // and sources may take longer, so it is the request's time that is over
				}
				loss := &loss{service: service, must: map[string]bool{}, may: map[string]bool{}}
				want := loss.of(document, healthy, nil)
				got, errs := ask[map[string]any](t, start(t, o), "support", everything, nil)
				if diff := cmp.Diff(want, any(got)); diff != "" {
					t.Errorf("data (-want +got):\n%s", diff)
				}
				loss.check(t, errs, broken.code)
			})
		}
	}
}

// loss is what is lost with a service.
type loss struct {
	service   string
	must, may map[string]bool // paths with an error: of what was there, and of what was null and would not have been asked for if known
}

// of gives what is left of an answer's value without the service.
func (l *loss) of(set ast.SelectionSet, value any, path []any) any {
	switch value := value.(type) {
	case []any:
		left := make([]any, len(value))
		for i, v := range value {
			left[i] = l.of(set, v, append(slices.Clone(path), i))
		}
		return left
	case map[string]any:
		left := map[string]any{}
		l.fields(set, value, path, left)
		return left
	default:
		return value
	}
}

func (l *loss) fields(set ast.SelectionSet, value map[string]any, path []any, left map[string]any) {
	for _, s := range set {
		if inline, ok := s.(*ast.InlineFragment); ok {
			l.fields(inline.SelectionSet, value, path, left)
			continue
		}
		f := s.(*ast.Field)
		v, there := value[f.Alias]
		at := append(slices.Clone(path), f.Alias)
		switch {
		case !there: // a field of another type of the union
		case !slices.Contains(sourcesOf(f.Definition), l.service):
			left[f.Alias] = l.of(f.SelectionSet, v, at)
		case v == nil:
			left[f.Alias] = nil
			l.may[pathText(at)] = true
		default:
			left[f.Alias] = nil
			l.must[pathText(at)] = true
		}
	}
}

// check compares an answer's errors with what is lost.
func (l *loss) check(t *testing.T, errs []problem, code string) {
	t.Helper()
	if len(l.must) == 0 {
		t.Error("the query asks nothing of the service")
	}
	seen := map[string]bool{}
	for _, e := range errs {
		at := e.at()
		called := e.Extensions.Operation != "" || code == "DEADLINE_EXCEEDED" // of what is still open then, the operation may not be known
		switch {
		case !l.must[at] && !l.may[at]:
			t.Errorf("%v is not the service's: %+v", e.Path, e)
		case seen[at]:
			t.Errorf("%v has two errors", e.Path)
		case e.Extensions.Code != code || e.Extensions.Source != l.service || !called || !e.Extensions.Retryable:
			t.Errorf("%v: got %+v, want %s of %s", e.Path, e.Extensions, code, l.service)
		}
		seen[at] = true
	}
	for at := range l.must {
		if !seen[at] {
			t.Errorf("%s is lost without an error", at)
		}
	}
}

// sourcesOf gives the sources that a field declares.
func sourcesOf(f *ast.FieldDefinition) []string {
	var names []string
	for _, d := range f.Directives.ForNames("source") {
		names = append(names, d.Arguments.ForName("name").Value.Raw)
	}
	return names
}

// theSchema gives the schema, afresh so that it can be altered.
func theSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := fs.Glob(schema.Files, "*.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	var all []*ast.Source
	for _, file := range files {
		text, err := fs.ReadFile(schema.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &ast.Source{Name: file, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(all...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parse gives what a query selects, with the fields' definitions.
func parse(t *testing.T, query string) ast.SelectionSet {
	t.Helper()
	query, err := expand(query)
	if err != nil {
		t.Fatal(err)
	}
	document, errs := gqlparser.LoadQuery(theSchema(t), query) //nolint:staticcheck // the rules that a server has
	if errs != nil {
		t.Fatal(errs)
	}
	return document.Operations[0].SelectionSet
}
