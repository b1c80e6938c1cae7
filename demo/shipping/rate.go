package shipping

import (
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
)

// bucket is a token bucket. It is safe for concurrent use.
type bucket struct {
	mu        sync.Mutex
	perSecond float64
	burst     float64
	tokens    float64 // as of filledAt
	filledAt  time.Time
}

func newBucket(perSecond float64, burst int) *bucket {
	return &bucket{perSecond: perSecond, burst: float64(burst), tokens: float64(burst), filledAt: time.Now()}
}

// take takes a token. Without one it fails with RESOURCE_EXHAUSTED and says when there will be one.
func (b *bucket) take() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens = min(b.burst, b.tokens+now.Sub(b.filledAt).Seconds()*b.perSecond)
	b.filledAt = now
	if b.tokens >= 1 {
		b.tokens--
		return nil
	}
	wait := time.Duration((1 - b.tokens) / b.perSecond * float64(time.Second))
	retry := &errdetails.RetryInfo{RetryDelay: durationpb.New(wait.Round(time.Millisecond) + time.Millisecond)} // never too early
	return me.Refuse(codes.ResourceExhausted, "RATE_EXCEEDED", "too many calls", retry)
}
