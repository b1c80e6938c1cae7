package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// service answers what is recorded, and notes what it was asked.
type service struct {
	url string

	mu    sync.Mutex
	calls []string
}

func newService(t *testing.T) *service {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/service.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.RequestURI()
		s.mu.Lock()
		s.calls = append(s.calls, asked)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		for _, f := range archive.Files {
			if f.Name == asked {
				_, _ = w.Write(f.Data)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// told gives what the service was asked since it was asked for last.
func (s *service) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	slices.Sort(calls)
	return calls
}

// run runs a gateway until the test ends, and gives its URL.
func run(t *testing.T, o gateway.Options) string {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.Close()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// ask gives the data of an answer as it was written, and its errors as path and code.
func ask(t *testing.T, url, query string) (data string, faults []string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Path       json.RawMessage
			Extensions struct{ Code string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, e := range answer.Errors {
		faults = append(faults, string(e.Path)+" "+e.Extensions.Code)
	}
	slices.Sort(faults)
	return string(answer.Data), faults
}

var queries = map[string]struct {
	query  string
	data   string
	faults []string
	calls  []string
}{
	"posts with their users": {
		query: `{ posts { id userId title user { id name email }}}`,
		data: `{"posts":[` +
			`{"id":1,"userId":1,"title":"umummor umdex quinhum","user":{"id":1,"name":"Corquin Quin","email":"Corquin@quin.example"}},` +
			`{"id":2,"userId":2,"title":"ollemil morlemen é 漢","user":{"id":2,"name":"Nasen Lemfilnas","email":"Nasen@lemfilnas.example"}},` +
			`{"id":3,"userId":1,"title":"lem pra enrusum","user":{"id":1,"name":"Corquin Quin","email":"Corquin@quin.example"}},` +
			`{"id":4,"userId":404,"title":"of nobody","user":null}]}`,
		calls: []string{"/posts", "/users?id=1&id=2&id=404"},
	},
	"posts alone": {
		query: `{ posts { title }}`,
		data:  `{"posts":[{"title":"umummor umdex quinhum"},{"title":"ollemil morlemen é 漢"},{"title":"lem pra enrusum"},{"title":"of nobody"}]}`,
		calls: []string{"/posts"},
	},
	"a greeting": {
		query: `{ greet }`,
		data:  `{"greet":"Hello World!"}`,
	},
	"texts with what JSON escapes": {
		query: `{ posts { body }}`,
		data:  `{"posts":[{"body":"corlem ju vexmor\nil humenil \"morcorju\""},{"body":"vexpraba"},{"body":""},{"body":"gone"}]}`,
		calls: []string{"/posts"},
	},
	"single ones, and none": {
		query:  `{ post(id: 2) { title userId } none: post(id: 3000) { id } user(id: 1) { username phone website } nobody: user(id: -7) { id } }`,
		data:   `{"post":{"title":"ollemil morlemen é 漢","userId":2},"none":null,"user":{"username":"Corquin","phone":"588-555-8106 x59033","website":null},"nobody":null}`,
		calls:  []string{"/posts/2", "/posts/3000", "/users/-7", "/users/1"},
		faults: nil,
	},
	"a user that does not fit the contract": {
		query:  `{ users { id username } }`,
		data:   `{"users":[{"id":1,"username":"Corquin"},null,{"id":3,"username":"Un"}]}`,
		faults: []string{`["users",1] SOURCE_CONTRACT_VIOLATION`},
		calls:  []string{"/users"},
	},
	"a post that does not fit the contract": {
		query:  `{ post(id: 5) { id } }`,
		data:   `{"post":null}`,
		faults: []string{`["post"] SOURCE_CONTRACT_VIOLATION`},
		calls:  []string{"/posts/5"},
	},
}

// TestQueries: both executors answer the same, and call the service as often.
func TestQueries(t *testing.T) {
	t.Parallel()
	for _, options := range []gateway.Options{
		{Executor: gateway.Compiled}, {Executor: gateway.Compiled, Share: true}, {Executor: gateway.GQLGen},
	} {
		s := newService(t)
		options.Upstream = s.url
		url := run(t, options)
		for reason, test := range queries {
			data, faults := ask(t, url, test.query)
			if data != test.data {
				t.Errorf("%s, %+v: got\n%s\nwant\n%s", reason, options, data, test.data)
			}
			if diff := cmp.Diff(test.faults, faults); diff != "" {
				t.Errorf("%s, %+v: faults: %s", reason, options, diff)
			}
			if diff := cmp.Diff(test.calls, s.told()); diff != "" {
				t.Errorf("%s, %+v: calls: %s", reason, options, diff)
			}
		}
	}
}

// TestWithoutService: what needs it is lost, and nothing else.
func TestWithoutService(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, executor := range []string{gateway.Compiled, gateway.GQLGen} {
		data, faults := ask(t, run(t, gateway.Options{Upstream: gone.URL, Executor: executor}), `{ posts { id } greet }`)
		if data != `{"posts":null,"greet":"Hello World!"}` || !slices.Equal(faults, []string{`["posts"] SOURCE_UNAVAILABLE`}) {
			t.Errorf("%s: got %s and %v", executor, data, faults)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		options gateway.Options
		want    string
	}{
		"an address that is none":    {gateway.Options{Upstream: "here", Executor: gateway.Compiled}, "the URL must be"},
		"an executor that is none":   {gateway.Options{Upstream: "http://127.0.0.1:1", Executor: "fast"}, "no executor"},
		"an executor that is unsaid": {gateway.Options{Upstream: "http://127.0.0.1:1"}, "no executor"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if _, err := gateway.New(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
