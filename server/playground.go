package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	cdn "github.com/99designs/gqlgen/graphql/playground"

	"github.com/mainstem/mainstem/web"
)

// playgroundPolicy has the Playground load what this program has, and nothing else from anywhere. Its editor makes styles as it runs.
const playgroundPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"font-src 'self' data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// playground gives the Playground: its page at /, and what the page loads below /playground/. A program that was built without it has
// gqlgen's page, which loads itself from a CDN.
func (s *Server) playground() http.Handler {
	if files, built := web.Files(); built {
		p, err := newPage(files)
		if err == nil {
			return p
		}
		s.log.Error("the Playground cannot be read", "error", err)
	}
	s.log.Info("the Playground loads itself from a CDN: this program was built without `make web`")
	return cdn.Handler("Mainstem", "/graphql")
}

// page is the files of the Playground by the path that they are asked for.
type page map[string]pageFile

type pageFile struct {
	compressed  []byte
	contentType string
	caching     string
	etag        string // of what is compressed
}

// pageTypes says what the files are, in the same words on every system.
var pageTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".ttf":  "font/ttf",
	".txt":  "text/plain; charset=utf-8",
}

// newPage reads files, all of which are compressed and named so. It fails if one cannot be read, or its type is not known.
func newPage(files fs.FS) (page, error) {
	p := page{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		compressed, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		url, zipped := strings.CutSuffix("/"+name, ".gz")
		contentType, known := pageTypes[path.Ext(url)]
		if !zipped || !known {
			return fmt.Errorf("%s is not a compressed file of a type that is known", name)
		}
		sum := sha256.Sum256(compressed)
		file := pageFile{compressed: compressed, contentType: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
		switch file.caching = "no-cache"; url {
		case "/index.html":
			url = "/"
		case "/playground/licenses.txt":
		default:
			file.caching = "public, max-age=31536000, immutable" // its name tells what is in it
		}
		p[url] = file
		return nil
	})
	return p, err
}

// ServeHTTP answers GET and HEAD.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	file, ok := p[r.URL.Path]
	if !ok {
		header.Set("Cache-Control", "no-store") // another version of this program may have it
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	header.Set("Content-Security-Policy", playgroundPolicy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", file.caching)
	header.Set("Content-Type", file.contentType)
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(file.compressed)))
		header.Set("Etag", file.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.compressed))
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(file.compressed))
	if err != nil {
		http.Error(w, "The file cannot be read.", http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, plain) //nolint:gosec // the files are ours; and who does not want the rest has gone
}

// acceptsGzip says whether a client takes gzip. Not to name it is not to take it.
func acceptsGzip(header http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, weight, weighed := strings.Cut(coding, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "gzip" && name != "*" {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return !weighed || err == nil && q > 0
	}
	return false
}
