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
	if header.Get("Sec-Fetch-Mode") == "no-cors" || header.Get("Sec-Fetch-Mode") == "navigate" {
		return true
	}
	// Links, images and forms accept what the browser likes. Who names JSON is a program, whose answer CORS protects.
	return !slices.ContainsFunc(acceptOf(header), func(r mediaRange) bool { return r.media == mediaJSON || r.media == mediaGraphQL })
}
