//go:build prove

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/server"
)

// TestProveNoisyNeighbour measures what clients who ask nothing of a source notice of its hanging while 200 requests ask it all the time.
func TestProveNoisyNeighbour(t *testing.T) {
	const most = 1.3
	for source := range hanging {
		for how, yaml := range map[string]string{
			"as configured by default":          "timeout: 2s",                             // so that its breaker opens
			"held as long as requests may take": "timeout: 30s, breaker: {enabled: false}", // so that it has all 200 all the time
		} {
			t.Run(source+"/"+how, func(t *testing.T) {
				d := start(t, options{}).demo
				f := newFront(t, d.URL(source), frontOptions{spoil: hang})
				s := gatewayBefore(t, d, fmt.Sprintf("requestTimeout: %s\nsources: {%s: {%s, %s}}", noiseTime, source, f.source(f.address), yaml))
				steady(t, s, warmUp)
				var healthy, noisy []time.Duration
				for range rounds {
					healthy = append(healthy, steady(t, s, roundTime)...)
					hush := makeNoise(t, s, source)
					noisy = append(noisy, steady(t, s, roundTime)...)
					hush()
				}
				ratio := float64(quantile(noisy, 0.99)) / float64(quantile(healthy, 0.99))
				t.Logf("p50 %s and %s, p99 %s and %s: %.2f of the healthy one; %d calls of %s at once at most", quantile(healthy, 0.5), quantile(noisy, 0.5),
					quantile(healthy, 0.99), quantile(noisy, 0.99), ratio, f.most.Load(), source)
				if ratio > most {
					t.Errorf("the others' p99 is %.2f of what it is without noise; %.1f are allowed", ratio, most)
				}
			})
		}
	}
}

// How the neighbours are measured: at a rate that leaves the processors idle most of the time, and in turns, so that what else the machine
// does falls on both.
const (
	rounds    = 4
	roundTime = 6 * time.Second
	warmUp    = 2 * time.Second
	apart     = 20 * time.Millisecond // between two requests
	noise     = 200                   // requests of the hanging source at once
	noiseTime = 5 * time.Second       // how long one of them takes, or its client waits before the next
)

// steady asks for a page of other sources at a constant rate, whether or not answers have come, and gives how long each took.
func steady(t *testing.T, s *stack, duration time.Duration) []time.Duration {
	t.Helper()
	took := make([]time.Duration, duration/apart)
	ticks := time.NewTicker(apart)
	defer ticks.Stop()
	var all sync.WaitGroup
	for i := range took {
		<-ticks.C
		all.Go(func() {
			a, err := s.ask(fmt.Sprintf("query Page%d %s", i, expanded(t, elsewhere))) // each is another, so that none is shared
			if err != nil || len(a.codes) > 0 {
				t.Errorf("got %v and %v", err, a.codes)
			}
			took[i] = a.took
		})
	}
	all.Wait()
	return took
}

func expanded(t *testing.T, query string) string {
	t.Helper()
	query, err := expand(query)
	if err != nil {
		t.Error(err)
	}
	return query
}

// makeNoise has clients ask a source without pause, until hush; they begin one after the other, as clients do.
func makeNoise(t *testing.T, s *stack, source string) (hush func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	ticks := time.NewTicker(noiseTime / noise)
	defer ticks.Stop()
	for n := range noise {
		<-ticks.C
		all.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				over := time.NewTimer(noiseTime)
				<-hangingQuestion(source, round*noise+n).begin(ctx, t, s)
				select {
				case <-over.C: // with an open breaker, answers come at once: the clients do not hurry the more
				case <-ctx.Done():
				}
				over.Stop()
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// TestProveRequestTimeout measures how long after the deadline that its client has set an answer leaves, when services hang, and whether
// anything is left behind.
func TestProveRequestTimeout(t *testing.T) {
	const most = 50 * time.Millisecond
	reserve := server.DefaultConfig().AnswerReserve.Std() // by which calls, and the answers that wait for nothing else, are earlier
	s := start(t, options{broken: map[string]breaking.Break{"reviews": {Latency: time.Minute}, "inventory": {Latency: time.Minute}}})
	timedPage(t, s, time.Second) // the first makes connections, which stay
	s.client.CloseIdleConnections()
	before := runtime.NumGoroutine()
	for _, deadline := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second} {
		late := make([]time.Duration, 10)
		for i := range late {
			late[i] = timedPage(t, s, deadline) - deadline
		}
		t.Logf("with %s, answers leave %s after the deadline at the median, %s at most", deadline, quantile(late, 0.5), slices.Max(late))
		if slices.Max(late) > most || slices.Min(late) < -reserve {
			t.Errorf("with %s, answers left from %s to %s after the deadline; %s are allowed", deadline, slices.Min(late), slices.Max(late), most)
		}
	}
	s.client.CloseIdleConnections()
	after := runtime.NumGoroutine()
	for end := time.Now().Add(patience); after > before && time.Now().Before(end); after = runtime.NumGoroutine() {
		<-time.After(10 * time.Millisecond)
	}
	t.Logf("%d goroutines before, %d after", before, after)
	if after > before {
		t.Errorf("there were %d goroutines before, and are %d after", before, after)
	}
}

// timedPage asks for a page whose stock and reviews hang, with a deadline, and gives how long the answer took.
func timedPage(t *testing.T, s *stack, deadline time.Duration) time.Duration {
	t.Helper()
	r, err := queryRequest(s.url, productPage, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Request-Timeout", strconv.FormatFloat(deadline.Seconds(), 'f', -1, 64))
	began := time.Now()
	answer := s.send(t, r)
	took := time.Since(began)
	if answer.status != http.StatusOK {
		t.Fatalf("got %d and %s", answer.status, answer.body)
	}
	_, errs := decode[any](t, answer.body)
	for _, e := range errs {
		if e.Extensions.Code != "DEADLINE_EXCEEDED" {
			t.Fatalf("got %+v", e)
		}
	}
	if len(errs) != 40 {
		t.Fatalf("%d fields are open, want stock and reviews of 20 products", len(errs))
	}
	return took
}
