package upstream

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ownHeaders are headers of an answer that no source may say anything about: they are of the connection, of the one answer that is made of
// many, or open other doors. So are those that begin with one of ownPrefixes.
var (
	ownHeaders = []string{
		"Age", "Alt-Svc", "Cache-Control", "Clear-Site-Data", "Connection", "Content-Encoding", "Content-Length", "Content-Location", "Content-Type", "Date", "Etag", "Expires",
		"Keep-Alive", "Last-Modified", "Link", "Location", "Pragma", "Proxy-Authenticate", "Refresh", "Retry-After", "Server", "Set-Cookie", "Set-Cookie2",
		"Strict-Transport-Security", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Www-Authenticate", "X-Request-Id", "X-Trace-Id",
	}
	ownPrefixes = []string{"Access-Control-", "Content-Security-", "Cross-Origin-", "Grpc-", "Proxy-", "Sec-", "X-Content-Type-", "X-Frame-"}
)

// CheckReturned says of a header's name whether answers of a source may be given it for the client.
func CheckReturned(name string) error {
	canonical := http.CanonicalHeaderKey(name)
	if slices.Contains(ownHeaders, canonical) || slices.ContainsFunc(ownPrefixes, func(p string) bool { return strings.HasPrefix(canonical, p) }) {
		return fmt.Errorf("the header %s must not come from a source", name)
	}
	return checkHeaderName(name)
}

// checkHeaderName fails for what is no header's name, of HTTP (RFC 9110, section 5.1) and of gRPC, which has fewer: with another, every call
// would fail.
func checkHeaderName(name string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	}) {
		return fmt.Errorf("%q is no header's name", name)
	}
	return nil
}

// WithReturned gives a context in which note hears of the headers of sources' answers that their Options.Return names. It is called by the
// goroutines that make the calls, also of answers that are shared or kept, and maybe of the same value again.
func WithReturned(ctx context.Context, note func(name, value string)) context.Context {
	return withTerms(ctx, func(t *terms) { t.returned = note })
}

// passBack tells the headers of an answer that are for the client, if somebody wants to hear of them.
func (b *base) passBack(note func(name, value string), answer *reply) {
	if len(b.Return) == 0 || answer == nil || note == nil {
		return
	}
	for _, name := range b.Return {
		for _, value := range answer.header.Values(name) {
			if validHeaderValue(value) {
				note(http.CanonicalHeaderKey(name), value)
			}
		}
	}
}
