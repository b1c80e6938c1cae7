package upstream

import (
	"context"
	"time"
)

// kept is what a context says of answers that are kept.
type kept struct {
	maxAge time.Duration
	note   func(age time.Duration)
}

// WithKept gives a context in which sources are not called. Reads are answered by what their source's cache has, as long as it is no older
// than maxAge, whether it is fresh or not, and note hears how old it is, from the goroutine that reads. What is not kept fails with
// SOURCE_UNAVAILABLE, and so does whatever is no read.
func WithKept(ctx context.Context, maxAge time.Duration, note func(age time.Duration)) context.Context {
	return withTerms(ctx, func(t *terms) { t.kept = &kept{maxAge, note} })
}

// Kept says whether the context is WithKept's.
func Kept(ctx context.Context) bool {
	return termsOf(ctx).kept != nil
}
