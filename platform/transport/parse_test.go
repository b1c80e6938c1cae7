package transport

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/persisted"
)

// said are the sentences about a body that cannot be read. None has room for a part of it.
var said = regexp.MustCompile("^(The request's body is not JSON: it goes wrong at byte [0-9]+\\." +
	"|The request's body must be (one object; lists of requests are not supported|a JSON object)\\." +
	"|`(query|operationName|variables|extensions|documentId|doc_id)` of the request has the wrong type\\." +
	"|`(variables|extensions)` must be a JSON object\\." +
	"|The document is named twice: send either `documentId` or `doc_id`\\." +
	"|`query` is needed: the GraphQL document to execute\\.)$")

func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"query":"{name}","operationName":"A","variables":{"a":[1,{"b":1e3}]},"extensions":{"c":null}}`,
		`{"query":"{name}","query":"{other}"}`, `{"query":1}`, `{"query":"{name}","variables":[]}`, `[{"query":"{name}"}]`,
		`{"query":"{name}"} x`, `{"query":"\ud800"}`, `null`, `"x"`, `{"documentId":"a"}`, `{"doc_id":"a","documentId":"b"}`, `{"extensions":{"persistedQuery":{}}}`, "\xef\xbb\xbf{}", "", "{\"query\":\"\xff\"}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		params, err := parse(body)
		if err != nil {
			var fa *fault.Error
			if !errors.As(err, &fa) || (fa.Code != fault.ParseFailed && fa.Code != fault.BadUserInput) || !said.MatchString(fa.Message()) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if strings.TrimSpace(params.Query) == "" && !persisted.Named(params) {
			t.Error("accepted without a document, and without the name of one")
		}
		// What is read strictly reads the same to everybody.
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		var query string
		if raw, ok := members["query"]; ok {
			err = json.Unmarshal(raw, &query)
		}
		if err != nil || query != params.Query {
			t.Errorf("the query is %q, but encoding/json reads %q, %v", params.Query, query, err)
		}
		var variables map[string]any
		if raw, ok := members["variables"]; ok {
			if err := json.Unmarshal(raw, &variables); err != nil && !outOfRange(err) {
				t.Errorf("the variables are %v, but encoding/json says %v", params.Variables, err)
			}
		}
		if len(variables) != len(params.Variables) {
			t.Errorf("%d variables, but encoding/json reads %d", len(params.Variables), len(variables))
		}
	})
}

// outOfRange says whether err is about a number that a float64 cannot hold, which those who keep its digits accept.
func outOfRange(err error) bool {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	return ok && strings.HasPrefix(wrong.Value, "number")
}
