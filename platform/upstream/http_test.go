package upstream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

func TestNewHTTPRefusesURLs(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		url  string
		good bool
	}{
		"http":            {"http://shop.test", true},
		"https, a port":   {"https://shop.test:8443", true},
		"a path":          {"http://shop.test/api/v1", true},
		"another scheme":  {"grpc://shop.test", false},
		"no scheme":       {"shop.test", false},
		"no host":         {"http://", false},
		"a user":          {"http://user:secret@shop.test", false},
		"a query":         {"http://shop.test?a=b", false},
		"a fragment":      {"http://shop.test#a", false},
		"nothing":         {"", false},
		"no URL":          {"http://[::1", false},
		"a path to a dir": {"http://shop.test/api/", true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			h, err := upstream.NewHTTP(upstream.Options{Name: "shop", URL: test.url}, upstream.Inputs{})
			if (err == nil) != test.good {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				_ = h.Close()
			}
		})
	}
}

// TestWhereRequestsGo builds requests as generated code does: it resolves a relative path against the base URL.
func TestWhereRequestsGo(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		base, path string
		want       string // the path that is asked for; empty if the request is refused
	}{
		"no base path":                           {"", "./products?q=a", "/products?q=a"},
		"a base path":                            {"/api/v1", "./products?q=a", "/api/v1/products?q=a"},
		"a base path that ends in a slash":       {"/api/v1/", "./products", "/api/v1/products"},
		"a base path with an escape":             {"/a%2Fb", "./products", "/a%2Fb/products"},
		"the base path itself":                   {"/api", "", "/api/"},
		"an id with an escaped slash":            {"/api", "./products/a%2Fb", "/api/products/a%2Fb"},
		"an id with dots":                        {"/api", "./products/..a.", "/api/products/..a."},
		"another host":                           {"", "http://elsewhere.test/products", ""},
		"another port":                           {"", "//127.0.0.1:1/products", ""},
		"another scheme":                         {"", "https:products", ""},
		"out of the base path":                   {"/api", "/admin", ""},
		"up out of the base path":                {"/api", "./../admin", ""},
		"to a path that begins like the base's":  {"/api", "/apiary", ""},
		"to the base path, escaped otherwise":    {"/a%2Fb", "/a/b/products", ""},
		"up by an id that is escaped":            {"/api", "./products/%2e%2e%2f%2e%2e%2fadmin", ""},
		"up by an id, its slashes alone escaped": {"/api", "./products/..%2F..%2Fadmin", ""},
		"up by an id, its dots alone escaped":    {"/api", "./%2e%2e/admin", ""},
		"along by an id that is a dot":           {"", "./products/%2e/cancel", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var got string
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.URL.RequestURI() })
			h := newHTTP(t, upstream.Options{URL: server.URL + test.base}, upstream.Inputs{})
			_, err := h.Do(t.Context(), "Get", get(test.path))
			code := fault.Code("")
			if test.want == "" {
				code = fault.Internal
			}
			wantCode(t, err, code)
			server.Close()
			if got != test.want {
				t.Errorf("the service was asked for %q, want %q", got, test.want)
			}
		})
	}
}

func TestRequestThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	h := newHTTP(t, upstream.Options{URL: "http://127.0.0.1:1"}, upstream.Inputs{})
	_, err := h.Do(t.Context(), "Get", func(string) (*http.Request, error) { return nil, errors.New("boom") })
	wantCode(t, err, fault.Internal)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("another service was called") })
			var calls atomic.Int64
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				http.Redirect(w, r, elsewhere.URL, status)
			})
			h := newHTTP(t, upstream.Options{URL: server.URL}, upstream.Inputs{})
			_, err := h.Do(t.Context(), "Get", get(""))
			wantCode(t, err, fault.SourceContractViolation)
			if n := calls.Load(); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	for reason, status := range map[string]int{"after an answer": 200, "after a refusal": 404, "after a failure": 503, "after an answer without a body": 204} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var connections, calls atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				if status != http.StatusNoContent {
					_, _ = io.WriteString(w, `{"a":1}`)
				}
			}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			h := newHTTP(t, upstream.Options{URL: server.URL}, upstream.Inputs{})
			for range 3 {
				_, err := h.Do(t.Context(), "Get", get(""))
				if (err != nil) != (status >= 400) {
					t.Errorf("failed with %v", err)
				}
			}
			if calls.Load() != 3 || connections.Load() != 1 {
				t.Errorf("%d calls over %d connections, want 3 over 1", calls.Load(), connections.Load())
			}
		})
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	const most = 1000
	bodyOf := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
	whole := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			_, _ = w.Write(b)
		}
	}
	inPieces := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for piece := range bytes.Lines(bytes.ReplaceAll(b, []byte("xxx"), []byte("xx\n"))) {
				_, _ = w.Write(bytes.ReplaceAll(piece, []byte("\n"), []byte("x")))
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	zipped := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("the client does not accept what is compressed")
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(b)
			_ = z.Close()
		}
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write(bodyOf(most)); err != nil {
				return
			}
		}
	}
	for reason, test := range map[string]struct {
		handle http.HandlerFunc
		want   fault.Code
	}{
		"as much as is allowed":                    {whole(bodyOf(most)), ""},
		"as much as is allowed, of no told length": {inPieces(bodyOf(most)), ""},
		"as much as is allowed, compressed":        {zipped(bodyOf(most)), ""},
		"more":                                     {whole(bodyOf(most + 1)), fault.SourceContractViolation},
		"more, of no told length":                  {inPieces(bodyOf(most + 1)), fault.SourceContractViolation},
		"more, compressed to less":                 {zipped(bodyOf(50 * most)), fault.SourceContractViolation},
		"without end":                              {endless, fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			h := newHTTP(t, upstream.Options{URL: serve(t, test.handle).URL, MaxBytes: most}, upstream.Inputs{})
			answer, err := h.Do(t.Context(), "Get", get(""))
			wantCode(t, err, test.want)
			if test.want != "" {
				return
			}
			if got, err := upstream.Decode[string](answer); err != nil || len(*got) != most-2 {
				t.Errorf("the answer is not what was sent: %v", err)
			}
		})
	}
}

func TestAnswerThatIsCutOff(t *testing.T) {
	t.Parallel()
	for reason, status := range map[string]int{"of a success": 200, "of a refusal": 404} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Length", "100")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"a":1}`)
			})
			_, err := newHTTP(t, upstream.Options{URL: server.URL}, upstream.Inputs{}).Do(t.Context(), "Get", get(""))
			wantCode(t, err, fault.SourceUnavailable)
		})
	}
}

func TestHTTPLastFault(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
	})
	h := newHTTP(t, upstream.Options{URL: server.URL}, upstream.Inputs{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	failing := func(string) (*http.Request, error) { return nil, errors.New("boom") }
	for _, step := range []struct {
		reason string
		ctx    context.Context
		build  func(string) (*http.Request, error)
		status int
		want   fault.Code
	}{
		{"it works", t.Context(), get(""), 200, ""},
		{"it fails", t.Context(), get(""), 500, fault.SourceFailed},
		{"what is over before it is asked says nothing of it", over, get(""), 200, fault.SourceFailed},
		{"what cannot be asked says nothing of it", t.Context(), failing, 200, fault.SourceFailed},
		{"it is not available", t.Context(), get(""), 503, fault.SourceUnavailable},
		{"it refuses, and so it works", t.Context(), get(""), 404, ""},
		{"it has too much to do", t.Context(), get(""), 429, fault.RateLimited},
		{"it works again", t.Context(), get(""), 204, ""},
		{"it breaks its contract", t.Context(), get(""), 302, fault.SourceContractViolation},
		{"it gives up", t.Context(), get(""), 504, fault.SourceTimeout},
		{"it refuses again", t.Context(), get(""), 400, ""},
	} {
		status.Store(int64(step.status))
		_, _ = h.Do(step.ctx, "Get", step.build)
		if got := h.State(t.Context()); got != (upstream.State{Reachable: true, LastFault: step.want}) {
			t.Errorf("%s: the state is %+v, want %q", step.reason, got, step.want)
		}
	}
}
