package transport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/klauspost/compress/zstd"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

// packed gives a text as an encoding has it.
func packed(t *testing.T, encoding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if encoding == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPackedBodies(t *testing.T) {
	t.Parallel()
	const query = `{"query":"{name}"}`
	bomb := `{"query":"{name}","x":"` + strings.Repeat("x", 10<<20) + `"}`
	for reason, test := range map[string]struct {
		encoding string
		body     []byte
		status   int
	}{
		"gzip":                      {"gzip", packed(t, "gzip", query), 200},
		"zstd":                      {"zstd", packed(t, "zstd", query), 200},
		"in capital letters":        {"GZIP", packed(t, "gzip", query), 200},
		"as it is":                  {"identity", []byte(query), 200},
		"a bomb of gzip":            {"gzip", packed(t, "gzip", strings.Repeat("\n", 200<<10)), 413},
		"a bomb of zstd":            {"zstd", packed(t, "zstd", bomb), 413},
		"not what it says, gzip":    {"gzip", []byte(query), 400},
		"not what it says, zstd":    {"zstd", []byte(query), 400},
		"cut off":                   {"gzip", packed(t, "gzip", query)[:20], 400},
		"another encoding":          {"br", []byte(query), 415},
		"one within another":        {"gzip, gzip", packed(t, "gzip", query), 415},
		"nothing, as it was zipped": {"gzip", nil, 400},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := post("")
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(test.body)), int64(len(test.body))
			r.Header.Set("Content-Encoding", test.encoding)
			if w, a := ask(t, serve(echo), r); w.Code != test.status || (a.Data != nil) != (test.status == 200) {
				t.Errorf("%d %s, want %d", w.Code, w.Body, test.status)
			}
		})
	}
}

// TestForgery has what a web page of anybody's can send without the browser's asking first, and what it cannot.
func TestForgery(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		headers map[string]string
		allowed bool
	}{
		"a link":                             {map[string]string{"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}, false},
		"a link, in an older browser":        {map[string]string{"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
		"an image":                           {map[string]string{"Accept": "image/avif,image/webp,*/*", "Sec-Fetch-Mode": "no-cors"}, false},
		"a script":                           {map[string]string{"Accept": "*/*", "Sec-Fetch-Mode": "no-cors"}, false},
		"a script that says it is JSON":      {map[string]string{"Accept": "application/json", "Sec-Fetch-Mode": "no-cors"}, false},
		"nothing said":                       {nil, false},
		"a form's media type":                {map[string]string{"Content-Type": "text/plain"}, false},
		"a program that accepts JSON":        {map[string]string{"Accept": "application/json"}, true},
		"a program that accepts GraphQL":     {map[string]string{"Accept": "application/graphql-response+json"}, true},
		"a page of another site, by fetch":   {map[string]string{"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}, false},
		"a script of anybody's":              {map[string]string{"Accept": "application/json", "Origin": "https://evil.example.net"}, false},
		"a script of no origin":              {map[string]string{"Accept": "application/json", "Origin": "null", "Sec-Fetch-Mode": "cors"}, false},
		"a page of another site that may":    {map[string]string{"Accept": "application/graphql-response+json", "Origin": "https://shop.example.com", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}, true},
		"a page beside ours that may":        {map[string]string{"Accept": "*/*", "Origin": "https://shop.example.com", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-site"}, true},
		"one that the browser has asked for": {map[string]string{"GraphQL-Preflight": "1", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}, true},
		"our own page, by fetch":             {map[string]string{"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}, true},
		"Node, by fetch":                     {map[string]string{"Accept": "*/*", "Sec-Fetch-Mode": "cors"}, true},
		"a page that may, by fetch":          {map[string]string{"Accept": "application/json", "Sec-Fetch-Mode": "cors"}, true},
		"JSON":                               {map[string]string{"Content-Type": "application/json"}, true},
		"our header":                         {map[string]string{"GraphQL-Preflight": "1"}, true},
		"Apollo's":                           {map[string]string{"Apollo-Require-Preflight": "true", "Sec-Fetch-Mode": "cors"}, true},
		"a token":                            {map[string]string{"Authorization": "Bearer x"}, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := get("query", "{name}")
			r.Header = http.Header{}
			for name, value := range test.headers {
				r.Header.Set(name, value)
			}
			want := http.StatusForbidden
			if test.allowed {
				want = http.StatusOK
			}
			if w, _ := ask(t, serve(echo), r); w.Code != want {
				t.Errorf("%d, want %d", w.Code, want)
			}
		})
	}
}

// TestWhoKeepsAnswers: the answer to a GET says who may keep it, and for how long.
func TestWhoKeepsAnswers(t *testing.T) {
	t.Parallel()
	failing := func(context.Context) graphql.ResponseHandler {
		return func(ctx context.Context) *graphql.Response {
			graphql.AddError(ctx, fault.New(fault.SourceFailed, ""))
			return &graphql.Response{Data: []byte(`{}`)}
		}
	}
	yes := func(context.Context) bool { return true }
	for reason, test := range map[string]struct {
		http    transport.HTTP
		exec    func(context.Context) graphql.ResponseHandler
		request *http.Request
		want    string
	}{
		"nothing said":   {transport.HTTP{}, echo, get("query", "{name}"), "private, no-cache"},
		"for everybody":  {transport.HTTP{MaxAge: time.Minute}, echo, get("query", "{name}"), "public, max-age=60"},
		"for one caller": {transport.HTTP{MaxAge: time.Minute, Personal: yes}, echo, get("query", "{name}"), "private, no-cache"},
		"with an error":  {transport.HTTP{MaxAge: time.Minute}, failing, get("query", "{name}"), "no-store"},
		"by POST":        {transport.HTTP{MaxAge: time.Minute}, echo, post(`{"query":"{name}"}`), ""},
		"refused":        {transport.HTTP{MaxAge: time.Minute}, echo, get("query", "{names}"), "no-store"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			test.http.MaxBodyBytes, test.http.Vary = maxBody, []string{"Accept-Language"}
			es := &graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }, ExecFunc: test.exec}
			engine := transport.NewEngine(es, transport.Options{Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover})
			w, _ := ask(t, transport.NewHandler(engine, test.http), test.request)
			if got := w.Header().Get("Cache-Control"); got != test.want {
				t.Errorf("Cache-Control is %q, want %q", got, test.want)
			}
			if vary := strings.Join(w.Header().Values("Vary"), ", "); strings.Contains(test.want, "public") && vary != "Authorization, Accept-Language, Accept" {
				t.Errorf("Vary is %q", vary)
			}
		})
	}
}

// TestPanics: a panic costs one request, and says nothing of itself.
func TestPanics(t *testing.T) {
	t.Parallel()
	w, a := ask(t, serve(func(context.Context) graphql.ResponseHandler { panic("secret") }), post(`{"query":"{name}"}`))
	if w.Code != http.StatusInternalServerError || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(fault.Internal) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestManyErrors: of thousands of errors the first are told, and how many are not.
func TestManyErrors(t *testing.T) {
	t.Parallel()
	for errs, suppressed := range map[int]any{0: nil, 1000: nil, 1003: 3.0} {
		w, a := ask(t, serve(func(context.Context) graphql.ResponseHandler {
			return func(ctx context.Context) *graphql.Response {
				for range errs {
					graphql.AddError(ctx, fault.New(fault.SourceFailed, ""))
				}
				return &graphql.Response{Data: []byte(`{}`)}
			}
		}), post(`{"query":"{name}"}`))
		var answer struct{ Extensions map[string]any }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(a.Errors) != min(errs, 1000) || answer.Extensions["suppressed"] != suppressed {
			t.Errorf("of %d errors: %d, and %v suppressed, %v", errs, len(a.Errors), answer.Extensions["suppressed"], err)
		}
	}
}
