package world

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// The range of ages of the catalog's records.
const (
	oldestProduct = 3 * 365 * day
	newestProduct = 6 * time.Hour
)

var warehouses = []string{"BER-1", "HAM-1", "MUC-1"}

func categories() []Category {
	var all []Category
	id := func() string { return fmt.Sprintf("CAT-%02d", len(all)+1) }
	for _, a := range aisles {
		top := id()
		all = append(all, Category{ID: top, Name: a.name, Slug: slug(a.name), Description: a.description})
		for _, s := range a.shelves {
			all = append(all, Category{ID: id(), ParentID: top, Name: s.name, Slug: slug(s.name), Description: s.description})
		}
	}
	return all
}

// slug gives a name as it stands in an address; names of categories are ASCII.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}

// placed is a shelf and its category's id.
type placed struct {
	shelf
	id string
}

func shelves() []placed {
	var all []placed
	n := 0
	for _, a := range aisles {
		n++
		for _, s := range a.shelves {
			n++
			all = append(all, placed{shelf: s, id: fmt.Sprintf("CAT-%02d", n)})
		}
	}
	return all
}

func brands(d *dice) []string {
	forms := []string{"%s", "%s & Co", "%s Works", "Atelier %s", "%s Brothers", "Haus %s", "%s & Daughters"}
	seen := map[string]bool{}
	all := make([]string, 0, 60)
	for i := 0; len(all) < cap(all); i++ {
		d.start(kindBrand, i)
		name := d.fake.LastName()
		if !seen[name] {
			seen[name] = true
			all = append(all, fmt.Sprintf(pick(d, forms), name))
		}
	}
	return all
}

func products(d *dice, now time.Time, n int) []Product {
	brands, shelves := brands(d), shelves()
	all := make([]Product, n)
	for i := range all {
		d.start(kindProduct, i)
		all[i] = product(d, pick(d, shelves), pick(d, brands))
		p := &all[i]
		p.SKU = fmt.Sprintf("SKU-%06d", i+1)
		p.CreatedAt = d.spread(now.Add(-oldestProduct), now.Add(-newestProduct), i, n)
		p.UpdatedAt = d.between(p.CreatedAt, now)
		p.Status = productStatus(d, i, n)
		p.Images = images(d, p)
		p.Stock = stock(d, p.Status)
		p.StockAt = d.between(latest(p.CreatedAt, now.Add(-2*day)), now)
	}
	return all
}

func product(d *dice, s placed, brand string) Product {
	material, noun := pick(d, s.materials), pick(d, s.nouns)
	name := pick(d, series) + " " + material + " " + noun
	if len(s.sizes) > 0 && d.chance(70) {
		name += " " + pick(d, s.sizes)
	}
	first := d.IntN(len(s.features))
	second := (first + 1 + d.IntN(len(s.features)-1)) % len(s.features)
	text := material + " " + noun + " " + pick(d, s.uses) + ". " + s.features[first]
	if d.chance(70) {
		text += " " + s.features[second]
	}
	if d.chance(60) {
		text += " " + strings.ReplaceAll(pick(d, promises), "{brand}", brand)
	}
	price := s.cheap + int32(d.span(0, d.span(0, float64(s.dear-s.cheap)))) // most are cheap
	price -= price % 100
	price += []int32{99, 95, 50, 0}[d.weighted(60, 20, 10, 10)]
	return Product{CategoryID: s.id, Name: name, Description: text, Brand: brand, Price: price}
}

// productStatus announces some of the newest products only, and keeps the very first on sale, so that there was always
// something to buy.
func productStatus(d *dice, i, n int) string {
	switch roll := d.IntN(100); {
	case i == 0:
		return "active"
	case i >= n-n/10 && roll < 40:
		return "announced"
	case roll >= 94:
		return "discontinued"
	}
	return "active"
}

func images(d *dice, p *Product) []Image {
	views := []string{"", " from the side", " in use", ", detail"}
	all := make([]Image, 1+d.weighted(45, 30, 15, 10))
	for i := range all {
		all[i] = Image{URL: fmt.Sprintf("https://images.example/products/%s-%d.jpg", p.SKU, i+1), Alt: p.Name + views[i]}
	}
	return all
}

// stock gives nothing for announced products, which no warehouse keeps yet, and for a few others.
func stock(d *dice, status string) []Stock {
	if status == "announced" || d.chance(4) {
		return nil
	}
	most := []int32{0, 5, 40, 300}[d.weighted(8, 12, 40, 40)]
	if status == "discontinued" {
		most = []int32{0, 5}[d.weighted(75, 25)]
	}
	first := d.IntN(len(warehouses))
	all := make([]Stock, 1+d.weighted(30, 40, 30))
	for i := range all {
		all[i] = Stock{Warehouse: warehouses[(first+i)%len(warehouses)], OnHand: d.Int32N(most + 1)}
	}
	return all
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
