package upstream_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

type refusal struct {
	Error struct {
		Code string `json:"code"`
	} `json:"error"`
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	const body = `{"error":{"code":"wrong_state"}}`
	for reason, test := range map[string]struct {
		status      int
		media, body string
		fault       fault.Code
		code        string // empty: nothing of the type
	}{
		"JSON":                         {http.StatusPreconditionFailed, "application/json; charset=utf-8", body, fault.PreconditionFailed, "wrong_state"},
		"a problem document":           {http.StatusUnprocessableEntity, "application/problem+json", body, fault.BadUserInput, "wrong_state"},
		"a member is missing":          {http.StatusConflict, "application/json", `{"error":{}}`, fault.Conflict, ""},
		"JSON of another type":         {http.StatusConflict, "application/json", `{"error":1}`, fault.Conflict, ""},
		"no JSON":                      {http.StatusConflict, "text/html", body, fault.Conflict, ""},
		"no media type":                {http.StatusConflict, "", body, fault.Conflict, ""},
		"nothing":                      {http.StatusConflict, "application/json", "", fault.Conflict, ""},
		"more than is kept":            {http.StatusConflict, "application/json", body + strings.Repeat(" ", 64<<10), fault.Conflict, ""},
		"a failure is no refusal":      {http.StatusInternalServerError, "application/json", body, fault.SourceFailed, ""},
		"a redirect is no refusal":     {http.StatusFound, "application/json", body, fault.SourceContractViolation, ""},
		"what was done is not refused": {http.StatusOK, "application/json", body, "", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{test.media}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(server.Close)
			h, err := upstream.NewHTTP(upstream.Options{Name: "shop", URL: server.URL}, upstream.Inputs{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			answer, err := h.Do(t.Context(), "buy", func(url string) (*http.Request, error) {
				return http.NewRequest(http.MethodPost, url, nil)
			})
			if f := fault.From(err); (f == nil) != (test.fault == "") || f != nil && f.Code != test.fault {
				t.Errorf("failed with %v, want %q", err, test.fault)
			}
			got := upstream.Refusal[refusal](answer)
			switch {
			case got == nil && test.code != "":
				t.Errorf("nothing was read, want %q", test.code)
			case got != nil && got.Error.Code != test.code:
				t.Errorf("read %q, want %q", got.Error.Code, test.code)
			}
			if _, err := upstream.Decode[refusal](answer); (err == nil) != (test.status == http.StatusOK) {
				t.Errorf("the status is %d, and reading the answer gives %v", test.status, err)
			}
		})
	}
}
