package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/reviews"
)

func (r *customerResolver) Reviews(ctx context.Context, objs []*customers.Customer, first int32, after *string) ([]*sources.Page[*reviews.Review], error) {
	page, err := sources.NewPageArgs(reviews.ReviewList, first, after)
	if err != nil {
		return nil, err
	}
	return r.load.ReviewPages.LoadAll(ctx, keysOf(objs, func(c *customers.Customer) reviews.ReviewPage {
		return reviews.ReviewPage{AuthorID: c.ID.Local, OrderBy: reviews.OrderNewest, Page: page}
	}))
}

func (r *mutationResolver) CreateReview(ctx context.Context, input model.CreateReviewInput) (*model.CreateReviewPayload, error) {
	return r.createReview(ctx, input)
}

func (r *productResolver) Reviews(ctx context.Context, objs []*catalog.Product, first int32, after *string, orderBy reviews.ReviewOrder) ([]*sources.Page[*reviews.Review], error) {
	page, err := sources.NewPageArgs(reviews.ReviewList, first, after)
	if err != nil {
		return nil, err
	}
	return r.load.ReviewPages.LoadAll(ctx, keysOf(objs, func(p *catalog.Product) reviews.ReviewPage {
		return reviews.ReviewPage{SKU: p.SKU, OrderBy: orderBy, Page: page}
	}))
}

func (r *productResolver) Rating(ctx context.Context, objs []*catalog.Product) ([]*reviews.RatingSummary, error) {
	return r.load.Ratings.LoadAll(ctx, keysOf(objs, sku))
}

func (r *queryResolver) Review(ctx context.Context, id sources.ID) (*reviews.Review, error) {
	local, err := id.Of("Review")
	if err != nil {
		return nil, err
	}
	return r.load.Reviews.Load(ctx, local)
}

func (r *reviewResolver) Author(ctx context.Context, objs []*reviews.Review) ([]*customers.Customer, error) {
	return r.load.Customers.LoadAll(ctx, keysOf(objs, func(v *reviews.Review) string { return v.AuthorID }))
}

func (r *reviewConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*reviews.Review]) ([]*reviews.Review, error) {
	return items(ctx, obj), nil
}

func (r *Resolver) Review() graph.ReviewResolver { return &reviewResolver{r} }

func (r *Resolver) ReviewConnection() graph.ReviewConnectionResolver {
	return &reviewConnectionResolver{r}
}

type (
	reviewResolver           struct{ *Resolver }
	reviewConnectionResolver struct{ *Resolver }
)
