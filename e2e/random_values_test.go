package e2e

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/sources"
)

// small has operations say how long the pages below the root's are, which is short: with the gateway's defaults, one of a few fields could
// ask for thousands of objects. The root's pages have theirs.
func small(schema *ast.Schema) {
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			if first := f.Arguments.ForName("first"); first != nil && d.Name != schema.Query.Name {
				first.DefaultValue = nil
			}
		}
	}
}

// offered is what random operations ask for.
type offered struct {
	ids     map[string][]string // local ids by type
	special []string            // ids of what is special, such as "Order:ord-000028"
	cursors map[string][]string // by the field that has the list
}

// valuesOf gives the values of arguments: ids and cursors that there are in a shop, now and then others.
func valuesOf(t *testing.T, s *stack) func(r *rand.Rand, typeName, argPath string) (string, bool) {
	t.Helper()
	o := offered{ids: ids(), cursors: cursors(t, s)}
	for _, fact := range slices.Sorted(maps.Keys(facts)) {
		for _, name := range facts[fact].names {
			if strings.Contains(name, ":") { // else it is no id
				o.special = append(o.special, name)
			}
		}
	}
	return o.value
}

// ids gives the ids of all records of the shop, by type.
func ids() map[string][]string {
	w, all := shop(), map[string][]string{}
	for _, c := range w.Categories {
		all["Category"] = append(all["Category"], c.ID)
	}
	for _, p := range w.Products {
		all["Product"] = append(all["Product"], p.SKU)
	}
	for _, c := range w.Customers {
		all["Customer"] = append(all["Customer"], c.ID)
	}
	for _, r := range w.Reviews {
		all["Review"] = append(all["Review"], r.ID)
	}
	for _, o := range w.Orders {
		all["Order"] = append(all["Order"], o.ID)
		if o.Payment != nil {
			all["Payment"] = append(all["Payment"], o.Payment.ID)
		}
		if o.Shipment != nil {
			all["Shipment"] = append(all["Shipment"], o.Shipment.ID)
		}
	}
	return all
}

// cursors gives cursors of the shop's lists, by the field that has the list.
func cursors(t *testing.T, s *stack) map[string][]string {
	t.Helper()
	type list struct{ Edges []struct{ Cursor string } }
	type reviewed struct {
		list
		Nodes []struct{ Reviews list }
	}
	data := must[struct {
		Newest, Name, Dearest reviewed
		Orders                list
		Me                    struct{ Orders, Reviews list }
	}](t, s, "support", `{
		newest: products(first: 40) { edges { cursor } nodes { reviews(first: 3, orderBy: BEST) { edges { cursor } } } }
		name: products(first: 10, orderBy: NAME) { edges { cursor } nodes { reviews(first: 3) { edges { cursor } } } }
		dearest: products(first: 10, orderBy: PRICE_DESC) { edges { cursor } }
		orders(first: 40) { edges { cursor } }
		me: customer(id: "${Customer:cus-00001}") { orders(first: 10) { edges { cursor } } reviews(first: 5) { edges { cursor } } }
	}`, nil)
	all := map[string][]string{}
	take := func(field string, l list) {
		for _, e := range l.Edges {
			all[field] = append(all[field], e.Cursor)
		}
	}
	for _, products := range []reviewed{data.Newest, data.Name, data.Dearest} {
		take("products", products.list)
		for _, p := range products.Nodes {
			take("reviews", p.Reviews)
		}
	}
	take("reviews", data.Me.Reviews)
	take("orders", data.Me.Orders)
	take("orders", data.Orders)
	return all
}

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// value gives the literal of an argument.
func (o offered) value(r *rand.Rand, typeName, argPath string) (string, bool) {
	path := strings.Split(argPath, ".") // such as Query.products.filter.search
	field, name := path[1], path[len(path)-1]
	switch {
	case typeName == "ID":
		return strconv.Quote(o.id(r, field)), true
	case name == "first":
		if r.IntN(200) == 0 {
			return oneOf(r, "0", "-1", "101", "2147483647"), true
		}
		return oneOf(r, "1", "1", "2", "2", "3", "4"), true
	case name == "minPrice", name == "maxPrice":
		if r.IntN(40) == 0 {
			return "-1", true
		}
		return strconv.Itoa(oneOf(r, 0, 1, 1000, 5000, 20000, 1<<31-1)), true
	case name == "after":
		return strconv.Quote(o.cursor(r, field)), true
	case name == "search":
		return strconv.Quote(oneOf(r, "", "a", "the", "E R", "nothing of the kind", "ö", strings.Repeat("long ", 41))), true
	}
	return "", false
}

// id gives the id for an argument of a field, mostly one that there is.
func (o offered) id(r *rand.Rand, field string) string {
	typ := map[string]string{
		"product": "Product", "category": "Category", "review": "Review", "customer": "Customer", "order": "Order", "products": "Category",
	}[field] // of node and nodes, any
	if typ == "" || r.IntN(30) == 0 {
		typ = oneOf(r, slices.Sorted(maps.Keys(o.ids))...)
	}
	switch r.IntN(16) {
	case 0:
		return sources.ID{Type: typ, Local: oneOf(r, "nobody", "SKU-999999", "~")}.String()
	case 1:
		if r.IntN(8) == 0 {
			return oneOf(r, "", "nonsense", "UHJvZHVjdA")
		}
	case 2, 3, 4, 5, 6:
		of := slices.DeleteFunc(slices.Clone(o.special), func(id string) bool { return !strings.HasPrefix(id, typ+":") })
		if len(of) > 0 {
			return sources.ID{Type: typ, Local: strings.TrimPrefix(oneOf(r, of...), typ+":")}.String()
		}
	}
	return sources.ID{Type: typ, Local: oneOf(r, o.ids[typ]...)}.String()
}

// cursor gives a cursor, mostly one of the lists that the field has.
func (o offered) cursor(r *rand.Rand, field string) string {
	switch r.IntN(16) {
	case 0:
		return oneOf(r, "", "nonsense", sources.Cursor(field, "0"), sources.Cursor(field, "1000"), sources.Cursor(field, "product/SKU-000003/n9.9"))
	case 1:
		field = oneOf(r, slices.Sorted(maps.Keys(o.cursors))...)
	}
	return oneOf(r, o.cursors[field]...)
}
