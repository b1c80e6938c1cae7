package upstream

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkCacheHit tells what it costs to be answered by what is kept and fresh: "policy" is the cache alone; "call" is all that a source does,
// with no other policy; and "default" is that with those that there are by default.
func BenchmarkCacheHit(b *testing.B) {
	const control = "Cache-Control: max-age=3600"
	body := strings.Repeat("x", 4<<10)
	b.Run("policy", func(b *testing.B) {
		h := playing(b, Options{Policy: keeps(nil)}, Inputs{}, nil)
		cached := h.cached(nil)
		r := &request{operation: "Get", kind: read, key: strings.Repeat("k", 200)}
		now := h.cache.now()
		h.cache.keep(r, entry{requested: now, received: now}, &reply{status: http.StatusOK, header: answers("", control).Header, body: body})
		ctx := asRequested(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, f := cached(ctx, r); f != nil || r.how != howFresh {
				b.Fatal(f, r.how)
			}
		}
	})
	byDefault := DefaultPolicy()
	byDefault.Cache.Enabled = true
	for name, policy := range map[string]Policy{"call": keeps(nil), "default": byDefault} {
		b.Run(name, func(b *testing.B) {
			calls := 0
			h := playing(b, Options{Policy: policy}, Inputs{}, func(*http.Request) (*http.Response, error) {
				calls++
				return answers(body, control), nil
			})
			ctx := asRequested(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Do(ctx, "ListPosts", getPosts); err != nil || calls != 1 {
					b.Fatal(err, calls)
				}
			}
		})
	}
}
