package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// freshFor is what answers say about how long they may be used without asking again.
const freshFor = "public, max-age=60"

// reply answers with a body and its tag, or with a 304 if the caller has the body already.
func reply(w http.ResponseWriter, r *http.Request, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "internal error")
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", freshFor)
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // it fails when the caller is gone
}

// matches says whether an If-None-Match header names the tag. The comparison is weak (RFC 9110, section 13.1.2).
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, status int, message string) {
	body, err := json.Marshal(catalogapi.Error{Error: message})
	if err != nil { // a string cannot fail
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails when the caller is gone
}

// unknown answers what is none of the contract's operations.
func unknown(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "the catalog is read only")
		return
	}
	refuse(w, http.StatusNotFound, "no such path")
}
