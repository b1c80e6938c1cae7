package reviews

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

const (
	maxTitle = 120
	maxBody  = 4000
)

// CreateReview implements the contract.
func (s *service) CreateReview(ctx context.Context, req *reviewsapi.CreateReviewRequest) (*reviewsapi.CreateReviewResponse, error) {
	if err := s.dawdle(ctx); err != nil {
		return nil, err
	}
	if err := checkCreate(req); err != nil {
		return nil, err
	}
	c := ledger.Command{
		Name:   "createReview",
		Key:    req.GetIdempotencyKey(),
		Caller: rpc.Caller(ctx),
		Input: opined{
			ProductSKU: req.GetProductSku(), AuthorID: req.GetAuthorId(), Rating: req.GetRating(), Title: req.GetTitle(), Body: req.GetBody(),
		},
	}
	made, err := ledger.Do(s.ledger, c, func() (written, bool, error) {
		by := opinion{req.GetAuthorId(), req.GetProductSku()}
		if !s.products[by.sku] {
			return written{}, false, me.Refuse(codes.NotFound, "PRODUCT_UNKNOWN", "there is no such product")
		}
		if s.reviewed[by] {
			return written{}, false, me.Refuse(codes.AlreadyExists, "ALREADY_REVIEWED", "the author has reviewed the product before")
		}
		r := s.write(req)
		return written{ReviewID: r.ID, review: r}, true, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &reviewsapi.CreateReviewResponse{Review: message(&made.review)}, nil
}

// What the ledger keeps of the command.
type (
	opined struct {
		ProductSKU string `json:"productSku"`
		AuthorID   string `json:"authorId"`
		Rating     int32  `json:"rating"`
		Title      string `json:"title,omitempty"`
		Body       string `json:"body"`
	}

	written struct {
		ReviewID string `json:"reviewId"`

		review world.Review // for the answer
	}
)

func checkCreate(req *reviewsapi.CreateReviewRequest) error {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.ID("product_sku", req.GetProductSku())
	v.ID("author_id", req.GetAuthorId())
	v.Between("rating", req.GetRating(), 1, mostStars)
	v.Length("title", req.GetTitle(), 0, maxTitle)
	if strings.TrimSpace(req.GetBody()) == "" {
		v.Add("body", "must not be empty")
	} else {
		v.Length("body", req.GetBody(), 1, maxBody)
	}
	return v.Err()
}

// write adds a review, the newest of all.
func (s *service) write(req *reviewsapi.CreateReviewRequest) world.Review {
	number := len(s.given) + len(s.added)
	r := world.Review{
		ID:         s.freeID(number),
		SKU:        req.GetProductSku(),
		CustomerID: req.GetAuthorId(),
		Rating:     req.GetRating(),
		Title:      req.GetTitle(),
		Body:       req.GetBody(),
		Verified:   s.bought[opinion{req.GetAuthorId(), req.GetProductSku()}],
		CreatedAt:  time.Now().UTC(),
	}
	if number > 0 { // the world's own time may be ahead of ours
		if newest := s.review(int32(number - 1)).CreatedAt; newest.After(r.CreatedAt) {
			r.CreatedAt = newest
		}
	}
	s.added = append(s.added, r)
	s.index(int32(number), &r)
	return r
}

// freeID gives an id that no review has: the world's ids may have gaps.
func (s *service) freeID(number int) string {
	for {
		number++
		id := fmt.Sprintf("rev-%07d", number)
		if _, taken := s.numbers[id]; !taken {
			return id
		}
	}
}
