package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/server"
)

// failing is a gateway whose catalog fails each call, and whose breaker opens after some of them.
func failing(t *testing.T) server.Config {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(service.Close)
	c := alone(t)
	catalog := c.Sources["catalog"]
	catalog.URL = service.URL
	catalog.Retry.Base, catalog.Retry.Longest = config.Duration(time.Millisecond), config.Duration(time.Millisecond)
	catalog.Breaker.MinCalls = 3
	catalog.Breaker.Delay = config.Duration(time.Hour)
	c.Sources["catalog"] = catalog
	return c
}

// get gives the status and the text of a page.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const oneProduct = `{ products(first: 1) { totalCount } }`

// TestAnOpenBreaker: it answers by itself and says when to ask again; /metrics tells of it and of what was done before, and /readyz does too,
// though the gateway goes on serving.
func TestAnOpenBreaker(t *testing.T) {
	t.Parallel()
	c := failing(t)
	c.Telemetry.Prometheus = true
	url := run(t, c)
	if _, got := ask(t, url, oneProduct, nil); got.code() != "SOURCE_FAILED" { // one call and two retries
		t.Fatalf("got %+v", got)
	}
	_, got := ask(t, url, oneProduct, nil)
	if got.code() != "SOURCE_UNAVAILABLE" || got.Errors[0].Extensions.RetryAfter < 60 {
		t.Errorf("with the breaker open: %+v", got)
	}
	ask(t, url, `{ review(id: "UmV2aWV3OnJldi0x") { body } }`, nil) // all sources are measured, and not just the first

	status, text := get(t, url+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("got %d and %s", status, text)
	}
	for _, want := range []string{
		`mainstem_source_actions_total{mainstem_action="retry",mainstem_operation="listProducts",mainstem_source="catalog"} 2`,
		`mainstem_source_breaker_state{mainstem_operation="",mainstem_source="catalog"} 1`,
		`mainstem_source_call_duration_seconds_count{mainstem_code="SOURCE_FAILED",mainstem_operation="listProducts",mainstem_source="catalog"} 1`,
		`mainstem_source_call_duration_seconds_count{mainstem_code="SOURCE_UNAVAILABLE",mainstem_operation="listProducts",mainstem_source="catalog"} 1`,
		`mainstem_source_calls_running{mainstem_source="catalog"} 0`,
		`mainstem_source_calls_waiting{mainstem_source="catalog"} 0`,
		`mainstem_source_calls_limit{mainstem_source="catalog"} 256`,
		`mainstem_source_breaker_state{mainstem_operation="",mainstem_source="reviews"} 0`,
		`mainstem_source_calls_limit{mainstem_source="reviews"} 256`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}

	status, text = get(t, url+"/readyz")
	var ready struct {
		Ready   bool
		Sources map[string]upstream.State
	}
	if err := json.Unmarshal([]byte(text), &ready); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	want := upstream.State{Reachable: true, LastFault: "SOURCE_UNAVAILABLE", Breaker: "open", Limit: 256}
	if status != http.StatusOK || !ready.Ready || ready.Sources["catalog"] != want {
		t.Errorf("got %d and %s", status, text)
	}
}

// TestMetricsAreAskedFor: who has not asked for them in the configuration serves none.
func TestMetricsAreAskedFor(t *testing.T) {
	t.Parallel()
	if status, _ := get(t, run(t, alone(t))+"/metrics"); status != http.StatusNotFound {
		t.Errorf("got %d", status)
	}
}
