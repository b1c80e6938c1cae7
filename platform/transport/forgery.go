package transport

import (
	"net/http"
	"slices"
)

// preflight are headers that a web page of another origin cannot send unless the browser has asked the gateway before (CORS): who sends one is
// no such page, or may ask.
var preflight = []string{"Graphql-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "X-Requested-With", "Authorization"}

// forgeable says whether a GET could come from a web page of anybody's, by a link, an image or a form, with what the browser adds of the user's. A POST could
// not: its media type has the browser ask.
func forgeable(header http.Header) bool {
	if isJSON(header.Get("Content-Type")) || slices.ContainsFunc(preflight, func(name string) bool { return header.Get(name) != "" }) {
		return false
	}
	// Browsers say where a request comes from (https://www.w3.org/TR/fetch-metadata/); programs that say so are no browsers, and do it alike.
	if site := header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	switch header.Get("Sec-Fetch-Mode") {
	case "no-cors", "navigate":
		return true
	case "cors", "same-origin":
		return false
	}
	// An older browser. Links, images and forms accept what it likes; who names JSON is a program, whose answer CORS protects.
	return !slices.ContainsFunc(acceptOf(header), func(r mediaRange) bool { return r.media == mediaJSON || r.media == mediaGraphQL })
}
