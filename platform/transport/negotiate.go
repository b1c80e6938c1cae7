package transport

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// accept is what a client says of the media types that it can read (RFC 9110, section 12.5.1).
type accept []mediaRange

// mediaRange is one of them.
type mediaRange struct {
	media  string            // such as text/html, text/* or */*
	params map[string]string // those before the weight; charset is left out, as answers are UTF-8
	weight float64           // 0 for what is not acceptable
}

// maxRanges bounds how many of a client's media ranges are read: none has need of more.
const maxRanges = 32

// acceptOf reads Accept headers. What is none of a media type is passed over. A client that says nothing accepts everything.
func acceptOf(header http.Header) accept {
	values := header["Accept"]
	switch {
	case len(values) == 0, len(values) == 1 && values[0] == "*/*":
		return anything
	case len(values) == 1 && values[0] == mediaJSON: // as most clients say it
		return onlyJSON
	}
	var ranges accept
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if len(ranges) == maxRanges {
			break
		}
		media, params, err := mime.ParseMediaType(item)
		if err != nil || !strings.Contains(media, "/") {
			continue
		}
		r := mediaRange{media: media, weight: 1}
		if q, ok := params["q"]; ok {
			r.weight = weightOf(q)
			delete(params, "q")
		}
		if charset, ok := params["charset"]; ok {
			if !strings.EqualFold(charset, "utf-8") {
				continue
			}
			delete(params, "charset")
		}
		r.params = params
		ranges = append(ranges, r)
	}
	return ranges
}

var (
	anything = accept{{media: "*/*", weight: 1}}
	onlyJSON = accept{{media: mediaJSON, weight: 1}}
)

// weightOf reads a weight; what is none counts as not acceptable.
func weightOf(q string) float64 {
	w, err := strconv.ParseFloat(q, 64)
	if err != nil || !(w >= 0 && w <= 1) {
		return 0
	}
	return w
}

// offer is a media type that an answer can have.
type offer struct {
	media  string
	params map[string]string
}

// best gives the index of the offer that the client likes best: by weight, then by how exactly she has named it, then by her order, then by ours. It is -1 if
// she accepts none.
func (a accept) best(offers ...offer) int {
	best, bestAt := -1, preference{}
	for i, o := range offers {
		if at := a.preferenceOf(o); at.weight > 0 && (best < 0 || at.before(bestAt)) {
			best, bestAt = i, at
		}
	}
	return best
}

// preference is how much a client likes an offer.
type preference struct {
	weight float64
	exact  int // how exactly it was named: 0 for */*
	index  int // of the range that names it
}

func (p preference) before(other preference) bool {
	switch {
	case p.weight != other.weight:
		return p.weight > other.weight
	case (p.exact > 1) != (other.exact > 1): // named, and not by a wildcard
		return p.exact > other.exact
	case p.exact > 1:
		return p.index < other.index
	}
	return false
}

// preferenceOf gives what the most exact range that has the offer says of it.
func (a accept) preferenceOf(o offer) preference {
	found := preference{exact: -1}
	for i, r := range a {
		if exact := r.names(o); exact > found.exact {
			found = preference{r.weight, exact, i}
		}
	}
	return found
}

// names says how exactly a range names an offer: by its parameters too, by its media type, by the first half of it, or by */*; -1 if it does not.
func (r mediaRange) names(o offer) int {
	kind, _, _ := strings.Cut(o.media, "/")
	switch r.media {
	case "*/*":
		return 0
	case kind + "/*":
		return 1
	case o.media:
	default:
		return -1
	}
	for name, value := range r.params {
		if o.params[name] != value {
			return -1
		}
	}
	return 2 + len(r.params)
}
