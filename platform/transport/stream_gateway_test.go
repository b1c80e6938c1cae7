package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var streamSchema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { hello(name: String): String  wait: String  bad: String  odd: String  who: String }
	type Mutation { rename: String }
	type Subscription { ticks: Int  refused: Int  stuck: Int  bad: Int  odd: Int }`})

// gateway serves streamSchema. Its zero value has subscriptions that have no events.
type gateway struct {
	options   transport.StreamOptions
	websocket transport.WebSocketOptions
	reserve   time.Duration
	outer     func(http.Handler) http.Handler
	configure func(*http.Server)

	expires  time.Time   // of callers' tokens
	before   func()      // each operation is validated
	events   chan string // data of ticks, until it is closed
	event    func(ctx context.Context)
	began    chan string // each field that is executed
	ended    chan string // each field whose context has ended
	returned chan struct{}

	streams *transport.Streams
	server  *httptest.Server
}

// start serves until the test ends, and checks that nothing is left open then.
func start(t testing.TB, g *gateway) *gateway {
	t.Helper()
	g.began, g.ended, g.returned = make(chan string, 100_000), make(chan string, 100_000), make(chan struct{}, 100_000)
	g.streams = transport.NewStreams(g.options)
	engine := transport.NewEngine(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return streamSchema }, ExecFunc: g.execute,
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) { return 0, false },
	}, transport.Options{Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover, Extensions: []graphql.HandlerExtension{spoiled{g.before}}})
	var h http.Handler = transport.NewHandler(engine,
		transport.NewWebSocket(g.streams, g.websocket), transport.NewSSE(g.streams, g.reserve), transport.HTTP{MaxBodyBytes: 1 << 20, Streams: g.streams})
	inner := h
	h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { g.returned <- struct{}{} }()
		if name := r.Header.Get("Authorization"); name != "" {
			r = r.WithContext(authn.With(r.Context(), authn.Caller{Issuer: "i", Subject: name, Expires: g.expires}))
		}
		inner.ServeHTTP(w, r)
	})
	if g.outer != nil {
		h = g.outer(h)
	}
	g.server = httptest.NewUnstartedServer(h)
	if g.configure != nil {
		g.configure(g.server.Config)
	}
	g.server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := g.streams.Stop(ctx); err != nil {
			t.Error(err)
		}
		if n := g.streams.Open(); n != 0 {
			t.Errorf("%d streams are open", n)
		}
		g.server.Close()
	})
	return g
}

// execute executes an operation of one field.
func (g *gateway) execute(ctx context.Context) graphql.ResponseHandler {
	field := graphql.GetOperationContext(ctx).Operation.SelectionSet[0].(*ast.Field)
	g.began <- field.Name
	context.AfterFunc(ctx, func() { g.ended <- field.Name })
	switch field.Name {
	case "bad":
		panic("secret")
	case "refused":
		graphql.AddError(ctx, fault.New(fault.Forbidden, "Not for you."))
		return graphql.OneShot(&graphql.Response{Data: []byte("null")})
	case "odd": // which nobody can write
		response := &graphql.Response{Errors: gqlerror.List{{Message: "secret", Extensions: map[string]any{"code": func() {}}}}}
		if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
			response.Data = []byte("{}")
		}
		return graphql.OneShot(response)
	case "stuck":
		<-ctx.Done()
		graphql.AddError(ctx, ctx.Err())
		return graphql.OneShot(&graphql.Response{Data: []byte("null")})
	case "ticks":
		return g.tick
	}
	return once(func(ctx context.Context) *graphql.Response {
		switch field.Name {
		case "wait":
			<-ctx.Done()
			graphql.AddError(ctx, fault.From(ctx.Err()))
			return &graphql.Response{Data: []byte(`{"wait":null}`)}
		case "who":
			caller, _ := authn.From(ctx)
			return &graphql.Response{Data: fmt.Appendf(nil, `{"who":%q}`, caller.Subject)}
		}
		return &graphql.Response{Data: []byte("{\"" + field.Name + "\":\n\"you\"}")} // with a line's end, as some scalars write it
	})
}

// once gives a handler that answers once, as those of gqlgen do.
func once(h graphql.ResponseHandler) graphql.ResponseHandler {
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		return h(ctx)
	}
}

func (g *gateway) tick(ctx context.Context) *graphql.Response {
	select {
	case data, more := <-g.events:
		if !more {
			return nil
		}
		ctx, cancel := exec.EventContext(ctx)
		defer cancel()
		if g.event != nil {
			g.event(ctx)
		}
		return &graphql.Response{Data: fmt.Appendf(nil, `{"ticks":%s}`, data)}
	case <-ctx.Done():
		return nil
	}
}

// wait fails if a signal does not come.
func wait[V any](t testing.TB, what string, signal <-chan V) V {
	t.Helper()
	select {
	case v := <-signal:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}

// do sends a request whose body is JSON, with headers in pairs.
func (g *gateway) do(t testing.TB, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, g.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// text reads all of a body.
func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asking gives the body of a POST.
func asking(query string, more ...string) string {
	q, err := json.Marshal(query)
	if err != nil {
		panic(err)
	}
	return `{"query":` + string(q) + strings.Join(more, "") + `}`
}
