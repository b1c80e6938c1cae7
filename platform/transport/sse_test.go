package transport_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/transport"
)

const acceptEvents = "text/event-stream"

// sseEvent is one that a client has read.
type sseEvent struct{ name, data string }

// eventsOf reads a stream as EventSource does: comments are passed over.
func eventsOf(t *testing.T, r *http.Response) func() sseEvent {
	t.Helper()
	if got := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || got != "text/event-stream; charset=utf-8" {
		t.Fatalf("%d as %q: %s", r.StatusCode, got, text(t, r))
	}
	lines := bufio.NewScanner(r.Body)
	return func() sseEvent {
		t.Helper()
		var e sseEvent
		var data []string
		for lines.Scan() {
			switch field, value, _ := strings.Cut(lines.Text(), ":"); {
			case lines.Text() == "" && data != nil:
				e.data = strings.Join(data, "\n")
				return e
			case field == "event":
				e.name = strings.TrimPrefix(value, " ")
			case field == "data":
				data = append(data, strings.TrimPrefix(value, " "))
			}
		}
		return sseEvent{name: "end"}
	}
}

func TestSSEDistinct(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string)})
	next := eventsOf(t, g.do(t, http.MethodGet, "/?query="+url.QueryEscape("subscription {ticks}"), "", "Accept", acceptEvents, "Sec-Fetch-Mode", "cors"))
	for _, n := range []string{"1", "2"} {
		g.events <- n
		if got, want := next(), (sseEvent{"next", `{"data":{"ticks":` + n + `}}`}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	close(g.events)
	for _, want := range []sseEvent{{"complete", ""}, {"end", ""}} {
		if got := next(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestSSEOrigin has pages open streams by EventSource, of whose headers they can set none.
func TestSSEOrigin(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{Origins: []string{"https://shop.example.com"}}})
	for reason, test := range map[string]struct {
		headers []string
		status  int
	}{
		"a program":                   {nil, http.StatusOK},
		"our own page":                {[]string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, http.StatusOK},
		"a page that may":             {[]string{"Origin", "https://shop.example.com", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, http.StatusOK},
		"a page of anybody's":         {[]string{"Origin", "https://evil.example.net", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}, http.StatusForbidden},
		"that of an older browser":    {[]string{"Origin", "https://evil.example.net"}, http.StatusForbidden},
		"one that does not say which": {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, http.StatusForbidden},
	} {
		r := g.do(t, http.MethodGet, "/?query={hello}", "", append(test.headers, "Accept", acceptEvents)...)
		if got := text(t, r); r.StatusCode != test.status {
			t.Errorf("%s: %d: %s", reason, r.StatusCode, got)
		}
	}
}

func TestSSEBytes(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	r := g.do(t, http.MethodPost, "/", asking("{hello}"), "Accept", acceptEvents)
	if got, want := text(t, r), ":\n\nevent: next\ndata: {\"data\":{\"hello\": \"you\"}}\n\nevent: complete\ndata:\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Accel-Buffering") != "no" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the header is %v", r.Header)
	}
}

func TestSSEDistinctOthers(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	get := func(query string) string { return "/?query=" + url.QueryEscape(query) }
	const json, events = "application/json; charset=utf-8", "text/event-stream; charset=utf-8"
	for reason, test := range map[string]struct {
		method, path, body string
		status             int
		media, want        string
	}{
		"a mutation":                    {http.MethodPost, "/", asking("mutation {rename}"), 200, events, `{"data":{"rename": "you"}}`},
		"what the schema has not":       {http.MethodPost, "/", asking("subscription {x}"), 200, events, "GRAPHQL_VALIDATION_FAILED"},
		"no GraphQL":                    {http.MethodGet, get("{"), "", 200, events, "GRAPHQL_PARSE_FAILED"},
		"a subscription that is barred": {http.MethodPost, "/", asking("subscription {refused}"), 200, events, `{"errors":[{"message":"Not for you."`},
		"a subscription that panics":    {http.MethodPost, "/", asking("subscription {bad}"), 200, events, `"code":"INTERNAL_SERVER_ERROR"`},
		"a mutation by GET":             {http.MethodGet, get("mutation {rename}"), "", 405, json, "Mutations are sent by POST."},
		"no JSON":                       {http.MethodPost, "/", "x", 400, json, "GRAPHQL_PARSE_FAILED"},
		"no query":                      {http.MethodGet, "/", "", 400, json, "BAD_USER_INPUT"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := g.do(t, test.method, test.path, test.body, "Accept", acceptEvents)
			got := text(t, r)
			if r.StatusCode != test.status || r.Header.Get("Content-Type") != test.media || !strings.Contains(got, test.want) || strings.Contains(got, "secret") {
				t.Errorf("%d as %s: %s", r.StatusCode, r.Header.Get("Content-Type"), got)
			}
			if test.media == events && !strings.HasSuffix(got, "event: complete\ndata:\n\n") {
				t.Errorf("it does not complete: %q", got)
			}
		})
	}
}

func TestSSESupports(t *testing.T) {
	t.Parallel()
	const urql = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
	for reason, test := range map[string]struct {
		method string
		header http.Header
		want   bool
	}{
		"EventSource":                       {http.MethodGet, http.Header{"Accept": {acceptEvents}}, true},
		"a subscription of urql's":          {http.MethodPost, http.Header{"Accept": {"text/event-stream, multipart/mixed"}}, true},
		"whatever urql asks":                {http.MethodPost, http.Header{"Accept": {urql}}, false},
		"anything":                          {http.MethodPost, http.Header{"Accept": {"*/*"}}, false},
		"anything, but events rather":       {http.MethodPost, http.Header{"Accept": {"text/event-stream, */*;q=0.1"}}, true},
		"nothing is said":                   {http.MethodPost, http.Header{}, false},
		"JSON rather than events":           {http.MethodPost, http.Header{"Accept": {"text/event-stream;q=0.5, application/json"}}, false},
		"no events":                         {http.MethodPost, http.Header{"Accept": {"text/event-stream;q=0"}}, false},
		"to reserve":                        {http.MethodPut, http.Header{}, true},
		"to end":                            {http.MethodDelete, http.Header{}, true},
		"over a reserved connection":        {http.MethodPost, http.Header{http.CanonicalHeaderKey(transport.TokenHeader): {"x"}, "Accept": {"application/json"}}, true},
		"by a method that nobody has heard": {"X", http.Header{"Accept": {acceptEvents}}, false},
	} {
		r := &http.Request{Method: test.method, Header: test.header, URL: &url.URL{}}
		if got := (*transport.SSE)(nil).Supports(r); got != test.want {
			t.Errorf("%s: %v", reason, got)
		}
	}
}

func TestSSEStop(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	next := eventsOf(t, g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptEvents))
	wait(t, "the subscription", g.began)
	if err := g.streams.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	wait(t, "its end", g.ended)
	if got := next(); got.name != "next" || !strings.HasPrefix(got.data, `{"errors":[{"message":"The server is stopping: connect again.","extensions":{"code":"OVERLOADED"`) {
		t.Errorf("got %v", got)
	}
	for _, want := range []sseEvent{{"complete", ""}, {"end", ""}} {
		if got := next(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestSSESlowReader has a client that reads nothing: answers are neither kept for it nor made.
func TestSSESlowReader(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	g := start(t, &gateway{events: make(chan string), options: transport.StreamOptions{WriteTimeout: 50 * time.Millisecond}})
	r := g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptEvents)
	wait(t, "the subscription", g.began)
	events := 0
	for done := false; !done; {
		select {
		case g.events <- large:
			events++
		case <-g.ended:
			done = true
		}
	}
	if events > 64 {
		t.Errorf("%d MiB were made for nobody", events)
	}
	wait(t, "the handler's end", g.returned)
	if rest, err := io.ReadAll(r.Body); err == nil {
		t.Errorf("%d bytes came to a good end", len(rest))
	}
}

// TestReservationsLeaveRoom: whoever reserves connections without end leaves half of the streams to those who open what they ask for.
func TestReservationsLeaveRoom(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{MaxStreams: 4}})
	for i := range 3 {
		want := http.StatusCreated
		if i == 2 {
			want = http.StatusServiceUnavailable
		}
		if r := g.do(t, http.MethodPut, "/", ""); r.StatusCode != want {
			t.Errorf("reservation %d: %d, want %d", i, r.StatusCode, want)
		}
	}
	if got := text(t, g.do(t, http.MethodPost, "/", asking("{hello}"), "Accept", "text/event-stream")); !strings.Contains(got, "you") {
		t.Errorf("no room for a stream: %s", got)
	}
}
