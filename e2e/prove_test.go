//go:build prove

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
)

// What takes long or measures time: `make prove`.

const productPage = `query ProductPage { products(first: 20) { nodes { id name price { amount currency } category { name } stock { available }
  reviews(first: 2) { nodes { rating body author { displayName } } } } pageInfo { hasNextPage endCursor } } }`

// answered is what became of one request.
type answered struct {
	took  time.Duration
	codes []string
}

func (s *stack) ask(query string) (answered, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return answered{}, err
	}
	start := time.Now()
	resp, err := s.client.Post(s.url+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answered{}, err
	}
	a := answered{took: time.Since(start)}
	var response struct {
		Data   json.RawMessage
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(text, &response); err != nil {
		return a, fmt.Errorf("%w: %.200s", err, text)
	}
	if resp.StatusCode != http.StatusOK || response.Data == nil {
		return a, fmt.Errorf("HTTP status %d: %.200s", resp.StatusCode, text)
	}
	for _, e := range response.Errors {
		a.codes = append(a.codes, e.Extensions.Code)
	}
	return a, nil
}

func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// rss gives the memory that this process holds, in MiB.
func rss() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// TestProveSoak asks for the product page for a minute while services break and heal at random: every answer has data and no error but
// those that breaking explains, and the second half of the minute leaves no more behind than the first.
func TestProveSoak(t *testing.T) {
	s := start(t, options{config: "requestTimeout: 2s\n"})
	left := [2]int{}
	for half := range left {
		took, codes := soak(t, s, 16, 30*time.Second)
		for code := range codes {
			if !slices.Contains([]string{"SOURCE_UNAVAILABLE", "SOURCE_FAILED", "SOURCE_TIMEOUT", "DEADLINE_EXCEEDED"}, code) {
				t.Errorf("%d errors %s, which no break explains", codes[code], code)
			}
		}
		s.client.CloseIdleConnections()
		left[half] = runtime.NumGoroutine() // those of idle connections among them
		t.Logf("%d requests, p50 %s, p99 %s, errors %v; then %d goroutines, RSS %s",
			len(took), quantile(took, 0.5), quantile(took, 0.99), codes, left[half], rss())
	}
	if left[1] > left[0]+left[0]/4 {
		t.Errorf("%d goroutines after one half, %d after the other: they pile up", left[0], left[1])
	}
}

// soak asks for the product page with several clients while services break and heal at random. It gives how long each answer took, and how often
// each code came.
func soak(t *testing.T, s *stack, clients int, duration time.Duration) ([]time.Duration, map[string]int) {
	t.Helper()
	end := time.Now().Add(duration)
	var mu sync.Mutex
	var took []time.Duration
	codes := map[string]int{}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for time.Now().Before(end) {
				a, err := s.ask(productPage)
				mu.Lock()
				if err != nil {
					t.Error(err)
				}
				took = append(took, a.took)
				for _, c := range a.codes {
					codes[c]++
				}
				mu.Unlock()
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	services := []string{"catalog", "customers", "inventory", "reviews"}
	ways := []breaking.Break{{Down: true}, {Refuse: true}, {ErrorRate: 0.5}, {Latency: 3 * time.Second}, {}}
	for time.Now().Before(end) {
		service := services[random.IntN(len(services))]
		for _, b := range []breaking.Break{ways[random.IntN(len(ways))], {}} {
			if err := s.demo.Break(service, b); err != nil {
				t.Error(err)
			}
			<-time.After(200 * time.Millisecond)
		}
		s.spans.take() // so that what piles up is not the test's own
	}
	all.Wait()
	return took, codes
}

// TestProveDeadline measures how long after its deadline an answer leaves, when a service hangs.
func TestProveDeadline(t *testing.T) {
	const deadline, most = 300 * time.Millisecond, 50 * time.Millisecond
	s := start(t, options{
		config: "requestTimeout: 300ms\n",
		broken: map[string]breaking.Break{"reviews": {Latency: time.Minute}},
	})
	var late []time.Duration
	for range 50 {
		a, err := s.ask(productPage)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.codes) != 20 || a.codes[0] != "DEADLINE_EXCEEDED" {
			t.Fatalf("got %v", a.codes)
		}
		late = append(late, a.took-deadline)
	}
	t.Logf("answers leave %s after the deadline at the median, %s at most", quantile(late, 0.5), slices.Max(late))
	if slices.Max(late) > most {
		t.Errorf("an answer left %s after the deadline; %s are allowed", slices.Max(late), most)
	}
}
