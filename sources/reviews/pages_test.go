package reviews_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

// after gives a page that starts after a cursor, as a client sends it.
func after(t *testing.T, p reviews.ReviewPage, cursor string) reviews.ReviewPage {
	t.Helper()
	args, err := sources.NewPageArgs(reviews.ReviewList, p.Page.First, &cursor)
	if err != nil {
		t.Fatal(err)
	}
	p.Page = args
	return p
}

func TestPages(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{}), nil)
	product := after(t, ofProduct, sources.Cursor(reviews.ReviewList, "product/SKU-000017/b0.316"))
	got, err := s.Pages(t.Context(), []reviews.ReviewPage{product, byAuthor})
	if err != nil {
		t.Fatal(err)
	}
	asked := &reviewsapi.BatchListReviewsRequest{Queries: []*reviewsapi.ReviewQuery{
		{
			Subject:  &reviewsapi.ReviewQuery_ProductSku{ProductSku: "SKU-000017"},
			PageSize: 2, After: "b0.316", Order: reviewsapi.SortOrder_SORT_ORDER_BEST,
		},
		{
			Subject:  &reviewsapi.ReviewQuery_AuthorId{AuthorId: "cus-000007"},
			PageSize: 10, Order: reviewsapi.SortOrder_SORT_ORDER_NEWEST,
		},
	}}
	if diff := cmp.Diff(proto.Message(asked), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	sturdy := &reviews.Review{
		ID: sources.ID{Type: "Review", Local: "rev-0000311"}, Rating: 5, Title: text("Sturdy"),
		Body: "It took an hour to put together and has not moved since.", VerifiedPurchase: true,
		CreatedAt: time.Date(2026, 1, 25, 19, 12, 44, 0, time.UTC), ProductSKU: "SKU-000017", AuthorID: "cus-000007",
	}
	described := &reviews.Review{
		ID: sources.ID{Type: "Review", Local: "rev-0000205"}, Rating: 4, Body: "As described.",
		CreatedAt: time.Date(2025, 12, 2, 11, 20, 0, 0, time.UTC), ProductSKU: "SKU-000017", AuthorID: "cus-000011",
	}
	first := sources.Cursor(reviews.ReviewList, "product/SKU-000017/b0.310")
	second := sources.Cursor(reviews.ReviewList, "product/SKU-000017/b1.204")
	only := sources.Cursor(reviews.ReviewList, "author/cus-000007/n0.310")
	want := map[reviews.ReviewPage]*reviews.ReviewConnection{
		product: {
			Edges:      []reviews.ReviewEdge{{Cursor: first, Item: sturdy}, {Cursor: second, Item: described}},
			PageInfo:   sources.PageInfo{HasNextPage: true, HasPreviousPage: true, StartCursor: &first, EndCursor: &second},
			TotalCount: 17,
		},
		byAuthor: {
			Edges:      []reviews.ReviewEdge{{Cursor: only, Item: sturdy}},
			PageInfo:   sources.PageInfo{StartCursor: &only, EndCursor: &only},
			TotalCount: 1,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[reviews.ReviewOrder]reviewsapi.SortOrder{
		reviews.OrderNewest: reviewsapi.SortOrder_SORT_ORDER_NEWEST,
		reviews.OrderBest:   reviewsapi.SortOrder_SORT_ORDER_BEST,
		reviews.OrderWorst:  reviewsapi.SortOrder_SORT_ORDER_WORST,
	} {
		t.Run(string(ours), func(t *testing.T) {
			t.Parallel()
			s, request := served(t, &reviewsapi.BatchListReviewsResponse{Pages: []*reviewsapi.ReviewPage{{}}}, nil)
			page := ofProduct
			page.OrderBy = ours
			got, err := s.Pages(t.Context(), []reviews.ReviewPage{page})
			if err != nil {
				t.Fatal(err)
			}
			if sent, _ := (*request).(*reviewsapi.BatchListReviewsRequest); sent.GetQueries()[0].GetOrder() != theirs {
				t.Errorf("asked for %s, want %s", sent.GetQueries()[0].GetOrder(), theirs)
			}
			if diff := cmp.Diff(&reviews.ReviewConnection{Edges: []reviews.ReviewEdge{}}, got[page]); diff != "" {
				t.Errorf("an empty list is: -want +got:\n%s", diff)
			}
		})
	}
}

func TestCursorOfAnotherListCostsItsPageOnly(t *testing.T) {
	t.Parallel()
	for reason, position := range map[string]string{
		"another product":             "product/SKU-000018/b0.316",
		"a product whose SKU is less": "product/SKU-00001/b0.316",
		"an author":                   "author/SKU-000017/b0.316",
		"no position in the list":     "product/SKU-000017/",
		"a position of the service's": "b0.316",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{})
			answer.Pages = answer.GetPages()[1:]
			s, request := served(t, answer, nil)
			wrong := after(t, ofProduct, sources.Cursor(reviews.ReviewList, position))
			got, err := s.Pages(t.Context(), []reviews.ReviewPage{wrong, byAuthor})
			items, ok := errors.AsType[fault.Items[reviews.ReviewPage]](err)
			if !ok || len(items) != 1 || items[wrong] == nil || items[wrong].Code != fault.BadUserInput {
				t.Errorf("failed with %v, want BAD_USER_INPUT of the page alone", err)
			}
			if sent, _ := (*request).(*reviewsapi.BatchListReviewsRequest); len(sent.GetQueries()) != 1 || got[byAuthor] == nil {
				t.Errorf("asked for %v and got %v, want the other page", sent, got)
			}
		})
	}
}

func TestWrongCursorIsWrongWhateverBecomesOfTheOtherPages(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		answer *reviewsapi.BatchListReviewsResponse
		err    error
		want   fault.Code // of the other page
	}{
		"the service is down":       {nil, refusal(t, codes.Unavailable), fault.SourceUnavailable},
		"its answer is another one": {&reviewsapi.BatchListReviewsResponse{}, nil, fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, c.answer, c.err)
			wrong := after(t, ofProduct, sources.Cursor(reviews.ReviewList, "product/SKU-000018/b0.316"))
			_, err := s.Pages(t.Context(), []reviews.ReviewPage{wrong, byAuthor})
			items, ok := errors.AsType[fault.Items[reviews.ReviewPage]](err)
			if !ok || items[wrong] == nil || items[wrong].Code != fault.BadUserInput || items[byAuthor] == nil || items[byAuthor].Code != c.want {
				t.Errorf("failed with %v, want BAD_USER_INPUT of one page and %s of the other", err, c.want)
			}
		})
	}
}

func TestNothingIsAskedForWhenNoPageCanBe(t *testing.T) {
	t.Parallel()
	s, request := served(t, &reviewsapi.BatchListReviewsResponse{}, nil)
	wrong := after(t, ofProduct, sources.Cursor(reviews.ReviewList, "product/SKU-000018/b0.316"))
	both := reviews.ReviewPage{SKU: "SKU-000017", AuthorID: "cus-000007", OrderBy: reviews.OrderNewest, Page: sources.PageArgs{First: 1}}
	neither := reviews.ReviewPage{OrderBy: reviews.OrderNewest, Page: sources.PageArgs{First: 1}}
	got, err := s.Pages(t.Context(), []reviews.ReviewPage{wrong, both, neither})
	items, ok := errors.AsType[fault.Items[reviews.ReviewPage]](err)
	if !ok || len(got) != 0 || *request != nil {
		t.Fatalf("asked for %v, got %v, failed with %v", *request, got, err)
	}
	for page, code := range map[reviews.ReviewPage]fault.Code{wrong: fault.BadUserInput, both: fault.Internal, neither: fault.Internal} {
		if items[page] == nil || items[page].Code != code {
			t.Errorf("%+v failed with %v, want %s", page, items[page], code)
		}
	}
}

func TestBrokenPageCostsItselfOnly(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		breakIt func(*reviewsapi.ReviewPage)
		want    fault.Code
	}{
		"a cursor that the service refuses": {func(m *reviewsapi.ReviewPage) {
			proto.Reset(m)
			m.Problem = reviewsapi.PageProblem_PAGE_PROBLEM_BAD_CURSOR
		}, fault.BadUserInput},
		"a problem that the contract will have": {func(m *reviewsapi.ReviewPage) { m.Problem = 2 }, fault.SourceContractViolation},
		"less than no review":                   {func(m *reviewsapi.ReviewPage) { m.Entries, m.Total = nil, -1 }, fault.SourceContractViolation},
		"more reviews than the list has":        {func(m *reviewsapi.ReviewPage) { m.Total = 1 }, fault.SourceContractViolation},
		"more reviews than were asked for": {func(m *reviewsapi.ReviewPage) { m.Entries = append(m.Entries, m.GetEntries()[0]) },
			fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{})
			c.breakIt(answer.GetPages()[0])
			s, _ := served(t, answer, nil)
			got, err := s.Pages(t.Context(), []reviews.ReviewPage{ofProduct, byAuthor})
			items, ok := errors.AsType[fault.Items[reviews.ReviewPage]](err)
			if !ok || len(items) != 1 || items[ofProduct] == nil || items[ofProduct].Code != c.want {
				t.Errorf("failed with %v, want %s of the page alone", err, c.want)
			}
			if f := items.Any(); f != nil && (f.Source != "reviews" || f.Operation != "BatchListReviews") {
				t.Errorf("the fault says that it is of %s.%s", f.Source, f.Operation)
			}
			if got[ofProduct] != nil || got[byAuthor] == nil {
				t.Errorf("got %v, want the other page alone", got)
			}
		})
	}
}

func TestBrokenReviewIsTheFaultOfItsEdge(t *testing.T) {
	t.Parallel()
	for reason, breakIt := range map[string]func(*reviewsapi.ReviewEntry){
		"six stars":                        func(m *reviewsapi.ReviewEntry) { m.Review.Rating = 6 },
		"a review of another product":      func(m *reviewsapi.ReviewEntry) { m.Review.ProductSku = "SKU-000018" },
		"a cursor that is no text":         func(m *reviewsapi.ReviewEntry) { m.Cursor = "b0\x00310" },
		"a cursor that is longer than any": func(m *reviewsapi.ReviewEntry) { m.Cursor = strings.Repeat("b", 201) },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{})
			breakIt(answer.GetPages()[0].GetEntries()[0])
			s, _ := served(t, answer, nil)
			got, err := s.Pages(t.Context(), []reviews.ReviewPage{ofProduct, byAuthor})
			if err != nil {
				t.Fatal(err)
			}
			edges := got[ofProduct].Edges
			if f := edges[0].Fault; f == nil || f.Code != fault.SourceContractViolation || f.Operation != "BatchListReviews" {
				t.Errorf("the edge's fault is %v, want SOURCE_CONTRACT_VIOLATION", f)
			}
			if edges[0].Item != nil || edges[1].Fault != nil || edges[1].Item == nil {
				t.Errorf("got %+v, want the other edge whole", edges)
			}
		})
	}
}

func TestPagesThatNobodyCanTellApart(t *testing.T) {
	t.Parallel()
	for reason, count := range map[string]func([]*reviewsapi.ReviewPage) []*reviewsapi.ReviewPage{
		"one too few":  func(pages []*reviewsapi.ReviewPage) []*reviewsapi.ReviewPage { return pages[:1] },
		"none":         func([]*reviewsapi.ReviewPage) []*reviewsapi.ReviewPage { return nil },
		"one too many": func(pages []*reviewsapi.ReviewPage) []*reviewsapi.ReviewPage { return append(pages, pages[0]) },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{})
			answer.Pages = count(answer.GetPages())
			s, _ := served(t, answer, nil)
			got, err := s.Pages(t.Context(), []reviews.ReviewPage{ofProduct, byAuthor})
			if f := fault.From(err); got != nil || f == nil || f.Code != fault.SourceContractViolation {
				t.Errorf("got %v and %v, want SOURCE_CONTRACT_VIOLATION of all pages", got, err)
			}
		})
	}
}

// The longest cursor that can be is still one that we take back.
func TestLongestCursorComesBack(t *testing.T) {
	t.Parallel()
	sku, position := strings.Repeat("S", 128), strings.Repeat("p", 200)
	entry := recorded(t, "pages.json", &reviewsapi.BatchListReviewsResponse{}).GetPages()[0].GetEntries()[0]
	entry.Cursor, entry.Review.ProductSku = position, sku
	s, request := served(t, &reviewsapi.BatchListReviewsResponse{Pages: []*reviewsapi.ReviewPage{
		{Entries: []*reviewsapi.ReviewEntry{entry}, Total: 1},
	}}, nil)
	page := reviews.ReviewPage{SKU: sku, OrderBy: reviews.OrderNewest, Page: sources.PageArgs{First: 1}}
	got, err := s.Pages(t.Context(), []reviews.ReviewPage{page})
	if err != nil || got[page].Edges[0].Fault != nil {
		t.Fatalf("got %+v and %v", got[page], err)
	}
	if _, err = s.Pages(t.Context(), []reviews.ReviewPage{after(t, page, *got[page].PageInfo.EndCursor)}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := (*request).(*reviewsapi.BatchListReviewsRequest); sent.GetQueries()[0].GetAfter() != position {
		t.Errorf("sent %q back", sent.GetQueries()[0].GetAfter())
	}
}
