package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// attempt sends a hostile request. It fails if the answer is not the refusal that is expected.
func (h hostile) attempt(ctx context.Context, s *stack) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(h.body))
	if err != nil {
		return err
	}
	r.Header = h.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	answer, err := s.exchange(r)
	if err != nil {
		return err
	}
	if answer.status != h.status {
		return fmt.Errorf("the status is %d, want %d: %.300s", answer.status, h.status, answer.body)
	}
	if h.code == "" { // refused before anything of GraphQL
		return nil
	}
	return refusedAs(answer.body, string(h.code), h.limit)
}

// refusedAs says in which way an answer is not the refusal that is expected: errors of one code, by one limit, and no data but null.
func refusedAs(body []byte, code, limit string) error {
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Extensions struct{ Code, Limit string } }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%w: %.300s", err, body)
	}
	if answer.Data != nil && !noData.Match(answer.Data) || len(answer.Errors) == 0 || len(body) > maxRefusal {
		return fmt.Errorf("not refused in %d bytes: %.300s", maxRefusal, body)
	}
	for _, e := range answer.Errors {
		if e.Extensions.Code != code || e.Extensions.Limit != limit {
			return fmt.Errorf("refused otherwise than by %s %s: %.300s", code, limit, body)
		}
	}
	return nil
}

var noData = regexp.MustCompile(`^\{"\w+":\s*null\}$`)

// maxRefusal is how large an answer to a hostile request may be: as many errors as are told, each cut.
const maxRefusal = 128 << 10

// TestAttacks: what asks for more than it may is refused by its own limit, or cut off by its own timeout, and no service hears of it. Afterwards the gateway answers as
// before, and holds nothing of it.
func TestAttacks(t *testing.T) { // not in parallel: it counts goroutines
	s, calls := counted(t)
	canary(t, s) // makes connections, which stay
	s.client.CloseIdleConnections()
	before, called := runtime.NumGoroutine(), calls()
	t.Run("refused", func(t *testing.T) {
		for reason, h := range hostileRequests() {
			t.Run(reason, func(t *testing.T) {
				t.Parallel()
				if err := h.attempt(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		for reason, attack := range assaults {
			t.Run(reason, func(t *testing.T) {
				t.Parallel()
				if err := attack(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
	})
	if n := calls() - called; n > 0 {
		t.Errorf("%d calls of services were made for nobody's sake:\n%s", n, tally(s.spans.settled(t)))
	}
	called = calls()
	if err := floodSubscriptions(t.Context(), s); err != nil {
		t.Error(err)
	}
	if n := calls() - called; n > maxOperations {
		t.Errorf("%d calls of services were made for a client that may have %d", n, maxOperations)
	}
	if err := floodReservations(t.Context(), s); err != nil {
		t.Error(err)
	}
	canary(t, s)
	s.client.CloseIdleConnections()
	after := runtime.NumGoroutine()
	for end := time.Now().Add(patience); after > before && time.Now().Before(end); after = runtime.NumGoroutine() {
		runtime.Gosched()
	}
	if after > before {
		t.Errorf("there were %d goroutines before, and are %d after", before, after)
	}
}

// counted gives a gateway, and what gives how many calls have come to the services behind it.
func counted(t *testing.T) (s *stack, calls func() int64) {
	t.Helper()
	d := start(t, options{}).demo
	settings, fronts := "", []*front{}
	for _, service := range d.Services() {
		f := newFront(t, service.URL, frontOptions{})
		settings += service.Name + ": {" + f.source(f.address) + "}, "
		fronts = append(fronts, f)
	}
	// Of what is not valid, time is not to be what refuses it, which the race detector takes much of.
	s = gatewayBefore(t, d, "limits: {validationTime: 10s}\nsources: {"+strings.TrimSuffix(settings, ", ")+"}")
	return s, func() (n int64) {
		for _, f := range fronts {
			n += f.calls.Load()
		}
		return n
	}
}

// canaries makes each canary's document another, so that none is shared.
var canaries atomic.Int64

// canary is what an honest client asks meanwhile.
func canary(t *testing.T, s *stack) {
	t.Helper()
	q := fmt.Sprintf("query Canary%d { products(first: 5) { nodes { name stock { available } } } }", canaries.Add(1))
	got := must[struct{ Products struct{ Nodes []any } }](t, s, "", q, nil)
	if len(got.Products.Nodes) != 5 {
		t.Errorf("the canary got %v", got)
	}
}
