package catalog

import (
	"regexp"
	"slices"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

func product(p *catalogapi.Product) (*Product, error) {
	status, ok := statuses[p.Status]
	if !ok {
		return nil, upstream.Violation("product %q has the status %q", p.Sku, p.Status)
	}
	if !sources.ValidLocal(p.Sku) || !sources.ValidLocal(p.CategoryId) {
		return nil, upstream.Violation("product %q of category %q: not an id", p.Sku, p.CategoryId)
	}
	if p.Name == "" || p.Brand == "" {
		return nil, upstream.Violation("product %q has an empty name or brand", p.Sku)
	}
	if p.Price.MinorUnits < 0 || !sources.ValidCurrency(p.Price.Currency) {
		return nil, upstream.Violation("product %q costs %d %q", p.Sku, p.Price.MinorUnits, p.Price.Currency)
	}
	pictures, err := images(p)
	if err != nil {
		return nil, err
	}
	return &Product{
		ID:          sources.ID{Type: "Product", Local: p.Sku},
		SKU:         p.Sku,
		Name:        p.Name,
		Description: p.Description,
		Brand:       p.Brand,
		Price:       sources.Money{Amount: p.Price.MinorUnits, Currency: p.Price.Currency},
		Status:      status,
		Images:      pictures,
		CreatedAt:   p.CreatedAt,
		UpdatedAt:   p.UpdatedAt,
		CategoryID:  p.CategoryId,
	}, nil
}

func images(p *catalogapi.Product) ([]Image, error) {
	list := make([]Image, len(p.Images))
	for i, image := range p.Images {
		url, err := sources.ParseURL(image.Url)
		if err != nil {
			return nil, upstream.Violation("product %q has an image at %q", p.Sku, image.Url)
		}
		list[i] = Image{URL: url, Alt: image.Alt}
	}
	return list, nil
}

// entry gives the product of a page's entry.
func entry(e *catalogapi.ProductEntry) (*Product, error) {
	if !sources.ValidPosition(e.Cursor) || len(e.Cursor) > maxCursor {
		return nil, upstream.Violation("product %q has the cursor %.250q", e.Product.Sku, e.Cursor)
	}
	return product(&e.Product)
}

// checkPage checks what the contract says of a page of at most first products as a whole.
func checkPage(page *catalogapi.ProductPage, first int32) *fault.Error {
	switch {
	case len(page.Entries) > int(first):
		return upstream.Violation("the page has %d products; %d were asked for", len(page.Entries), first)
	case page.Total < 0:
		return upstream.Violation("the list has %d products", page.Total)
	}
	return nil
}

// slug is what the contract says of a category's slug.
var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func category(c *catalogapi.Category) (*Category, error) {
	if !sources.ValidLocal(c.Id) {
		return nil, upstream.Violation("category %q: not an id", c.Id)
	}
	if c.Name == "" || !slug.MatchString(c.Slug) {
		return nil, upstream.Violation("category %q has the name %q and the slug %q", c.Id, c.Name, c.Slug)
	}
	parent := ""
	if c.ParentId != nil {
		if parent = *c.ParentId; !sources.ValidLocal(parent) {
			return nil, upstream.Violation("category %q below %q: not an id", c.Id, parent)
		}
	}
	return &Category{
		ID:          sources.ID{Type: "Category", Local: c.Id},
		Name:        c.Name,
		Slug:        c.Slug,
		Description: c.Description,
		ParentID:    parent,
	}, nil
}

var statuses = map[catalogapi.ProductStatus]ProductStatus{
	catalogapi.StatusActive:       ProductActive,
	catalogapi.StatusAnnounced:    ProductAnnounced,
	catalogapi.StatusDiscontinued: ProductDiscontinued,
}

var sorts = map[ProductOrder]catalogapi.ProductSort{
	OrderNewest:    catalogapi.SortNewest,
	OrderName:      catalogapi.SortName,
	OrderPriceAsc:  catalogapi.SortPriceAsc,
	OrderPriceDesc: catalogapi.SortPriceDesc,
}

// The catalog's bounds, which its contract gives.
const (
	maxSearch = 200
	maxCursor = 200
)

// listParams says a query in the catalog's words. It fails with BAD_USER_INPUT for what the catalog would refuse.
func listParams(q ProductQuery) (*catalogapi.ListProductsParams, error) {
	sort := sorts[q.OrderBy]
	limit := q.Page.First
	params := &catalogapi.ListProductsParams{Q: q.Search, MinPrice: q.MinPrice, MaxPrice: q.MaxPrice, Sort: &sort, Limit: &limit}
	if q.Search != nil && len([]rune(*q.Search)) > maxSearch {
		return nil, fault.Newf(fault.BadUserInput, "`search` may have %d characters at most.", maxSearch)
	}
	for name, price := range map[string]*int32{"minPrice": q.MinPrice, "maxPrice": q.MaxPrice} {
		if price != nil && *price < 0 {
			return nil, fault.Newf(fault.BadUserInput, "`%s` must not be negative.", name)
		}
	}
	if q.CategoryID != nil {
		id, err := q.CategoryID.Of("Category")
		if err != nil {
			return nil, err
		}
		params.Category = &id
	}
	if q.Page.After != "" {
		params.After = &q.Page.After
	}
	if len(q.Status) > 0 {
		list := make([]catalogapi.ProductStatus, 0, len(statuses))
		for theirs, ours := range statuses {
			if slices.Contains(q.Status, ours) {
				list = append(list, theirs)
			}
		}
		slices.Sort(list)
		params.Status = &list
	}
	return params, nil
}

// refusedList says what the catalog does not accept in a query: the cursor, since everything else was checked before.
func refusedList(q ProductQuery, f *fault.Error) *fault.Error {
	if q.Page.After != "" && f.Code == fault.BadUserInput {
		return sources.WrongCursor().At(f.Source, f.Operation)
	}
	return f
}
