package catalog

import (
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
	images := make([]Image, len(p.Images))
	for i, image := range p.Images {
		url, err := sources.ParseURL(image.Url)
		if err != nil {
			return nil, upstream.Violation("product %q has an image at %q", p.Sku, image.Url)
		}
		images[i] = Image{URL: url, Alt: image.Alt}
	}
	return &Product{
		ID:          sources.ID{Type: "Product", Local: p.Sku},
		SKU:         p.Sku,
		Name:        p.Name,
		Description: p.Description,
		Brand:       p.Brand,
		Price:       sources.Money{Amount: p.Price.MinorUnits, Currency: p.Price.Currency},
		Status:      status,
		Images:      images,
		CreatedAt:   p.CreatedAt,
		UpdatedAt:   p.UpdatedAt,
		CategoryID:  p.CategoryId,
	}, nil
}

func category(c *catalogapi.Category) (*Category, error) {
	if !sources.ValidLocal(c.Id) {
		return nil, upstream.Violation("category %q: not an id", c.Id)
	}
	parent := ""
	if c.ParentId != nil {
		parent = *c.ParentId
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
const maxSearch = 200

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
