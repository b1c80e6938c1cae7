package reviews

import (
	"errors"
	"strings"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

// Why the reviews service refuses, in fault.Error.Reason.
const (
	ReasonProductUnknown  = "PRODUCT_UNKNOWN"        // there is no such product
	ReasonAlreadyReviewed = "ALREADY_REVIEWED"       // the author has reviewed the product before
	ReasonKeyReused       = "IDEMPOTENCY_KEY_REUSED" // the key was used with another review
)

// The service's bounds, which its contract gives.
const (
	mostStars = 5
	maxCursor = 200
)

var orders = map[ReviewOrder]reviewsapi.SortOrder{
	OrderNewest: reviewsapi.SortOrder_SORT_ORDER_NEWEST,
	OrderBest:   reviewsapi.SortOrder_SORT_ORDER_BEST,
	OrderWorst:  reviewsapi.SortOrder_SORT_ORDER_WORST,
}

func review(m *reviewsapi.Review) (*Review, error) {
	for _, id := range []string{m.GetId(), m.GetProductSku(), m.GetAuthorId()} {
		if !sources.ValidLocal(id) {
			return nil, upstream.Violation("review %q of product %q by %q: not an id", m.GetId(), m.GetProductSku(), m.GetAuthorId())
		}
	}
	if m.GetRating() < 1 || m.GetRating() > mostStars {
		return nil, upstream.Violation("review %q gives %d stars", m.GetId(), m.GetRating())
	}
	if m.GetBody() == "" {
		return nil, upstream.Violation("review %q has no body", m.GetId())
	}
	if err := m.GetPostedAt().CheckValid(); err != nil {
		return nil, upstream.Violation("review %q: posted_at: %w", m.GetId(), err)
	}
	title := m.Title
	if m.GetTitle() == "" {
		title = nil // there is no headline, however the service says so
	}
	return &Review{
		ID:               sources.ID{Type: "Review", Local: m.GetId()},
		Rating:           m.GetRating(),
		Title:            title,
		Body:             m.GetBody(),
		VerifiedPurchase: m.GetVerified(),
		CreatedAt:        m.GetPostedAt().AsTime(),
		ProductSKU:       m.GetProductSku(),
		AuthorID:         m.GetAuthorId(),
	}, nil
}

func ratingSummary(m *reviewsapi.ProductRating) (*RatingSummary, error) {
	sku, average := m.GetProductSku(), m.Average
	if !sources.ValidLocal(sku) {
		return nil, upstream.Violation("the rating of %q: not an id", sku)
	}
	if m.GetCount() < 0 || (m.GetCount() > 0) != (average != nil) {
		return nil, upstream.Violation("%q has %d reviews and the average %v", sku, m.GetCount(), m.GetAverage())
	}
	if average != nil && !(*average >= 1 && *average <= mostStars) { // so that NaN, which no JSON can hold, is refused too
		return nil, upstream.Violation("%q has the average %v", sku, *average)
	}
	if len(m.GetStars()) != mostStars {
		return nil, upstream.Violation("%q has %d counts of stars", sku, len(m.GetStars()))
	}
	distribution := make([]RatingCount, mostStars)
	for i, s := range m.GetStars() {
		if s.GetRating() != int32(mostStars-i) || s.GetCount() < 0 {
			return nil, upstream.Violation("%q: count %d is that of %d stars, and %d", sku, i, s.GetRating(), s.GetCount())
		}
		distribution[i] = RatingCount{Rating: s.GetRating(), Count: s.GetCount()}
	}
	return &RatingSummary{Count: m.GetCount(), Average: average, Distribution: distribution}, nil
}

// positions begins the positions of a page's list. The service's own cursors tell orders apart and not subjects: with another list's
// cursor it would give a page that starts anywhere.
func (p ReviewPage) positions() string {
	if p.AuthorID != "" {
		return "author/" + p.AuthorID + "/"
	}
	return "product/" + p.SKU + "/"
}

// reviewQuery says a page in the service's words. It fails with BAD_USER_INPUT for a cursor of another list.
func reviewQuery(p ReviewPage) (*reviewsapi.ReviewQuery, error) {
	order, ok := orders[p.OrderBy]
	if !ok || (p.SKU == "") == (p.AuthorID == "") {
		return nil, fault.Wrap(fault.Internal, errors.New("a page of reviews has an order, and either a product or an author"))
	}
	q := &reviewsapi.ReviewQuery{PageSize: p.Page.First, Order: order}
	if p.AuthorID != "" {
		q.Subject = &reviewsapi.ReviewQuery_AuthorId{AuthorId: p.AuthorID}
	} else {
		q.Subject = &reviewsapi.ReviewQuery_ProductSku{ProductSku: p.SKU}
	}
	if p.Page.After != "" {
		after, ours := strings.CutPrefix(p.Page.After, p.positions())
		if !ours || after == "" {
			return nil, sources.WrongCursor()
		}
		q.After = after
	}
	return q, nil
}

// reviewConnection gives the page that answers p.
func reviewConnection(o upstream.Origin, p ReviewPage, m *reviewsapi.ReviewPage) (*ReviewConnection, error) {
	switch m.GetProblem() {
	case reviewsapi.PageProblem_PAGE_PROBLEM_UNSPECIFIED: // there is none
	case reviewsapi.PageProblem_PAGE_PROBLEM_BAD_CURSOR:
		return nil, sources.WrongCursor()
	default:
		return nil, upstream.Violation("a page has the problem %s", m.GetProblem())
	}
	if got := len(m.GetEntries()); got > int(m.GetTotal()) || got > int(p.Page.First) {
		return nil, upstream.Violation("a page has %d of the list's %d reviews; %d were asked for", got, m.GetTotal(), p.Page.First)
	}
	edges := make([]ReviewEdge, len(m.GetEntries()))
	for i, e := range m.GetEntries() {
		item, f := upstream.Convert(o, nil, e, func(e *reviewsapi.ReviewEntry) (*Review, error) { return entry(p, e) })
		edges[i] = sources.NewEdge(ReviewList, p.positions()+e.GetCursor(), item, f)
	}
	return sources.NewPage(edges, m.GetHasPrevious(), m.GetHasMore(), m.GetTotal()), nil
}

// entry gives the review of a page's entry. Pages come without the names of what they are of: only their reviews tell a mix-up.
func entry(p ReviewPage, e *reviewsapi.ReviewEntry) (*Review, error) {
	m := e.GetReview()
	if !sources.ValidPosition(e.GetCursor()) || len(e.GetCursor()) > maxCursor {
		return nil, upstream.Violation("review %q has the cursor %.250q", m.GetId(), e.GetCursor())
	}
	if (p.SKU != "" && m.GetProductSku() != p.SKU) || (p.AuthorID != "" && m.GetAuthorId() != p.AuthorID) {
		return nil, upstream.Violation("review %q of %q by %q is in a list of %q by %q",
			m.GetId(), m.GetProductSku(), m.GetAuthorId(), p.SKU, p.AuthorID)
	}
	return review(m)
}

func createRequest(key string, n NewReview) *reviewsapi.CreateReviewRequest {
	return &reviewsapi.CreateReviewRequest{
		IdempotencyKey: key,
		ProductSku:     n.SKU,
		AuthorId:       n.AuthorID,
		Rating:         n.Rating,
		Title:          n.Title,
		Body:           n.Body,
	}
}

// inputFields gives what inputs call the fields that have another name at the service.
var inputFields = map[string]string{
	"idempotency_key": "idempotencyKey",
	"product_sku":     "productId",
	"author_id":       "authorId",
}
