package transport_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/transport"
)

// peer is a client over a real socket.
type peer struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial connects. Headers are in pairs.
func (g *gateway) dial(t testing.TB, headers ...string) *peer {
	t.Helper()
	o := &websocket.DialOptions{Subprotocols: []string{"other", "graphql-transport-ws"}, HTTPHeader: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		o.HTTPHeader.Set(headers[i], headers[i+1])
	}
	return g.dialWith(t, o)
}

func (g *gateway) dialWith(t testing.TB, o *websocket.DialOptions) *peer {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), g.server.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &peer{t, conn}
}

// connect gives a client that is acknowledged.
func (g *gateway) connect(t testing.TB, headers ...string) *peer {
	t.Helper()
	p := g.dial(t, headers...)
	p.send(`{"type":"connection_init"}`)
	p.want(`{"type":"connection_ack"}`)
	return p
}

func (p *peer) send(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		if err := p.conn.Write(p.t.Context(), websocket.MessageText, []byte(m)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// read gives the next message, or why there is none.
func (p *peer) read() (string, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	_, message, err := p.conn.Read(ctx)
	return string(message), err
}

// want reads messages that begin so.
func (p *peer) want(beginnings ...string) {
	p.t.Helper()
	for _, beginning := range beginnings {
		if got, err := p.read(); err != nil || !strings.HasPrefix(got, beginning) {
			p.t.Fatalf("got %s, %v, want %s", got, err, beginning)
		}
	}
}

// closed gives the code and the reason that the socket is closed with. Messages before that are passed over.
func (p *peer) closed() (websocket.StatusCode, string) {
	p.t.Helper()
	for {
		_, err := p.read()
		if err == nil {
			continue
		}
		closed, ok := errors.AsType[websocket.CloseError](err)
		if !ok {
			p.t.Fatalf("not closed, but %v", err)
		}
		return closed.Code, closed.Reason
	}
}

// subscribe gives the message that asks for an operation.
func subscribe(id, query string) string {
	return `{"type":"subscribe","id":"` + id + `","payload":` + asking(query) + `}`
}

func TestWebSocketMessages(t *testing.T) {
	t.Parallel()
	type step struct{ send, want string } // the beginning of an answer; none if empty
	for reason, steps := range map[string][]step{
		"pings":                       {{`{"type":"ping"}`, `{"type":"pong"}`}, {`{"type":"ping","payload":{"at":1.50}}`, `{"type":"pong","payload":{"at":1.50}}`}, {`{"type":"ping","payload":null}`, `{"type":"pong"`}},
		"pongs that nobody asked for": {{`{"type":"pong"}`, ``}, {`{"type":"pong","payload":{}}`, ``}, {`{"type":"ping"}`, `{"type":"pong"}`}},
		"a query":                     {{subscribe("a", "{hello}"), `{"type":"next","id":"a","payload":{"data":{"hello":` + "\n" + `"you"}}}`}, {``, `{"type":"complete","id":"a"}`}},
		"a mutation":                  {{subscribe("a", "mutation {rename}"), `{"type":"next","id":"a","payload":{"data":{"rename"`}, {``, `{"type":"complete","id":"a"}`}},
		"an id again":                 {{subscribe("a", "{hello}"), `{"type":"next"`}, {``, `{"type":"complete"`}, {subscribe("a", "{hello}"), `{"type":"next"`}, {``, `{"type":"complete"`}},
		"an id that must be escaped":  {{subscribe(`\"\n\u00e4`, "{hello}"), `{"type":"next","id":"\"\nä",`}, {``, `{"type":"complete"`}},
		"to end what is not known":    {{`{"type":"complete","id":"a"}`, ``}, {`{"type":"ping"}`, `{"type":"pong"}`}},
		"members that are not known":  {{`{"type":"ping","x":[1]}`, `{"type":"pong"}`}},
		"with variables and extensions": {{`{"type":"subscribe","id":"a","payload":{"query":"query Q($n: String) {hello(name: $n)}","operationName":"Q","variables":{"n":"x"},"extensions":{"a":1}}}`, `{"type":"next"`},
			{``, `{"type":"complete"`}},
		"with members that are null": {{`{"type":"subscribe","id":"a","payload":{"query":"{hello}","operationName":null,"variables":null,"extensions":null}}`, `{"type":"next"`}, {``, `{"type":"complete"`}},
		"errors, and no complete": {
			{subscribe("a", "{x}"), `{"type":"error","id":"a","payload":[{"message":"Cannot query field \"x\" on type \"Query\".`},
			{subscribe("a", "{"), `{"type":"error","id":"a","payload":[{"message":"Expected Name, found \u003cEOF\u003e`},
			{subscribe("a", ""), `{"type":"error","id":"a","payload":[{"message":"` + "`query` is needed"},
			{`{"type":"subscribe","id":"a","payload":{"extensions":{"persistedQuery":{}}}}`, `{"type":"error","id":"a","payload":[{"message":"PersistedQuery`},
			{subscribe("a", "subscription {refused}"), `{"type":"error","id":"a","payload":[{"message":"Not for you."`},
			{subscribe("a", "{bad}"), `{"type":"error","id":"a","payload":[{"message":"Something went wrong on our side."`},
			{`{"type":"ping"}`, `{"type":"pong"}`},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			p := start(t, &gateway{}).connect(t)
			for _, s := range steps {
				if s.send != "" {
					p.send(s.send)
				}
				if s.want != "" {
					p.want(s.want)
				}
			}
		})
	}
}

func TestWebSocketSubscriptions(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string)})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"))
	g.events <- "1"
	p.want(`{"type":"next","id":"a","payload":{"data":{"ticks":1}}}`)
	p.send(subscribe("b", "{hello}")) // in between
	p.want(`{"type":"next","id":"b"`, `{"type":"complete","id":"b"}`)
	p.send(`{"type":"complete","id":"a"}`)
	for wait(t, "the subscription's end", g.ended) != "ticks" {
	}
	p.send(subscribe("a", "subscription {ticks}"))
	g.events <- "2"
	p.want(`{"type":"next","id":"a","payload":{"data":{"ticks":2}}}`)
	close(g.events)
	p.want(`{"type":"complete","id":"a"}`)
	if err := p.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	wait(t, "the handler's end", g.returned)
}

// TestWebSocketEnded ends an operation while it runs: nothing more of it is sent.
func TestWebSocketEnded(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	p := g.connect(t)
	p.send(subscribe("a", "{wait}"))
	wait(t, "the query", g.began)
	p.send(`{"type":"complete","id":"a"}`)
	wait(t, "its end", g.ended)
	p.send(subscribe("a", "{hello}"))
	p.want(`{"type":"next","id":"a","payload":{"data":{"hello"`, `{"type":"complete","id":"a"}`)
}

func TestWebSocketTooManyOperations(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{MaxOperations: 1}})
	p := g.connect(t)
	p.send(subscribe("a", "subscription {ticks}"), subscribe("b", "{hello}"))
	p.want(`{"type":"error","id":"b","payload":[{"message":"Over one connection at most 1 operations run at a time.","extensions":{"code":"LIMIT_EXCEEDED","limit":"operations"`)
	p.send(`{"type":"complete","id":"a"}`)
	for { // what has been ended counts until it has
		p.send(subscribe("b", "{hello}"))
		got, err := p.read()
		if err != nil || strings.HasPrefix(got, `{"type":"complete","id":"a"`) {
			t.Fatalf("got %s, %v", got, err) // and nothing of what the client has ended
		}
		if strings.HasPrefix(got, `{"type":"next"`) {
			break
		}
	}
	p.want(`{"type":"complete","id":"b"}`)
}

func TestWebSocketCloseCodes(t *testing.T) {
	t.Parallel()
	const invalid = websocket.StatusCode(4400)
	for reason, test := range map[string]struct {
		messages []string // after connection_init, if the first is none
		code     websocket.StatusCode
		reason   string
	}{
		"no JSON":                       {[]string{"x"}, invalid, "A message is a JSON object with a type"},
		"nothing":                       {[]string{""}, invalid, "A message is a JSON object with a type"},
		"two messages in one":           {[]string{`{"type":"ping"} {"type":"ping"}`}, invalid, "A message is a JSON object with a type"},
		"a member twice":                {[]string{`{"type":"ping","type":"pong"}`}, invalid, "A message is a JSON object with a type"},
		"text that is not Unicode":      {[]string{"{\"type\":\"ping\",\"x\":\"\xff\"}"}, invalid, "A message is a JSON object with a type"},
		"a list":                        {[]string{`[{"type":"ping"}]`}, invalid, "A message is a JSON object with a type"},
		"a type that is none":           {[]string{`{"type":1}`}, invalid, "A message is a JSON object with a type"},
		"no type":                       {[]string{`{}`}, invalid, "The message has a type that clients do not send"},
		"another type":                  {[]string{`{"type":"start","id":"a"}`}, invalid, "The message has a type that clients do not send"},
		"another case":                  {[]string{`{"type":"PING"}`}, invalid, "The message has a type that clients do not send"},
		"a type of servers":             {[]string{`{"type":"next","id":"a","payload":{}}`}, invalid, "The message has a type that clients do not send"},
		"a ping with a list":            {[]string{`{"type":"ping","payload":[]}`}, invalid, "The payload must be a JSON object"},
		"a pong with a number":          {[]string{`{"type":"pong","payload":1}`}, invalid, "The payload must be a JSON object"},
		"an operation without an id":    {[]string{`{"type":"subscribe","payload":{"query":"{hello}"}}`}, invalid, "The message needs an id"},
		"an id that is empty":           {[]string{subscribe("", "{hello}")}, invalid, "The message needs an id"},
		"an id that is a number":        {[]string{`{"type":"complete","id":1}`}, invalid, "A message is a JSON object with a type"},
		"to end nothing":                {[]string{`{"type":"complete"}`}, invalid, "The message needs an id"},
		"an operation without payload":  {[]string{`{"type":"subscribe","id":"a"}`}, invalid, "The payload is not a request of GraphQL"},
		"a payload that is a list":      {[]string{`{"type":"subscribe","id":"a","payload":[]}`}, invalid, "The payload is not a request of GraphQL"},
		"no query":                      {[]string{`{"type":"subscribe","id":"a","payload":{}}`}, invalid, "The payload is not a request of GraphQL"},
		"a query that is null":          {[]string{`{"type":"subscribe","id":"a","payload":{"query":null}}`}, invalid, "The payload is not a request of GraphQL"},
		"variables that are a list":     {[]string{`{"type":"subscribe","id":"a","payload":{"query":"{hello}","variables":[]}}`}, invalid, "The payload is not a request of GraphQL"},
		"a member of the payload twice": {[]string{`{"type":"subscribe","id":"a","payload":{"query":"{hello}","query":"{hello}"}}`}, invalid, "A message is a JSON object with a type"},
		"an init with a list":           {[]string{`{"type":"connection_init","payload":[]}`}, invalid, "The payload must be a JSON object"},
		"an init with two faces":        {[]string{`{"type":"connection_init","payload":{"a":1,"a":2}}`}, invalid, "A message is a JSON object with a type"},
		"to ask before the init":        {[]string{subscribe("a", "{hello}")}, 4401, "Unauthorized"},
		"two inits":                     {[]string{`{"type":"connection_init"}`, `{"type":"connection_init"}`}, 4429, "Too many initialisation requests"},
		"an id that is taken":           {[]string{`{"type":"connection_init"}`, "ack", subscribe("a", "subscription {ticks}"), subscribe("a", "{hello}")}, 4409, "Subscriber for a already exists"},
		"a long id that is taken": {[]string{`{"type":"connection_init"}`, "ack", subscribe(strings.Repeat("a", 100), "subscription {ticks}"), subscribe(strings.Repeat("a", 100), "{hello}")},
			4409, "Subscriber for this id already exists"},
		"a message that is too large": {[]string{`{"type":"ping","payload":{"a":"` + strings.Repeat("x", 2000) + `"}}`}, websocket.StatusMessageTooBig, "A message has at most 1000 bytes"},
		"no init":                     {nil, 4408, "Connection initialisation timeout"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := &gateway{options: transport.StreamOptions{MaxBytes: 1000}}
			if test.messages == nil {
				g.websocket.InitTimeout = time.Millisecond
			}
			p := start(t, g).dial(t)
			for _, m := range test.messages {
				if m == "ack" {
					p.want(`{"type":"connection_ack"}`)
				} else {
					p.send(m)
				}
			}
			if code, got := p.closed(); code != test.code || got != test.reason {
				t.Errorf("closed with %d %q, want %d %q", code, got, test.code, test.reason)
			}
			wait(t, "the handler's end", g.returned)
			for range len(g.began) {
				wait(t, "the end of what was begun", g.ended)
			}
		})
	}
}

func TestWebSocketBinary(t *testing.T) {
	t.Parallel()
	p := start(t, &gateway{}).dial(t)
	if err := p.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	if code, reason := p.closed(); code != 4400 || reason != "Messages are text" {
		t.Errorf("closed with %d %q", code, reason)
	}
}

func TestWebSocketSubprotocol(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	for _, offered := range [][]string{nil, {"graphql-ws"}} { // the latter was another protocol's
		p := g.dialWith(t, &websocket.DialOptions{Subprotocols: offered})
		if code, reason := p.closed(); code != 4406 || reason != "Subprotocol not acceptable" {
			t.Errorf("%v: closed with %d %q", offered, code, reason)
		}
	}
}

func TestWebSocketOrigin(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{Origins: []string{"https://shop.example.com", "https://*.preview.example.com"}}})
	for reason, test := range map[string]struct {
		origin string
		may    bool
	}{
		"no browser":               {"", true},
		"the gateway's own":        {g.server.URL, true},
		"an allowed one":           {"https://Shop.example.com", true},
		"one of the allowed":       {"https://pr-1.preview.example.com", true},
		"another":                  {"https://evil.example.net", false},
		"one that begins like it":  {"https://shop.example.com.evil.net", false},
		"another scheme":           {"http://shop.example.com", false},
		"a star for nothing":       {"https://.preview.example.co", false},
		"what has no origin":       {"null", false},
		"what is none":             {":", false},
		"the star's parts overlap": {"https://preview.example.com", false},
	} {
		headers := []string{"Connection", "Upgrade", "Upgrade", "h2c, WebSocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
		if test.origin != "" {
			headers = append(headers, "Origin", test.origin)
		}
		r := g.do(t, http.MethodGet, "/", "", headers...)
		want := map[bool]int{true: http.StatusSwitchingProtocols, false: http.StatusForbidden}[test.may]
		if r.StatusCode != want {
			t.Errorf("%s: %d", reason, r.StatusCode)
		}
		_ = r.Body.Close()
	}
	if r := g.do(t, http.MethodGet, "/", "", "Upgrade", "websocket"); r.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a handshake that is none: %d", r.StatusCode)
	}
}
