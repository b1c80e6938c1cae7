package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/world"
)

// list is a list that can be read a page at a time, and what it must have.
type list struct {
	caller string
	query  string // with the variables $first and $after, and the page under the alias `page`, in `at` if that is set
	at     string
	want   []string // local ids
	sizes  []int
}

const pageFields = `{ nodes { id } edges { cursor node { id } } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`

type page struct {
	Nodes []struct{ ID globalID }
	Edges []struct {
		Cursor string
		Node   struct{ ID globalID }
	}
	TotalCount int
	PageInfo   struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
}

// TestPaging walks lists to their ends, in pages of several sizes, and compares with what the services started with.
func TestPaging(t *testing.T) {
	t.Parallel()
	s := start(t, options{})
	w := s.demo.World()
	const declare = `query ($first: Int!, $after: String) `
	for reason, l := range map[string]list{
		"products on sale, newest first": {
			query: declare + `{ page: products(first: $first, after: $after) ` + pageFields + ` }`,
			want:  skus(w, onSale, func(a, b world.Product) int { return b.CreatedAt.Compare(a.CreatedAt) }), sizes: []int{7, 100},
		},
		"products in any state by name": {
			query: declare + `{ page: products(first: $first, after: $after, orderBy: NAME, filter: { status: [ACTIVE, ANNOUNCED, DISCONTINUED] }) ` + pageFields + ` }`,
			want: skus(w, func(world.Product) bool { return true }, func(a, b world.Product) int {
				return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.SKU, b.SKU))
			}), sizes: []int{25, 100},
		},
		"products by price": {
			query: declare + `{ page: products(first: $first, after: $after, orderBy: PRICE_ASC) ` + pageFields + ` }`,
			want:  skus(w, onSale, func(a, b world.Product) int { return cmp.Compare(a.Price, b.Price) }), sizes: []int{10},
		},
		"products of a category": {
			query: declare + `{ of: category(id: "${Category:CAT-12}") { page: products(first: $first, after: $after) ` + pageFields + ` } }`, at: "of",
			want: skus(w, func(p world.Product) bool { return onSale(p) && p.CategoryID == "CAT-12" },
				func(a, b world.Product) int { return b.CreatedAt.Compare(a.CreatedAt) }), sizes: []int{1, 5, 12, 13},
		},
		"reviews of a product": {
			query: declare + `{ of: product(id: "${Product:SKU-000096}") { page: reviews(first: $first, after: $after) ` + pageFields + ` } }`, at: "of",
			want: reviewIDs(w, func(r world.Review) bool { return r.SKU == "SKU-000096" }), sizes: []int{1, 3, 8, 100},
		},
		"reviews of a customer": {
			query: declare + `{ of: customer(id: "${Customer:cus-00001}") { page: reviews(first: $first, after: $after) ` + pageFields + ` } }`, at: "of",
			want: reviewIDs(w, func(r world.Review) bool { return r.CustomerID == "cus-00001" }), sizes: []int{9},
		},
		"no reviews": {
			query: declare + `{ of: product(id: "${Product:SKU-000008}") { page: reviews(first: $first, after: $after) ` + pageFields + ` } }`, at: "of",
			sizes: []int{1, 100},
		},
		"everybody's orders": {
			caller: "support", query: declare + `{ page: orders(first: $first, after: $after) ` + pageFields + ` }`,
			want: orderIDs(w, func(world.Order) bool { return true }), sizes: []int{30, 50, 100},
		},
		"delivered orders": {
			caller: "support", query: declare + `{ page: orders(first: $first, after: $after, status: DELIVERED) ` + pageFields + ` }`,
			want: orderIDs(w, func(o world.Order) bool { return o.Status == "delivered" }), sizes: []int{20},
		},
		"a customer's own orders": {
			caller: "customer", query: declare + `{ of: me { page: orders(first: $first, after: $after) ` + pageFields + ` } }`, at: "of",
			want: orderIDs(w, func(o world.Order) bool { return o.CustomerID == "cus-00001" }), sizes: []int{4, 15},
		},
	} {
		for _, size := range l.sizes {
			t.Run(fmt.Sprintf("%s, %d at a time", reason, size), func(t *testing.T) {
				l.walk(t, s, size)
			})
		}
	}
}

// walk reads the list to its end.
func (l list) walk(t *testing.T, s *stack, size int) {
	t.Helper()
	var got []string
	var after *string
	for {
		p := l.read(t, s, size, after)
		for i, n := range p.Nodes {
			got = append(got, n.ID.Local)
			if p.Edges[i].Node.ID != n.ID {
				t.Errorf("the edge of %v holds %v", n.ID, p.Edges[i].Node.ID)
			}
		}
		l.check(t, p, size, len(got), after)
		if !p.PageInfo.HasNextPage || t.Failed() {
			break
		}
		after = p.PageInfo.EndCursor
	}
	if d := diff.Diff(l.want, got); d != "" {
		t.Errorf("the list (-want +got):\n%s", d)
	}
}

// read gives the page after a cursor.
func (l list) read(t *testing.T, s *stack, size int, after *string) page {
	t.Helper()
	variables := map[string]any{"first": size, "after": after}
	if l.at != "" {
		return must[map[string]struct{ Page page }](t, s, l.caller, l.query, variables)[l.at].Page
	}
	return must[struct{ Page page }](t, s, l.caller, l.query, variables).Page
}

// check checks what a page says of itself. seen is how much of the list has been read, with this page.
func (l list) check(t *testing.T, p page, size, seen int, after *string) {
	t.Helper()
	info := p.PageInfo
	switch {
	case p.TotalCount != len(l.want):
		t.Errorf("the total is %d, want %d", p.TotalCount, len(l.want))
	case info.HasNextPage != (seen < len(l.want)):
		t.Errorf("after %d of %d, hasNextPage is %t", seen, len(l.want), info.HasNextPage)
	case info.HasPreviousPage != (after != nil):
		t.Errorf("hasPreviousPage is %t", info.HasPreviousPage)
	case len(p.Nodes) != len(p.Edges) || info.HasNextPage && len(p.Nodes) != size:
		t.Errorf("a page of %d nodes and %d edges, want %d", len(p.Nodes), len(p.Edges), size)
	case len(p.Edges) == 0:
		if info.StartCursor != nil || info.EndCursor != nil {
			t.Error("an empty page has cursors")
		}
	case *info.StartCursor != p.Edges[0].Cursor || *info.EndCursor != p.Edges[len(p.Edges)-1].Cursor:
		t.Error("the page's cursors are not those of its first and last item")
	}
}

func onSale(p world.Product) bool { return p.Status == "active" }

func skus(w *world.World, which func(world.Product) bool, order func(a, b world.Product) int) []string {
	all := slices.DeleteFunc(slices.Clone(w.Products), func(p world.Product) bool { return !which(p) })
	slices.SortStableFunc(all, order)
	return idsOf(all, func(p world.Product) string { return p.SKU })
}

// reviewIDs gives reviews, the newest first.
func reviewIDs(w *world.World, which func(world.Review) bool) []string {
	all := slices.DeleteFunc(slices.Clone(w.Reviews), func(r world.Review) bool { return !which(r) })
	slices.Reverse(all)
	return idsOf(all, func(r world.Review) string { return r.ID })
}

// orderIDs gives orders, the newest first.
func orderIDs(w *world.World, which func(world.Order) bool) []string {
	all := slices.DeleteFunc(slices.Clone(w.Orders), func(o world.Order) bool { return !which(o) })
	slices.Reverse(all)
	return idsOf(all, func(o world.Order) string { return o.ID })
}

func idsOf[T any](all []T, id func(T) string) []string {
	var ids []string
	for _, one := range all {
		ids = append(ids, id(one))
	}
	return ids
}
