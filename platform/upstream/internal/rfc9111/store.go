package rfc9111

import (
	"net/http"
	"slices"
	"strings"
)

// kept are the fields of an answer that what is kept of it is decided by.
var kept = []string{"Age", "Cache-Control", "Date", "Etag", "Expires", "Last-Modified", "Vary"}

// Keep gives a copy of those fields of an answer that are needed to use it again, and of others by their canonical names.
func Keep(header http.Header, others []string) http.Header {
	h := make(http.Header, len(kept))
	for _, names := range [][]string{kept, others} {
		for _, name := range names {
			if values, ok := header[name]; ok {
				h[name] = slices.Clone(values) // what they are cut from may be far larger
			}
		}
	}
	return h
}

// Storable says whether an answer may be kept: one with status 200 that allows it (section 3). personal says that it would be kept for one
// caller alone, and unkeyed which fields of requests it would not be kept apart by.
//
// Answers with other statuses are not kept: 206 is a part, 204 has nothing worth keeping, and what a 404 says would outlive the moment in which
// the thing is made.
func Storable(status int, header http.Header, personal bool, unkeyed []string) bool {
	if status != http.StatusOK {
		return false
	}
	c := ParseControl(header["Cache-Control"])
	return !c.NoStore && (!c.Private || personal) && !varies(header["Vary"], unkeyed)
}

// varies says whether an answer depends on what it would not be kept apart by (section 4.1).
func varies(fields, unkeyed []string) bool {
	for _, field := range fields {
		for name := range strings.SplitSeq(field, ",") {
			name = strings.Trim(name, space)
			if name == "*" || slices.ContainsFunc(unkeyed, func(u string) bool { return strings.EqualFold(u, name) }) {
				return true
			}
		}
	}
	return false
}

// Conditions gives the fields by which the service is asked whether an answer is still good (section 4.3.1). There are none if
// it has nothing to be recognized by.
func Conditions(header http.Header) http.Header {
	h := http.Header{}
	if tags := header["Etag"]; len(tags) == 1 && isTag(tags[0]) {
		h["If-None-Match"] = slices.Clone(tags)
	}
	if dates := header["Last-Modified"]; len(dates) == 1 && isDate(dates[0]) {
		h["If-Modified-Since"] = slices.Clone(dates)
	}
	if len(h) == 0 {
		return nil
	}
	return h
}

// isTag says whether s is an entity tag (RFC 9110, section 8.8.3).
func isTag(s string) bool {
	s = strings.TrimPrefix(s, "W/")
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for i := range len(s) - 2 {
		if c := s[i+1]; c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

func isDate(s string) bool {
	_, err := http.ParseTime(s)
	return err == nil
}

// Confirms says whether a 304 is about the answer that is kept, and not about another that the service takes it for (section 4.3.4).
func Confirms(stored, answer http.Header) bool {
	if tag := answer.Get("Etag"); tag != "" {
		return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(stored.Get("Etag"), "W/")
	}
	date := answer.Get("Last-Modified")
	return date == "" || stored.Get("Last-Modified") == "" || date == stored.Get("Last-Modified")
}

// Updated gives the fields of a kept answer after a 304 that confirms it (section 3.2). How old it was when it was first received, and
// when it was made, does not count any more.
func Updated(stored, answer http.Header, others []string) http.Header {
	h := Keep(stored, others)
	delete(h, "Age")
	delete(h, "Date")
	for name, values := range Keep(answer, others) {
		h[name] = values
	}
	return h
}
