package world_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/world"
)

// worlds are those that the invariants are checked on.
var worlds = map[string]world.Options{
	"what the demo shows":      {},
	"a single product":         {Products: 1},
	"no tenth to announce":     {Products: 7},
	"what tests of others use": {Products: 60, Seed: 7},
	"another seed":             {Products: 800, Seed: 99},
}

func each(t *testing.T, check func(t *testing.T, w *world.World)) {
	t.Helper()
	for reason, o := range worlds {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			check(t, world.Generate(o))
		})
	}
}

func TestSameOptionsGiveSameWorld(t *testing.T) {
	t.Parallel()
	for reason, o := range worlds {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if !reflect.DeepEqual(world.Generate(o), world.Generate(o)) {
				t.Error("two worlds of the same options differ")
			}
		})
	}
	if reflect.DeepEqual(world.Generate(world.Options{Seed: 1}).Products[0], world.Generate(world.Options{Seed: 2}).Products[0]) {
		t.Error("two seeds give the same first product")
	}
	if world.DefaultProducts != len(world.Generate(world.Options{Seed: world.DefaultSeed}).Products) {
		t.Error("the default number of products is not used")
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	sizes := map[string]struct{ products, customers, orders int }{
		"lower bounds": {products: 10, customers: 50, orders: 100},
		"shares":       {products: 5000, customers: 1000, orders: 1250},
	}
	for reason, want := range sizes {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := world.Generate(world.Options{Products: want.products})
			if len(w.Products) != want.products || len(w.Customers) != want.customers || len(w.Orders) != want.orders {
				t.Errorf("%d products, %d customers, %d orders; want %+v", len(w.Products), len(w.Customers), len(w.Orders), want)
			}
			if len(w.Categories) != 24 {
				t.Errorf("%d categories, want 24", len(w.Categories))
			}
		})
	}
}

func TestProductsFit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world.World) {
		parents := map[string]string{}
		slugs := map[string]bool{}
		for _, c := range w.Categories {
			parents[c.ID] = c.ParentID
			if c.Name == "" || c.Description == "" || slugs[c.Slug] || strings.Trim(c.Slug, "abcdefghijklmnopqrstuvwxyz-") != "" {
				t.Errorf("category %+v", c)
			}
			slugs[c.Slug] = true
		}
		skus := map[string]bool{}
		last := time.Time{}
		for i := range w.Products {
			p := &w.Products[i]
			if parent, ok := parents[p.CategoryID]; !ok || parent == "" {
				t.Errorf("%s is in category %q, which is none of the second level", p.SKU, p.CategoryID)
			}
			if skus[p.SKU] || !p.CreatedAt.After(last) {
				t.Errorf("%s is there twice or not younger than the one before", p.SKU)
			}
			skus[p.SKU], last = true, p.CreatedAt
			inOrder(t, p.SKU, p.CreatedAt, p.UpdatedAt, w.Now)
			inOrder(t, p.SKU, p.CreatedAt, p.StockAt, w.Now)
			if p.Name == "" || p.Description == "" || p.Brand == "" || p.Price <= 0 || len(p.Images) == 0 {
				t.Errorf("something is missing of %+v", p)
			}
			if p.Status == "announced" && p.Stock != nil {
				t.Errorf("%s is announced and in stock", p.SKU)
			}
			for k, s := range p.Stock {
				if s.OnHand < 0 || slices.ContainsFunc(p.Stock[:k], func(o world.Stock) bool { return o.Warehouse == s.Warehouse }) {
					t.Errorf("%s has the stock %+v", p.SKU, p.Stock)
				}
			}
		}
	})
}

// inOrder says which of some moments is before the one that it should follow.
func inOrder(t *testing.T, id string, moments ...time.Time) {
	t.Helper()
	for i := 1; i < len(moments); i++ {
		if moments[i].Before(moments[i-1]) {
			t.Errorf("%s: moment %d, %v, is before %v", id, i, moments[i], moments[i-1])
		}
	}
}

func TestCustomersFit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world.World) {
		emails := map[string]bool{}
		for i := range w.Customers {
			c := &w.Customers[i]
			if emails[c.Email] || !strings.Contains(c.Email, "@example.") || c.DisplayName == "" || len(c.Addresses) == 0 {
				t.Errorf("customer %+v", c)
			}
			emails[c.Email] = true
			inOrder(t, c.ID, c.CreatedAt, w.Now)
			for _, a := range c.Addresses {
				if a.Recipient == "" || len(a.Lines) == 0 || a.City == "" || strings.ContainsAny(a.PostalCode, "#?") || len(a.CountryCode) != 2 {
					t.Errorf("%s has the address %+v", c.ID, a)
				}
			}
		}
	})
}

func TestReviewsFit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world.World) {
		products, customers, bought := indexes(w)
		written, perProduct := map[string]bool{}, map[string]int{}
		last := time.Time{}
		for i := range w.Reviews {
			r := &w.Reviews[i]
			p := products[r.SKU]
			if p == nil || written[r.CustomerID+r.SKU] || r.Rating < 1 || r.Rating > 5 || r.Body == "" || strings.Contains(r.Title+r.Body, "{") {
				t.Errorf("review %+v", r)
				continue
			}
			written[r.CustomerID+r.SKU] = true
			perProduct[r.SKU]++
			inOrder(t, r.ID, last, r.CreatedAt)
			inOrder(t, r.ID, p.CreatedAt, r.CreatedAt, w.Now)
			last = r.CreatedAt
			if c := customers[r.CustomerID]; c != nil {
				inOrder(t, r.ID, c.CreatedAt, r.CreatedAt)
			}
			if at, ok := bought[r.CustomerID+r.SKU]; ok != r.Verified {
				t.Errorf("%s: verified is %v, delivered is %v", r.ID, r.Verified, ok)
			} else if ok {
				inOrder(t, r.ID, at, r.CreatedAt)
			}
		}
		for sku, n := range perProduct {
			if n > 8 {
				t.Errorf("%s has %d reviews", sku, n)
			}
		}
	})
}

// indexes gives products by SKU, customers by id, and when a customer (id) got a product (SKU) first, by both.
func indexes(w *world.World) (map[string]*world.Product, map[string]*world.Customer, map[string]time.Time) {
	products, customers, bought := map[string]*world.Product{}, map[string]*world.Customer{}, map[string]time.Time{}
	for i := range w.Products {
		products[w.Products[i].SKU] = &w.Products[i]
	}
	for i := range w.Customers {
		customers[w.Customers[i].ID] = &w.Customers[i]
	}
	for _, o := range w.Orders {
		for _, l := range o.Lines {
			if at, ok := bought[o.CustomerID+l.SKU]; o.Status == "delivered" && (!ok || o.Shipment.DeliveredAt.Before(at)) {
				bought[o.CustomerID+l.SKU] = o.Shipment.DeliveredAt
			}
		}
	}
	return products, customers, bought
}

func TestSomeRecordsAreGone(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{})
	products, customers, _ := indexes(w)
	lines, linesGone, authorsGone := 0, 0, 0
	for _, o := range w.Orders {
		for _, l := range o.Lines {
			lines++
			if products[l.SKU] == nil {
				linesGone++
			}
		}
	}
	for _, r := range w.Reviews {
		if customers[r.CustomerID] == nil {
			authorsGone++
		}
	}
	if share := float64(linesGone) / float64(lines); share < 0.004 || share > 0.02 {
		t.Errorf("%d of %d order lines refer to products that are gone", linesGone, lines)
	}
	if share := float64(authorsGone) / float64(len(w.Reviews)); share < 0.005 || share > 0.015 {
		t.Errorf("%d of %d reviews refer to customers who are gone", authorsGone, len(w.Reviews))
	}
	if mean := float64(len(w.Reviews)) / float64(len(w.Products)); mean < 2.5 || mean > 3.5 {
		t.Errorf("a product has %.1f reviews in the mean", mean)
	}
	for _, status := range []string{"active", "announced", "discontinued"} {
		if !slices.ContainsFunc(w.Products, func(p world.Product) bool { return p.Status == status }) {
			t.Errorf("no product is %s", status)
		}
	}
}
