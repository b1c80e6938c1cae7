package transport

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// TokenHeader names the reserved connection that a request is about.
const TokenHeader = "X-GraphQL-Event-Stream-Token" //nolint:gosec // its name is no credential

// tokenOf gives the token of a request, empty if there is none. EventSource can send it in the URL only.
func tokenOf(r *http.Request) string {
	if token := r.Header.Get(TokenHeader); token != "" || r.URL.RawQuery == "" {
		return token
	}
	return r.URL.Query().Get("token")
}

// find gives the connection that a token is for.
func (t *SSE) find(token string) *channel {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reserved[sha256.Sum256([]byte(token))]
}

// reserve answers a PUT with the token of a new connection.
func (t *SSE) reserve(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, token string) {
	if token != "" && t.find(token) != nil {
		refuse(r.Context(), w, executor, http.StatusConflict, fault.New(fault.Conflict, "This connection is reserved already."))
		return
	}
	if t.full() {
		refuse(r.Context(), w, executor, http.StatusServiceUnavailable, fault.New(fault.Overloaded, "Too many connections are reserved at the moment."))
		return
	}
	place := t.streams.begin(w, r, executor, kindEvents)
	if place == nil {
		return
	}
	token = rand.Text()
	t.add(sha256.Sum256([]byte(token)), &channel{streams: t.streams}, r, place.end)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, token)
}

// full says whether connections that were reserved, opened or not, are half of all streams: a reservation costs its client nothing, and the other half is
// for those who open what they ask for.
func (t *SSE) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.reserved) >= max(t.streams.options.MaxStreams/2, 1)
}

// add makes a connection that a request reserves.
func (t *SSE) add(hash tokenHash, c *channel, r *http.Request, release func()) {
	c.mu.Lock() // so that it does not end before it is made
	defer c.mu.Unlock()
	c.caller, _ = authn.From(r.Context())
	c.events, c.operations = make(chan channelEvent), map[string]*channelOperation{}
	c.ended, c.end = context.WithCancel(context.Background())
	unbind := context.AfterFunc(t.streams.stopping, c.expire) //nolint:contextcheck // the server's, which outlasts the request
	c.expiry = time.AfterFunc(t.reservation, c.expire)
	c.release = func() {
		unbind()
		t.mu.Lock()
		delete(t.reserved, hash)
		t.mu.Unlock()
		release()
	}
	t.mu.Lock()
	t.reserved[hash] = c
	t.mu.Unlock()
}

// known gives the connection that a request is about. Who has the token may open it, since EventSource cannot say who asks; what is done with it is for
// the caller that has reserved it. If there is none, the request is answered.
func (t *SSE) known(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, token string, opening bool) *channel {
	c := t.find(token)
	if c == nil {
		refuse(r.Context(), w, executor, http.StatusNotFound, fault.New(fault.NotFound, "This connection is not reserved, or has ended."))
		return nil
	}
	caller, known := authn.From(r.Context())
	switch {
	case caller.Issuer == c.caller.Issuer && caller.Subject == c.caller.Subject:
		return c
	case !known && opening:
		return c
	case !known:
		refuse(r.Context(), w, executor, http.StatusUnauthorized, fault.New(fault.Unauthenticated, "Somebody who is signed in has reserved this connection."))
	default:
		refuse(r.Context(), w, executor, http.StatusForbidden, fault.New(fault.Forbidden, "Somebody else has reserved this connection."))
	}
	return nil
}

// open answers a GET with the events of a connection.
func (t *SSE) open(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, token string) {
	c := t.known(w, r, executor, token, true)
	if c == nil {
		return
	}
	c.mu.Lock()
	opened := c.opened
	c.opened = true
	c.mu.Unlock()
	if opened {
		refuse(r.Context(), w, executor, http.StatusConflict, fault.New(fault.Conflict, "This connection is open already."))
		return
	}
	defer c.close()
	ctx, cancel := streamContext(r.Context())
	defer cancel()
	ended := t.streams.began(ctx, kindEvents)
	out := t.streams.newEvents(w)
	if out.alive() != nil {
		ended(endGone)
		return
	}
	ended(c.pump(ctx, executor, out))
}

// ask executes an operation, and answers that it will be answered over the connection.
func (t *SSE) ask(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, token string) {
	c := t.known(w, r, executor, token, false)
	if c == nil {
		return
	}
	params, status, err := t.streams.read(w, r)
	if err != nil {
		refuse(r.Context(), w, executor, status, err)
		return
	}
	id, _ := params.Extensions["operationId"].(string)
	if id == "" {
		refuse(r.Context(), w, executor, http.StatusBadRequest, fault.New(fault.BadUserInput, "`extensions.operationId` is needed: a name for the operation among those of the connection."))
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	o := &channelOperation{id, cancel}
	if status, err := c.begin(o); err != nil {
		cancel()
		refuse(r.Context(), w, executor, status, err)
		return
	}
	oc, refused := t.streams.prepare(ctx, executor, params)
	switch {
	case refused != nil:
		c.finish(o)
		one := answer{w: w, media: mediaJSON, buffer: &buffer{}}
		if liked := acceptOf(r.Header).best(single...); liked >= 0 {
			one.media = single[liked].media
		}
		one.write(one.withoutData(http.StatusBadRequest), refused)
	case oc.Operation.Operation == ast.Mutation && r.Method != http.MethodPost:
		c.finish(o)
		w.Header().Set("Allow", http.MethodPost)
		refuse(r.Context(), w, executor, http.StatusMethodNotAllowed, fault.New(fault.BadUserInput, "Mutations are sent by POST."))
	default:
		go func() {
			defer c.finish(o)
			c.execute(ctx, executor, oc, o)
		}()
		w.WriteHeader(http.StatusAccepted)
	}
}

// end answers a DELETE, which ends an operation.
func (t *SSE) end(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, token string) {
	c := t.known(w, r, executor, token, false)
	if c == nil {
		return
	}
	id := r.URL.Query().Get("operationId")
	if id == "" {
		refuse(r.Context(), w, executor, http.StatusBadRequest, fault.New(fault.BadUserInput, "`operationId` is needed: the operation to end."))
		return
	}
	c.mu.Lock()
	if o := c.operations[id]; o != nil {
		o.cancel()
		delete(c.operations, id)
	}
	c.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}
