package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const problemJSON = "application/problem+json"

func TestFromHTTPCode(t *testing.T) {
	t.Parallel()
	for code, statuses := range map[Code][]int{
		BadUserInput:            {400, 422},
		Forbidden:               {401, 403},
		NotFound:                {404, 410},
		Conflict:                {409},
		PreconditionFailed:      {412, 423, 424, 428},
		SourceTimeout:           {408, 504},
		RateLimited:             {429},
		SourceUnavailable:       {502, 503},
		SourceFailed:            {500, 505, 507, 508, 511, 599, 700},
		SourceContractViolation: {0, 501, 100, 101, 199, 300, 301, 302, 304, 307, 308, 402, 405, 406, 407, 411, 413, 414, 415, 417, 418, 421, 426, 431, 451, 499},
	} {
		for _, status := range statuses {
			f := FromHTTP(status, http.Header{}, []byte("secret"))
			if f.Code != code {
				t.Errorf("%d is %s, want %s", status, f.Code, code)
			}
			if f.Message() != code.Doc().Message {
				t.Errorf("%d: clients read %q", status, f.Message())
			}
			if log := f.Error(); !strings.Contains(log, fmt.Sprintf("HTTP status %d", status)) || !strings.Contains(log, `"secret"`) {
				t.Errorf("%d: the log has %q", status, log)
			}
		}
	}
}

func TestFromHTTPLogsPartOfTheBody(t *testing.T) {
	t.Parallel()
	f := FromHTTP(500, http.Header{}, []byte(strings.Repeat("\x00", 1<<20)))
	if n := len(f.Error()); n > 4<<10 {
		t.Errorf("the log would hold %d bytes", n)
	}
}

func TestFromHTTPProblem(t *testing.T) {
	t.Parallel()
	const full = `{"type":"https://shop.test/problems/taken","title":"Title","detail":"Detail","errors":[` +
		`{"pointer":"#/email","detail":"Not an address."},{"pointer":"#/lines/0/sku","detail":"Unknown."},{"field":"phone","detail":"Too short."}]}`
	violations := []Violation{{"email", "Not an address."}, {"sku", "Unknown."}, {"phone", "Too short."}}
	for reason, test := range map[string]struct {
		status      int
		contentType string
		body        string
		reason      string
		violations  []Violation
	}{
		"all of it":                          {422, problemJSON, full, "https://shop.test/problems/taken", violations},
		"with parameters":                    {400, "Application/Problem+JSON; charset=utf-8", full, "https://shop.test/problems/taken", violations},
		"values that no input explains":      {409, problemJSON, full, "https://shop.test/problems/taken", nil},
		"members that nobody knows":          {409, problemJSON, `{"type":"a","balance":30,"accounts":[1]}`, "a", nil},
		"another media type":                 {422, "application/json", full, "", nil},
		"no media type":                      {422, "", full, "", nil},
		"a media type that is none":          {422, "application/problem+json; =", full, "", nil},
		"nothing":                            {422, problemJSON, "", "", nil},
		"not JSON":                           {422, problemJSON, "<html>", "", nil},
		"not an object":                      {422, problemJSON, `["type"]`, "", nil},
		"null":                               {422, problemJSON, `null`, "", nil},
		"a type of another kind":             {422, problemJSON, `{"type":7}`, "", nil},
		"errors of another kind":             {422, problemJSON, `{"type":"a","errors":{"email":"bad"}}`, "", nil},
		"without a sentence there is no use": {422, problemJSON, `{"type":"a","errors":[{"pointer":"#/email"}]}`, "a", nil},
		"about all of it":                    {422, problemJSON, `{"errors":[{"detail":"Too much."},{"pointer":"#","detail":"Of it."}]}`, "", []Violation{{"", "Too much."}, {"", "Of it."}}},
		"a pointer without a fragment":       {422, problemJSON, `{"errors":[{"pointer":"/a/b","detail":"No."},{"pointer":"c","detail":"Nor this."}]}`, "", []Violation{{"b", "No."}, {"c", "Nor this."}}},
		"a field that is none":               {422, problemJSON, `{"errors":[{"field":"http://10.1.2.3/internal","detail":"No."}]}`, "", []Violation{{"", "No."}}},
		"a pointer to what has no name":      {422, problemJSON, `{"errors":[{"pointer":"#/","detail":"No."}]}`, "", []Violation{{"", "No."}}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := FromHTTP(test.status, http.Header{"Content-Type": {test.contentType}}, []byte(test.body))
			if f.Reason != test.reason {
				t.Errorf("the reason is %q, want %q", f.Reason, test.reason)
			}
			if diff := cmp.Diff(test.violations, f.Violations); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if f.Message() != f.Code.Doc().Message {
				t.Errorf("clients read %q", f.Message())
			}
		})
	}
}

func TestViolationsAreBounded(t *testing.T) {
	t.Parallel()
	type entry struct {
		Detail string `json:"detail"`
		Field  string `json:"field"`
	}
	long := strings.Repeat("a", maxViolationBytes-1) + strings.Repeat("é", 50) // whose first does not fit as a whole
	list := make([]entry, 100)
	for i := range list {
		list[i] = entry{Detail: long, Field: "a"}
	}
	body, err := json.Marshal(map[string]any{"errors": list})
	if err != nil {
		t.Fatal(err)
	}
	f := FromHTTP(422, http.Header{"Content-Type": {problemJSON}}, body)
	if len(f.Violations) != maxViolations {
		t.Errorf("got %d violations, want %d", len(f.Violations), maxViolations)
	}
	for _, v := range f.Violations {
		if cut := strings.Repeat("a", maxViolationBytes-1); v.Field != "a" || v.Message != cut {
			t.Fatalf("a field of %d bytes with a message of %d", len(v.Field), len(v.Message))
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                                 0,
		"0":                                0,
		"7":                                7 * time.Second,
		"007":                              7 * time.Second,
		"3600":                             time.Hour,
		"3601":                             maxRetryAfter,
		"2147483648":                       maxRetryAfter, // 32 bits
		"9223372036854775808":              maxRetryAfter, // 64 bits
		strings.Repeat("9", 1000):          maxRetryAfter,
		"-7":                               0,
		"+7":                               0,
		"7.5":                              0,
		"7s":                               0,
		"0x10":                             0,
		"1e3":                              0,
		"soon":                             0,
		"\xff":                             0,
		"Sat, 14 Mar 2026 15:09:56 GMT":    30 * time.Second,
		"Saturday, 14-Mar-26 15:09:56 GMT": 30 * time.Second, // RFC 850
		"Sat Mar 14 15:09:56 2026":         30 * time.Second, // ANSI C
		"Sat, 14 Mar 2026 15:09:26 GMT":    0,
		"Sat, 14 Mar 2026 15:00:00 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    maxRetryAfter,
		"2026-03-14T15:09:56Z":             0,
	} {
		if got := parseRetryAfter(header, now); got != want {
			t.Errorf("%.40q is %s, want %s", header, got, want)
		}
	}
	f := FromHTTP(503, http.Header{"Retry-After": {"7"}}, nil)
	if f.RetryAfter != 7*time.Second {
		t.Errorf("RetryAfter is %s", f.RetryAfter)
	}
}

// FuzzFromHTTP reads what a service may answer with: whatever it is, the fault stays within bounds and shows clients nothing of it
// but violations.
func FuzzFromHTTP(f *testing.F) {
	f.Add(422, "7", problemJSON, []byte(`{"type":"a","errors":[{"pointer":"#/email","detail":"Not an address."},{"field":"b","detail":"c"}]}`))
	f.Add(422, "99999999999999999999", problemJSON+"; a=b", []byte(`{"errors":[{"detail":"\ud800\u0000"}]}`))
	f.Add(503, "Fri, 31 Dec 9999 23:59:59 GMT", "text/html", []byte("<html>"))
	f.Add(409, "-1", problemJSON, []byte(`{"type":"`+strings.Repeat("é", 400)+`"}`))
	f.Fuzz(func(t *testing.T, status int, retryAfter, contentType string, body []byte) {
		got := FromHTTP(status, http.Header{"Retry-After": {retryAfter}, "Content-Type": {contentType}}, body)
		if got.Code.Doc().Code != got.Code {
			t.Errorf("%d is %s, which is not documented", status, got.Code)
		}
		if got.RetryAfter < 0 || got.RetryAfter > maxRetryAfter {
			t.Errorf("%q is %s", retryAfter, got.RetryAfter)
		}
		if got.Message() != got.Code.Doc().Message {
			t.Errorf("clients read %q", got.Message())
		}
		if len(got.Violations) > maxViolations || (len(got.Violations) > 0 && got.Code != BadUserInput) {
			t.Errorf("%s has %d violations", got.Code, len(got.Violations))
		}
		for _, v := range got.Violations {
			if v.Message == "" || len(v.Field) > maxViolationBytes || len(v.Message) > maxViolationBytes {
				t.Errorf("a violation of %d and %d bytes", len(v.Field), len(v.Message))
			}
			if !utf8.ValidString(v.Field) || !utf8.ValidString(v.Message) {
				t.Errorf("%q is not UTF-8", v)
			}
		}
		if n := len(got.Error()); n > 8<<10 {
			t.Errorf("the log would hold %d bytes", n)
		}
	})
}
