package e2e

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCallsOfAPage: a page of 100 products with category, stock, three reviews each and the reviews' authors is one call of each service,
// and one of each distinct author, since the customers service gives one customer a call.
func TestCallsOfAPage(t *testing.T) {
	t.Parallel()
	s := start(t, options{})
	type page struct {
		Products struct {
			Nodes []struct {
				Category struct{ ID string }
				Reviews  struct{ Nodes []struct{ ID globalID } }
			}
		}
	}
	got := must[page](t, s, "", `{ products(first: 100) { nodes {
		category { id } stock { available } reviews(first: 3) { nodes { id author { displayName } } } } } }`, nil)
	if n := len(got.Products.Nodes); n != 100 {
		t.Fatalf("%d products", n)
	}
	author := map[string]string{} // of each review, gone or not: whether a customer exists is for the service to say
	for _, r := range s.demo.World().Reviews {
		author[r.ID] = r.CustomerID
	}
	customers := map[string]bool{}
	for _, c := range s.demo.World().Customers {
		customers[c.ID] = true
	}
	categories, present, gone := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range got.Products.Nodes {
		categories[p.Category.ID] = true
		for _, r := range p.Reviews.Nodes {
			if id := author[r.ID.Local]; customers[id] {
				present[id] = true
			} else {
				gone[id] = true
			}
		}
	}
	want := map[call]int{
		{"catalog", "listProducts", -1, ""}:                    1,
		{"catalog", "batchGetCategories", len(categories), ""}: 1,
		{"inventory", "BatchGetStock", 100, ""}:                1,
		{"reviews", "BatchListReviews", 100, ""}:               1,
		{"customers", "getCustomer", 1, ""}:                    len(present),
		{"customers", "getCustomer", 1, "NOT_FOUND"}:           len(gone),
	}
	maps.DeleteFunc(want, func(_ call, n int) bool { return n == 0 })
	calls := map[call]int{}
	for _, c := range s.spans.settled(t) {
		calls[c]++
	}
	if diff := cmp.Diff(want, calls, cmp.AllowUnexported(call{})); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if len(present) < 30 || len(gone) == 0 {
		t.Errorf("%d authors and %d who are gone prove little", len(present), len(gone))
	}
}
