package reviews_test

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/reviews"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const key = "create-review-1"

var written = reviews.NewReview{SKU: "SKU-000018", AuthorID: "cus-000007", Rating: 3, Title: text("So so"), Body: "It holds what it must hold."}

// What pages.json answers.
var (
	ofProduct = reviews.ReviewPage{SKU: "SKU-000017", OrderBy: reviews.OrderBest, Page: sources.PageArgs{First: 2}}
	byAuthor  = reviews.ReviewPage{AuthorID: "cus-000007", OrderBy: reviews.OrderNewest, Page: sources.PageArgs{First: 10}}
)

func text(s string) *string { return &s }

// reviewOutOfRange has what the contract excludes of the review at a place of an answer.
func reviewOutOfRange(at string) map[string]any {
	return map[string]any{
		at + "/id": sourcestest.Several{"", "../x"}, at + "/productSku": sourcestest.Several{"", "../x"}, at + "/authorId": sourcestest.Several{"", "../x"},
		at + "/rating": sourcestest.Several{0, 6, -1}, at + "/body": "",
	}
}

func TestSource(t *testing.T) {
	pagesOutOfRange := reviewOutOfRange("/pages/0/entries/0/review")
	pagesOutOfRange["/pages/0/total"] = sourcestest.Several{-1, 1} // less than the page has
	pagesOutOfRange["/pages/0/entries/0/cursor"] = sourcestest.Several{"", "a\nb", "ä", strings.Repeat("c", 201)}
	created := reviewOutOfRange("/review")
	created["/review/productSku"] = sourcestest.Several{"", "../x", "SKU-000017"} // another product's
	created["/review/authorId"] = sourcestest.Several{"", "../x", "cus-000008"}
	sourcestest.GRPC(t, reviews.Inputs, func(g *upstream.GRPC) []sourcestest.Call {
		s := reviews.New(g)
		return []sourcestest.Call{
			{
				Name: "ByIDs", Operation: "BatchGetReviews", Answer: "reviews.json", Message: &reviewsapi.BatchGetReviewsResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.ByIDs(ctx, []string{"rev-0000311", "rev-0000312"})
					return err
				},
				Required: []string{
					"/reviews/0/id", "/reviews/0/productSku", "/reviews/0/authorId", "/reviews/0/rating", "/reviews/0/body", "/reviews/0/postedAt", "/reviews/1/id",
				},
				OutOfRange: reviewOutOfRange("/reviews/0"),
			},
			{
				Name: "Pages", Operation: "BatchListReviews", Answer: "pages.json", Message: &reviewsapi.BatchListReviewsResponse{},
				Do: func(ctx context.Context) error {
					pages, err := s.Pages(ctx, []reviews.ReviewPage{ofProduct, byAuthor})
					for _, page := range pages {
						err = sourcestest.PageFault(page, err)
					}
					return err
				},
				Required: []string{
					"/pages", "/pages/0/total", "/pages/1/total", "/pages/0/entries/0/cursor", "/pages/0/entries/1/review", "/pages/0/entries/0/review/id",
					"/pages/0/entries/0/review/productSku", "/pages/0/entries/0/review/rating", "/pages/1/entries/0/review/authorId",
					"/pages/1/entries/0/review/postedAt",
				},
				OutOfRange: pagesOutOfRange,
			},
			{
				Name: "Ratings", Operation: "BatchGetRatings", Answer: "ratings.json", Message: &reviewsapi.BatchGetRatingsResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.Ratings(ctx, []string{"SKU-000017", "SKU-000018"})
					return err
				},
				Required: []string{
					"/ratings/0/productSku", "/ratings/0/count", "/ratings/0/average", "/ratings/0/stars", "/ratings/0/stars/0/rating", "/ratings/1/stars",
				},
				OutOfRange: map[string]any{
					"/ratings/0/productSku": sourcestest.Several{"", "../x"}, "/ratings/0/count": sourcestest.Several{0, -1},
					"/ratings/0/average": sourcestest.Several{0.5, 5.5}, "/ratings/0/stars": []any{},
					"/ratings/0/stars/0/rating": sourcestest.Several{0, 6}, "/ratings/0/stars/0/count": -1,
				},
			},
			{
				Name: "Create", Operation: "CreateReview", Key: key, Answer: "written.json", Message: &reviewsapi.CreateReviewResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.Create(ctx, key, written)
					return err
				},
				Required:   []string{"/review", "/review/id", "/review/productSku", "/review/authorId", "/review/rating", "/review/body", "/review/postedAt"},
				OutOfRange: created,
			},
		}
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, reviews.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

// recorded reads a recorded answer into m, and gives m.
func recorded[M proto.Message](t *testing.T, file string, m M) M {
	t.Helper()
	answer, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(answer, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// served gives a source whose service answers every call alike, and keeps the last request.
func served(t *testing.T, answer proto.Message, err error) (s *reviews.Source, request *proto.Message) {
	t.Helper()
	listener, listening := net.Listen("tcp", "127.0.0.1:0")
	if listening != nil {
		t.Fatal(listening)
	}
	request = new(proto.Message)
	server := grpc.NewServer(grpc.UnaryInterceptor(
		func(_ context.Context, req any, _ *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
			*request, _ = req.(proto.Message)
			return answer, err
		}))
	reviewsapi.RegisterReviewsServer(server, reviewsapi.UnimplementedReviewsServer{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	g, making := upstream.NewGRPC(upstream.Options{Name: "reviews", URL: "grpc://" + listener.Addr().String()}, reviews.Inputs)
	if making != nil {
		t.Fatal(making)
	}
	t.Cleanup(func() { _ = g.Close() })
	return reviews.New(g), request
}

func refusal(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) error {
	t.Helper()
	st, err := status.New(code, "refused").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func TestByIDs(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "reviews.json", &reviewsapi.BatchGetReviewsResponse{}), nil)
	ids := []string{"rev-0000312", "rev-0000311", "rev-9999999"}
	got, err := s.ByIDs(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(proto.Message(&reviewsapi.BatchGetReviewsRequest{Ids: ids}), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	want := map[string]*reviews.Review{
		"rev-0000311": {
			ID: sources.ID{Type: "Review", Local: "rev-0000311"}, Rating: 4, Title: text("Sturdy"),
			Body: "It took an hour to put together and has not moved since.", VerifiedPurchase: true,
			CreatedAt: time.Date(2026, 1, 25, 19, 12, 44, 0, time.UTC), ProductSKU: "SKU-000017", AuthorID: "cus-000007",
		},
		"rev-0000312": {
			ID: sources.ID{Type: "Review", Local: "rev-0000312"}, Rating: 1, Body: "It arrived with a scratch.",
			CreatedAt: time.Date(2026, 1, 26, 7, 0, 0, 0, time.UTC), ProductSKU: "SKU-000018", AuthorID: "cus-000008",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAnEmptyTitleIsNone(t *testing.T) {
	t.Parallel()
	answer := recorded(t, "reviews.json", &reviewsapi.BatchGetReviewsResponse{})
	answer.GetReviews()[0].Title = text("")
	s, _ := served(t, answer, nil)
	got, err := s.ByIDs(t.Context(), []string{"rev-0000311"})
	if err != nil || got["rev-0000311"].Title != nil {
		t.Errorf("got %+v and %v", got["rev-0000311"], err)
	}
}

func TestBrokenReviewCostsItselfOnly(t *testing.T) {
	t.Parallel()
	for reason, breakIt := range map[string]func(*reviewsapi.Review){
		"six stars":                     func(m *reviewsapi.Review) { m.Rating = 6 },
		"less than no star":             func(m *reviewsapi.Review) { m.Rating = -1 },
		"an author's id that is none":   func(m *reviewsapi.Review) { m.AuthorId = "cus 7" },
		"a moment no calendar knows":    func(m *reviewsapi.Review) { m.PostedAt.Nanos = -1 },
		"an id that is too long for us": func(m *reviewsapi.Review) { m.Id = string(make([]byte, 129)) },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "reviews.json", &reviewsapi.BatchGetReviewsResponse{})
			breakIt(answer.GetReviews()[0])
			s, _ := served(t, answer, nil)
			got, err := s.ByIDs(t.Context(), []string{"rev-0000311", "rev-0000312"})
			items, ok := errors.AsType[fault.Items[string]](err)
			if !ok || len(items) != 1 || items["rev-0000311"] == nil || items["rev-0000311"].Code != fault.SourceContractViolation {
				t.Errorf("failed with %v, want SOURCE_CONTRACT_VIOLATION of rev-0000311 alone", err)
			}
			if got["rev-0000312"] == nil {
				t.Error("the other review is lost")
			}
		})
	}
}

func TestRatings(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "ratings.json", &reviewsapi.BatchGetRatingsResponse{}), nil)
	skus := []string{"SKU-000017", "SKU-000018", "SKU-999999"}
	got, err := s.Ratings(t.Context(), skus)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(proto.Message(&reviewsapi.BatchGetRatingsRequest{ProductSkus: skus}), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	average := 4.25
	want := map[string]*reviews.RatingSummary{
		"SKU-000017": {Count: 17, Average: &average, Distribution: []reviews.RatingCount{{5, 9}, {4, 5}, {3, 1}, {2, 0}, {1, 2}}},
		"SKU-000018": {Count: 0, Distribution: []reviews.RatingCount{{5, 0}, {4, 0}, {3, 0}, {2, 0}, {1, 0}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBrokenRatingCostsItselfOnly(t *testing.T) {
	t.Parallel()
	for reason, breakIt := range map[string]func(*reviewsapi.ProductRating){
		"less than no review":            func(m *reviewsapi.ProductRating) { m.Count = -1 },
		"a mean of nothing":              func(m *reviewsapi.ProductRating) { m.Count = 0 },
		"more than five stars":           func(m *reviewsapi.ProductRating) { m.Average = proto.Float64(5.01) },
		"no number at all":               func(m *reviewsapi.ProductRating) { m.Average = proto.Float64(math.NaN()) },
		"a number of stars left out":     func(m *reviewsapi.ProductRating) { m.Stars = m.GetStars()[:4] },
		"stars from one up to five":      func(m *reviewsapi.ProductRating) { m.Stars[0], m.Stars[4] = m.Stars[4], m.Stars[0] },
		"less than no review of a count": func(m *reviewsapi.ProductRating) { m.Stars[2].Count = -1 },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "ratings.json", &reviewsapi.BatchGetRatingsResponse{})
			breakIt(answer.GetRatings()[0])
			s, _ := served(t, answer, nil)
			got, err := s.Ratings(t.Context(), []string{"SKU-000017", "SKU-000018"})
			items, ok := errors.AsType[fault.Items[string]](err)
			if !ok || len(items) != 1 || items["SKU-000017"] == nil || items["SKU-000017"].Code != fault.SourceContractViolation {
				t.Errorf("failed with %v, want SOURCE_CONTRACT_VIOLATION of SKU-000017 alone", err)
			}
			if got["SKU-000018"] == nil {
				t.Error("the other product's rating is lost")
			}
		})
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "written.json", &reviewsapi.CreateReviewResponse{}), nil)
	got, err := s.Create(t.Context(), key, written)
	if err != nil {
		t.Fatal(err)
	}
	want := &reviewsapi.CreateReviewRequest{
		IdempotencyKey: key, ProductSku: "SKU-000018", AuthorId: "cus-000007", Rating: 3, Title: text("So so"), Body: "It holds what it must hold.",
	}
	if diff := cmp.Diff(proto.Message(want), *request, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.ID.Local != "rev-0004001" || got.ProductSKU != "SKU-000018" || got.Rating != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		status codes.Code
		info   string
		want   fault.Code
	}{
		"a product that nobody knows": {codes.NotFound, reviews.ReasonProductUnknown, fault.NotFound},
		"a second review":             {codes.AlreadyExists, reviews.ReasonAlreadyReviewed, fault.Conflict},
		"a key with another review":   {codes.Aborted, reviews.ReasonKeyReused, fault.Conflict},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, nil, refusal(t, c.status, &errdetails.ErrorInfo{Reason: c.info, Domain: "reviews.mainstem.example"}))
			_, err := s.Create(t.Context(), key, written)
			if f := fault.From(err); f == nil || f.Code != c.want || f.Reason != c.info {
				t.Errorf("failed with %v, want %s for the reason %s", f, c.want, c.info)
			}
		})
	}
}

func TestViolationsHaveTheNamesOfInputs(t *testing.T) {
	t.Parallel()
	s, _ := served(t, nil, refusal(t, codes.InvalidArgument, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "product_sku", Description: "must have 1 to 100 characters, not 0"},
		{Field: "body", Description: "must not be empty"},
	}}))
	_, err := s.Create(t.Context(), key, reviews.NewReview{})
	f := fault.From(err)
	want := []fault.Violation{
		{Field: "productId", Message: "must have 1 to 100 characters, not 0"},
		{Field: "body", Message: "must not be empty"},
	}
	if diff := cmp.Diff(want, f.Violations); diff != "" || f.Code != fault.BadUserInput {
		t.Errorf("failed with %v: -want +got:\n%s", f, diff)
	}
}
