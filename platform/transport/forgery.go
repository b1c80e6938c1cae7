package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins are those whose pages may ask, beside the gateway's own: such as https://shop.example.com, one * in each standing for anything.
type Origins []string

// allow says whether a page of the origin that a request names may ask. Browsers name it, and let no page name another.
func (o Origins) allow(r *http.Request) bool {
	origin := strings.ToLower(r.Header.Get("Origin"))
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return slices.ContainsFunc(o, func(allowed string) bool {
		before, after, wild := strings.Cut(strings.ToLower(allowed), "*")
		return origin == before && !wild || wild && len(origin) >= len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
	})
}

// preflight are headers that a web page of another origin cannot send unless the browser has asked the gateway before (CORS): who sends one is
// no such page, or may ask.
var preflight = []string{"Graphql-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "X-Requested-With", "Authorization"}

// programs are what nobody accepts by name whose request a link, an image or a form makes.
var programs = []string{mediaJSON, mediaGraphQL, mediaEvents, mediaMultipart}

// forged says whether a GET could come from a web page of anybody's, by a script, a link, an image or a form, with what the browser adds of the user's. A POST
// could not: its media type has the browser ask.
func (o Origins) forged(r *http.Request) bool {
	header := r.Header
	switch {
	case isJSON(header.Get("Content-Type")), slices.ContainsFunc(preflight, func(name string) bool { return header.Get(name) != "" }):
		return false
	case header.Get("Origin") != "": // a script, of which the browser says where it comes from
		return !o.allow(r)
	}
	// Of others it says how far off that is (https://www.w3.org/TR/fetch-metadata/); programs that say so are no browsers, and do it alike.
	if site := header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	switch header.Get("Sec-Fetch-Mode") {
	case "no-cors", "navigate":
		return true
	case "cors", "same-origin":
		return false
	}
	// An older browser, or a program.
	return !slices.ContainsFunc(acceptOf(header), func(r mediaRange) bool { return slices.Contains(programs, r.media) })
}
