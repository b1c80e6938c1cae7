package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/reviews"
)

func (r *customerResolver) Reviews(ctx context.Context, objs []*customers.Customer, first int, after *string) ([]*sources.Page[*reviews.Review], error) {
	panic(fmt.Errorf("not implemented: Reviews - reviews"))
}

func (r *mutationResolver) CreateReview(ctx context.Context, input model.CreateReviewInput) (*model.CreateReviewPayload, error) {
	panic(fmt.Errorf("not implemented: CreateReview - createReview"))
}

func (r *productResolver) Reviews(ctx context.Context, objs []*catalog.Product, first int, after *string, orderBy reviews.ReviewOrder) ([]*sources.Page[*reviews.Review], error) {
	panic(fmt.Errorf("not implemented: Reviews - reviews"))
}

func (r *productResolver) Rating(ctx context.Context, objs []*catalog.Product) ([]*reviews.RatingSummary, error) {
	panic(fmt.Errorf("not implemented: Rating - rating"))
}

func (r *queryResolver) Review(ctx context.Context, id sources.ID) (*reviews.Review, error) {
	panic(fmt.Errorf("not implemented: Review - review"))
}

func (r *reviewResolver) Author(ctx context.Context, objs []*reviews.Review) ([]*customers.Customer, error) {
	panic(fmt.Errorf("not implemented: Author - author"))
}

func (r *reviewConnectionResolver) Nodes(ctx context.Context, obj *sources.Page[*reviews.Review]) ([]*reviews.Review, error) {
	panic(fmt.Errorf("not implemented: Nodes - nodes"))
}

func (r *Resolver) Review() graph.ReviewResolver { return &reviewResolver{r} }

func (r *Resolver) ReviewConnection() graph.ReviewConnectionResolver {
	return &reviewConnectionResolver{r}
}

type (
	reviewResolver           struct{ *Resolver }
	reviewConnectionResolver struct{ *Resolver }
)
