package rfc9111

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestStorable(t *testing.T) {
	t.Parallel()
	unkeyed := []string{"Traceparent", "Request-Timeout"}
	for reason, test := range map[string]struct {
		status   int
		header   http.Header
		personal bool
		want     bool
	}{
		"nothing is said":                    {200, nil, false, true},
		"for one":                            {200, nil, true, true},
		"created":                            {201, nil, false, false},
		"another's words":                    {203, nil, false, false},
		"nothing":                            {204, nil, false, false},
		"a part":                             {206, fields("Cache-Control: max-age=60"), false, false},
		"not found":                          {404, fields("Cache-Control: max-age=60"), false, false},
		"failed":                             {500, fields("Cache-Control: max-age=60"), false, false},
		"no-store":                           {200, fields("Cache-Control: max-age=60, no-store"), true, false},
		"no-store, whatever is understood":   {200, fields("Cache-Control: no-store, must-understand"), true, false},
		"what nobody can read":               {200, fields(`Cache-Control: max-age=60, a="`), true, false},
		"no-cache":                           {200, fields("Cache-Control: no-cache"), false, true},
		"private, for many":                  {200, fields("Cache-Control: private, max-age=60"), false, false},
		"private, for one":                   {200, fields("Cache-Control: private, max-age=60"), true, true},
		"a private field, for many":          {200, fields(`Cache-Control: private="X"`), false, false},
		"varies by what is in the key":       {200, fields("Vary: Accept-Language, Caller-Sub"), false, true},
		"varies by everything":               {200, fields("Vary: *"), true, false},
		"varies by everything, and more":     {200, fields("Vary: Accept", "Vary: Accept-Language ,\t*"), true, false},
		"varies by what is not in the key":   {200, fields("Vary: Accept,request-timeout"), true, false},
		"varies by the trace":                {200, fields("Vary: traceparent"), true, false},
		"varies by what has a star in it":    {200, fields("Vary: X-*"), false, true},
		"varies by nothing":                  {200, fields("Vary: "), false, true},
		"varies by a name like an unkeyed's": {200, fields("Vary: X-Traceparent"), false, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := Storable(test.status, test.header, test.personal, unkeyed); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ header, want http.Header }{
		"nothing":                   {nil, nil},
		"a tag":                     {fields(`ETag: "a"`), fields(`If-None-Match: "a"`)},
		"a weak tag":                {fields(`ETag: W/"a"`), fields(`If-None-Match: W/"a"`)},
		"an empty tag":              {fields(`ETag: ""`), fields(`If-None-Match: ""`)},
		"a date":                    {fields("Last-Modified: " + at(0)), fields("If-Modified-Since: " + at(0))},
		"both":                      {fields(`ETag: "a"`, "Last-Modified: "+at(0)), fields(`If-None-Match: "a"`, "If-Modified-Since: "+at(0))},
		"a tag without quotes":      {fields("ETag: a"), nil},
		"a tag with half of them":   {fields(`ETag: "`), nil},
		"a list of tags":            {fields(`ETag: "a", "b"`), nil},
		"two tags":                  {fields(`ETag: "a"`, `ETag: "b"`), nil},
		"a tag with a space":        {fields(`ETag: "a b"`), nil},
		"a tag with a delete":       {fields("ETag: \"a\x7f\""), nil},
		"a weak tag in lower case":  {fields(`ETag: w/"a"`), nil},
		"what is no date":           {fields("Last-Modified: today"), nil},
		"two dates":                 {fields("Last-Modified: "+at(0), "Last-Modified: "+at(1)), nil},
		"a bad tag, and a date":     {fields("ETag: a", "Last-Modified: "+at(0)), fields("If-Modified-Since: " + at(0))},
		"a tag outside of ASCII":    {fields(`ETag: "ä"`), fields(`If-None-Match: "ä"`)},
		"a tag, and what is no tag": {fields(`ETag: "a"`, "Age: 7"), fields(`If-None-Match: "a"`)},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := Conditions(test.header); !maps.EqualFunc(got, test.want, slices.Equal) || (got == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestConfirms(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		stored, answer http.Header
		want           bool
	}{
		"says nothing":                {fields(`ETag: "a"`), nil, true},
		"the same tag":                {fields(`ETag: "a"`), fields(`ETag: "a"`), true},
		"another tag":                 {fields(`ETag: "a"`), fields(`ETag: "b"`), false},
		"the same, weakened":          {fields(`ETag: "a"`), fields(`ETag: W/"a"`), true},
		"another, weak":               {fields(`ETag: W/"a"`), fields(`ETag: W/"b"`), false},
		"a tag where there is none":   {fields("Last-Modified: " + at(0)), fields(`ETag: "a"`), false},
		"the same date":               {fields("Last-Modified: " + at(0)), fields("Last-Modified: " + at(0)), true},
		"another date":                {fields("Last-Modified: " + at(0)), fields("Last-Modified: " + at(1)), false},
		"the same tag, another date":  {fields(`ETag: "a"`, "Last-Modified: "+at(0)), fields(`ETag: "a"`, "Last-Modified: "+at(1)), true},
		"a date where there was none": {fields(`ETag: "a"`), fields("Last-Modified: " + at(1)), true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := Confirms(test.stored, test.answer); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestUpdated(t *testing.T) {
	t.Parallel()
	stored := fields(`ETag: "a"`, "Cache-Control: max-age=60", "Cache-Control: private", "Age: 50", "Date: "+at(0), "Vary: Accept", "Content-Length: 7", "X-Left: 9", "X-Other: a")
	for reason, test := range map[string]struct{ answer, want http.Header }{
		"says nothing":     {nil, fields(`ETag: "a"`, "Cache-Control: max-age=60", "Cache-Control: private", "Vary: Accept", "X-Left: 9")},
		"says all anew":    {fields(`ETag: W/"a"`, "Cache-Control: max-age=30", "Age: 1", "Date: "+at(60), "Vary: X", "Expires: 0", "X-Left: 8", "X-Other: b"), fields(`ETag: W/"a"`, "Cache-Control: max-age=30", "Age: 1", "Date: "+at(60), "Vary: X", "Expires: 0", "X-Left: 8")},
		"says what we are": {fields("Content-Length: 0", "Set-Cookie: a"), fields(`ETag: "a"`, "Cache-Control: max-age=60", "Cache-Control: private", "Vary: Accept", "X-Left: 9")},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := Updated(stored, test.answer, []string{"X-Left"}); !maps.EqualFunc(got, test.want, slices.Equal) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestUpdatesAreWhatTheServiceSays: an answer that is confirmed has the terms that it would have if it had been sent again in full.
func TestUpdatesAreWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored, answer := header.Draw(t, "stored"), header.Draw(t, "304")
		again := maps.Clone(answer)
		for _, name := range []string{"Cache-Control", "Expires"} { // what the 304 does not repeat still holds
			if _, ok := again[name]; !ok && len(stored[name]) > 0 {
				again[name] = stored[name]
			}
		}
		got, want := TermsOf(Updated(stored, answer, nil), false, 0, noon, noon), TermsOf(again, false, 0, noon, noon)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// FuzzHeaders: no answer breaks anything, and what it is asked about by is something that it has said.
func FuzzHeaders(f *testing.F) {
	f.Add("max-age=60", "7", at(0), at(60), `"a"`, at(-60), "Accept")
	f.Add(`no-cache="a`, "-1", "", "0", `W/"`, "today", "*, a")
	f.Fuzz(func(t *testing.T, control, age, date, expires, tag, modified, vary string) {
		h := http.Header{"Cache-Control": {control}, "Age": {age}, "Date": {date}, "Expires": {expires}, "Etag": {tag}, "Last-Modified": {modified}, "Vary": {vary}}
		terms := TermsOf(h, false, 0, noon, noon)
		if terms.Age < 0 || terms.Lifetime < 0 || terms.Lifetime > maxSeconds*1e9 || terms.AgeAt(noon, noon.Add(1<<62)) < terms.Age {
			t.Errorf("%+v", terms)
		}
		if c := Conditions(h); len(c["If-None-Match"]) > 0 && c.Get("If-None-Match") != tag || len(c["If-Modified-Since"]) > 0 && c.Get("If-Modified-Since") != modified {
			t.Errorf("asked by %v", c)
		}
		if !Confirms(h, h) || !maps.EqualFunc(Updated(h, h, nil), h, slices.Equal) {
			t.Error("it does not confirm itself")
		}
		Storable(http.StatusOK, h, false, []string{"Traceparent"})
	})
}
