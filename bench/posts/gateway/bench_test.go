package gateway_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// BenchmarkGreet is what a request costs by itself, without the connection.
func BenchmarkGreet(b *testing.B) {
	for _, executor := range []string{gateway.Compiled, gateway.GQLGen} {
		b.Run(executor, func(b *testing.B) {
			g, err := gateway.New(gateway.Options{Upstream: "http://127.0.0.1:1", Executor: executor, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = g.Close() }()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ greet }"}`))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
