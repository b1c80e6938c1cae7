package upstream

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

// canned answers every request by itself, so that what is measured is ours.
type canned string

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(c)),
		Body: io.NopCloser(strings.NewReader(string(c))),
	}, nil
}

func getPosts(url string) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, url+"posts", nil)
}

// BenchmarkDo tells what a call costs beside the wire: "canned"; and with it and a service in this process: "loopback".
func BenchmarkDo(b *testing.B) {
	body := `[` + strings.Repeat(`{"id":1,"userId":2,"title":"`+strings.Repeat("x", 230)+`"},`, 99) + `{}]`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	b.Cleanup(server.Close)
	sampledElsewhere := trace.ContextWithSpanContext(b.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, Remote: true,
	}))
	for name, c := range map[string]struct {
		transport http.RoundTripper
		ctx       context.Context
	}{
		"canned":   {canned(body), WithRequest(sampledElsewhere, Request{})},
		"loopback": {nil, b.Context()},
	} {
		b.Run(name, func(b *testing.B) {
			h, err := NewHTTP(Options{Name: "shop", URL: server.URL}, Inputs{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(h.closeIdle)
			if c.transport != nil {
				h.transport = c.transport
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Do(c.ctx, "ListPosts", getPosts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
