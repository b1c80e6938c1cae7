package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/demo/breaking"
)

// asItIs leaves the catalog alone.
func asItIs(_ *received, catalog http.Handler) http.Handler { return catalog }

// held holds the first request that asks for something until it is opened, and tells of each that has come.
func held(came chan<- struct{}, opened <-chan struct{}) fronted {
	return func(_ *received, catalog http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			came <- struct{}{}
			<-opened
			catalog.ServeHTTP(w, r)
		})
	}
}

// staleSoon has answers be fresh for no time, and good for use for an hour while they are asked for again.
func staleSoon(asked *atomic.Int32, again chan<- struct{}) fronted {
	return func(_ *received, catalog http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-None-Match") // so that it is answered in whole
			catalog.ServeHTTP(staleAnswer{w}, r)
			if asked.Add(1) == 2 {
				close(again)
			}
		})
	}
}

type staleAnswer struct{ http.ResponseWriter }

func (a staleAnswer) WriteHeader(status int) {
	a.Header().Set("Cache-Control", "max-age=0, stale-while-revalidate=3600")
	a.ResponseWriter.WriteHeader(status)
}

// linked stops a stack, and compares all that its collector was sent with a golden file.
func linked(t *testing.T, s *stack, c *collected, seen *received, name string) {
	t.Helper()
	if err := s.stop(); err != nil { // which sends what is left
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "traces", name+".txt"), c.forest(seen))
}

// TestTracesOfASubscription: what it began, each event and the stream that they come by are traces of their own, linked to it.
func TestTracesOfASubscription(t *testing.T) {
	t.Parallel()
	s, collector, seen := tracedStack(t, "otlp-grpc", asItIs, "", options{})
	for e := range s.follow(t, http.Header{}, `subscription Watch { stockChanged(skus: ["SKU-000003"]) { sku product { name } } }`) {
		if len(e.Errors) > 0 {
			t.Error(e.Errors)
		}
		break
	}
	linked(t, s, collector, seen, "subscription")
}

// TestTracesOfAStreamThatFails: what a subscriber is told of as an error is the span of the stream.
func TestTracesOfAStreamThatFails(t *testing.T) {
	t.Parallel()
	s, collector, seen := tracedStack(t, "otlp-grpc", asItIs, "", options{broken: map[string]breaking.Break{"inventory": {Down: true}}})
	for e := range s.follow(t, http.Header{}, `subscription Watch { stockChanged(skus: ["SKU-000003"]) { sku } }`) {
		if codesOf(e.Errors) != "SOURCE_UNAVAILABLE" {
			t.Errorf("got %+v", e)
		}
	}
	linked(t, s, collector, seen, "subscription-fails")
}

// TestTracesOfAWebSocket: each operation over it is a trace of its own, linked to the request that has opened it.
func TestTracesOfAWebSocket(t *testing.T) {
	t.Parallel()
	s, collector, seen := tracedStack(t, "otlp-grpc", asItIs, "", options{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := connectClient(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for id, query := range []string{`query One { categories { name } }`, `query Two { product(id: "${Product:SKU-000003}") { name } }`, `subscription Three { stockChanged(skus: ["SKU-000003"]) { sku } }`} {
		text, err := expand(query)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Write(ctx, websocket.MessageText, subscribing(string(rune('a'+id)), asBody(text, ""))); err != nil {
			t.Fatal(err)
		}
		for {
			_, message, err := conn.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(message), `"errors"`) {
				t.Errorf("got %s", message)
			}
			if strings.Contains(string(message), `"complete"`) || strings.Contains(string(message), `"stockChanged"`) {
				break
			}
		}
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	linked(t, s, collector, seen, "websocket")
}

// TestRefusalsOverAWebSocketNameTheirTraces: the traceId that a client is told of an operation that is refused is that of the operation's own trace, as it is of one that is executed.
func TestRefusalsOverAWebSocketNameTheirTraces(t *testing.T) {
	t.Parallel()
	down := options{broken: map[string]breaking.Break{"catalog": {Down: true}}}
	for reason, begin := range map[string]func(*testing.T) (*stack, *collected){
		"all are sampled": func(t *testing.T) (*stack, *collected) {
			t.Helper()
			s, collector, _ := tracedStack(t, "otlp-grpc", asItIs, "", down)
			return s, collector
		},
		"none are sampled": func(t *testing.T) (*stack, *collected) {
			t.Helper()
			none := down
			none.config = "telemetry: {sampleRatio: 0, tail: {enabled: false}}\n"
			return start(t, none), nil
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, collector := begin(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			conn, err := connectClient(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			told := map[string]string{} // documents, by the traces that their errors name
			queries := []string{`query Unreadable {`, `query Invalid { nothing }`, `query Executed { categories { name } }`}
			for i, query := range queries {
				if err := conn.Write(ctx, websocket.MessageText, subscribing(string(rune('a'+i)), asBody(query, ""))); err != nil {
					t.Fatal(err)
				}
				for len(told) <= i {
					_, message, err := conn.Read(ctx)
					if err != nil {
						t.Fatal(err)
					}
					if id := traceOfError.FindSubmatch(message); id != nil {
						hash := sha256.Sum256([]byte(query))
						if told[string(id[1])] != "" {
							t.Fatalf("two operations are told the trace %s", id[1])
						}
						told[string(id[1])] = hex.EncodeToString(hash[:])
					}
				}
			}
			if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Fatal(err)
			}
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			if collector == nil {
				return
			}
			sent := map[string]string{}
			for _, span := range collector.spans {
				for _, a := range span.Attributes {
					if a.Key == "graphql.document.hash" {
						sent[hex.EncodeToString(span.TraceId)] = a.Value.GetStringValue()
					}
				}
			}
			if !maps.Equal(sent, told) {
				t.Errorf("clients were told %v, and the collector %v", told, sent)
			}
		})
	}
}

var traceOfError = regexp.MustCompile(`"traceId":"([0-9a-f]{32})"`)

// refreshing is the stack of a call for nobody in particular.
var refreshing = regexp.MustCompile(`upstream\.\(\*background\)\.run\.`)

// TestTracesOfARefresh: who is given a kept answer has a call without an attempt. The refreshing is a trace of its own, linked to that call.
func TestTracesOfARefresh(t *testing.T) { // not in parallel: see goroutines
	var asked atomic.Int32
	again := make(chan struct{})
	s, collector, seen := tracedStack(t, "otlp-grpc", staleSoon(&asked, again), ", cache: {enabled: true}", options{})
	for _, q := range []string{`query First { categories { name } }`, `query Second { categories { name } }`} {
		(<-question{query: q}.begin(t.Context(), t, s)).good(t)
	}
	await(t, again, "the catalog to be asked again")
	goroutines(t, refreshing, 0)
	linked(t, s, collector, seen, "refresh")
}

// TestTracesOfASharedOperation: who is answered along with an equal query has no steps, and a link to the operation that has.
func TestTracesOfASharedOperation(t *testing.T) { // not in parallel: see joined
	came, opened := make(chan struct{}, 10), make(chan struct{})
	s, collector, seen := tracedStack(t, "otlp-grpc", held(came, opened), ", timeout: 5s", options{}) // so that a call under way has time for another's
	open := sync.OnceFunc(func() { close(opened) })
	t.Cleanup(open) // before the gateway waits for its requests
	q := question{query: `query Both { categories { name } }`}
	one := q.begin(t.Context(), t, s)
	await(t, came, "a call of the catalog")
	other := q.begin(t.Context(), t, s)
	joined(t, 1)
	open()
	(<-one).good(t)
	(<-other).good(t)
	linked(t, s, collector, seen, "shared-operation")
}

// flying is the stack of a goroutine that waits for a call of another's.
var flying = regexp.MustCompile(`\[select[^]]*\]:\n\S*upstream.\(\*flight\).wait\(`)

// TestTracesOfASharedCall: of two different queries that ask a service for the same at the same time, one has the attempt, and the other a link to its call.
func TestTracesOfASharedCall(t *testing.T) { // not in parallel: see goroutines
	came, opened := make(chan struct{}, 10), make(chan struct{})
	s, collector, seen := tracedStack(t, "otlp-grpc", held(came, opened), ", timeout: 5s", options{}) // so that a call under way has time for another's
	open := sync.OnceFunc(func() { close(opened) })
	t.Cleanup(open) // before the gateway waits for its requests
	one := question{query: `query One { categories { name } }`}.begin(t.Context(), t, s)
	await(t, came, "a call of the catalog")
	other := question{query: `query Other { categories { id } }`}.begin(t.Context(), t, s)
	goroutines(t, flying, 1)
	open()
	(<-one).good(t)
	(<-other).good(t)
	linked(t, s, collector, seen, "shared-call")
}
