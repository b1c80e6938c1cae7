package resolvers

import (
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/shipping"
)

// loaders are the loaders of all sources. What they have loaded is kept for one operation, or one root field of a mutation.
type loaders struct {
	Products         *loader.Loader[string, *catalog.Product] // by SKU
	Categories       *loader.Loader[string, *catalog.Category]
	CategoryProducts *loader.Loader[catalog.CategoryPage, *catalog.ProductConnection]
	Stock            *loader.Loader[string, *inventory.StockLevel] // by SKU
	Reviews          *loader.Loader[string, *reviews.Review]
	ReviewPages      *loader.Loader[reviews.ReviewPage, *reviews.ReviewConnection]
	Ratings          *loader.Loader[string, *reviews.RatingSummary] // by SKU
	Customers        *loader.Loader[string, *customers.Customer]
	Orders           *loader.Loader[string, *orders.Order]
	OrderPages       *loader.Loader[orders.OrderQuery, *orders.OrderConnection]
	Payments         *loader.Loader[string, *payments.Payment]
	OrderPayments    *loader.Loader[string, *payments.Payment] // by the order's id
	Shipments        *loader.Loader[string, *shipping.Shipment]
	OrderShipments   *loader.Loader[string, *shipping.Shipment] // by the order's id
}

// newLoaders makes the loaders, one line for each.
func newLoaders(s *Sources) *loaders {
	return &loaders{
		Products:         loader.New("catalog", "products", catalog.MaxBatch, s.Catalog.ProductsBySKU),
		Categories:       loader.New("catalog", "categories", catalog.MaxBatch, s.Catalog.CategoriesByID),
		CategoryProducts: loader.New("catalog", "products of categories", catalog.MaxBatch, s.Catalog.ProductsOfCategories),
		Stock:            loader.New("inventory", "stock", inventory.MaxBatch, s.Inventory.StockBySKU),
		Reviews:          loader.New("reviews", "reviews", reviews.MaxBatch, s.Reviews.ByIDs),
		ReviewPages:      loader.New("reviews", "pages of reviews", reviews.MaxBatch, s.Reviews.Pages),
		Ratings:          loader.New("reviews", "ratings", reviews.MaxBatch, s.Reviews.Ratings),
		Customers:        loader.New("customers", "customers", customers.MaxBatch, s.Customers.ByIDs),
		Orders:           loader.New("orders", "orders", orders.MaxBatch, s.Orders.ByIDs),
		OrderPages:       loader.New("orders", "pages of orders", orders.MaxBatch, s.Orders.Lists),
		Payments:         loader.New("payments", "payments", payments.MaxBatch, s.Payments.ByIDs),
		OrderPayments:    loader.New("payments", "payments of orders", payments.MaxBatch, s.Payments.ByOrderID),
		Shipments:        loader.New("shipping", "shipments", shipping.MaxBatch, s.Shipping.ByIDs),
		OrderShipments:   loader.New("shipping", "shipments of orders", shipping.MaxBatch, s.Shipping.ByOrderID),
	}
}
