package sources_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
)

func TestURL(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"https://images.example/1.jpg", "http://localhost:4100", "https://a.example/%20?q=%26&r=ä#f", "HTTPS://A.example", "https://[::1]:80/",
		`https://a.example/"<&>`,
	} {
		var got sources.URL
		if err := got.UnmarshalGQL(s); err != nil || string(got) != s {
			t.Errorf("%q is read as %q: %v", s, got, err)
		}
		if back := written(t, got.MarshalGQL); back != s {
			t.Errorf("%q is written as %q", s, back)
		}
	}
}

func TestURLRefused(t *testing.T) {
	t.Parallel()
	for reason, s := range map[string]string{
		"nothing":             "",
		"a path":              "/images/1.jpg",
		"a name":              "images.example",
		"no scheme":           "//images.example/1.jpg",
		"no host":             "https:///1.jpg",
		"a port alone":        "https://:443/1.jpg",
		"a user alone":        "https://ada@/1.jpg",
		"one slash":           "https:/images.example",
		"no slash":            "https:images.example",
		"a script":            "javascript:alert(1)//https://a.example",
		"data":                "data:text/html,<script>",
		"a file":              "file:///etc/passwd",
		"another scheme":      "ftp://images.example/1.jpg",
		"a space in front":    " https://images.example",
		"a space in the host": "https://images example/",
		"a newline":           "https://images.example/\n",
		"a NUL":               "https://images.example/\x00",
		"a broken escape":     "https://images.example/%zz",
		"a broken port":       "https://images.example:port/",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := sources.ParseURL(s)
			wantRefused(t, s, err)
			if got != "" {
				t.Errorf("got %q", got)
			}
			var u sources.URL
			wantRefused(t, s, u.UnmarshalGQL(s))
		})
	}
	for kind, v := range notStrings {
		var u sources.URL
		err := u.UnmarshalGQL(v)
		wantRefused(t, "", err)
		if f := fault.From(err); f != nil && !strings.Contains(f.Message(), kind) {
			t.Errorf("%v: the message %q does not say %q", v, f.Message(), kind)
		}
	}
}

func TestDateTime(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"2026-03-14T15:09:26Z":             "2026-03-14T15:09:26Z",
		"2026-03-14T15:09:26.000Z":         "2026-03-14T15:09:26Z",
		"2026-03-14T15:09:26.120Z":         "2026-03-14T15:09:26.12Z",
		"2026-03-14T15:09:26.123456789Z":   "2026-03-14T15:09:26.123456789Z",
		"2026-03-14T00:09:26+01:00":        "2026-03-13T23:09:26Z",
		"2024-02-29T23:59:59.5-00:30":      "2024-03-01T00:29:59.5Z",
		"0001-01-01T00:00:00Z":             "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999Z":   "9999-12-31T23:59:59.999999999Z",
		"2026-03-14T15:09:26+00:00":        "2026-03-14T15:09:26Z",
		"2026-03-14T15:09:26.999999-12:00": "2026-03-15T03:09:26.999999Z",
	} {
		moment, err := sources.UnmarshalDateTime(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got := written(t, sources.MarshalDateTime(moment).MarshalGQL); got != want {
			t.Errorf("%s is written as %s, want %s", given, got, want)
		}
	}
}

func TestDateTimeRoundTrip(t *testing.T) {
	t.Parallel()
	earliest := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(rt, "minutes east")*60)
		want := time.Unix(rapid.Int64Range(earliest, latest).Draw(rt, "second"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanosecond")).In(zone)
		got, err := sources.UnmarshalDateTime(written(t, sources.MarshalDateTime(want).MarshalGQL))
		if err != nil || !got.Equal(want) {
			rt.Fatalf("%s is read as %s: %v", want, got, err)
		}
	})
}

func TestDateTimeRefused(t *testing.T) {
	t.Parallel()
	for reason, s := range map[string]string{
		"nothing":               "",
		"a date":                "2026-05-17",
		"no zone":               "2026-05-17T15:09:26",
		"a space for the T":     "2026-05-17 15:09:26Z",
		"no seconds":            "2026-05-17T15:09Z",
		"a day that is none":    "2026-02-29T00:00:00Z",
		"a month that is none":  "2026-13-01T00:00:00Z",
		"an hour that is none":  "2026-05-17T24:00:00Z",
		"a zone that is none":   "2026-05-17T15:09:26+99:00",
		"a zone by name":        "2026-05-17T15:09:26 CET",
		"seconds since 1970":    "1773500966",
		"more after the end":    "2026-05-17T15:09:26Z ",
		"a newline":             "2026-05-17T15:09:26Z\n",
		"a year of five digits": "12026-05-17T15:09:26Z",
		"words":                 "tomorrow",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := sources.UnmarshalDateTime(s)
			wantRefused(t, s, err)
			if !got.IsZero() {
				t.Errorf("got %s", got)
			}
		})
	}
	for kind, v := range notStrings {
		_, err := sources.UnmarshalDateTime(v)
		wantRefused(t, "", err)
		if f := fault.From(err); f != nil && !strings.Contains(f.Message(), kind) {
			t.Errorf("%v: the message %q does not say %q", v, f.Message(), kind)
		}
	}
}

// written gives the string that a scalar writes into an answer.
func written(t *testing.T, marshal func(io.Writer)) string {
	t.Helper()
	var b bytes.Buffer
	marshal(&b)
	var s string
	if err := json.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatalf("%q is not JSON: %v", b.Bytes(), err)
	}
	return s
}

// FuzzURL: whatever is accepted is an absolute URL of the web, and is written as it was read.
func FuzzURL(f *testing.F) {
	f.Add("https://images.example/1.jpg?a=b#c")
	f.Add("https://:443")
	f.Add("javascript:alert(1)")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := sources.ParseURL(s)
		if err != nil {
			wantRefused(t, "", err)
			return
		}
		u, err := url.Parse(string(got))
		if err != nil || !u.IsAbs() || u.Hostname() == "" || !strings.HasPrefix(u.Scheme, "http") {
			t.Errorf("%q is accepted", s)
		}
		if back := written(t, got.MarshalGQL); utf8.ValidString(s) && back != s {
			t.Errorf("%q is written as %q", s, back)
		}
	})
}

// FuzzDateTime: whatever is accepted and has a year of four digits is read again as it is written.
func FuzzDateTime(f *testing.F) {
	f.Add("2026-03-14T15:09:26.5+01:00")
	f.Add("9999-12-31T23:59:59-01:00")
	f.Fuzz(func(t *testing.T, s string) {
		moment, err := sources.UnmarshalDateTime(s)
		if err != nil {
			wantRefused(t, "", err)
			return
		}
		if year := moment.UTC().Year(); year < 0 || year > 9999 {
			return
		}
		again, err := sources.UnmarshalDateTime(written(t, sources.MarshalDateTime(moment).MarshalGQL))
		if err != nil || !again.Equal(moment) {
			t.Errorf("%q is read as %s, and then as %s: %v", s, moment, again, err)
		}
	})
}
