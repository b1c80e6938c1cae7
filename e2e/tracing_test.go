package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/telemetry"
)

// heard is a log of the demo's services that notes by which span they were called.
type heard struct {
	*received
	service string
}

// Enabled takes everything: requests are logged at debug level.
func (heard) Enabled(context.Context, slog.Level) bool { return true }

// Handle notes a request.
func (h heard) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "request" {
		return nil
	}
	said := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	h.note(said["traceparent"], strings.TrimSpace(h.service+" "+said["method"]))
	return nil
}

// WithAttrs gives the log of a service, if it is told which.
func (h heard) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "service" {
			h.service = a.Value.String()
		}
	}
	return h
}

// WithGroup gives the same log.
func (h heard) WithGroup(string) slog.Handler { return h }

// fronted stands in front of the catalog: what its requests go through.
type fronted func(seen *received, catalog http.Handler) http.Handler

// stumbling fails the first request, and notes what baggage comes with it.
func stumbling(seen *received, catalog http.Handler) http.Handler {
	var requests atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			seen.note(r.Header.Get("Traceparent"), fmt.Sprintf("what stands before catalog, with baggage %q", r.Header.Get("Baggage")))
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		catalog.ServeHTTP(w, r)
	})
}

// tracedStack runs a stack whose spans go to a collector, and whose services note by which spans they are called. Its catalog has something in front of it, and
// settings of its own.
func tracedStack(t *testing.T, protocol string, front fronted, catalogSettings string, o options) (*stack, *collected, *received) {
	t.Helper()
	seen := &received{}
	d, err := demo.Start(t.Context(), demo.Options{Products: products, Seed: seed, Break: o.broken, Logger: slog.New(heard{received: seen})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	catalog, err := url.Parse(urls(d)["catalog"])
	if err != nil {
		t.Fatal(err)
	}
	before := httptest.NewServer(front(seen, httputil.NewSingleHostReverseProxy(catalog)))
	t.Cleanup(before.Close)
	collector, sending := collect(t, protocol)
	s := &stack{demo: d, spans: newSpans(), client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}
	t.Cleanup(s.client.CloseIdleConnections)
	log := telemetry.NewLogger(t.Output(), slog.LevelError)
	config := "telemetry: {" + sending + ", baggage: [tenant]}\nsources: {catalog: {url: '" + before.URL + "', retry: {base: 1ms}" + catalogSettings + "}, reviews: {retry: {base: 1ms}}}\n"
	s.run(t, configOf(t, d, config, s.spans), log, o)
	return s, collector, seen
}

// TestTraces: what a collector is sent of an operation is what golden files say, whatever it is sent by: the gateway's spans are below the caller's, and the
// services' own are below those of the attempts.
func TestTraces(t *testing.T) {
	t.Parallel()
	const (
		theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		card   = `{card: {brand: "visa", last4: "4242", expiryMonth: 12, expiryYear: 2030}}`
	)
	header := http.Header{"Traceparent": {theirs}, "Tracestate": {"vendor=theirs"}, "Baggage": {"tenant=acme,role=admin"}}
	for name, test := range map[string]struct {
		question
		options
		answer string // what is in it
	}{
		"page": {
			question{header: header, query: `query Page($first: Int!) {
				products(first: $first) { nodes { name stock { available } again: stock { status } reviews(first: 1) { totalCount } } }
			}`, variables: map[string]any{"first": 3}},
			options{broken: map[string]breaking.Break{"reviews": {Down: true}}}, `"available":`,
		},
		"place-order": {
			question{caller: "customer", header: header, query: `mutation Buy { placeOrder(input: {
				lines: [{productId: "${Product:SKU-000003}", quantity: 1}], payment: ` + card + `, idempotencyKey: "traced-order-1"
			}) { order { status } problems { __typename } } }`},
			options{}, `"order":{"status":"PAID"}`,
		},
	} {
		for _, protocol := range []string{"otlp-grpc", "otlp-http"} {
			t.Run(name+" by "+protocol, func(t *testing.T) {
				t.Parallel()
				s, collector, seen := tracedStack(t, protocol, stumbling, "", test.options)
				o := <-test.begin(t.Context(), t, s)
				if o.err != nil || o.status != http.StatusOK || !strings.Contains(string(o.body), test.answer) {
					t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
				}
				if err := s.stop(); err != nil { // which sends what is left
					t.Fatal(err)
				}
				if collector.resource["service.name"] != "mainstem" {
					t.Errorf("the spans are those of %v", collector.resource)
				}
				golden(t, filepath.Join("testdata", "traces", name+".txt"), collector.forest(seen))
			})
		}
	}
}

// golden compares a text with a file's, or writes it there if -update says so.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update accepts it):\n%s", file, diff)
	}
}
