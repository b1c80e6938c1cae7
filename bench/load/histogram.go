package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations, exact to 1/64 of each. The zero value is empty. It is safe for concurrent use.
type Histogram struct {
	counts [(64 - perDoubling + 1) << perDoubling]atomic.Int64 // of microseconds: see bucketOf
}

// perDoubling is how many bits of a number beside the first one decide its bucket.
const perDoubling = 6

// bucketOf gives small numbers a bucket each, and larger ones 64 for each doubling.
func bucketOf(n uint64) int {
	shift := max(bits.Len64(n)-perDoubling-1, 0)
	return shift<<perDoubling + int(n>>shift) //nolint:gosec // less than 128
}

// middleOf gives the number in the middle of a bucket.
func middleOf(bucket int) uint64 {
	if bucket < 2<<perDoubling {
		return uint64(bucket) //nolint:gosec // not negative
	}
	shift := bucket>>perDoubling - 1
	low := uint64(bucket-shift<<perDoubling) << shift //nolint:gosec // 64 to 127
	return low + 1<<shift/2
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0).Microseconds()))].Add(1) //nolint:gosec // not negative
}

// Count gives how many durations there are.
func (h *Histogram) Count() int64 {
	var n int64
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// Quantile gives the duration that a share of all, from 0 to 1, does not exceed; zero if there are none.
func (h *Histogram) Quantile(share float64) time.Duration {
	all := h.Count()
	rank := int64(share * float64(all))
	var seen int64
	for i := range h.counts {
		seen += h.counts[i].Load()
		if seen > rank || seen == all && seen > 0 {
			return time.Duration(middleOf(i)) * time.Microsecond //nolint:gosec // it came from a duration
		}
	}
	return 0
}
