// Package reviews reads and writes customers' opinions at the reviews service.
package reviews

import (
	"time"

	"github.com/mainstem/mainstem/sources"
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
