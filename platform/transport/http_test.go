package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	scalar Any
	type Query { name(first: Int): String any(value: Any): String }
	type Mutation { rename: String }
	type Subscription { renamed: String }`})

// executed is what the schema's operations answer with: what reached them.
type executed struct {
	Type      ast.Operation  `json:"type"`
	Name      string         `json:"name,omitempty"`
	Variables map[string]any `json:"variables,omitempty"`
}

// echo executes every operation by giving what it is.
func echo(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	data, err := json.Marshal(executed{oc.Operation.Operation, oc.Operation.Name, oc.Variables})
	if err != nil {
		panic(err)
	}
	return graphql.OneShot(&graphql.Response{Data: data})
}

const maxBody = 300

// serve gives a GraphQL server whose operations are executed by exec.
func serve(exec func(context.Context) graphql.ResponseHandler) http.Handler {
	es := &graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }, ExecFunc: exec}
	engine := transport.NewEngine(es, transport.Options{Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover, Suggest: true})
	return transport.NewHandler(engine, transport.HTTP{MaxBodyBytes: maxBody, Origins: []string{"https://shop.example.com"}})
}

// answer is what a client reads.
type answer struct {
	Data   *executed `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

// ask sends a request and gives the answer, which is checked to be what every answer is.
func ask(t *testing.T, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, answer) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options is %q", got)
	}
	if media := w.Header().Get("Content-Type"); media != "application/json; charset=utf-8" && media != "application/graphql-response+json; charset=utf-8" {
		t.Errorf("the media type is %q", media)
	}
	var a answer
	dec := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil || dec.More() {
		t.Fatalf("the answer is not one JSON value: %v", err)
	}
	return w, a
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func get(pairs ...string) *http.Request {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return getRaw(q.Encode(), nil)
}

func getRaw(query string, body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/graphql?"+query, body)
	r.Header.Set("GraphQL-Preflight", "1")
	return r
}

func TestExecuted(t *testing.T) {
	t.Parallel()
	number := func(s string) map[string]any { return map[string]any{"v": json.Number(s)} }
	query := executed{Type: ast.Query}
	inUTF8 := post(`{"query":"{name}"}`)
	inUTF8.Header.Set("Content-Type", `Application/JSON;charset="UTF-8"`)
	for reason, test := range map[string]struct {
		request *http.Request
		want    executed
	}{
		"a query":                    {post(`{"query":"{name}"}`), query},
		"that says it is UTF-8":      {inUTF8, query},
		"with members that are null": {post(`{"query":"{name}","variables":null,"operationName":null,"extensions":null}`), query},
		"with members it ignores":    {post(`{"id":7,"query":"{name}","more":{"query":"x"}}`), query},
		"with extensions":            {post(`{"query":"{name}","extensions":{"a":1}}`), query},
		"with variables": {post(`{"query":"query Q($v: Any) {any(value: $v)}","variables":{"v":1}}`),
			executed{ast.Query, "Q", number("1")}},
		"with a number whose digits count": {post(`{"query":"query Q($v: Any) {any(value: $v)}","variables":{"v":12345678901234567890.10}}`),
			executed{ast.Query, "Q", number("12345678901234567890.10")}},
		"one of several operations": {post(`{"query":"query A {name} query B {name}","operationName":"B"}`), executed{Type: ast.Query, Name: "B"}},
		"a mutation":                {post(`{"query":"mutation {rename}"}`), executed{Type: ast.Mutation}},
		"as large as is allowed":    {post(`{"query":"{name}"}` + strings.Repeat(" ", maxBody-18)), query},
		"by GET":                    {get("query", "{name}"), query},
		"by GET, with variables": {get("query", "query Q($v: Any) {any(value: $v)}", "variables", `{"v":1.50}`),
			executed{ast.Query, "Q", number("1.50")}},
		"by GET, one of several":           {get("query", "query A {name} mutation B {rename}", "operationName", "A"), executed{Type: ast.Query, Name: "A"}},
		"by GET, with variables of null":   {get("query", "{name}", "variables", "null"), query},
		"by GET, with empty parameters":    {get("query", "{name}", "variables", "", "extensions", "", "operationName", ""), query},
		"by GET, with parameters of ours":  {get("query", "{name}", "utm_source", "a", "utm_source", "b"), query},
		"by GET, with extensions":          {get("query", "{name}", "extensions", `{"a":1}`), query},
		"by GET, its body not looked into": {getRaw("query=%7Bname%7D", strings.NewReader("x")), query},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w, a := ask(t, serve(echo), test.request)
			if w.Code != http.StatusOK || a.Errors != nil || a.Data == nil {
				t.Fatalf("%d: %+v", w.Code, a)
			}
			if diff := cmp.Diff(test.want, *a.Data); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// secret is in requests that are refused, to see that no answer repeats it.
const secret = "s3cr3t"

func TestRefused(t *testing.T) {
	t.Parallel()
	media := func(r *http.Request, media string) *http.Request {
		r.Header.Set("Content-Type", media)
		if media == "" {
			r.Header.Del("Content-Type")
		}
		return r
	}
	by := func(method string) *http.Request {
		return httptest.NewRequest(method, "/graphql", strings.NewReader(`{"query":"{name}"}`))
	}
	raw := func(query string) *http.Request { return getRaw(query, nil) }
	for reason, test := range map[string]struct {
		request *http.Request
		status  int
		code    fault.Code
		message string
	}{
		"no JSON":                        {post(secret), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 0."},
		"JSON that is cut off":           {post(`{"query":"` + secret), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 16."},
		"no body":                        {post(``), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 0."},
		"something after the end":        {post(`{"query":"{name}"} ` + secret), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 19."},
		"a second object":                {post(`{"query":"{name}"}{"query":"{name}"}`), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 18."},
		"text that is not Unicode":       {post("{\"query\":\"{name}\xff\"}"), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 16."},
		"a member twice":                 {post(`{"query":"{name}","query":"{` + secret + `}"}`), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 18."},
		"a variable twice":               {post(`{"query":"{name}","variables":{"` + secret + `":1,"` + secret + `":2}}`), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 42."},
		"a member that it ignores twice": {post(`{"query":"{name}","x":1,"x":2}`), 400, fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte 24."},
		"a list":                         {post(`[{"query":"` + secret + `"}]`), 400, fault.BadUserInput, "The request's body must be one object; lists of requests are not supported."},
		"a list after space":             {post("\n []"), 400, fault.BadUserInput, "The request's body must be one object; lists of requests are not supported."},
		"a string":                       {post(`"` + secret + `"`), 400, fault.BadUserInput, "The request's body must be a JSON object."},
		"null":                           {post(`null`), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"an empty object":                {post(`{}`), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"another case":                   {post(`{"Query":"` + secret + `"}`), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"a query that is null":           {post(`{"query":null}`), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"a query that is empty":          {post(`{"query":" \n"}`), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"a query that is no string":      {post(`{"query":{"` + secret + `":1}}`), 400, fault.BadUserInput, "`query` of the request has the wrong type."},
		"a name that is no string":       {post(`{"query":"{name}","operationName":["` + secret + `"]}`), 400, fault.BadUserInput, "`operationName` of the request has the wrong type."},
		"variables that are a list":      {post(`{"query":"{name}","variables":["` + secret + `"]}`), 400, fault.BadUserInput, "`variables` must be a JSON object."},
		"variables that are a string":    {post(`{"query":"{name}","variables":"{\"a\":\"` + secret + `\"}"}`), 400, fault.BadUserInput, "`variables` must be a JSON object."},
		"extensions that are a list":     {post(`{"query":"{name}","extensions":["` + secret + `"]}`), 400, fault.BadUserInput, "`extensions` must be a JSON object."},

		"no media type":             {media(post(`{"query":"{name}"}`), ""), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"another media type":        {media(post(`query=`+secret), "application/x-www-form-urlencoded"), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"a media type for browsers": {media(post(`{"query":"{name}"}`), "text/plain"), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"a media type that is none": {media(post(`{"query":"{name}"}`), secret+"/;"), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"JSON that is no UTF-8":     {media(post(`{"query":"{name}"}`), "application/json; charset=utf-16"), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"the document itself":       {media(post(`{name}`), "application/graphql"), 415, fault.BadUserInput, "Send the request as `Content-Type: application/json`."},
		"PUT":                       {by(http.MethodPut), 405, fault.BadUserInput, "GraphQL is asked by GET or POST."},
		"DELETE":                    {by(http.MethodDelete), 405, fault.BadUserInput, "GraphQL is asked by GET or POST."},
		"OPTIONS":                   {by(http.MethodOptions), 405, fault.BadUserInput, "GraphQL is asked by GET or POST."},

		"GET without a query":               {get(), 400, fault.BadUserInput, "`query` is needed: the GraphQL document to execute."},
		"GET of a mutation":                 {get("query", "mutation {rename}"), 405, fault.BadUserInput, "Mutations are sent by POST."},
		"GET of one of several, a mutation": {get("query", "query A {name} mutation B {rename}", "operationName", "B"), 405, fault.BadUserInput, "Mutations are sent by POST."},
		"GET with variables of no JSON":     {get("query", "{name}", "variables", secret), 400, fault.ParseFailed, "`variables` is not JSON."},
		"GET with a variable twice":         {get("query", "{name}", "variables", `{"a":1,"a":2}`), 400, fault.ParseFailed, "`variables` is not JSON."},
		"GET with more than variables":      {get("query", "{name}", "variables", `{} {}`), 400, fault.ParseFailed, "`variables` is not JSON."},
		"GET with variables of a list":      {get("query", "{name}", "variables", `["`+secret+`"]`), 400, fault.BadUserInput, "`variables` must be a JSON object."},
		"GET with extensions of no JSON":    {get("query", "{name}", "extensions", secret), 400, fault.ParseFailed, "`extensions` is not JSON."},
		"GET of two queries":                {get("query", "{name}", "query", secret), 400, fault.BadUserInput, "`query` is given more than once."},
		"GET with variables twice":          {get("query", "{name}", "variables", "{}", "variables", secret), 400, fault.BadUserInput, "`variables` is given more than once."},
		"GET with an escape that is none":   {raw("query=%7Bname%7D&variables=%7B%zz" + secret), 400, fault.ParseFailed, "The URL's query cannot be read."},
		"GET with a semicolon":              {raw("query=%7Bname%7D;variables=" + secret), 400, fault.ParseFailed, "The URL's query cannot be read."},
		"GET of text that is not Unicode":   {raw("query=%7Bname%7D%ff" + secret), 400, fault.ParseFailed, "`query` is not UTF-8."},

		"no GraphQL":                     {post(`{"query":"{name"}`), 200, fault.ParseFailed, "Expected Name, found <EOF>"},
		"what the schema has not":        {post(`{"query":"{names}"}`), 200, fault.ValidationFailed, "Cannot query field \"names\" on type \"Query\". Did you mean \"name\"?"},
		"an operation that is not there": {post(`{"query":"query A {name}","operationName":"B"}`), 200, fault.BadUserInput, `The document has no operation named "B".`},
		"a variable that does not fit":   {post(`{"query":"query($n: Int!) {name(first: $n)}","variables":{"n":"x"}}`), 200, fault.BadUserInput, `Variable "$n" got invalid value "x"; Int cannot represent non-integer value: "x"`},
		"a subscription":                 {post(`{"query":"subscription {renamed}"}`), 200, fault.BadUserInput, "Subscriptions need a connection that stays open; this one gives a single answer."},
		"GET of a subscription":          {get("query", "subscription {renamed}"), 200, fault.BadUserInput, "Subscriptions need a connection that stays open; this one gives a single answer."},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			h := serve(func(context.Context) graphql.ResponseHandler {
				t.Error("the operation was executed")
				return graphql.OneShot(&graphql.Response{})
			})
			w, a := ask(t, h, test.request)
			if w.Code != test.status || a.Data != nil || len(a.Errors) != 1 {
				t.Fatalf("%d: %+v, want %d and one error", w.Code, a, test.status)
			}
			e := a.Errors[0]
			if e.Extensions["code"] != string(test.code) || e.Message != test.message || e.Path != nil {
				t.Errorf("got %+v\nwant %s: %s", e, test.code, test.message)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("the answer repeats the request: %s", w.Body)
			}
		})
	}
}
