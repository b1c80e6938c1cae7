package transport

import (
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
)

// SSE sends answers as Server-Sent Events (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): each operation over a connection of
// its own, or all of a client over one that it has reserved. It is safe for concurrent use.
type SSE struct {
	streams     *Streams
	reservation time.Duration

	mu       sync.Mutex
	reserved map[tokenHash]*channel
}

var _ graphql.Transport = (*SSE)(nil)

// NewSSE makes the transport. A connection that is reserved must be opened within the time, 30 s if it is 0.
func NewSSE(s *Streams, reservation time.Duration) *SSE {
	return &SSE{streams: s, reservation: orElse(reservation, 30*time.Second), reserved: map[tokenHash]*channel{}}
}

const mediaEvents = "text/event-stream"

// asEvents are the media types of answers, if they can be events.
var asEvents = append(single[:len(single):len(single)], offer{media: mediaEvents})

// wantsEvents says whether a client would rather have events than one answer. Many who accept both do not mean it for queries.
func wantsEvents(header http.Header) bool {
	liked := acceptOf(header).best(asEvents...)
	return liked >= 0 && asEvents[liked].media == mediaEvents
}

// Supports takes requests of clients who like events best, and whatever is about a reserved connection.
func (*SSE) Supports(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodDelete || tokenOf(r) != "" ||
		((r.Method == http.MethodGet || r.Method == http.MethodPost) && wantsEvents(r.Header))
}

// Do answers one request. Of one for events it returns when they are over.
func (t *SSE) Do(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	token := tokenOf(r)
	switch {
	case r.Method == http.MethodPut:
		t.reserve(w, r, executor, token)
	case r.Method == http.MethodDelete:
		t.end(w, r, executor, token)
	case token == "":
		t.distinct(w, r, executor)
	case r.Method == http.MethodGet && wantsEvents(r.Header):
		t.open(w, r, executor, token)
	default:
		t.ask(w, r, executor, token)
	}
}

// distinct answers an operation over a connection of its own.
func (t *SSE) distinct(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	params, status, err := t.streams.read(w, r)
	if err != nil {
		refuse(r.Context(), w, executor, status, err)
		return
	}
	oc, refused := t.streams.prepare(r.Context(), executor, params)
	switch {
	case refused != nil: // as events too: a browser tells its page nothing of an answer that is none
		out := t.streams.newEvents(w)
		_ = out.next(encode(refused))
		_ = out.end(nil)
	case oc.Operation.Operation == ast.Mutation && r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(r.Context(), w, executor, http.StatusMethodNotAllowed, fault.New(fault.BadUserInput, "Mutations are sent by POST."))
	default:
		t.streams.serveEvents(w, r, executor, oc)
	}
}

// serveEvents answers an operation that is ready to be executed.
func (s *Streams) serveEvents(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, oc *graphql.OperationContext) {
	place := s.begin(w, r, executor, kindEvents)
	if place == nil {
		return
	}
	defer place.end()
	ctx, cancel := streamContext(r.Context())
	defer cancel()
	ended := s.began(ctx, kindEvents)
	out := s.newEvents(w)
	if out.alive() != nil { // some browsers take a stream as open when something has come
		ended(endGone)
		return
	}
	ended(s.pump(ctx, executor, oc, out))
}

// events write the answers of one operation.
type events struct {
	flow   *flow
	buffer []byte
}

func (s *Streams) newEvents(w http.ResponseWriter) *events {
	return &events{flow: s.newFlow(w, mediaEvents+"; charset=utf-8")}
}

func (e *events) next(body []byte) error { return e.event("next", body) }

func (e *events) alive() error { return e.flow.send([]byte(":\n\n")) }

func (e *events) end(reason *graphql.Response) error {
	if reason != nil {
		if err := e.next(encode(reason)); err != nil {
			return err
		}
	}
	return e.event("complete", nil)
}

// event sends an event. Its data is JSON, in which a line can end between values only: there a space does as well.
func (e *events) event(name string, data []byte) error {
	e.buffer = append(append(append(e.buffer[:0], "event: "...), name...), "\ndata:"...)
	if len(data) > 0 {
		e.buffer = append(e.buffer, ' ')
		from := len(e.buffer)
		e.buffer = append(e.buffer, data...)
		for i, c := range e.buffer[from:] {
			if c == '\n' || c == '\r' {
				e.buffer[from+i] = ' '
			}
		}
	}
	e.buffer = append(e.buffer, "\n\n"...)
	return e.flow.send(e.buffer)
}
