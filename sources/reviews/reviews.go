// Package reviews reads and writes customers' opinions at the reviews service.
package reviews

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

// Review is a customer's opinion of a product.
type Review struct {
	ID               sources.ID
	Rating           int32 // 1 to 5
	Title            *string
	Body             string
	VerifiedPurchase bool
	CreatedAt        time.Time
	ProductSKU       string
	AuthorID         string // the customer's local id
}

// IsNode marks Review as a Node.
func (*Review) IsNode() {}

// ReviewOrder is the order of a list of reviews.
type ReviewOrder string

// The orders of a list of reviews.
const (
	OrderNewest ReviewOrder = "NEWEST"
	OrderBest   ReviewOrder = "BEST"
	OrderWorst  ReviewOrder = "WORST"
)

// ReviewConnection is a page of reviews.
type ReviewConnection = sources.Page[*Review]

// ReviewEdge is a review and its place in the list.
type ReviewEdge = sources.Edge[*Review]

// RatingSummary is what customers say of a product, in numbers.
type RatingSummary struct {
	Count        int32
	Average      *float64
	Distribution []RatingCount
}

// RatingCount is how many reviews gave one number of stars.
type RatingCount struct {
	Rating int32
	Count  int32
}

// ReviewPage is which part of which list of reviews to read: of those of one product, or of those by one author.
type ReviewPage struct {
	SKU      string // the product's SKU; empty for a list by author
	AuthorID string // the customer's local id; empty for a list of a product
	OrderBy  ReviewOrder
	Page     sources.PageArgs
}

// NewReview is a review to write.
type NewReview struct {
	SKU      string
	AuthorID string // the customer's local id
	Rating   int32  // 1 to 5
	Title    *string
	Body     string
}

// MaxBatch is how many reviews, pages or ratings one call can ask for.
const MaxBatch = 200

// ReviewList is the name of the lists of reviews, in cursors.
const ReviewList = "reviews"

// Inputs is what the reviews service is given of a request: who is behind a command, for its records.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// Source reads and writes reviews. It is safe for concurrent use.
type Source struct {
	grpc   *upstream.GRPC
	client reviewsapi.ReviewsClient
}

// New makes the source of the reviews service that g calls.
func New(g *upstream.GRPC) *Source {
	return &Source{grpc: g, client: reviewsapi.NewReviewsClient(g)}
}

// ByIDs gives reviews by their local ids, MaxBatch at most.
func (s *Source) ByIDs(ctx context.Context, ids []string) (map[string]*Review, error) {
	answer, err := s.client.BatchGetReviews(upstream.WithKeys(ctx, len(ids)), &reviewsapi.BatchGetReviewsRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(s.grpc.Origin("BatchGetReviews"), ids, answer.GetReviews(), nil,
		func(m **reviewsapi.Review) string { return (*m).GetId() },
		func(m **reviewsapi.Review) (*Review, error) { return review(*m) })
}

// Ratings gives what customers say of products by the products' SKUs, MaxBatch at most, from five stars down to one. A product that the
// service does not know is absent.
func (s *Source) Ratings(ctx context.Context, skus []string) (map[string]*RatingSummary, error) {
	answer, err := s.client.BatchGetRatings(upstream.WithKeys(ctx, len(skus)), &reviewsapi.BatchGetRatingsRequest{ProductSkus: skus})
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(s.grpc.Origin("BatchGetRatings"), skus, answer.GetRatings(), nil,
		func(m **reviewsapi.ProductRating) string { return (*m).GetProductSku() },
		func(m **reviewsapi.ProductRating) (*RatingSummary, error) { return ratingSummary(*m) })
}

// Pages gives pages of lists, MaxBatch at most, by one call. The list of an unknown product or author is empty. A cursor of another list
// is BAD_USER_INPUT of its own page alone, and a review that does not fit the contract is the fault of its edge.
func (s *Source) Pages(ctx context.Context, pages []ReviewPage) (map[ReviewPage]*ReviewConnection, error) {
	failed := fault.Items[ReviewPage]{}
	asked := make([]ReviewPage, 0, len(pages))
	queries := make([]*reviewsapi.ReviewQuery, 0, len(pages))
	for _, p := range pages {
		query, err := reviewQuery(p)
		if err != nil {
			failed[p] = fault.From(err)
			continue
		}
		asked, queries = append(asked, p), append(queries, query)
	}
	found := make(map[ReviewPage]*ReviewConnection, len(asked))
	if len(asked) == 0 {
		return found, failed.OrNil()
	}
	answer, err := s.client.BatchListReviews(upstream.WithKeys(ctx, len(queries)), &reviewsapi.BatchListReviewsRequest{Queries: queries})
	if err != nil {
		return nil, allOf(asked, err, failed)
	}
	origin := s.grpc.Origin("BatchListReviews")
	if got := len(answer.GetPages()); got != len(asked) { // nobody can tell whose they are
		return nil, allOf(asked, upstream.Violation("%d pages in answer to %d queries", got, len(asked)).At(origin.Source, origin.Operation), failed)
	}
	for i, p := range asked {
		page, err := reviewConnection(origin, p, answer.GetPages()[i])
		if err != nil {
			failed[p] = fault.From(err).At(origin.Source, origin.Operation)
			continue
		}
		found[p] = page
	}
	return found, failed.OrNil()
}

// allOf gives the failure of the call for all pages that it asked for. Those that it did not ask for keep their own: what is wrong with one
// does not depend on which others are read with it.
func allOf(asked []ReviewPage, err error, failed fault.Items[ReviewPage]) error {
	if len(failed) == 0 {
		return err
	}
	for _, p := range asked {
		failed[p] = fault.From(err)
	}
	return failed
}

// Create writes a review, and gives it as it was written. The same key with the same review gives the first outcome again.
//
// It fails with NOT_FOUND and ReasonProductUnknown; with CONFLICT and ReasonAlreadyReviewed or ReasonKeyReused; and with BAD_USER_INPUT,
// whose Violations have the names of the input's fields.
func (s *Source) Create(ctx context.Context, key string, n NewReview) (*Review, error) {
	answer, err := s.client.CreateReview(ctx, createRequest(key, n))
	if err != nil {
		return nil, fault.RenameViolations(err, inputFields)
	}
	written, f := upstream.Convert(s.grpc.Origin("CreateReview"), nil, answer.GetReview(), func(m *reviewsapi.Review) (*Review, error) {
		if m.GetProductSku() != n.SKU || m.GetAuthorId() != n.AuthorID {
			return nil, upstream.Violation("the answer is the review %q of %q by %q, which was not meant", m.GetId(), m.GetProductSku(), m.GetAuthorId())
		}
		return review(m)
	})
	if f != nil {
		return nil, f
	}
	return written, nil
}
