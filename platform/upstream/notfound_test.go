package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// TestNotFound: a service says in its contract's words that it knows no such thing; a server that knows no such path speaks HTML, and nothing must
// be taken for absent then.
func TestNotFound(t *testing.T) {
	t.Parallel()
	for media, want := range map[string]fault.Code{
		"application/json":         fault.NotFound,
		"application/problem+json": fault.NotFound,
		"text/html":                fault.SourceContractViolation,
		"":                         fault.SourceContractViolation,
	} {
		t.Run(media, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{media}
				w.WriteHeader(http.StatusNotFound)
			}))
			t.Cleanup(server.Close)
			h, err := upstream.NewHTTP(upstream.Options{Name: "shop", URL: server.URL}, upstream.Inputs{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			_, err = h.Do(t.Context(), "get", func(url string) (*http.Request, error) { return http.NewRequest(http.MethodGet, url, nil) })
			if got := fault.From(err).Code; got != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
