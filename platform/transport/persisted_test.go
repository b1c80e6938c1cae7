package transport_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/persisted"
	"github.com/mainstem/mainstem/platform/transport"
)

// knowing gives a server that knows documents.
func knowing(t *testing.T, c persisted.Config) http.Handler {
	t.Helper()
	store, err := persisted.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	es := &graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }, ExecFunc: echo}
	engine := transport.NewEngine(es, transport.Options{
		Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover, Extensions: []graphql.HandlerExtension{store},
	})
	return transport.NewHandler(engine, transport.HTTP{MaxBodyBytes: maxBody})
}

// hashed gives the extensions that name a document by its hash.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":"%s"}}`, hex.EncodeToString(sum[:]))
}

// TestAutomaticPersistedQueries: the dialogue of Apollo's clients, by POST and by GET.
func TestAutomaticPersistedQueries(t *testing.T) {
	t.Parallel()
	const query, mutation, wrong = "query Q($v: Any) { any(value: $v) }", "mutation M { rename }", "{ names }"
	h := knowing(t, persisted.Defaults())
	byGet := func(text string) *http.Request { return get("extensions", hashed(text), "operationName", "") }
	byPost := func(text string) *http.Request { return post(`{"extensions":` + hashed(text) + `}`) }
	with := func(text string) *http.Request {
		return post(fmt.Sprintf(`{"query":%q,"extensions":%s}`, text, hashed(text)))
	}
	for i, step := range []struct {
		request *http.Request
		status  int
		code    fault.Code
		name    string // of the operation that is executed
	}{
		{byPost(query), 200, fault.PersistedNotFound, ""},
		{byGet(query), 200, fault.PersistedNotFound, ""},
		{with(query), 200, "", "Q"},
		{byPost(query), 200, "", "Q"},
		{byGet(query), 200, "", "Q"},
		{get("extensions", hashed(query), "variables", `{"v": 1}`), 200, "", "Q"},

		{get("extensions", hashed(mutation), "query", mutation), 405, fault.BadUserInput, ""},
		{byPost(mutation), 200, fault.PersistedNotFound, ""}, // what is refused is not kept
		{with(mutation), 200, "", "M"},
		{byGet(mutation), 405, fault.BadUserInput, ""}, // though it is known
		{byPost(mutation), 200, "", "M"},

		{with(wrong), 200, fault.ValidationFailed, ""},
		{byPost(wrong), 200, fault.PersistedNotFound, ""}, // what is not valid is not kept
		{with("{"), 200, fault.ParseFailed, ""},
		{byPost("{"), 200, fault.PersistedNotFound, ""},
		{post(fmt.Sprintf(`{"query":%q,"extensions":%s}`, "{name}", hashed(query))), 200, fault.BadUserInput, ""},
		{post(`{"extensions":{"persistedQuery":7}}`), 200, fault.BadUserInput, ""},
	} {
		w, a := ask(t, h, step.request)
		if w.Code != step.status || step.code == "" && (a.Data == nil || a.Data.Name != step.name) || step.code != "" && (len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(step.code)) {
			t.Errorf("step %d: %d %s", i, w.Code, w.Body)
		}
		if step.code != "" && step.request.Method == http.MethodGet && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("step %d: whoever keeps the answer does not hear that the document is known", i)
		}
		if step.code == fault.PersistedNotFound && a.Errors[0].Message != "PersistedQueryNotFound" {
			t.Errorf("step %d: %s", i, w.Body)
		}
	}
}

// TestOnlyWhatIsAffordedIsRegistered: whoever sends what costs too much takes nobody's place.
func TestOnlyWhatIsAffordedIsRegistered(t *testing.T) {
	t.Parallel()
	store, err := persisted.New(persisted.Defaults(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		t.Fatal(err)
	}
	es := &graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }, ExecFunc: echo}
	h := transport.NewHandler(transport.NewEngine(es, transport.Options{
		Present: fault.Presenter(slog.New(slog.DiscardHandler)), Extensions: []graphql.HandlerExtension{store}, Costs: costs, Limits: limit.Limits{Cost: 2},
	}), transport.HTTP{MaxBodyBytes: maxBody})
	const query = "query Q($v: Any) { any(value: $v) }"
	with := func(value string) *http.Request {
		return post(fmt.Sprintf(`{"query":%q,"extensions":%s,"variables":{"v":%s}}`, query, hashed(query), value))
	}
	for i, step := range []struct {
		request *http.Request
		code    fault.Code
	}{
		{with("[1,2,3]"), fault.LimitExceeded},
		{post(`{"extensions":` + hashed(query) + `}`), fault.PersistedNotFound},
		{with("[1,2]"), ""},
		{post(`{"extensions":` + hashed(query) + `}`), ""},
	} {
		w, a := ask(t, h, step.request)
		if step.code == "" && a.Data == nil || step.code != "" && (len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(step.code)) {
			t.Errorf("step %d: %s", i, w.Body)
		}
	}
}

func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	c := persisted.Defaults()
	c.Trusted = persisted.TrustedConfig{Mode: persisted.Enforce, Manifest: filepath.Join(t.TempDir(), "operations.json")}
	if err := os.WriteFile(c.Trusted.Manifest, []byte(`{"q1": "query Q { name }", "m1": "mutation M { rename }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	h := knowing(t, c)
	accepts := func(r *http.Request) *http.Request {
		r.Header.Set("Accept", "application/graphql-response+json")
		return r
	}
	for reason, test := range map[string]struct {
		request *http.Request
		status  int
		code    fault.Code
		name    string
	}{
		"an id":                    {post(`{"documentId":"q1"}`), 200, "", "Q"},
		"an id as Relay has it":    {post(`{"doc_id":"q1","query":null}`), 200, "", "Q"},
		"an id by GET":             {get("documentId", "q1"), 200, "", "Q"},
		"an id twice":              {post(`{"documentId":"q1","doc_id":"q1"}`), 200, "", "Q"},
		"two ids":                  {post(`{"documentId":"q1","doc_id":"m1"}`), 400, fault.BadUserInput, ""},
		"two ids by GET":           {get("documentId", "q1", "documentId", "q1"), 400, fault.BadUserInput, ""},
		"an id that is a number":   {post(`{"documentId":1}`), 400, fault.BadUserInput, ""},
		"an id that is empty":      {post(`{"documentId":""}`), 400, fault.BadUserInput, ""},
		"an id that is null":       {post(`{"documentId":null}`), 400, fault.BadUserInput, ""},
		"a mutation by GET":        {get("documentId", "m1"), 405, fault.BadUserInput, ""},
		"a mutation by POST":       {post(`{"documentId":"m1"}`), 200, "", "M"},
		"the hash of the text":     {post(`{"extensions":` + hashed("query Q { name }") + `}`), 200, "", "Q"},
		"the text":                 {post(`{"query":"query Q { name }"}`), 200, "", "Q"},
		"another text":             {post(`{"query":"query Q { name name }"}`), 200, fault.Forbidden, ""},
		"another text, as we like": {accepts(post(`{"query":"query Q { name name }"}`)), 400, fault.Forbidden, ""},
		"an unknown id":            {accepts(post(`{"documentId":"q2"}`)), 400, fault.PersistedNotFound, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w, a := ask(t, h, test.request)
			if w.Code != test.status || test.code == "" && (a.Data == nil || a.Data.Name != test.name) || test.code != "" && (len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(test.code)) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// TestNobodyKnowsDocuments: without an extension that does, clients are told so in the words that they know.
func TestNobodyKnowsDocuments(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"extensions":` + hashed("{name}") + `}`, `{"documentId":"q1"}`} {
		if w, a := ask(t, serve(echo), post(body)); w.Code != 200 || a.Errors[0].Message != "PersistedQueryNotSupported" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if _, a := ask(t, serve(echo), post(`{"query":"query Q {name}","extensions":`+hashed("{name}")+`}`)); a.Data == nil {
		t.Error("a document that was sent is not executed")
	}
}
