package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The sources that hang while others are asked, with a query that asks just this source, and whose answer no two ids share.
var hanging = map[string]string{
	"orders":  `query ($n: ID!) { order(id: $n) { number } }`,
	"reviews": `query ($n: ID!) { review(id: $n) { title } }`,
}

// hangingQuestion gives the nth question of a source that hangs.
func hangingQuestion(source string, n int) question {
	id := map[string]string{"orders": "${Order:ord-%06d}", "reviews": "${Review:rev-%07d}"}[source]
	return question{caller: "support", query: hanging[source], variables: map[string]any{"n": fmt.Sprintf(id, n)}}
}

// elsewhere is a page of the other sources: catalog, inventory and customers.
const elsewhere = `{ products(first: 10) { nodes { name category { name } stock { available } } } customer(id: "${Customer:cus-00002}") { displayName } }`

// TestANoisyNeighbour: a source that hangs is called no more often at once than it may be, lets no more wait than may, and takes nothing from the
// others, however many ask it.
func TestANoisyNeighbour(t *testing.T) {
	t.Parallel()
	const permits, queue, clients = 8, 12, 60
	for source := range hanging {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			d := start(t, options{}).demo
			begun := make(chan struct{}, clients)
			f := newFront(t, d.URL(source), frontOptions{spoil: func(w http.ResponseWriter, r *http.Request, serve http.Handler) {
				begun <- struct{}{}
				hang(w, r, serve)
			}})
			s := gatewayBefore(t, d, fmt.Sprintf("sources: {%s: {%s, concurrency: {max: %d, queue: %d}}}", source, f.source(f.address), permits, queue))
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			asked := make(chan outcome, clients)
			for n := range clients {
				answer := hangingQuestion(source, n).begin(ctx, t, s)
				go func() { asked <- <-answer }()
			}
			for range permits {
				await(t, begun, "a call of "+source)
			}
			for range clients - permits - queue {
				if o := <-asked; o.err != nil || !strings.Contains(string(o.body), "OVERLOADED") || !strings.Contains(string(o.body), `"retryAfter"`) {
					t.Errorf("who is one too many got %v and %s", o.err, o.body)
				}
			}
			pages := make([]<-chan outcome, 20)
			for i := range pages {
				own := http.Header{"Cache-Control": {"no-cache"}}
				pages[i] = question{query: elsewhere, header: own}.begin(t.Context(), t, s)
			}
			for answer := range slices.Values(pages) {
				o := <-answer
				o.good(t)
			}
			if len(asked) > 0 {
				t.Errorf("%d of those who wait got an answer", len(asked))
			}
			if calls, most := f.calls.Load(), f.most.Load(); calls != permits || most != permits {
				t.Errorf("%d calls came, %d at once; want %d", calls, most, permits)
			}
			leave()
			for range permits + queue {
				if o := <-asked; o.err == nil {
					t.Errorf("who has gone got %d and %s", o.status, o.body)
				}
			}
		})
	}
}
