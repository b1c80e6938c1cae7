package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/shipping"
)

// loaders are the loaders of one operation, or of one root field of a mutation.
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

type loadersKey struct{}

// WithLoaders gives a context in which resolvers load afresh: what earlier loaders have loaded is not used. Fetches run under ctx.
func (r *Resolver) WithLoaders(ctx context.Context, o loader.Options) context.Context {
	s := &r.Sources
	return context.WithValue(ctx, loadersKey{}, &loaders{
		Products:         loader.New(ctx, o, "catalog", "products", catalog.MaxBatch, s.Catalog.ProductsBySKU),
		Categories:       loader.New(ctx, o, "catalog", "categories", catalog.MaxBatch, s.Catalog.CategoriesByID),
		CategoryProducts: loader.New(ctx, o, "catalog", "products of categories", catalog.MaxBatch, s.Catalog.ProductsOfCategories),
		Stock:            loader.New(ctx, o, "inventory", "stock", inventory.MaxBatch, s.Inventory.StockBySKU),
		Reviews:          loader.New(ctx, o, "reviews", "reviews", reviews.MaxBatch, s.Reviews.ByIDs),
		ReviewPages:      loader.New(ctx, o, "reviews", "pages of reviews", reviews.MaxBatch, s.Reviews.Pages),
		Ratings:          loader.New(ctx, o, "reviews", "ratings", reviews.MaxBatch, s.Reviews.Ratings),
		Customers:        loader.New(ctx, o, "customers", "customers", customers.MaxBatch, s.Customers.ByIDs),
		Orders:           loader.New(ctx, o, "orders", "orders", orders.MaxBatch, s.Orders.ByIDs),
		OrderPages:       loader.New(ctx, o, "orders", "pages of orders", orders.MaxBatch, s.Orders.Lists),
		Payments:         loader.New(ctx, o, "payments", "payments", payments.MaxBatch, s.Payments.ByIDs),
		OrderPayments:    loader.New(ctx, o, "payments", "payments of orders", payments.MaxBatch, s.Payments.ByOrderID),
		Shipments:        loader.New(ctx, o, "shipping", "shipments", shipping.MaxBatch, s.Shipping.ByIDs),
		OrderShipments:   loader.New(ctx, o, "shipping", "shipments of orders", shipping.MaxBatch, s.Shipping.ByOrderID),
	})
}

// load gives the loaders of the running operation.
func (r *Resolver) load(ctx context.Context) *loaders {
	return ctx.Value(loadersKey{}).(*loaders)
}
