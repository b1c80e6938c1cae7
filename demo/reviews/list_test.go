package reviews_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/reviews"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

const (
	newest = reviewsapi.SortOrder_SORT_ORDER_NEWEST
	best   = reviewsapi.SortOrder_SORT_ORDER_BEST
	worst  = reviewsapi.SortOrder_SORT_ORDER_WORST
)

func of(sku string, size int32, order reviewsapi.SortOrder, after string) *reviewsapi.ReviewQuery {
	return &reviewsapi.ReviewQuery{
		Subject: &reviewsapi.ReviewQuery_ProductSku{ProductSku: sku}, PageSize: size, Order: order, After: after,
	}
}

func by(author string, size int32, order reviewsapi.SortOrder, after string) *reviewsapi.ReviewQuery {
	return &reviewsapi.ReviewQuery{
		Subject: &reviewsapi.ReviewQuery_AuthorId{AuthorId: author}, PageSize: size, Order: order, After: after,
	}
}

func list(t *testing.T, c reviewsapi.ReviewsClient, queries ...*reviewsapi.ReviewQuery) []*reviewsapi.ReviewPage {
	t.Helper()
	answer, err := c.BatchListReviews(t.Context(), &reviewsapi.BatchListReviewsRequest{Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.GetPages()) != len(queries) {
		t.Fatalf("%d pages for %d queries", len(answer.GetPages()), len(queries))
	}
	return answer.GetPages()
}

func ids(p *reviewsapi.ReviewPage) []string {
	var all []string
	for _, e := range p.GetEntries() {
		all = append(all, e.GetReview().GetId())
	}
	return all
}

// wanted sorts as the contract says, the long way.
func wanted(given []world.Review, order reviewsapi.SortOrder) []string {
	sorted := slices.Clone(given)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, func(a, b world.Review) int {
		switch order {
		case best:
			return cmp.Compare(b.Rating, a.Rating)
		case worst:
			return cmp.Compare(a.Rating, b.Rating)
		case newest, reviewsapi.SortOrder_SORT_ORDER_UNSPECIFIED:
		}
		return 0
	})
	var all []string
	for _, r := range sorted {
		all = append(all, r.ID)
	}
	return all
}

// Every list, in every order and by pages of every size, comes out as sorting it would.
func TestListToTheEnd(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{Products: 60})
	c, _ := serve(t, w)
	ofProduct, byAuthor := map[string][]world.Review{}, map[string][]world.Review{}
	for _, r := range w.Reviews {
		ofProduct[r.SKU] = append(ofProduct[r.SKU], r)
		byAuthor[r.CustomerID] = append(byAuthor[r.CustomerID], r)
	}
	walk := func(query func(string, int32, reviewsapi.SortOrder, string) *reviewsapi.ReviewQuery, key string, given []world.Review) {
		for _, order := range []reviewsapi.SortOrder{0, newest, best, worst} {
			want := wanted(given, order)
			for _, size := range []int32{1, 2, 3, 100} {
				var got []string
				after := ""
				for more := true; more; {
					page := list(t, c, query(key, size, order, after))[0]
					if page.GetHasPrevious() != (len(got) > 0) || int(page.GetTotal()) != len(want) || len(page.GetEntries()) > int(size) {
						t.Fatalf("after %d of %d, %d a page: %v", len(got), len(want), size, page)
					}
					got = append(got, ids(page)...)
					if more = page.GetHasMore(); more {
						after = page.GetEntries()[len(page.GetEntries())-1].GetCursor()
					}
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, %v, %d a page: %s", key, order, size, diff)
				}
			}
		}
	}
	for _, p := range w.Products[:20] {
		walk(of, p.SKU, ofProduct[p.SKU])
	}
	for _, customer := range w.Customers[:8] {
		walk(by, customer.ID, byAuthor[customer.ID])
	}
}

func TestListTogether(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	lamps := list(t, c, of("lamp", 1, best, ""))[0]
	pages := list(t, c,
		of("lamp", 10, worst, ""),
		by("ada", 1, newest, ""),
		of("unheard-of", 1, newest, ""),
		of("lamp", 10, best, "nonsense"),
		of("lamp", 10, newest, lamps.GetEntries()[0].GetCursor()), // a cursor of another order
		of("lamp", 1, best, lamps.GetEntries()[0].GetCursor()),
	)
	var got []string
	for _, p := range pages {
		got = append(got, fmt.Sprint(ids(p), " of ", p.GetTotal(), " more:", p.GetHasMore(), " previous:", p.GetHasPrevious(), " ", p.GetProblem()))
	}
	want := []string{
		"[rev-0000003 rev-0000005 rev-0000001] of 3 more:false previous:false PAGE_PROBLEM_UNSPECIFIED",
		"[rev-0000002] of 2 more:true previous:false PAGE_PROBLEM_UNSPECIFIED",
		"[] of 0 more:false previous:false PAGE_PROBLEM_UNSPECIFIED",
		"[] of 0 more:false previous:false PAGE_PROBLEM_BAD_CURSOR",
		"[] of 0 more:false previous:false PAGE_PROBLEM_BAD_CURSOR",
		"[rev-0000001] of 3 more:true previous:true PAGE_PROBLEM_UNSPECIFIED",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A page that was begun goes on where it was, whatever is written meanwhile.
func TestListWhileOthersWrite(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	for _, order := range []reviewsapi.SortOrder{newest, best} {
		first := list(t, c, of("lamp", 1, order, ""))[0]
		cursor := first.GetEntries()[0].GetCursor()
		before := ids(list(t, c, of("lamp", 10, order, cursor))[0])
		if _, err := c.CreateReview(t.Context(), creation("create-"+order.String(), "lamp", order.String(), 5)); err != nil {
			t.Fatal(err)
		}
		after := list(t, c, of("lamp", 10, order, cursor))[0]
		if diff := gocmp.Diff(before, ids(after)); diff != "" || !after.GetHasPrevious() {
			t.Errorf("%v: %s", order, diff)
		}
		if top := list(t, c, of("lamp", 1, order, ""))[0]; top.GetEntries()[0].GetReview().GetAuthorId() != order.String() {
			t.Errorf("%v: the new review is not the first: %v", order, top)
		}
	}
}

func TestListInvalid(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	for reason, test := range map[string]struct {
		queries []*reviewsapi.ReviewQuery
		want    []string
	}{
		"too many queries": {slices.Repeat([]*reviewsapi.ReviewQuery{of("lamp", 1, newest, "")}, 201), []string{"queries"}},
		"a query of nothing": {
			[]*reviewsapi.ReviewQuery{of("lamp", 1, newest, ""), {}}, []string{"queries[1].subject", "queries[1].page_size"},
		},
		"an empty subject":      {[]*reviewsapi.ReviewQuery{of("", 1, newest, "")}, []string{"queries[0].product_sku"}},
		"an author who is none": {[]*reviewsapi.ReviewQuery{by("a/da", 1, newest, "")}, []string{"queries[0].author_id"}},
		"too large a page":      {[]*reviewsapi.ReviewQuery{by("ada", 101, newest, "")}, []string{"queries[0].page_size"}},
		"an unheard-of order":   {[]*reviewsapi.ReviewQuery{by("ada", 100, 9, "")}, []string{"queries[0].order"}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := c.BatchListReviews(t.Context(), &reviewsapi.BatchListReviewsRequest{Queries: test.queries})
			if diff := gocmp.Diff(test.want, violated(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a broken or hostile client sends as a cursor is refused or read, and never worse.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "n0.1", "b4.2", "b5.0", "w0.", "n0.-1", "b0.99999999999", "n255.1", "b.1", "\x00", "w4.2147483647"} {
		f.Add(s, int32(2))
	}
	var r registrar
	reviews.Register(&r, small(), ledger.New(), reviews.WithDelay(0))
	f.Fuzz(func(t *testing.T, after string, order int32) {
		answer, err := r.server.BatchListReviews(t.Context(), &reviewsapi.BatchListReviewsRequest{
			Queries: []*reviewsapi.ReviewQuery{of("lamp", 2, reviewsapi.SortOrder(order), after), by("zoe", 2, reviewsapi.SortOrder(order), after)},
		})
		if err == nil && len(answer.GetPages()) != 2 {
			t.Errorf("got %v", answer)
		}
	})
}
