package upstream

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/mainstem/mainstem/platform/upstream/internal/rfc9111"
)

// cache is what is kept of a source's answers, by the keys of requests: whoever has the same key may have the same answer.
type cache struct {
	policy     CachePolicy
	returned   []string // the headers that are for clients
	now        func() time.Time
	entries    *otter.Cache[string, *entry]
	written    atomic.Uint64 // how many commands have ended
	refreshing sync.Map      // the keys of what is asked for in the background
}

// entry is an answer that is kept. It is read only.
type entry struct {
	*reply              // with as much of its header as is needed
	terms               rfc9111.Terms
	requested, received time.Time // when it was last confirmed, if it was
	written             uint64    // how many commands had ended when it was requested
}

func newCache(p CachePolicy, returned []string) *cache {
	c := &cache{policy: p, now: time.Now}
	for _, name := range returned {
		c.returned = append(c.returned, http.CanonicalHeaderKey(name))
	}
	c.entries = otter.Must(&otter.Options[string, *entry]{
		MaximumWeight:    uint64(max(p.MaxBytes, 1)),
		Weigher:          weight,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, *entry]) time.Duration { return c.useful(e.Value) }),
		Clock:            &clock{c, c.now()},
	})
	return c
}

// clock has the cache's time, as time since it was made, so that nobody can set it. It does not tick, which would take a goroutine: what is of
// no use any more is thrown away when something else is kept.
type clock struct {
	*cache
	made time.Time
}

// NowNano gives the time in nanoseconds.
func (c *clock) NowNano() int64 { return int64(c.now().Sub(c.made)) }

// Tick gives nothing that ticks.
func (c *clock) Tick(time.Duration) <-chan time.Time { return nil }

// overhead is about what an entry takes beside its key, its answer and what its header says.
const overhead = 1 << 10

// weight gives how much memory an entry takes, in bytes.
func weight(key string, e *entry) uint32 {
	n := overhead + len(key) + len(e.body) + len(e.message)
	for _, values := range e.header {
		for _, v := range values {
			n += len(v)
		}
	}
	return uint32(min(n, 1<<31))
}

// useful gives for how long an entry is kept from now on.
func (c *cache) useful(e *entry) time.Duration {
	return max(max(e.terms.Lifetime-e.terms.Age, 0)+c.policy.Stale.Std()-c.now().Sub(e.received), 0)
}

func (e *entry) age(now time.Time) time.Duration { return e.terms.AgeAt(e.received, now) }

// get gives what is kept of a key; nil for nothing.
func (c *cache) get(key string) *entry {
	e, _ := c.entries.GetIfPresent(key)
	return e
}

// unkeyed are the fields of requests that their key does not say, since each call has its own.
var unkeyed = []string{"Traceparent", "Tracestate", timeoutHeader, "If-None-Match", "If-Modified-Since"}

// deciding are the fields by which a request says itself what it has and wants. What it is answered is for it alone.
var deciding = []string{"Cache-Control", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Pragma", "Range"}

// keep keeps an answer to r, if it may be kept, in place of what was kept of r's key. asked says when it was requested and received. An
// answer that was requested later stays.
func (c *cache) keep(r *request, asked entry, answer *reply) {
	e := asked
	if !storable(r, answer) {
		c.drop(r.key, e.requested)
		return
	}
	e.terms = rfc9111.TermsOf(answer.header, r.personal, c.policy.MaxAge.Std(), e.requested, e.received)
	lean := *answer
	lean.header = rfc9111.Keep(answer.header, c.returned)
	e.reply = &lean
	if c.useful(&e) <= 0 {
		c.drop(r.key, e.requested)
		return
	}
	c.entries.Compute(r.key, func(old *entry, found bool) (*entry, otter.ComputeOp) {
		if found && old.requested.After(e.requested) {
			return old, otter.CancelOp
		}
		r.replaced = old // nil if there is none
		return &e, otter.WriteOp
	})
}

// storable says whether the answer to r may be kept.
func storable(r *request, answer *reply) bool {
	if r.http == nil {
		return true
	}
	if r.http.Method != http.MethodGet {
		return false
	}
	for _, name := range deciding {
		if _, ok := r.http.Header[name]; ok {
			return false
		}
	}
	return rfc9111.Storable(answer.status, answer.header, r.personal, unkeyed)
}

// drop throws away what is kept of a key, unless it was requested later.
func (c *cache) drop(key string, requested time.Time) {
	c.entries.ComputeIfPresent(key, func(old *entry) (*entry, otter.ComputeOp) {
		if old.requested.After(requested) {
			return old, otter.CancelOp
		}
		return nil, otter.InvalidateOp
	})
}

// spoiled throws away an answer to r that does not fit the contract, so that the next call does not have it too, and keeps what it has replaced.
func (c *cache) spoiled(r *request, answer *reply) {
	c.entries.Compute(r.key, func(old *entry, found bool) (*entry, otter.ComputeOp) {
		switch {
		case found && !old.says(answer):
			return old, otter.CancelOp
		case r.replaced != nil && !r.replaced.says(answer):
			return r.replaced, otter.WriteOp
		default:
			return nil, otter.InvalidateOp
		}
	})
}

// says says whether two replies are the same.
func (a *reply) says(b *reply) bool {
	return a.body == b.body && string(a.message) == string(b.message)
}
