// Package catalog reads products and categories from the catalog service.
package catalog

import (
	"time"

	"github.com/mainstem/mainstem/sources"
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
