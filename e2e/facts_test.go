package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/demo/world"
)

// facts are what cases rest on: records of the shop that are special. Should the demo's data ever change, this says which cases have to
// name other records, where -update alone would make them show nothing.
var facts = map[string]struct {
	names []string // in the cases
	holds func(w *world.World) bool
}{
	"the author of a review is gone": {[]string{"Review:rev-0000110", "Product:SKU-000061"}, func(w *world.World) bool {
		r := review(w, "rev-0000110")
		return r.SKU == "SKU-000061" && !slices.ContainsFunc(w.Customers, func(c world.Customer) bool { return c.ID == r.CustomerID })
	}},
	"a product of an order is gone": {[]string{"Order:ord-000028"}, func(w *world.World) bool {
		o := order(w, "ord-000028")
		return o.CustomerID == "cus-00001" && len(o.Lines) > 1 && product(w, o.Lines[0].SKU).SKU != "" && product(w, o.Lines[1].SKU).SKU == ""
	}},
	"a review without a title": {[]string{"Review:rev-0000043"}, func(w *world.World) bool { return review(w, "rev-0000043").Title == "" }},
	"orders paid in each way": {[]string{"Order:ord-000020", "Order:ord-000025", "Order:ord-000012"}, func(w *world.World) bool {
		return paymentOf(w, "ord-000020").Kind == "card" && paymentOf(w, "ord-000025").Kind == "bank_transfer" &&
			paymentOf(w, "ord-000012").Kind == "gift_card"
	}},
	"payments in each state": {[]string{"Order:ord-000099", "Order:ord-000001", "Order:ord-000014", "Order:ord-000039", "Order:ord-000077"},
		func(w *world.World) bool {
			return paymentOf(w, "ord-000099").Status == "authorized" && paymentOf(w, "ord-000001").Status == "captured" &&
				paymentOf(w, "ord-000014").Status == "voided" && paymentOf(w, "ord-000039").Status == "refunded" &&
				paymentOf(w, "ord-000077").Status == "declined"
		}},
	"shipments in each state": {[]string{"Order:ord-000098", "Order:ord-000095", "Order:ord-000093", "Order:ord-000004", "Order:ord-000052"},
		func(w *world.World) bool {
			return shipmentOf(w, "ord-000098").Status == "labelled" && shipmentOf(w, "ord-000095").Status == "in_transit" &&
				shipmentOf(w, "ord-000093").Status == "out_for_delivery" && shipmentOf(w, "ord-000004").Status == "delivered" &&
				shipmentOf(w, "ord-000052").Status == "cancelled"
		}},
	"an order with neither payment nor shipment": {[]string{"Order:ord-000100"}, func(w *world.World) bool {
		o := order(w, "ord-000100")
		return o.Payment == nil && o.Shipment == nil
	}},
	"orders of the caller, and of others": {[]string{"Order:ord-000004", "Order:ord-000001"}, func(w *world.World) bool {
		return order(w, "ord-000004").CustomerID == "cus-00001" && order(w, "ord-000001").CustomerID != "cus-00001"
	}},
	"orders of the caller that can be called off, each in another way": {
		[]string{"Order:ord-000099", "Order:ord-000097", "Order:ord-000098", "Order:ord-000057"}, func(w *world.World) bool {
			for _, id := range []string{"ord-000099", "ord-000097", "ord-000098", "ord-000057"} {
				if order(w, id).CustomerID != "cus-00001" {
					return false
				}
			}
			return order(w, "ord-000099").Status == "pending" && order(w, "ord-000097").Status == "paid" &&
				shipmentOf(w, "ord-000098").Status == "labelled" && order(w, "ord-000057").Status == "cancelled"
		},
	},
	"orders of the caller that cannot be called off": {[]string{"Order:ord-000093", "Order:ord-000004"}, func(w *world.World) bool {
		return order(w, "ord-000093").Status == "shipped" && order(w, "ord-000004").Status == "delivered"
	}},
	"products in each state": {[]string{"Product:SKU-000003", "Product:SKU-000018", "Product:SKU-000114"}, func(w *world.World) bool {
		return product(w, "SKU-000003").Status == "active" && product(w, "SKU-000018").Status == "discontinued" &&
			product(w, "SKU-000114").Status == "announced"
	}},
	"a product that the warehouses do not keep": {[]string{"Product:SKU-000007"}, func(w *world.World) bool {
		return product(w, "SKU-000007").Status == "active" && len(product(w, "SKU-000007").Stock) == 0
	}},
	"a product without reviews": {[]string{"Product:SKU-000008"}, func(w *world.World) bool {
		return !slices.ContainsFunc(w.Reviews, func(r world.Review) bool { return r.SKU == "SKU-000008" })
	}},
	"a product that the caller has reviewed, and one that she has not": {[]string{"Product:SKU-000023", "Product:SKU-000034"}, func(w *world.World) bool {
		by := func(sku string) bool {
			return slices.ContainsFunc(w.Reviews, func(r world.Review) bool { return r.SKU == sku && r.CustomerID == "cus-00001" })
		}
		return by("SKU-000023") && !by("SKU-000034")
	}},
	"another customer's address": {[]string{"Customer:cus-00002", "ardella.bird2@example.org"}, func(w *world.World) bool {
		return w.Customers[1].ID == "cus-00002" && w.Customers[1].Email == "ardella.bird2@example.org"
	}},
	"more products on sale than a page holds": {nil, func(w *world.World) bool {
		return len(slices.DeleteFunc(slices.Clone(w.Products), func(p world.Product) bool { return p.Status != "active" })) > 100
	}},
}

func TestCasesHoldWhatTheyName(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		c, err := readCase(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range c.sections {
			if !isExpected(name) {
				all.WriteString(text)
			}
		}
	}
	w := shop()
	for fact, f := range facts {
		if !f.holds(w) {
			t.Errorf("%s: it does not hold of %v", fact, f.names)
		}
		for _, name := range f.names {
			if !strings.Contains(all.String(), name) {
				t.Errorf("%s: no case names %s", fact, name)
			}
		}
	}
}

// one gives the record with an id; the zero record if there is none.
func one[T any](all []T, id string, idOf func(T) string) T {
	var none T
	if i := slices.IndexFunc(all, func(x T) bool { return idOf(x) == id }); i >= 0 {
		return all[i]
	}
	return none
}

func review(w *world.World, id string) world.Review {
	return one(w.Reviews, id, func(r world.Review) string { return r.ID })
}

func product(w *world.World, sku string) world.Product {
	return one(w.Products, sku, func(p world.Product) string { return p.SKU })
}

func order(w *world.World, id string) world.Order {
	return one(w.Orders, id, func(o world.Order) string { return o.ID })
}

func paymentOf(w *world.World, orderID string) world.Payment {
	if p := order(w, orderID).Payment; p != nil {
		return *p
	}
	return world.Payment{}
}

func shipmentOf(w *world.World, orderID string) world.Shipment {
	if s := order(w, orderID).Shipment; s != nil {
		return *s
	}
	return world.Shipment{}
}
