package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

func TestAllow(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		request *http.Request
		want    string
	}{
		"another method":    {httptest.NewRequest(http.MethodPatch, "/graphql", nil), "GET, POST"},
		"HEAD":              {httptest.NewRequest(http.MethodHead, "/graphql?query=%7Bname%7D", nil), "GET, POST"},
		"GET of a mutation": {get("query", "mutation {rename}"), "POST"},
		"a query":           {get("query", "{name}"), ""},
		"a bad query":       {get("query", "{"), ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w, _ := ask(t, serve(echo), test.request)
			if got := w.Header().Get("Allow"); got != test.want || (got != "") != (w.Code == http.StatusMethodNotAllowed) {
				t.Errorf("%d: Allow is %q, want %q", w.Code, got, test.want)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	unknownLength := post("")
	unknownLength.Body, unknownLength.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", maxBody+1))), -1
	for reason, test := range map[string]struct {
		request *http.Request
		status  int
	}{
		"a body":                      {post(`{"query":"{name}"}` + strings.Repeat(" ", maxBody-17)), http.StatusRequestEntityTooLarge},
		"a body of no told length":    {unknownLength, http.StatusRequestEntityTooLarge},
		"a body that is no JSON":      {post(strings.Repeat("x", maxBody+1)), http.StatusRequestEntityTooLarge},
		"the URL of a GET":            {get("query", "{name}"+strings.Repeat(" ", maxBody)), http.StatusRequestURITooLong},
		"the URL of a GET, elsewhere": {get("query", "{name}", "x", strings.Repeat("x", maxBody)), http.StatusRequestURITooLong},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w, a := ask(t, serve(echo), test.request)
			if w.Code != test.status || a.Data != nil || len(a.Errors) != 1 {
				t.Fatalf("%d: %+v", w.Code, a)
			}
			e := a.Errors[0]
			want := fmt.Sprintf("The request has more than the %d bytes that are allowed.", maxBody)
			if e.Extensions["code"] != string(fault.LimitExceeded) || e.Extensions["limit"] != "bytes" || e.Message != want {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	t.Parallel()
	r := post("")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"query":`), failingReader{}))
	w, a := ask(t, serve(echo), r)
	if w.Code != http.StatusBadRequest || len(a.Errors) != 1 || !strings.HasPrefix(a.Errors[0].Message, "The request's body ended early") {
		t.Errorf("%d: %+v", w.Code, a)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAccept(t *testing.T) {
	t.Parallel()
	const plain, graphQL = "application/json", "application/graphql-response+json"
	for reason, test := range map[string]struct {
		accept []string
		want   string // empty if no answer is acceptable
	}{
		"nothing is said":                {nil, plain},
		"anything":                       {[]string{"*/*"}, plain},
		"anything of applications":       {[]string{"application/*"}, plain},
		"JSON":                           {[]string{plain}, plain},
		"GraphQL":                        {[]string{graphQL}, graphQL},
		"GraphQL, with a character set":  {[]string{graphQL + "; charset=utf-8"}, graphQL},
		"GraphQL in another case":        {[]string{"Application/GraphQL-Response+JSON"}, graphQL},
		"GraphQL rather than JSON":       {[]string{graphQL + ", " + plain + ";q=0.9"}, graphQL},
		"GraphQL rather than anything":   {[]string{"*/*;q=0.1," + graphQL}, graphQL},
		"both alike, JSON first":         {[]string{plain + ", " + graphQL}, plain},
		"both alike, GraphQL first":      {[]string{graphQL + ", " + plain}, graphQL},
		"JSON rather than GraphQL":       {[]string{graphQL + ";q=0.5, " + plain}, plain},
		"GraphQL least":                  {[]string{graphQL + ";q=0.001"}, graphQL},
		"not GraphQL":                    {[]string{graphQL + ";q=0, " + plain + ";q=0.1"}, plain},
		"not GraphQL, said alone":        {[]string{graphQL + ";q=0"}, ""},
		"in two headers":                 {[]string{"text/html", graphQL}, graphQL},
		"a type that begins alike":       {[]string{graphQL + "x"}, ""},
		"a type within a parameter":      {[]string{`text/html; alt="` + graphQL + `"`}, ""},
		"neither":                        {[]string{"text/html"}, ""},
		"what cannot be read":            {[]string{";;;,,/"}, ""},
		"GraphQL, beside what cannot be": {[]string{";;;,,/, " + graphQL}, graphQL},
		"a weight that is none":          {[]string{graphQL + ";q=x, " + plain}, plain},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			for query, refused := range map[string]bool{"{name}": false, "{names}": true, "{": true, "query($n: Int!) {name(first: $n)}": true} {
				r := get("query", query)
				r.Header["Accept"] = test.accept
				w, _ := ask(t, serve(echo), r)
				if test.want == "" {
					if w.Code != http.StatusNotAcceptable {
						t.Errorf("%s: the status is %d", query, w.Code)
					}
					continue
				}
				if got := w.Header().Get("Content-Type"); got != test.want+"; charset=utf-8" {
					t.Errorf("%s: the media type is %q", query, got)
				}
				status := http.StatusOK
				if refused && test.want == graphQL {
					status = http.StatusBadRequest
				}
				if w.Code != status {
					t.Errorf("%s: the status is %d, want %d", query, w.Code, status)
				}
			}
		})
	}
}

// TestMalformedWhateverIsAccepted has a request that is no GraphQL request, whose status says so to every client.
func TestMalformedWhateverIsAccepted(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"application/json", "application/graphql-response+json"} {
		r := post("{")
		r.Header.Set("Accept", accept)
		if w, _ := ask(t, serve(echo), r); w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Header().Get("Content-Type"), accept) {
			t.Errorf("%s: %d as %s", accept, w.Code, w.Header().Get("Content-Type"))
		}
	}
}

func TestVaryIsKept(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Origin")
	serve(echo).ServeHTTP(w, get("query", "{name}"))
	if got := strings.Join(w.Header().Values("Vary"), ", "); got != "Origin, Authorization, Accept" {
		t.Errorf("Vary is %q, so that a cache gives one origin's answer to another", got)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	one := gqlerror.List{{Message: "No."}}
	for reason, test := range map[string]struct {
		response *graphql.Response
		status   int // with application/graphql-response+json
		body     string
	}{
		"data":                    {&graphql.Response{Data: []byte(`{"a":1}`)}, 200, `{"data":{"a":1}}`},
		"data and errors":         {&graphql.Response{Data: []byte(`{"a":null}`), Errors: one}, 200, `{"errors":[{"message":"No."}],"data":{"a":null}}`},
		"data that is null":       {&graphql.Response{Data: []byte(`null`), Errors: one}, 200, `{"errors":[{"message":"No."}],"data":null}`},
		"errors alone":            {&graphql.Response{Errors: one}, 400, `{"errors":[{"message":"No."}]}`},
		"extensions":              {&graphql.Response{Data: []byte(`{}`)}, 200, `{"data":{}}`},
		"data as it stands":       {&graphql.Response{Data: []byte(`{"a" : 1}`)}, 200, `{"data":{"a" : 1}}`},
		"errors nobody can write": {&graphql.Response{Data: []byte(`{}`), Errors: gqlerror.List{{Message: secret, Extensions: map[string]any{"code": func() {}}}}}, 500, `{"errors":[{"message":"The answer could not be written.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := get("query", "{name}")
			r.Header.Set("Accept", "application/graphql-response+json")
			w := httptest.NewRecorder()
			serve(func(context.Context) graphql.ResponseHandler { return graphql.OneShot(test.response) }).ServeHTTP(w, r)
			if w.Code != test.status || w.Body.String() != test.body {
				t.Errorf("%d: %s\nwant %d: %s", w.Code, w.Body, test.status, test.body)
			}
		})
	}
}

func TestOverBeforeItIsExecuted(t *testing.T) {
	t.Parallel()
	for accept, status := range map[string]int{"application/json": http.StatusOK, "application/graphql-response+json": http.StatusGatewayTimeout} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			r := post(`{"query":"{name}"}`).WithContext(ctx)
			r.Header.Set("Accept", accept)
			w, a := ask(t, serve(echo), r)
			if w.Code != status || a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(fault.DeadlineExceeded) {
				t.Errorf("%d: %+v, want %d and DEADLINE_EXCEEDED", w.Code, a, status)
			}
		})
	}
}

// TestPartialData is over while it is executed: what is there is the answer.
func TestPartialData(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := serve(func(ctx context.Context) graphql.ResponseHandler {
		cancel()
		<-ctx.Done()
		return func(ctx context.Context) *graphql.Response {
			graphql.AddError(ctx, context.Cause(ctx))
			return &graphql.Response{Data: []byte(`{"name":null}`)}
		}
	})
	w, a := ask(t, h, post(`{"query":"{name}"}`).WithContext(ctx))
	if w.Code != http.StatusOK || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != string(fault.DeadlineExceeded) {
		t.Errorf("%d: %+v", w.Code, a)
	}
}

func TestHeadersReachTheOperation(t *testing.T) {
	t.Parallel()
	var got http.Header
	var timing graphql.TraceTiming
	h := serve(func(ctx context.Context) graphql.ResponseHandler {
		oc := graphql.GetOperationContext(ctx)
		got, timing = oc.Headers, oc.Stats.Read
		return echo(ctx)
	})
	r := post(`{"query":"{name}"}`)
	r.Header.Set("X-Shop", "7")
	ask(t, h, r)
	if got.Get("X-Shop") != "7" || timing.Start.IsZero() || timing.End.Before(timing.Start) {
		t.Errorf("the operation has the headers %v and was read in %v", got, timing)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	transport.Refuse(w, http.StatusUnauthorized, &gqlerror.Error{Message: "Who are you?", Extensions: map[string]any{"code": "UNAUTHENTICATED"}})
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusUnauthorized || len(a.Errors) != 1 || a.Errors[0].Message != "Who are you?" || strings.Contains(w.Body.String(), "data") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("the media type is %q", got)
	}
}
