package transport_test

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const acceptParts = `multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json`

// partsOf reads an answer by another implementation of the format.
func partsOf(t *testing.T, r *http.Response) *multipart.Reader {
	t.Helper()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/mixed" || params["boundary"] != "graphql" || params["subscriptionspec"] != "1.0" {
		t.Fatalf("the media type is %q", r.Header.Get("Content-Type"))
	}
	return multipart.NewReader(r.Body, params["boundary"])
}

// part gives the next part, empty after the last. It does not wait for what follows the part.
func part(t *testing.T, r *multipart.Reader) string {
	t.Helper()
	p, err := r.NextPart()
	if errors.Is(err, io.EOF) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	var body json.RawMessage
	if err := json.NewDecoder(p).Decode(&body); err != nil || p.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%v in a part of %v", err, p.Header)
	}
	return string(body)
}

func TestMultipartSubscription(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string)})
	r := g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptParts)
	parts := partsOf(t, r)
	if got := part(t, parts); got != "{}" {
		t.Errorf("it begins with %s", got)
	}
	for _, n := range []string{"1", "2"} { // each comes when it has happened, and not with the next
		g.events <- n
		if got, want := part(t, parts), `{"payload":{"data":{"ticks":`+n+`}}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	close(g.events)
	if got := part(t, parts); got != "" {
		t.Errorf("after the last came %s", got)
	}
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Accel-Buffering") != "no" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the header is %v", r.Header)
	}
}

// TestMultipartBytes has what clients see that look for the delimiter: it comes with the part before it.
func TestMultipartBytes(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string, 1)})
	g.events <- "1"
	close(g.events)
	got := text(t, g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptParts))
	want := "\r\n--graphql" +
		"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{}\r\n--graphql" +
		"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n" + `{"payload":{"data":{"ticks":1}}}` + "\r\n--graphql--\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMultipartStop(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	parts := partsOf(t, g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptParts))
	wait(t, "the subscription", g.began)
	part(t, parts)
	if err := g.streams.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	wait(t, "its end", g.ended)
	if got := part(t, parts); !strings.HasPrefix(got, `{"payload":null,"errors":[{"message":"The server is stopping: connect again.","extensions":{"code":"OVERLOADED"`) {
		t.Errorf("got %s", got)
	}
	if got := part(t, parts); got != "" {
		t.Errorf("after the last came %s", got)
	}
}

func TestMultipartOthers(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	get := func(query string) string { return "/?query=" + url.QueryEscape(query) }
	for reason, test := range map[string]struct {
		method, path, body, accept string
		status                     int
		want                       string
	}{
		"a query":                     {http.MethodPost, "/", asking("{hello}"), acceptParts, 200, `{"data":{"hello":` + "\n" + `"you"}}`},
		"a mutation":                  {http.MethodPost, "/", asking("mutation {rename}"), acceptParts, 200, `{"data":{"rename":` + "\n" + `"you"}}`},
		"a query by GET":              {http.MethodGet, get("{hello}"), "", acceptParts, 200, `"you"`},
		"a mutation by GET":           {http.MethodGet, get("mutation {rename}"), "", acceptParts, 405, "Mutations are sent by POST."},
		"what the schema has not":     {http.MethodPost, "/", asking("subscription {x}"), acceptParts, 200, "GRAPHQL_VALIDATION_FAILED"},
		"the same, for others":        {http.MethodPost, "/", asking("subscription {x}"), "multipart/mixed;subscriptionSpec=1.0,application/graphql-response+json", 400, "GRAPHQL_VALIDATION_FAILED"},
		"no JSON":                     {http.MethodPost, "/", "x", acceptParts, 400, "GRAPHQL_PARSE_FAILED"},
		"who means something else":    {http.MethodPost, "/", asking("subscription {ticks}"), "multipart/mixed;deferSpec=20220824,application/json", 200, "BAD_USER_INPUT"},
		"who does not accept it":      {http.MethodPost, "/", asking("subscription {ticks}"), "multipart/mixed;subscriptionSpec=1.0;q=0,application/json", 200, "BAD_USER_INPUT"},
		"who speaks of another spec":  {http.MethodPost, "/", asking("subscription {ticks}"), "multipart/mixed;subscriptionSpec=2.0,application/json", 200, "BAD_USER_INPUT"},
		"a query that panics":         {http.MethodPost, "/", asking("{bad}"), acceptParts, 500, "INTERNAL_SERVER_ERROR"},
		"a subscription by a link":    {http.MethodGet, get("subscription {ticks}"), "", acceptParts, 403, "FORBIDDEN"},
		"a subscription that panics":  {http.MethodPost, "/", asking("subscription {bad}"), acceptParts, 200, `{"payload":{"errors":[{"message":"Something went wrong on our side."`},
		"a subscription that ends so": {http.MethodPost, "/", asking("subscription {refused}"), acceptParts, 200, `{"payload":{"errors":[{"message":"Not for you."`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			headers := []string{"Accept", test.accept}
			if reason == "a subscription by a link" {
				headers = append(headers, "Sec-Fetch-Mode", "no-cors", "Accept", "multipart/mixed;subscriptionSpec=1.0")
			}
			r := g.do(t, test.method, test.path, test.body, headers...)
			if got := text(t, r); r.StatusCode != test.status || !strings.Contains(got, test.want) || strings.Contains(got, "secret") {
				t.Errorf("%d: %s", r.StatusCode, got)
			}
		})
	}
}
