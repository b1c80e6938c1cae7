package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// index is everything that is listed, with its lists sorted in advance: a request walks one list and sorts nothing.
type index struct {
	products []catalogapi.Product
	text     []string         // what a search looks at, in lower case; by product
	bySKU    map[string]int32 // the index in products
	lists    map[listKey][]place
	ranks    map[catalogapi.ProductSort][]int32 // the place of each product among all, by product
}

// listKey names a list: the products of a category and of the categories below it, or all products if category is empty.
type listKey struct {
	sort     catalogapi.ProductSort
	category string
}

// place is a product in a list, with what most conditions ask for: a walk then stays within the list's memory.
type place struct {
	product int32 // the index in products
	price   int32
	status  statusSet // of one
}

// statusSet is a set of product states, a bit for each.
type statusSet uint8

// setOf gives the set of one state; it is empty for a state that the contract does not know.
func setOf(s catalogapi.ProductStatus) statusSet {
	switch s {
	case catalogapi.StatusActive:
		return 1
	case catalogapi.StatusAnnounced:
		return 2
	case catalogapi.StatusDiscontinued:
		return 4
	}
	return 0
}

// sorts are the contract's orders. Products that are equal in one of them go by SKU.
var sorts = map[catalogapi.ProductSort]func(a, b *catalogapi.Product) int{
	catalogapi.SortNewest: func(a, b *catalogapi.Product) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.Sku, b.Sku))
	},
	catalogapi.SortName: func(a, b *catalogapi.Product) int {
		return compareNames(a.Name, a.Sku, b.Name, b.Sku)
	},
	catalogapi.SortPriceAsc: func(a, b *catalogapi.Product) int {
		return cmp.Or(cmp.Compare(a.Price.MinorUnits, b.Price.MinorUnits), strings.Compare(a.Sku, b.Sku))
	},
	catalogapi.SortPriceDesc: func(a, b *catalogapi.Product) int {
		return cmp.Or(cmp.Compare(b.Price.MinorUnits, a.Price.MinorUnits), strings.Compare(a.Sku, b.Sku))
	},
}

func newIndex(w *world.World) *index {
	s := &index{
		products: make([]catalogapi.Product, 0, len(w.Products)),
		text:     make([]string, 0, len(w.Products)),
		bySKU:    make(map[string]int32, len(w.Products)),
		lists:    map[listKey][]place{},
		ranks:    map[catalogapi.ProductSort][]int32{},
	}
	for i := range w.Products {
		p := &w.Products[i]
		s.bySKU[p.SKU] = int32(i)
		s.products = append(s.products, wireProduct(p))
		s.text = append(s.text, strings.ToLower(p.Name+"\n"+p.Brand+"\n"+p.Description))
	}
	parent := make(map[string]string, len(w.Categories))
	for _, c := range w.Categories {
		parent[c.ID] = c.ParentID
	}
	for sort := range sorts {
		s.addLists(sort, parent)
	}
	return s
}

// addLists makes the lists of one order: that of all products, and that of each category.
func (s *index) addLists(sort catalogapi.ProductSort, parent map[string]string) {
	sorted := make([]int32, len(s.products))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	compare := sorts[sort]
	slices.SortFunc(sorted, func(a, b int32) int { return compare(&s.products[a], &s.products[b]) })
	ranks := make([]int32, len(sorted))
	for rank, i := range sorted {
		ranks[i] = int32(rank)
		p := &s.products[i]
		at := place{product: i, price: p.Price.MinorUnits, status: setOf(p.Status)}
		s.add(listKey{sort, ""}, at)
		for id := p.CategoryId; id != ""; id = parent[id] {
			s.add(listKey{sort, id}, at)
		}
	}
	s.ranks[sort] = ranks
}

func (s *index) add(k listKey, at place) { s.lists[k] = append(s.lists[k], at) }

func wireProduct(p *world.Product) catalogapi.Product {
	images := make([]catalogapi.ProductImage, 0, len(p.Images))
	for _, image := range p.Images {
		images = append(images, catalogapi.ProductImage{Url: image.URL, Alt: image.Alt})
	}
	return catalogapi.Product{
		Sku:         p.SKU,
		Name:        p.Name,
		Description: p.Description,
		Brand:       p.Brand,
		Price:       catalogapi.Price{MinorUnits: p.Price, Currency: world.Currency},
		Status:      catalogapi.ProductStatus(p.Status),
		Images:      images,
		CategoryId:  p.CategoryID,
		CreatedAt:   p.CreatedAt.UTC(),
		UpdatedAt:   p.UpdatedAt.UTC(),
	}
}

func wireCategory(c world.Category) catalogapi.Category {
	category := catalogapi.Category{Id: c.ID, Name: c.Name, Slug: c.Slug, Description: c.Description}
	if c.ParentID != "" {
		category.ParentId = &c.ParentID
	}
	return category
}
