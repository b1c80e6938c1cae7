package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mainstem/mainstem/web"
)

func zipped(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func unzipped(t *testing.T, b io.Reader) string {
	t.Helper()
	r, err := gzip.NewReader(b)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func get(h http.Handler, method, path string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestPage(t *testing.T) {
	t.Parallel()
	p, err := newPage(fstest.MapFS{
		"index.html.gz":               zipped(t, "<!doctype html>"),
		"playground/index-1a2b.js.gz": zipped(t, "ask()"),
		"playground/licenses.txt.gz":  zipped(t, "MIT"),
	})
	if err != nil {
		t.Fatal(err)
	}
	const gzipOnly = "gzip, deflate, br"
	for reason, c := range map[string]struct {
		path, accepts              string
		status                     int
		body, contentType, caching string
	}{
		"the page is asked for each time":             {"/", gzipOnly, 200, "<!doctype html>", "text/html; charset=utf-8", "no-cache"},
		"what is named after its content is kept":     {"/playground/index-1a2b.js", gzipOnly, 200, "ask()", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"what is not named after its content is not":  {"/playground/licenses.txt", gzipOnly, 200, "MIT", "text/plain; charset=utf-8", "no-cache"},
		"who does not take gzip gets it plain":        {"/playground/index-1a2b.js", "gzip;q=0, br", 200, "ask()", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"who says nothing gets it plain":              {"/", "", 200, "<!doctype html>", "text/html; charset=utf-8", "no-cache"},
		"who takes anything gets it compressed":       {"/", "*", 200, "<!doctype html>", "text/html; charset=utf-8", "no-cache"},
		"there is no such file":                       {"/playground/index-3c4d.js", gzipOnly, 404, "There is no such file.\n", "text/plain; charset=utf-8", "no-store"},
		"files are not there under their other names": {"/playground/index-1a2b.js.gz", gzipOnly, 404, "There is no such file.\n", "text/plain; charset=utf-8", "no-store"},
		"folders are not listed":                      {"/playground/", gzipOnly, 404, "There is no such file.\n", "text/plain; charset=utf-8", "no-store"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := get(p, http.MethodGet, c.path, map[string]string{"Accept-Encoding": c.accepts})
			var body string
			if got.Header.Get("Content-Encoding") == "gzip" {
				body = unzipped(t, got.Body)
			} else {
				plain, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = string(plain)
			}
			if wants := c.status == 200 && (c.accepts == gzipOnly || c.accepts == "*"); wants != (got.Header.Get("Content-Encoding") == "gzip") {
				t.Errorf("Content-Encoding %q of who accepts %q", got.Header.Get("Content-Encoding"), c.accepts)
			}
			if got.StatusCode != c.status || body != c.body || got.Header.Get("Content-Type") != c.contentType || got.Header.Get("Cache-Control") != c.caching {
				t.Errorf("%d %q %v", got.StatusCode, body, got.Header)
			}
			if policy := got.Header.Get("Content-Security-Policy"); c.status == 200 && !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; ") {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
}

func TestPageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	p, err := newPage(fstest.MapFS{"index.html.gz": zipped(t, "<!doctype html>")})
	if err != nil {
		t.Fatal(err)
	}
	first := get(p, http.MethodHead, "/", map[string]string{"Accept-Encoding": "gzip"})
	again := get(p, http.MethodGet, "/", map[string]string{"Accept-Encoding": "gzip", "If-None-Match": first.Header.Get("Etag")})
	if first.StatusCode != http.StatusOK || first.Header.Get("Etag") == "" || again.StatusCode != http.StatusNotModified {
		t.Errorf("%d with ETag %q, then %d", first.StatusCode, first.Header.Get("Etag"), again.StatusCode)
	}
}

func TestPageOfUnknownFiles(t *testing.T) {
	t.Parallel()
	for reason, name := range map[string]string{
		"not compressed":              "index.html",
		"of a type that is not known": "playground/index.exe.gz",
	} {
		if _, err := newPage(fstest.MapFS{name: zipped(t, "")}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// TestPlayground: the page that this program has is whole, or the log says that it is another's.
func TestPlayground(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	h := s.playground()
	files, built := web.Files()
	if !built {
		if body, err := io.ReadAll(get(h, http.MethodGet, "/", nil).Body); err != nil || !strings.Contains(string(body), "graphiql") {
			t.Errorf("%v: %s", err, body)
		}
		if !strings.Contains(log.String(), "make web") {
			t.Errorf("the log says %q", log.String())
		}
		t.Skip("built without `make web`")
	}
	if log.Len() > 0 {
		t.Errorf("the log says %q", log.String())
	}
	index, err := fs.ReadFile(files, "index.html.gz")
	if err != nil {
		t.Fatal(err)
	}
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(unzipped(t, bytes.NewReader(index)), -1)
	if len(loaded) < 3 {
		t.Fatalf("the page loads %v", loaded)
	}
	for _, m := range loaded {
		if got := get(h, http.MethodGet, strings.TrimPrefix(m[1], "."), nil); got.StatusCode != http.StatusOK {
			t.Errorf("the page loads %s, which is answered by %d", m[1], got.StatusCode)
		}
	}
}

// TestFirstQuery: the Playground begins with the README's query, on more lines.
func TestFirstQuery(t *testing.T) {
	t.Parallel()
	text := func(file string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	block := regexp.MustCompile("(?s)```graphql\n(query ProductPage .*?)```").FindStringSubmatch(text("../README.md"))
	if block == nil {
		t.Fatal("the README has no query ProductPage")
	}
	formatted := func(query string) string {
		document, err := parser.ParseQuery(&ast.Source{Input: query})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		formatter.NewFormatter(&b).FormatQueryDocument(document)
		return b.String()
	}
	if got, want := formatted(text("../web/src/first-query.graphql")), formatted(block[1]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
