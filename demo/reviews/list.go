package reviews

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

// BatchListReviews implements the contract.
func (s *service) BatchListReviews(ctx context.Context, req *reviewsapi.BatchListReviewsRequest) (*reviewsapi.BatchListReviewsResponse, error) {
	if err := s.dawdle(ctx); err != nil {
		return nil, err
	}
	if err := checkQueries(req.GetQueries()); err != nil {
		return nil, err
	}
	pages := make([]*reviewsapi.ReviewPage, len(req.GetQueries()))
	for i, q := range req.GetQueries() {
		s.ledger.Locked(func() { pages[i] = s.page(q) })
	}
	return &reviewsapi.BatchListReviewsResponse{Pages: pages}, nil
}

func checkQueries(queries []*reviewsapi.ReviewQuery) error {
	var v rpc.Violations
	v.Count("queries", len(queries), 0, maxBatch)
	if err := v.Err(); err != nil {
		return err
	}
	for i, q := range queries {
		switch subject := q.GetSubject().(type) {
		case *reviewsapi.ReviewQuery_ProductSku:
			v.ID(fmt.Sprintf("queries[%d].product_sku", i), subject.ProductSku)
		case *reviewsapi.ReviewQuery_AuthorId:
			v.ID(fmt.Sprintf("queries[%d].author_id", i), subject.AuthorId)
		default:
			v.Add(fmt.Sprintf("queries[%d].subject", i), "is required")
		}
		v.Between(fmt.Sprintf("queries[%d].page_size", i), q.GetPageSize(), 1, maxPage)
		if _, known := letters[q.GetOrder()]; !known {
			v.Add(fmt.Sprintf("queries[%d].order", i), "is not one that the contract has")
		}
	}
	return v.Err()
}

// page reads one page. What it costs depends on the page and not on the list.
func (s *service) page(q *reviewsapi.ReviewQuery) *reviewsapi.ReviewPage {
	list := s.byAuthor[q.GetAuthorId()]
	if _, ok := q.GetSubject().(*reviewsapi.ReviewQuery_ProductSku); ok {
		list = s.byProduct[q.GetProductSku()]
	}
	if list == nil {
		list = &shelf{}
	}
	groups := list.sorted(q.GetOrder())
	after := start
	if q.GetAfter() != "" {
		var ok bool
		if after, ok = parseCursor(q.GetOrder(), len(groups), q.GetAfter()); !ok {
			return &reviewsapi.ReviewPage{Problem: reviewsapi.PageProblem_PAGE_PROBLEM_BAD_CURSOR}
		}
	}
	places, before := page(groups, after, int(q.GetPageSize()))
	entries := make([]*reviewsapi.ReviewEntry, len(places))
	for i, p := range places {
		entries[i] = &reviewsapi.ReviewEntry{Cursor: cursor(q.GetOrder(), p), Review: message(s.review(p.number))}
	}
	return &reviewsapi.ReviewPage{
		Entries:     entries,
		HasMore:     before+len(places) < len(list.all),
		HasPrevious: before > 0,
		Total:       int32(len(list.all)),
	}
}
