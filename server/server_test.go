package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
	"github.com/mainstem/mainstem/storage"
)

// alone is the configuration of a gateway without any service.
func alone(t *testing.T) server.Config {
	t.Helper()
	c := server.DefaultConfig()
	c.Listen = "127.0.0.1:0"
	c.Storage.URL = storage.URL("sqlite:" + t.TempDir() + "/mainstem.db")
	for name, source := range c.Sources {
		source.URL = server.NoService
		c.Sources[name] = source
	}
	return c
}

// run runs a gateway until the test ends, and gives its URL.
func run(t *testing.T, c server.Config) string {
	t.Helper()
	tracing, err := telemetry.New(t.Context(), c.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, slog.New(slog.DiscardHandler), tracing)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Minute) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s.URL()
}

// TestASourceWithoutAService: its fields fail like those of a service that is gone, and nobody waits for it.
func TestASourceWithoutAService(t *testing.T) {
	t.Parallel()
	c := alone(t)
	url := run(t, c)
	for reason, query := range map[string]string{
		"REST": `{ products(first: 1) { totalCount } }`,
		"gRPC": `{ review(id: \"UmV2aWV3OnJldi0x\") { body } }`,
	} {
		t.Run(reason, func(t *testing.T) {
			resp, err := http.Post(url+"/graphql", "application/json", strings.NewReader(`{"query": "`+query+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var answer struct {
				Errors []struct{ Extensions struct{ Code, Source string } }
			}
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != "SOURCE_UNAVAILABLE" {
				t.Errorf("got %+v, want SOURCE_UNAVAILABLE", answer.Errors)
			}
		})
	}
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var ready struct{ Sources map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	if len(ready.Sources) != 0 {
		t.Errorf("/readyz tells of %v", ready.Sources)
	}
}

// TestTheDeadlineCoversTheIssuer: a token whose issuer's keys cannot be had in time costs the request's time, and no more.
func TestTheDeadlineCoversTheIssuer(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gone }))
	t.Cleanup(issuer.Close)
	t.Cleanup(func() { close(gone) })
	c := alone(t)
	c.RequestTimeout = config.Duration(50 * time.Millisecond)
	c.Auth = server.AuthConfig{Issuer: "https://issuer.test", Audience: "test", JWKSURL: issuer.URL}
	request, err := http.NewRequest(http.MethodPost, run(t, c)+"/graphql", strings.NewReader(`{"query": "{ __typename }"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ4In0.AAAA")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("got status %d, want 504", resp.StatusCode)
	}
}

// TestManyLargeDocuments: what anybody sends must not stay in memory. Beside other tests, theirs would count too.
func TestManyLargeDocuments(t *testing.T) {
	c := alone(t)
	url := run(t, c)
	before := heap()
	padding := strings.Repeat("x", 900<<10)
	for i := range 30 {
		resp, err := http.Post(url+"/graphql", "application/json", strings.NewReader(fmt.Sprintf(`{"query": "{ __typename } # %d %s"}`, i, padding)))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("got status %d", resp.StatusCode)
		}
	}
	if grown := heap() - before; grown > 10<<20 {
		t.Errorf("the heap has grown by %d MiB after 27 MiB of documents", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestTooManyTokens: a document that is too long is refused by the limit's name.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	c := alone(t)
	document := "{" + strings.Repeat(" __typename", 11_000) + " }"
	resp, err := http.Post(run(t, c)+"/graphql", "application/json", strings.NewReader(`{"query": "`+document+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Errors []struct{ Extensions struct{ Code, Limit string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != "LIMIT_EXCEEDED" || answer.Errors[0].Extensions.Limit != "tokens" {
		t.Errorf("got %+v, want LIMIT_EXCEEDED by tokens", answer.Errors)
	}
}
