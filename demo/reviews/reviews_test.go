package reviews_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/reviews"
	"github.com/mainstem/mainstem/demo/rpc/rpctest"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// small is a world with a lamp that three reviewed, a rug that nobody did, and a review of a product that is gone. Ada has
// received a rug.
func small() *world.World {
	return &world.World{
		Products: []world.Product{{SKU: "lamp"}, {SKU: "rug"}},
		Orders: []world.Order{
			{CustomerID: "ada", Status: "delivered", Lines: []world.OrderLine{{SKU: "rug"}}},
			{CustomerID: "bea", Status: "shipped", Lines: []world.OrderLine{{SKU: "rug"}}},
		},
		Reviews: []world.Review{
			{ID: "rev-0000001", SKU: "lamp", CustomerID: "ada", Rating: 4, Title: "Bright", Body: "It shines.", Verified: true, CreatedAt: day},
			{ID: "rev-0000002", SKU: "gone", CustomerID: "ada", Rating: 1, Body: "Broke.", CreatedAt: day.Add(time.Hour)},
			{ID: "rev-0000003", SKU: "lamp", CustomerID: "bea", Rating: 1, Body: "Too bright.", CreatedAt: day.Add(2 * time.Hour)},
			{ID: "rev-0000005", SKU: "lamp", CustomerID: "cyd", Rating: 4, Body: "Fine.", CreatedAt: day.Add(3 * time.Hour)},
		},
	}
}

func serve(t *testing.T, w *world.World) (reviewsapi.ReviewsClient, *ledger.Ledger) {
	t.Helper()
	l := ledger.New()
	conn := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { reviews.Register(s, w, l, reviews.WithDelay(0)) })
	return reviewsapi.NewReviewsClient(conn), l
}

func refused(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	if info := rpctest.Refused[*errdetails.ErrorInfo](t, err, code); info.GetReason() != reason || info.GetDomain() != "reviews.mainstem.example" {
		t.Errorf("got %v, want the reason %s", info, reason)
	}
}

// violated gives the fields that a call was refused for.
func violated(t *testing.T, err error) []string {
	t.Helper()
	var fields []string
	for _, v := range rpctest.Refused[*errdetails.BadRequest](t, err, codes.InvalidArgument).GetFieldViolations() {
		fields = append(fields, v.GetField())
	}
	return fields
}

func TestBatchGetReviews(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	answer, err := c.BatchGetReviews(t.Context(), &reviewsapi.BatchGetReviewsRequest{
		Ids: []string{"rev-0000003", "rev-0000004", "rev-0000001", "rev-0000003"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []*reviewsapi.Review{
		{
			Id: "rev-0000003", ProductSku: "lamp", AuthorId: "bea", Rating: 1, Body: "Too bright.",
			PostedAt: timestamppb.New(day.Add(2 * time.Hour)),
		},
		{
			Id: "rev-0000001", ProductSku: "lamp", AuthorId: "ada", Rating: 4, Title: proto.String("Bright"), Body: "It shines.",
			Verified: true, PostedAt: timestamppb.New(day),
		},
	}
	if diff := cmp.Diff(want, answer.GetReviews(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	_, err = c.BatchGetReviews(t.Context(), &reviewsapi.BatchGetReviewsRequest{Ids: make([]string, 201)})
	if diff := cmp.Diff([]string{"ids"}, violated(t, err)); diff != "" {
		t.Error(diff)
	}
}

func stars(five, four, three, two, one int32) []*reviewsapi.StarCount {
	return []*reviewsapi.StarCount{
		{Rating: 5, Count: five}, {Rating: 4, Count: four}, {Rating: 3, Count: three}, {Rating: 2, Count: two}, {Rating: 1, Count: one},
	}
}

func TestBatchGetRatings(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	expect := func(want ...*reviewsapi.ProductRating) {
		t.Helper()
		answer, err := c.BatchGetRatings(t.Context(), &reviewsapi.BatchGetRatingsRequest{ProductSkus: []string{"rug", "unheard-of", "gone", "lamp", "rug"}})
		if diff := cmp.Diff(want, answer.GetRatings(), protocmp.Transform()); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
	rug := &reviewsapi.ProductRating{ProductSku: "rug", Stars: stars(0, 0, 0, 0, 0)}
	gone := &reviewsapi.ProductRating{ProductSku: "gone", Count: 1, Average: proto.Float64(1), Stars: stars(0, 0, 0, 0, 1)}
	lamp := &reviewsapi.ProductRating{ProductSku: "lamp", Count: 3, Average: proto.Float64(3), Stars: stars(0, 2, 0, 0, 1)}
	expect(rug, gone, lamp)

	if _, err := c.CreateReview(t.Context(), creation("create-01", "rug", "ada", 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateReview(t.Context(), creation("create-02", "rug", "bea", 4)); err != nil {
		t.Fatal(err)
	}
	expect(&reviewsapi.ProductRating{ProductSku: "rug", Count: 2, Average: proto.Float64(4.5), Stars: stars(1, 1, 0, 0, 0)}, gone, lamp)

	_, err := c.BatchGetRatings(t.Context(), &reviewsapi.BatchGetRatingsRequest{ProductSkus: make([]string, 201)})
	if diff := cmp.Diff([]string{"product_skus"}, violated(t, err)); diff != "" {
		t.Error(diff)
	}
}

func creation(key, sku, author string, rating int32) *reviewsapi.CreateReviewRequest {
	return &reviewsapi.CreateReviewRequest{IdempotencyKey: key, ProductSku: sku, AuthorId: author, Rating: rating, Body: "Soft."}
}

func TestCreateReview(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	first, err := c.CreateReview(t.Context(), creation("create-01", "rug", "ada", 5))
	if err != nil {
		t.Fatal(err)
	}
	r := first.GetReview()
	if r.GetId() != "rev-0000006" || !r.GetVerified() || r.Title != nil || r.GetPostedAt().AsTime().Before(day.Add(3*time.Hour)) {
		t.Errorf("got %v", r)
	}
	again, err := c.CreateReview(t.Context(), creation("create-01", "rug", "ada", 5))
	if diff := cmp.Diff(first, again, protocmp.Transform()); diff != "" || err != nil {
		t.Error(err, diff)
	}
	read, err := c.BatchGetReviews(t.Context(), &reviewsapi.BatchGetReviewsRequest{Ids: []string{r.GetId()}})
	if diff := cmp.Diff([]*reviewsapi.Review{r}, read.GetReviews(), protocmp.Transform()); diff != "" || err != nil {
		t.Error(err, diff)
	}
	onTheWay, err := c.CreateReview(t.Context(), creation("create-02", "rug", "bea", 5))
	if err != nil || onTheWay.GetReview().GetVerified() || onTheWay.GetReview().GetId() != "rev-0000007" {
		t.Errorf("got %v, %v", onTheWay, err)
	}
	for _, test := range []struct {
		req    *reviewsapi.CreateReviewRequest
		code   codes.Code
		reason string
	}{
		{creation("create-01", "rug", "ada", 4), codes.Aborted, "IDEMPOTENCY_KEY_REUSED"},
		{creation("create-03", "rug", "ada", 5), codes.AlreadyExists, "ALREADY_REVIEWED"},
		{creation("create-04", "lamp", "cyd", 5), codes.AlreadyExists, "ALREADY_REVIEWED"},
		{creation("create-05", "gone", "cyd", 5), codes.NotFound, "PRODUCT_UNKNOWN"},
	} {
		_, err := c.CreateReview(t.Context(), test.req)
		refused(t, err, test.code, test.reason)
	}
	if n := len(l.Entries()); n != 2 {
		t.Errorf("the ledger has %d entries", n)
	}
}

func TestCreateReviewInvalid(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	for reason, test := range map[string]struct {
		change func(*reviewsapi.CreateReviewRequest)
		want   []string
	}{
		"nothing at all": {
			func(r *reviewsapi.CreateReviewRequest) { r.Reset() },
			[]string{"idempotency_key", "product_sku", "author_id", "rating", "body"},
		},
		"six stars":           {func(r *reviewsapi.CreateReviewRequest) { r.Rating = 6 }, []string{"rating"}},
		"a blank body":        {func(r *reviewsapi.CreateReviewRequest) { r.Body = " \n" }, []string{"body"}},
		"too long a body":     {func(r *reviewsapi.CreateReviewRequest) { r.Body = strings.Repeat("ü", 4001) }, []string{"body"}},
		"too long a headline": {func(r *reviewsapi.CreateReviewRequest) { r.Title = proto.String(strings.Repeat("ü", 121)) }, []string{"title"}},
		"the longest that fits": {func(r *reviewsapi.CreateReviewRequest) {
			r.Title, r.Body = proto.String(strings.Repeat("ü", 120)), strings.Repeat("ü", 4000)
		}, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			req := creation("create-01", "rug", "ada", 5)
			test.change(req)
			_, err := c.CreateReview(t.Context(), req)
			if test.want == nil && err == nil {
				return
			}
			if diff := cmp.Diff(test.want, violated(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// registrar keeps what is registered, for tests whose clock is not the network's.
type registrar struct{ server reviewsapi.ReviewsServer }

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, server any) {
	r.server = server.(reviewsapi.ReviewsServer)
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		opts    []reviews.Option
		timeout time.Duration
		want    time.Duration
		code    codes.Code
	}{
		"30 ms unless told otherwise":          {nil, time.Second, 30 * time.Millisecond, codes.OK},
		"as long as told":                      {[]reviews.Option{reviews.WithDelay(time.Minute)}, time.Hour, time.Minute, codes.OK},
		"no longer than the caller's patience": {nil, 10 * time.Millisecond, 10 * time.Millisecond, codes.DeadlineExceeded},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var r registrar
				reviews.Register(&r, small(), ledger.New(), test.opts...)
				for name, call := range map[string]func(context.Context) error{
					"BatchGetReviews": func(ctx context.Context) error {
						_, err := r.server.BatchGetReviews(ctx, &reviewsapi.BatchGetReviewsRequest{})
						return err
					},
					"BatchListReviews": func(ctx context.Context) error {
						_, err := r.server.BatchListReviews(ctx, &reviewsapi.BatchListReviewsRequest{})
						return err
					},
					"BatchGetRatings": func(ctx context.Context) error {
						_, err := r.server.BatchGetRatings(ctx, &reviewsapi.BatchGetRatingsRequest{})
						return err
					},
					"CreateReview": func(ctx context.Context) error {
						_, err := r.server.CreateReview(ctx, creation("create-01", "rug", "ada", 5))
						return err
					},
				} {
					ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
					before := time.Now()
					err := call(ctx)
					cancel()
					if took := time.Since(before); took != test.want || status.Code(err) != test.code {
						t.Errorf("%s took %v and gave %v", name, took, err)
					}
				}
			})
		})
	}
}
