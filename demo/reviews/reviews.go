// Package reviews is the demo's reviews service, by gRPC: opinions, lists of them, and ratings. It is slow by manner.
package reviews

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

const (
	maxBatch = 200
	maxPage  = 100

	me rpc.Service = "reviews"
)

// service implements the contract. What changes is guarded by the ledger's lock; a review never changes once it is there.
type service struct {
	reviewsapi.UnimplementedReviewsServer
	ledger *ledger.Ledger
	delay  time.Duration

	products map[string]bool  // by SKU; read only
	bought   map[opinion]bool // and delivered; read only
	given    []world.Review   // the world's; read only

	added     []world.Review    // what was written since
	numbers   map[string]int32  // a review's number by its id
	byProduct map[string]*shelf // by SKU
	byAuthor  map[string]*shelf // by the customer's id
	reviewed  map[opinion]bool
}

// opinion is a customer on a product.
type opinion struct{ customer, sku string }

// Option changes how the service behaves.
type Option func(*service)

// WithDelay sets how long every call waits before it is answered; 30 ms otherwise.
func WithDelay(d time.Duration) Option {
	return func(s *service) { s.delay = d }
}

// Register adds the reviews service to a server. It starts from the world's reviews. What it changes is guarded by the ledger's
// lock.
func Register(s grpc.ServiceRegistrar, w *world.World, l *ledger.Ledger, opts ...Option) {
	service := newService(w, l)
	for _, o := range opts {
		o(service)
	}
	reviewsapi.RegisterReviewsServer(s, service)
}

func newService(w *world.World, l *ledger.Ledger) *service {
	s := &service{
		ledger:    l,
		delay:     30 * time.Millisecond,
		products:  make(map[string]bool, len(w.Products)),
		bought:    map[opinion]bool{},
		given:     w.Reviews,
		numbers:   make(map[string]int32, len(w.Reviews)),
		byProduct: make(map[string]*shelf, len(w.Products)),
		byAuthor:  make(map[string]*shelf, len(w.Customers)),
		reviewed:  make(map[opinion]bool, len(w.Reviews)),
	}
	for i := range w.Products {
		s.products[w.Products[i].SKU] = true
	}
	for i := range w.Orders {
		if o := &w.Orders[i]; o.Status == "delivered" {
			for _, line := range o.Lines {
				s.bought[opinion{o.CustomerID, line.SKU}] = true
			}
		}
	}
	for i := range w.Reviews {
		s.index(int32(i), &w.Reviews[i])
	}
	return s
}

// index puts a review, whose number is the highest so far, where it is found again.
func (s *service) index(number int32, r *world.Review) {
	s.numbers[r.ID] = number
	s.reviewed[opinion{r.CustomerID, r.SKU}] = true
	shelfOf(s.byProduct, r.SKU).add(number, r.Rating)
	shelfOf(s.byAuthor, r.CustomerID).add(number, r.Rating)
}

func shelfOf(shelves map[string]*shelf, key string) *shelf {
	if shelves[key] == nil {
		shelves[key] = &shelf{}
	}
	return shelves[key]
}

// review gives the review with this number.
func (s *service) review(number int32) *world.Review {
	if n := int(number) - len(s.given); n >= 0 {
		return &s.added[n]
	}
	return &s.given[number]
}

// dawdle waits as long as every call of this service takes, or until the caller gives up.
func (s *service) dawdle(ctx context.Context) error {
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// BatchGetReviews implements the contract.
func (s *service) BatchGetReviews(ctx context.Context, req *reviewsapi.BatchGetReviewsRequest) (*reviewsapi.BatchGetReviewsResponse, error) {
	if err := s.begin(ctx, "ids", req.GetIds()); err != nil {
		return nil, err
	}
	found := make([]*reviewsapi.Review, 0, len(req.GetIds()))
	s.ledger.Locked(func() {
		for _, id := range distinct(req.GetIds()) {
			if number, ok := s.numbers[id]; ok {
				found = append(found, message(s.review(number)))
			}
		}
	})
	return &reviewsapi.BatchGetReviewsResponse{Reviews: found}, nil
}

// BatchGetRatings implements the contract.
func (s *service) BatchGetRatings(ctx context.Context, req *reviewsapi.BatchGetRatingsRequest) (*reviewsapi.BatchGetRatingsResponse, error) {
	if err := s.begin(ctx, "product_skus", req.GetProductSkus()); err != nil {
		return nil, err
	}
	ratings := make([]*reviewsapi.ProductRating, 0, len(req.GetProductSkus()))
	s.ledger.Locked(func() {
		for _, sku := range distinct(req.GetProductSkus()) {
			shelf, ok := s.byProduct[sku]
			if !ok && !s.products[sku] {
				continue
			}
			ratings = append(ratings, rating(sku, shelf))
		}
	})
	return &reviewsapi.BatchGetRatingsResponse{Ratings: ratings}, nil
}

// begin waits as every call does, and checks the ids of a batch.
func (s *service) begin(ctx context.Context, field string, ids []string) error {
	if err := s.dawdle(ctx); err != nil {
		return err
	}
	var v rpc.Violations
	v.IDs(field, ids, 0, maxBatch)
	return v.Err()
}

// rating counts a shelf; nil is an empty one.
func rating(sku string, of *shelf) *reviewsapi.ProductRating {
	if of == nil {
		of = &shelf{}
	}
	r := &reviewsapi.ProductRating{ProductSku: sku, Count: int32(len(of.all)), Average: of.average()}
	for stars := int32(mostStars); stars >= 1; stars-- {
		r.Stars = append(r.Stars, &reviewsapi.StarCount{Rating: stars, Count: int32(len(of.byStars[stars]))})
	}
	return r
}

// distinct gives each string once, in order.
func distinct(all []string) []string {
	once := make([]string, 0, len(all))
	seen := make(map[string]bool, len(all))
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}

// message is a review in the contract's form.
func message(r *world.Review) *reviewsapi.Review {
	m := &reviewsapi.Review{
		Id:         r.ID,
		ProductSku: r.SKU,
		AuthorId:   r.CustomerID,
		Rating:     r.Rating,
		Body:       r.Body,
		Verified:   r.Verified,
		PostedAt:   timestamppb.New(r.CreatedAt),
	}
	if r.Title != "" {
		m.Title = proto.String(r.Title)
	}
	return m
}
