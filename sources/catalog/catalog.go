// Package catalog reads products and categories from the catalog service.
package catalog

import (
	"context"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// Product is something that the shop sells.
type Product struct {
	ID          sources.ID
	SKU         string
	Name        string
	Description string
	Brand       string
	Price       sources.Money
	Status      ProductStatus
	Images      []Image
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CategoryID  string // the category's local id
}

// IsNode marks Product as a Node.
func (*Product) IsNode() {}

// Image is a picture.
type Image struct {
	URL sources.URL
	Alt string
}

// ProductStatus says whether a product can be bought.
type ProductStatus string

// The states of a product.
const (
	ProductActive       ProductStatus = "ACTIVE"
	ProductAnnounced    ProductStatus = "ANNOUNCED"
	ProductDiscontinued ProductStatus = "DISCONTINUED"
)

// ProductOrder is the order of a list of products.
type ProductOrder string

// The orders of a list of products.
const (
	OrderNewest    ProductOrder = "NEWEST"
	OrderName      ProductOrder = "NAME"
	OrderPriceAsc  ProductOrder = "PRICE_ASC"
	OrderPriceDesc ProductOrder = "PRICE_DESC"
)

// ProductConnection is a page of products.
type ProductConnection = sources.Page[*Product]

// ProductEdge is a product and its place in the list.
type ProductEdge = sources.Edge[*Product]

// ProductFilter is which products to list. All conditions must hold.
type ProductFilter struct {
	Search     *string
	CategoryID *sources.ID
	MinPrice   *int32 // in minor units
	MaxPrice   *int32
	Status     []ProductStatus // those on sale when empty
}

// ProductQuery is which part of which list of products to read.
type ProductQuery struct {
	ProductFilter
	OrderBy ProductOrder
	Page    sources.PageArgs
}

// CategoryPage is which part of a category's list of products to read.
type CategoryPage struct {
	CategoryID string // the category's local id
	OrderBy    ProductOrder
	Page       sources.PageArgs
}

// Category is a shelf of the shop.
type Category struct {
	ID          sources.ID
	Name        string
	Slug        string
	Description string
	ParentID    string // the local id of the category above; empty at the top
}

// IsNode marks Category as a Node.
func (*Category) IsNode() {}

// MaxBatch is how many products or categories one call can ask for.
const MaxBatch = 100

// ProductList is the name of the lists of products, in cursors.
const ProductList = "products"

// Inputs is what the catalog is given of a request: nothing, it answers everybody alike.
var Inputs = upstream.Inputs{}

// maxParallel is how many categories are listed at once: the catalog lists one category a call.
const maxParallel = 16

// Source reads the catalog. It is safe for concurrent use.
type Source struct{ http *upstream.HTTP }

// New makes the source of the catalog that h calls.
func New(h *upstream.HTTP) *Source { return &Source{http: h} }

// Products gives a page of the products that the query asks for. A search, a price or a category that the catalog would refuse is
// BAD_USER_INPUT without a call, and so is, after one, a position that is none of this list in this order. A product that does not fit
// the contract is the fault of its edge; a page that is not the one asked for is SOURCE_CONTRACT_VIOLATION.
func (s *Source) Products(ctx context.Context, q ProductQuery) (*ProductConnection, error) {
	params, err := listParams(q)
	if err != nil {
		return nil, err
	}
	answer, err := s.http.Do(ctx, "listProducts", func(url string) (*http.Request, error) {
		return catalogapi.NewListProductsRequest(url, params)
	})
	if err != nil {
		return nil, refusedList(q, fault.From(err))
	}
	page, broken, err := upstream.DecodeItems[catalogapi.ProductPage, catalogapi.Product](answer)
	if err != nil {
		return nil, err
	}
	if err := checkPage(page, q.Page.First); err != nil {
		return nil, err.At(answer.Source, answer.Operation)
	}
	edges := make([]ProductEdge, len(page.Entries))
	for i := range page.Entries {
		e := &page.Entries[i]
		item, f := upstream.Convert(answer.Origin, broken[i], e, entry)
		edges[i] = sources.NewEdge(ProductList, e.Cursor, item, f)
	}
	return sources.NewPage(edges, page.HasPrevious, page.HasMore, page.Total), nil
}

// ProductsOfCategories gives a page of products for each category, by a call each. The list of an unknown category is empty. What a page
// fails with, as Products does, is in the fault.Items beside the other pages.
func (s *Source) ProductsOfCategories(ctx context.Context, pages []CategoryPage) (map[CategoryPage]*ProductConnection, error) {
	return upstream.Each(ctx, maxParallel, pages, func(ctx context.Context, p CategoryPage) (*ProductConnection, error) {
		id := sources.ID{Type: "Category", Local: p.CategoryID}
		return s.Products(ctx, ProductQuery{ProductFilter: ProductFilter{CategoryID: &id}, OrderBy: p.OrderBy, Page: p.Page})
	})
}

// ProductsBySKU gives products in any state by their SKUs, MaxBatch at most: for more, the catalog refuses all with BAD_USER_INPUT. A product
// that the catalog does not know is absent; one that does not fit the contract is in the fault.Items beside the others.
func (s *Source) ProductsBySKU(ctx context.Context, skus []string) (map[string]*Product, error) {
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(skus)), "batchGetProducts", func(url string) (*http.Request, error) {
		return catalogapi.NewBatchGetProductsRequest(url, &catalogapi.BatchGetProductsParams{Sku: skus})
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[catalogapi.ProductBatch, catalogapi.Product](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, skus, batch.Products, broken,
		func(p *catalogapi.Product) string { return p.Sku }, product)
}

// CategoriesByID gives categories by their local ids, MaxBatch at most: for more, the catalog refuses all with BAD_USER_INPUT. A category
// that the catalog does not know is absent; one that does not fit the contract is in the fault.Items beside the others.
func (s *Source) CategoriesByID(ctx context.Context, ids []string) (map[string]*Category, error) {
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(ids)), "batchGetCategories", func(url string) (*http.Request, error) {
		return catalogapi.NewBatchGetCategoriesRequest(url, &catalogapi.BatchGetCategoriesParams{Id: ids})
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[catalogapi.CategoryBatch, catalogapi.Category](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, ids, batch.Categories, broken,
		func(c *catalogapi.Category) string { return c.Id }, category)
}

// Categories gives all categories by name. The faults of single ones come as fault.Items by index, where the list has nil.
func (s *Source) Categories(ctx context.Context) ([]*Category, error) {
	answer, err := s.http.Do(ctx, "listCategories", func(url string) (*http.Request, error) {
		return catalogapi.NewListCategoriesRequest(url, nil)
	})
	if err != nil {
		return nil, err
	}
	batch, broken, err := upstream.DecodeItems[catalogapi.CategoryBatch, catalogapi.Category](answer)
	if err != nil {
		return nil, err
	}
	list := make([]*Category, len(batch.Categories))
	failed := fault.Items[int]{}
	for i := range batch.Categories {
		c, f := upstream.Convert(answer.Origin, broken[i], &batch.Categories[i], category)
		if f != nil {
			failed[i] = f
		}
		list[i] = c
	}
	return list, failed.OrNil()
}
