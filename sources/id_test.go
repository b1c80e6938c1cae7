package sources_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
)

// encoded gives the form on the wire of anything, a global id or not.
func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// wantRefused checks that an input was refused, with a sentence that does not hold the input.
func wantRefused(t *testing.T, input string, err error) {
	t.Helper()
	f := fault.From(err)
	if f == nil || f.Code != fault.BadUserInput {
		t.Errorf("%.60q: got %v, want BAD_USER_INPUT", input, err)
		return
	}
	if len(input) > 3 && strings.Contains(f.Message(), input) {
		t.Errorf("%.60q is in the message %q", input, f.Message())
	}
}

func TestIDRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := sources.ID{
			Type: rapid.StringMatching(`[A-Za-z]{1,64}`).Draw(t, "type"),
			Local: rapid.StringMatching(`[A-Za-z0-9._~-]{1,128}`).
				Filter(func(s string) bool { return s != "." && s != ".." }).Draw(t, "local"),
		}
		got, err := sources.ParseID(want.String())
		if err != nil || got != want {
			t.Fatalf("%v is %q, which is read as %v: %v", want, want.String(), got, err)
		}
		var b bytes.Buffer
		want.MarshalGQL(&b)
		var s string
		if err := json.Unmarshal(b.Bytes(), &s); err != nil || s != want.String() {
			t.Fatalf("%v is %s in an answer, want the JSON of %q", want, b.Bytes(), want.String())
		}
		var read sources.ID
		if err := read.UnmarshalGQL(s); err != nil || read != want {
			t.Fatalf("%q is read as %v: %v", s, read, err)
		}
	})
}

// TestIDWire keeps ids that clients have stored valid.
func TestIDWire(t *testing.T) {
	t.Parallel()
	id := sources.ID{Type: "Product", Local: "SKU-000017"}
	if got, want := id.String(), "UHJvZHVjdDpTS1UtMDAwMDE3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	longest := sources.ID{Type: strings.Repeat("T", 64), Local: strings.Repeat("l", 128)}
	if got, err := sources.ParseID(longest.String()); err != nil || got != longest {
		t.Errorf("the longest id is refused: %v", err)
	}
}

// locals are local ids that could leave their segment of a path, or that are too long.
var locals = map[string]string{
	"empty":                      "",
	"this directory":             ".",
	"the one above":              "..",
	"a path upwards":             "../orders",
	"a path downwards":           "a/b",
	"a path on Windows":          `..\orders`,
	"an escaped slash":           "..%2forders",
	"an escape":                  "%2e%2e",
	"a query":                    "a?b=c",
	"a second parameter":         "a&b=c",
	"a fragment":                 "a#b",
	"a parameter of a segment":   "a;b",
	"a colon":                    "a:b",
	"a user":                     "a@b",
	"a space":                    "a b",
	"a plus sign":                "a+b",
	"a newline":                  "a\nb",
	"a newline at the end":       "a\n",
	"a header":                   "a\r\nX-Admin: yes",
	"a NUL":                      "a\x00b",
	"a delete":                   "a\x7f",
	"a letter beyond ASCII":      "größe",
	"a dot that is not ours":     "․․", // U+2024
	"a direction":                "a\u202eb",
	"what is not UTF-8":          "a\xffb",
	"a quote":                    `a"b`,
	"one character too many":     strings.Repeat("a", 129),
	"far too many":               strings.Repeat("a", 1<<16),
	"a variable in another tool": "${a}",
}

func TestValidLocal(t *testing.T) {
	t.Parallel()
	for reason, local := range locals {
		if sources.ValidLocal(local) {
			t.Errorf("%s: %.60q is accepted", reason, local)
		}
	}
	for _, local := range []string{"a", "Z", "0", "...", ".a", "a..", "-", "_", "~", "SKU-000017", "cus_1.2~3", strings.Repeat("a", 128)} {
		if !sources.ValidLocal(local) {
			t.Errorf("%.60q is refused", local)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	t.Parallel()
	good := encoded("Product:SKU-17") // ends with two spare bits, so that they can be set
	inputs := map[string]string{
		"nothing":                        "",
		"a plain local id":               "SKU-000017",
		"not encoded":                    "Product:SKU-000017",
		"no colon":                       encoded("Product"),
		"no type":                        encoded(":SKU-000017"),
		"a type with a digit":            encoded("Product2:a"),
		"a type with a space":            encoded("Pro duct:a"),
		"a type beyond ASCII":            encoded("Prödukt:a"),
		"a type that is too long":        encoded(strings.Repeat("T", 65) + ":a"),
		"padded":                         base64.URLEncoding.EncodeToString([]byte("Product:SKU-0017")),
		"the other alphabet":             base64.RawStdEncoding.EncodeToString([]byte("Product:~~~???")),
		"spare bits that are set":        good[:len(good)-1] + string(good[len(good)-1]+1),
		"one character too few":          good[:len(good)-2],
		"a line break":                   good[:4] + "\n" + good[4:],
		"a line break at the end":        good + "\n",
		"a carriage return at the start": "\r" + good,
		"a space":                        good[:4] + " " + good[4:],
		"a NUL":                          good + "\x00",
		"a letter beyond ASCII":          good + "é",
		"one character too many":         encoded(strings.Repeat("T", 64) + ":" + strings.Repeat("l", 129)),
		"far too many":                   strings.Repeat("A", 1<<20),
	}
	for reason, local := range locals {
		inputs["a local id: "+reason] = encoded("Product:" + local)
	}
	for reason, input := range inputs {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := sources.ParseID(input)
			wantRefused(t, input, err)
			if got != (sources.ID{}) {
				t.Errorf("got %v", got)
			}
		})
	}
	if _, err := sources.ParseID(good); err != nil {
		t.Errorf("the id that the refused ones were made of is refused: %v", err)
	}
}

func TestIDOf(t *testing.T) {
	t.Parallel()
	id := sources.ID{Type: "Product", Local: "SKU-000017"}
	if local, err := id.Of("Product"); err != nil || local != "SKU-000017" {
		t.Errorf("got %q and %v", local, err)
	}
	for _, typ := range []string{"Category", "product", "", "Product:SKU"} {
		local, err := id.Of(typ)
		wantRefused(t, "", err)
		if local != "" {
			t.Errorf("got %q as the id of a %q", local, typ)
		}
	}
}

// notStrings are what JSON and GraphQL literals may hold where a string is needed, by what they are called.
var notStrings = map[string]any{
	"null": nil, "a boolean": true, "a list": []any{"a"}, "an object": map[string]any{"a": 1}, "a number": json.Number("7"),
}

func TestIDOfAnotherKind(t *testing.T) {
	t.Parallel()
	for kind, v := range notStrings {
		id := sources.ID{Type: "Kept", Local: "as-it-was"}
		err := id.UnmarshalGQL(v)
		wantRefused(t, "", err)
		if f := fault.From(err); f != nil && !strings.Contains(f.Message(), kind) {
			t.Errorf("%v: the message %q does not say %q", v, f.Message(), kind)
		}
		if id.Type != "Kept" {
			t.Errorf("%v was read as %v", v, id)
		}
	}
	var id sources.ID
	wantRefused(t, "not an id", id.UnmarshalGQL("not an id"))
}

// FuzzParseID: whatever is accepted has one form only, and is one segment of a path.
func FuzzParseID(f *testing.F) {
	f.Add("UHJvZHVjdDpTS1UtMDAwMDE3")
	f.Add("UHJv\nZHVjdDpTS1UtMDAwMDE3")
	for _, local := range locals {
		f.Add(encoded("Product:" + local))
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := sources.ParseID(s)
		if err != nil {
			wantRefused(t, "", err)
			return
		}
		if id.String() != s {
			t.Errorf("%q is accepted, and has the form %q", s, id)
		}
		if escaped := url.PathEscape(id.Local); escaped != id.Local {
			t.Errorf("the local id %q is %q in a path", id.Local, escaped)
		}
		if u := (&url.URL{Path: "/a/b/"}).JoinPath(id.Local); u.Path != "/a/b/"+id.Local {
			t.Errorf("the local id %q leads to %q", id.Local, u.Path)
		}
	})
}
