package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/breaking"
)

// TestAnswersOfGRPCAreKept: what the generated clients of gRPC services were answered is kept like what REST services say. While it is fresh
// nobody is called, and then it stands in for a service that is down where the configuration says so.
func TestAnswersOfGRPCAreKept(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: `
sources:
  inventory: {cache: {enabled: true}}
  reviews: {cache: {enabled: true, maxAge: 1h}}
degrade:
  Product.stock: {how: stale, maxAge: 1h}
`})
	page := question{query: `{ products(first: 2) { nodes { stock { available } reviews(first: 1) { totalCount } } } }`}
	healthy := (<-page.begin(t.Context(), t, s)).good(t)
	for _, service := range []string{"inventory", "reviews"} {
		if err := s.demo.Break(service, breaking.Break{Down: true}); err != nil {
			t.Fatal(err)
		}
	}
	kept := (<-page.begin(t.Context(), t, s)).good(t)
	was, _ := decode[any](t, []byte(healthy))
	is, _ := decode[any](t, []byte(kept))
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("healthy and broken (-was +is):\n%s", diff)
	}
	if got := strings.Count(kept, `"source":"inventory","how":"stale"`); got != 2 || strings.Contains(kept, `"source":"reviews"`) {
		t.Errorf("two stocks are stale, and the reviews are fresh: %s", kept)
	}
}
