package transport_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/transport"
)

// reserveFor gives the token of a new connection.
func reserveFor(t *testing.T, g *gateway, headers ...string) string {
	t.Helper()
	r := g.do(t, http.MethodPut, "/", "", headers...)
	token := text(t, r)
	if r.StatusCode != http.StatusCreated || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" || r.Header.Get("Cache-Control") != "no-store" || len(token) < 26 {
		t.Fatalf("%d: %q, %v", r.StatusCode, token, r.Header)
	}
	return token
}

// operation gives the body of a POST for a reserved connection.
func operationOf(id, query string) string {
	return asking(query, `,"extensions":{"operationId":"`+id+`"}`)
}

func TestSSESingle(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string)})
	token := reserveFor(t, g)
	next := eventsOf(t, g.do(t, http.MethodGet, "/?token="+token, "", "Accept", acceptEvents))
	want := func(wants ...sseEvent) {
		t.Helper()
		for _, want := range wants {
			if got := next(); got != want {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	}
	status := func(want int, method, path, body string) {
		t.Helper()
		r := g.do(t, method, path, body, transport.TokenHeader, token)
		if got := text(t, r); r.StatusCode != want || want < 400 && got != "" {
			t.Fatalf("%d: %s", r.StatusCode, got)
		}
	}
	status(202, http.MethodPost, "/", operationOf("a", "{hello}"))
	want(sseEvent{"next", `{"id":"a","payload":{"data":{"hello": "you"}}}`}, sseEvent{"complete", `{"id":"a"}`})
	status(202, http.MethodPost, "/", operationOf("a", "subscription {ticks}"))
	g.events <- "1"
	want(sseEvent{"next", `{"id":"a","payload":{"data":{"ticks":1}}}`})
	status(409, http.MethodPost, "/", operationOf("a", "{hello}"))
	status(202, http.MethodPost, "/", operationOf("b", "mutation {rename}"))
	want(sseEvent{"next", `{"id":"b","payload":{"data":{"rename": "you"}}}`}, sseEvent{"complete", `{"id":"b"}`})
	status(200, http.MethodDelete, "/?operationId=a", "")
	status(200, http.MethodDelete, "/?operationId=a", "") // it was over
	for wait(t, "the subscription's end", g.ended) != "ticks" {
	}
	status(202, http.MethodPost, "/", operationOf("a", "{hello}")) // the name is free again
	want(sseEvent{"next", `{"id":"a","payload":{"data":{"hello": "you"}}}`}, sseEvent{"complete", `{"id":"a"}`})
	status(202, http.MethodPost, "/", operationOf("c", "subscription {ticks}"))
	g.events <- "2"
	close(g.events)
	want(sseEvent{"next", `{"id":"c","payload":{"data":{"ticks":2}}}`}, sseEvent{"complete", `{"id":"c"}`})
}

func TestSSESingleRefused(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{MaxOperations: 1}})
	token := reserveFor(t, g, "Authorization", "ann")
	busy := reserveFor(t, g)
	if r := g.do(t, http.MethodPost, "/", operationOf("a", "subscription {ticks}"), transport.TokenHeader, busy); r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status)
	}
	open := reserveFor(t, g)
	eventsOf(t, g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, open))
	const accept, ann = acceptEvents, "ann"
	for reason, test := range map[string]struct {
		method, path, body           string
		token, accept, authorization string
		status                       int
		want                         string
	}{
		"a token that is none":                  {http.MethodGet, "/", "", "x", accept, "", 404, "NOT_FOUND"},
		"a token in the URL that is none":       {http.MethodGet, "/?token=x", "", "", accept, "", 404, "NOT_FOUND"},
		"an operation without a connection":     {http.MethodPost, "/", operationOf("a", "{hello}"), "x", "", "", 404, "NOT_FOUND"},
		"to end what is over no connection":     {http.MethodDelete, "/?operationId=a", "", "", "", "", 404, "NOT_FOUND"},
		"to open it twice":                      {http.MethodGet, "/", "", open, accept, "", 409, "CONFLICT"},
		"to reserve what is reserved":           {http.MethodPut, "/", "", open, "", "", 409, "CONFLICT"},
		"an operation without a name":           {http.MethodPost, "/", asking("{hello}"), open, "", "", 400, "extensions.operationId"},
		"a name that is no text":                {http.MethodPost, "/", asking("{hello}", `,"extensions":{"operationId":1}`), open, "", "", 400, "extensions.operationId"},
		"to end nothing":                        {http.MethodDelete, "/", "", open, "", "", 400, "operationId"},
		"what the schema has not":               {http.MethodPost, "/", operationOf("a", "{x}"), open, "application/graphql-response+json", "", 400, "GRAPHQL_VALIDATION_FAILED"},
		"the same, for others":                  {http.MethodPost, "/", operationOf("b", "{x}"), open, "application/json", "", 200, "GRAPHQL_VALIDATION_FAILED"},
		"no JSON":                               {http.MethodPost, "/", "x", open, "", "", 400, "GRAPHQL_PARSE_FAILED"},
		"a mutation by GET":                     {http.MethodGet, "/?query=mutation{rename}&extensions={\"operationId\":\"c\"}", "", open, "application/json", "", 405, "Mutations"},
		"another method":                        {http.MethodPatch, "/", "{}", open, "", "", 405, "GraphQL is asked by GET or POST."},
		"more operations than are allowed":      {http.MethodPost, "/", operationOf("b", "{hello}"), busy, "", "", 429, `"limit":"operations"`},
		"an operation of nobody's":              {http.MethodPost, "/", operationOf("a", "{hello}"), token, "", "", 401, "UNAUTHENTICATED"},
		"an operation of somebody else's":       {http.MethodPost, "/", operationOf("a", "{hello}"), token, "", "bob", 403, "FORBIDDEN"},
		"to end what is somebody else's":        {http.MethodDelete, "/?operationId=a", "", token, "", "bob", 403, "FORBIDDEN"},
		"to open what is somebody else's":       {http.MethodGet, "/", "", token, accept, "bob", 403, "FORBIDDEN"},
		"signed in, what nobody has reserved":   {http.MethodPost, "/", operationOf("a", "{hello}"), open, "", ann, 403, "FORBIDDEN"},
		"an operation that could be a stream's": {http.MethodPost, "/", operationOf("a", "{hello}"), "x", accept, "", 404, "NOT_FOUND"},
	} {
		t.Run(reason, func(t *testing.T) {
			var headers []string
			for name, value := range map[string]string{transport.TokenHeader: test.token, "Accept": test.accept, "Authorization": test.authorization} {
				if value != "" {
					headers = append(headers, name, value)
				}
			}
			r := g.do(t, test.method, test.path, test.body, headers...)
			if got := text(t, r); r.StatusCode != test.status || !strings.Contains(got, test.want) {
				t.Errorf("%d: %s", r.StatusCode, got)
			}
		})
	}
	// Who has reserved it may open it without saying who she is, which EventSource cannot, and acts as herself.
	next := eventsOf(t, g.do(t, http.MethodGet, "/?token="+token, "", "Accept", acceptEvents))
	if r := g.do(t, http.MethodPost, "/", operationOf("a", "{who}"), transport.TokenHeader, token, "Authorization", "ann"); r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status)
	}
	if got := next(); got.data != `{"id":"a","payload":{"data":{"who":"ann"}}}` {
		t.Errorf("got %v", got)
	}
}

func TestSSESingleReservationExpires(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{reserve: time.Second})
	token := reserveFor(t, g)
	if r := g.do(t, http.MethodPost, "/", operationOf("a", "subscription {ticks}"), transport.TokenHeader, token); r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status)
	}
	wait(t, "the subscription", g.began)
	wait(t, "its end", g.ended)
	for g.streams.Open() > 0 { // which ends soon after
		if r := g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, token); r.StatusCode < 400 {
			t.Fatal(r.Status)
		}
	}
	if r := g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, token); r.StatusCode != http.StatusNotFound {
		t.Error(r.Status)
	}
}

func TestSSESingleClientThatHasGone(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	token := reserveFor(t, g)
	stream := g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, token)
	g.do(t, http.MethodPost, "/", operationOf("a", "subscription {ticks}"), transport.TokenHeader, token)
	wait(t, "the subscription", g.began)
	_ = stream.Body.Close()
	wait(t, "its end", g.ended)
}

func TestSSESingleStop(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	token, unopened := reserveFor(t, g), reserveFor(t, g)
	next := eventsOf(t, g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, token))
	for _, id := range []string{"a", "b"} {
		g.do(t, http.MethodPost, "/", operationOf(id, "subscription {ticks}"), transport.TokenHeader, token)
		g.do(t, http.MethodPost, "/", operationOf(id, "subscription {ticks}"), transport.TokenHeader, unopened)
	}
	for range 4 {
		wait(t, "a subscription", g.began)
	}
	if err := g.streams.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for range 4 {
		wait(t, "its end", g.ended)
	}
	for _, id := range []string{"a", "b"} {
		if got := next(); got.name != "next" || !strings.HasPrefix(got.data, `{"id":"`+id+`","payload":{"errors":[{"message":"The server is stopping`) {
			t.Errorf("got %v", got)
		}
		if got, want := next(), (sseEvent{"complete", `{"id":"` + id + `"}`}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := next(); got.name != "end" {
		t.Errorf("got %v", got)
	}
}

// TestSSESingleByURL has a client that names the connection in the URL, in whatever it asks.
func TestSSESingleByURL(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	at := "/?token=" + reserveFor(t, g)
	next := eventsOf(t, g.do(t, http.MethodGet, at, "", "Accept", acceptEvents))
	if r := g.do(t, http.MethodPost, at, operationOf("a", "{hello}"), "Accept", "application/json"); r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status, text(t, r))
	}
	if got := next(); got.data != `{"id":"a","payload":{"data":{"hello": "you"}}}` {
		t.Errorf("got %v", got)
	}
	query := at + "&query={hello}&extensions=" + url.QueryEscape(`{"operationId":"b"}`)
	if r := g.do(t, http.MethodGet, query, "", "Accept", "application/json"); r.StatusCode != http.StatusAccepted {
		t.Fatal(r.Status, text(t, r))
	}
	if got := next(); got.name != "complete" {
		t.Errorf("got %v", got)
	}
	if got := next(); got.data != `{"id":"b","payload":{"data":{"hello": "you"}}}` {
		t.Errorf("got %v", got)
	}
}

// TestSSESingleMany has all of a connection's operations begin and end at a time.
func TestSSESingleMany(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	token := reserveFor(t, g)
	next := eventsOf(t, g.do(t, http.MethodGet, "/", "", "Accept", acceptEvents, transport.TokenHeader, token))
	var asked sync.WaitGroup
	for i := range 50 {
		asked.Go(func() {
			id := fmt.Sprint("q", i)
			query := "{hello}"
			if i%2 == 1 {
				query = "subscription {ticks}"
			}
			if r := g.do(t, http.MethodPost, "/", operationOf(id, query), transport.TokenHeader, token); r.StatusCode != http.StatusAccepted {
				t.Error(r.Status)
			}
			if i%2 == 1 {
				g.do(t, http.MethodDelete, "/?operationId="+id, "", transport.TokenHeader, token)
			}
		})
	}
	answers := map[string]int{}
	for range 50 {
		answers[next().name]++
	}
	asked.Wait()
	if answers["next"] != 25 || answers["complete"] != 25 {
		t.Errorf("got %v", answers)
	}
}
