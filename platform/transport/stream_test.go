package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/transport"
)

func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{MaxStreams: 1}})
	g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", "text/event-stream")
	for reason, r := range map[string]*http.Response{
		"events":        g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", "text/event-stream"),
		"parts":         g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", "multipart/mixed;subscriptionSpec=1.0"),
		"a reservation": g.do(t, http.MethodPut, "/", ""),
		"a socket":      g.do(t, http.MethodGet, "/", "", "Connection", "Upgrade", "Upgrade", "websocket"),
	} {
		if body := text(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "OVERLOADED") {
			t.Errorf("%s: %d: %s", reason, r.StatusCode, body)
		}
	}
}

// TestTooManyOfOneCaller: nobody takes all streams. Whoever is signed in is the same caller wherever she asks from.
func TestTooManyOfOneCaller(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{options: transport.StreamOptions{MaxPerCaller: 1}, websocket: transport.WebSocketOptions{
		Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
			name, _ := payload["name"].(string)
			return authn.With(ctx, authn.Caller{Issuer: "i", Subject: name}), nil
		},
	}})
	first := g.dial(t) // of this address, until it says who it is
	refused := func(reason string, r *http.Response) {
		t.Helper()
		if body := text(t, r); r.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, `"limit":"streams"`) {
			t.Errorf("%s: %d: %s", reason, r.StatusCode, body)
		}
	}
	refused("events", g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptEvents))
	refused("parts", g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", acceptParts))
	refused("a reservation", g.do(t, http.MethodPut, "/", ""))
	refused("a socket", g.do(t, http.MethodGet, "/", "", "Connection", "Upgrade", "Upgrade", "websocket"))
	first.send(`{"type":"connection_init","payload":{"name":"ann"}}`)
	first.want(`{"type":"connection_ack"}`)
	second := g.dial(t)
	second.send(`{"type":"connection_init","payload":{"name":"ann"}}`)
	if code, reason := second.closed(); code != websocket.StatusTryAgainLater || reason != "A caller may have at most 1 streams open at a time." {
		t.Errorf("closed with %d %q", code, reason)
	}
	refused("of ann's", g.do(t, http.MethodPut, "/", "", "Authorization", "ann"))
	reserveFor(t, g, "Authorization", "bob")
	if err := first.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	for g.streams.Open() > 1 {
		runtime.Gosched()
	}
	reserveFor(t, g, "Authorization", "ann")
	reserveFor(t, g)
}

func TestStopped(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{})
	if err := g.streams.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := g.do(t, http.MethodPut, "/", "")
	if body := text(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
		t.Errorf("%d: %s", r.StatusCode, body)
	}
	if err := g.streams.Stop(t.Context()); err != nil {
		t.Errorf("stopped again: %v", err)
	}
}

// TestStreamsOutlastTheServersTimeouts has timeouts for requests that are over long before the stream is.
func TestStreamsOutlastTheServersTimeouts(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"text/event-stream", "multipart/mixed;subscriptionSpec=1.0"} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			g := start(t, &gateway{
				options: transport.StreamOptions{KeepAlive: 10 * time.Millisecond}, events: make(chan string, 1),
				configure: func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond },
				outer: func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						ctx, cancel := context.WithTimeout(transport.WithConnection(r.Context()), 300*time.Millisecond)
						defer cancel()
						next.ServeHTTP(w, r.WithContext(ctx))
					})
				},
			})
			r := g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", accept)
			sign := map[string]string{"text/event-stream": ":\n\n"}[accept]
			if sign == "" {
				sign = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{}\r\n--graphql"
			}
			if _, err := io.ReadFull(r.Body, make([]byte, 60*len(sign))); err != nil { // which takes 600 ms
				t.Fatal(err)
			}
			g.events <- "1"
			close(g.events)
			if rest := text(t, r); !strings.Contains(rest, `{"data":{"ticks":1}}`) {
				t.Errorf("got %q", rest)
			}
		})
	}
}

func TestEachEventHasItsTime(t *testing.T) {
	t.Parallel()
	deadlines := make(chan time.Duration, 2)
	g := start(t, &gateway{
		events:  make(chan string, 2),
		options: transport.StreamOptions{Timeout: func(context.Context) time.Duration { return time.Hour }},
		event: func(ctx context.Context) {
			at, _ := ctx.Deadline()
			deadlines <- time.Until(at)
		},
	})
	g.events <- "1"
	g.events <- "2"
	close(g.events)
	text(t, g.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", "text/event-stream"))
	for range 2 {
		if left := wait(t, "an event", deadlines); left < 59*time.Minute || left > time.Hour {
			t.Errorf("an event had %v", left)
		}
	}
}

func TestWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"{wait}":               `"data":{"wait":null}`,
		"subscription {stuck}": `"errors":[{"message":"The request's time was over`,
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			g := start(t, &gateway{options: transport.StreamOptions{Timeout: func(context.Context) time.Duration { return time.Millisecond }}})
			got := text(t, g.do(t, http.MethodPost, "/", asking(query), "Accept", "text/event-stream"))
			if !strings.Contains(got, want) || !strings.Contains(got, "DEADLINE_EXCEEDED") || !strings.HasSuffix(got, "event: complete\ndata:\n\n") {
				t.Errorf("got %q", got)
			}
		})
	}
}

// failingWriter cannot be written to.
type failingWriter struct{ http.ResponseWriter }

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func (w failingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestClientThatHasGone(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"text/event-stream", "multipart/mixed;subscriptionSpec=1.0"} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			g := start(t, &gateway{})
			ctx, cancel := context.WithCancel(t.Context())
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.server.URL, bytes.NewBufferString(asking("subscription {ticks}")))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", accept)
			response, err := g.server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			wait(t, "the subscription", g.began)
			cancel()
			_ = response.Body.Close()
			wait(t, "its end", g.ended)
			wait(t, "the handler's end", g.returned)

			broken := start(t, &gateway{outer: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(failingWriter{w}, r) })
			}})
			if got := text(t, broken.do(t, http.MethodPost, "/", asking("subscription {ticks}"), "Accept", accept)); got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// spoiled panics before an operation that is named so is ready.
type spoiled struct{ before func() }

func (spoiled) ExtensionName() string { return "Spoiled" }

func (spoiled) Validate(graphql.ExecutableSchema) error { return nil }

func (s spoiled) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	if s.before != nil && params.Query != "" { // which an engine that is made asks for
		s.before()
	}
	if params.OperationName == "Spoiled" {
		panic("secret")
	}
	return nil
}

// TestDefects has what cannot be the client's fault: it learns that, and no more.
func TestDefects(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string, 1)})
	const unwritable = `{"errors":[{"message":"The answer could not be written.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`
	for _, accept := range []string{acceptEvents, acceptParts} {
		for body, want := range map[string]string{
			asking("subscription {odd}"):                                         unwritable,
			asking("subscription Spoiled {ticks}", `,"operationName":"Spoiled"`): "Something went wrong on our side.",
		} {
			if got := text(t, g.do(t, http.MethodPost, "/", body, "Accept", accept)); !strings.Contains(got, want) || strings.Contains(got, "secret") {
				t.Errorf("%s as %s: %s", body, accept, got)
			}
		}
	}
	p := g.connect(t)
	p.send(subscribe("a", "subscription {odd}"))
	p.want(`{"type":"next","id":"a","payload":`+unwritable+`}`, `{"type":"complete","id":"a"}`)
	p.send(`{"type":"subscribe","id":"a","payload":` + asking("{hello}", `,"operationName":"Spoiled"`) + `}`)
	p.want(`{"type":"error","id":"a","payload":[{"message":"Something went wrong on our side."`)
	p.send(subscribe("a", "{odd}"))
	if code, reason := p.closed(); code != 4500 || reason != "Internal server error" {
		t.Errorf("closed with %d %q", code, reason)
	}
}

// second answers subscriptions of clients who would rather have JSON.
type second struct {
	*transport.Streams
	answered chan bool
}

func (second) Supports(*http.Request) bool { return true }

func (s second) Do(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	oc, errs := executor.CreateOperationContext(r.Context(), &graphql.RawParams{Query: "subscription {ticks}"})
	if errs != nil {
		panic(errs)
	}
	s.answered <- s.Answer(w, r, executor, oc)
}

func TestStreamsAnswer(t *testing.T) {
	t.Parallel()
	g := start(t, &gateway{events: make(chan string)})
	close(g.events)
	s := second{g.streams, make(chan bool, 1)}
	h := transport.NewHandler(transport.NewEngine(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return streamSchema }, ExecFunc: g.execute}, transport.Options{}), s)
	for accept, want := range map[string]string{
		"application/json, text/event-stream;q=0.1":                      "text/event-stream; charset=utf-8",
		"application/json, multipart/mixed;q=0.1":                        "",
		"application/json, multipart/mixed;subscriptionSpec=1.0;q=0.1":   `multipart/mixed; boundary="graphql"; subscriptionSpec=1.0`,
		"application/json, text/event-stream;q=0":                        "",
		"application/json, */*":                                          "",
		"":                                                               "",
		"text/event-stream, multipart/mixed;subscriptionSpec=1.0":        `multipart/mixed; boundary="graphql"; subscriptionSpec=1.0`,
		"text/event-stream, multipart/mixed;subscriptionSpec=1.0;q=0.10": "text/event-stream; charset=utf-8",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != want || <-s.answered != (want != "") {
			t.Errorf("%q: answered as %q, want %q", accept, got, want)
		}
	}
}
