package transport

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// handle does what a message asks for.
func (s *socket) handle(message []byte, text bool) {
	if s.isClosing() {
		return
	}
	var m struct {
		Type    string         `json:"type"`
		ID      string         `json:"id"`
		Payload jsontext.Value `json:"payload"`
	}
	switch err := json.Unmarshal(message, &m); {
	case !text:
		s.close(closeInvalid, "Messages are text")
	case err != nil:
		s.close(closeInvalid, "A message is a JSON object with a type")
	case (m.Type == "subscribe" || m.Type == "complete") && m.ID == "":
		s.close(closeInvalid, "The message needs an id")
	case m.Type == "subscribe":
		s.subscribe(m.ID, m.Payload)
	case m.Type == "complete":
		s.complete(m.ID)
	case m.Type == "connection_init" || m.Type == "ping" || m.Type == "pong":
		payload, err := object("payload", m.Payload)
		switch {
		case err != nil:
			s.close(closeInvalid, "The payload must be a JSON object")
		case m.Type == "connection_init":
			s.initialise(payload)
		case m.Type == "ping":
			s.pong(m.Payload)
		}
	default:
		s.close(closeInvalid, "The message has a type that clients do not send")
	}
}

// pong answers a ping, by whose payload the client may know it again.
func (s *socket) pong(payload jsontext.Value) {
	message := []byte(`{"type":"pong"`)
	if len(payload) > 0 {
		message = append(append(message, `,"payload":`...), payload...)
	}
	s.send(append(message, '}'))
}

// initialise begins the connection. Messages are handled in the meantime: to subscribe before the acknowledgement is an error.
func (s *socket) initialise(payload map[string]any) {
	s.mu.Lock()
	again := s.initialised
	s.initialised = true
	s.mu.Unlock()
	if again {
		s.close(closeInits, "Too many initialisation requests")
		return
	}
	s.spawn(func() {
		ctx, err := s.admit(payload)
		if err == nil {
			err = s.place.move(ctx)
		}
		if err != nil {
			s.turnAway(fault.From(err))
			return
		}
		s.opening.Stop()
		if ctx != s.ctx {
			context.AfterFunc(ctx, func() { s.close(closeForbidden, "The permission to be connected has ended") })
		}
		if caller, _ := authn.From(ctx); !caller.Expires.IsZero() {
			expiry := time.AfterFunc(time.Until(caller.Expires), func() { s.close(closeForbidden, "The token has expired") })
			context.AfterFunc(s.ctx, func() { expiry.Stop() })
		}
		s.mu.Lock()
		s.operating = ctx // first: the client may subscribe as soon as it reads
		s.mu.Unlock()
		s.send([]byte(`{"type":"connection_ack"}`))
	})
}

// admit asks whether the client may connect.
func (s *socket) admit(payload map[string]any) (ctx context.Context, err error) {
	if s.transport.options.Init == nil {
		return s.ctx, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fault.Recover(s.ctx, p)
		}
	}()
	return s.transport.options.Init(s.ctx, payload)
}

// turnAway closes the connection of a client that was not admitted. It may try again where it could be admitted another time.
func (s *socket) turnAway(f *fault.Error) {
	failed(s.ctx, s.executor, f) // which logs what clients do not learn
	switch {
	case f.Code == fault.Internal:
		s.close(closeInternal, "Internal server error")
	case f.Retryable(), f.Code == fault.LimitExceeded:
		s.close(closeLater, f.Message())
	default:
		s.close(closeForbidden, "Forbidden")
	}
}

// operation is one that a client has subscribed to.
type operation struct {
	id     string
	cancel context.CancelFunc

	mu   sync.Mutex  // held while a message of it is sent
	over atomic.Bool // nothing is sent any more
}

// subscribe begins an operation.
func (s *socket) subscribe(id string, payload jsontext.Value) {
	params, err := parse(payload)
	if err != nil && !wellFormed(payload) {
		s.close(closeInvalid, "The payload is not a request of GraphQL")
		return
	}
	s.mu.Lock()
	operating, known, full := s.operating, s.operations[id] != nil, s.running >= s.streams.options.MaxOperations
	o := &operation{id: id}
	if operating != nil && !known && !full {
		s.operations[id] = o
		s.running++
	}
	s.mu.Unlock()
	switch {
	case operating == nil:
		s.close(closeUnauthorized, "Unauthorized")
	case known:
		s.close(closeExists, alreadyExists(id))
	case full:
		s.finish(o, s.errorMessage(id, failed(operating, s.executor, tooManyOperations(s.streams.options.MaxOperations))))
	default:
		ctx, cancel := context.WithCancel(operating)
		o.cancel = cancel
		s.begin(ctx, o, params, err)
	}
}

// begin has an operation executed whose payload could be read. Its document is validated before the next message is read: what a client sends faster than that
// waits at its end, as with HTTP, and is not held here.
func (s *socket) begin(ctx context.Context, o *operation, params *graphql.RawParams, unreadable error) {
	var oc *graphql.OperationContext
	var refused *graphql.Response
	if unreadable != nil {
		refused = failed(ctx, s.executor, unreadable)
	} else {
		now := graphql.Now()
		params.Headers, params.ReadTime = s.header, graphql.TraceTiming{Start: now, End: now}
		oc, refused = s.streams.prepare(ctx, s.executor, params)
	}
	if refused != nil {
		s.finish(o, s.errorMessage(o.id, refused))
		s.ended(o)
		return
	}
	s.spawn(func() {
		defer s.ended(o)
		s.execute(ctx, o, oc)
	})
}

func alreadyExists(id string) string {
	reason := fmt.Sprintf("Subscriber for %s already exists", id)
	if len(reason) > maxReason {
		return "Subscriber for this id already exists"
	}
	return reason
}

// wellFormed says whether the payload of a subscription has the form that the protocol gives it: if so, what else is wrong with it costs the operation alone.
func wellFormed(payload jsontext.Value) bool {
	var request struct {
		Query      *string        `json:"query"`
		Name       *string        `json:"operationName"`
		Variables  jsontext.Value `json:"variables"`
		Extensions jsontext.Value `json:"extensions"`
	}
	if json.Unmarshal(payload, &request) != nil {
		return false
	}
	_, variables := object("variables", request.Variables)
	extensions, err := object("extensions", request.Extensions)
	return errors.Join(variables, err) == nil && (request.Query != nil || extensions != nil)
}

// execute sends the answers of an operation.
func (s *socket) execute(ctx context.Context, o *operation, oc *graphql.OperationContext) {
	first := true
	s.streams.execute(ctx, s.executor, oc, func(response *graphql.Response) bool {
		if first && len(response.Data) == 0 { // it was refused before anything was executed
			s.finish(o, s.errorMessage(o.id, response))
			return false
		}
		first = false
		return s.next(o, message("next", o.id, encode(response)))
	})
	s.finish(o, message("complete", o.id, nil))
}

// ended notes that nothing of an operation runs any more.
func (s *socket) ended(o *operation) {
	o.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// next sends a message of an operation that goes on. It says whether it does.
func (s *socket) next(o *operation, message []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over.Load() || s.isClosing() {
		return false
	}
	s.send(message)
	return true
}

// finish sends the last message of an operation, unless it was over. The client may use its id again as soon as it reads.
func (s *socket) finish(o *operation, message []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over.Swap(true) {
		return
	}
	s.forget(o)
	if !s.isClosing() {
		s.send(message)
	}
}

// complete ends an operation that the client no longer wants: nothing of it is sent after this. One that is not known was over before.
func (s *socket) complete(id string) {
	s.mu.Lock()
	o := s.operations[id]
	s.mu.Unlock()
	if o == nil {
		return
	}
	o.over.Store(true) // first: that it is cancelled is no news
	o.cancel()
	o.mu.Lock() // until what is being sent has been
	defer o.mu.Unlock()
	s.forget(o)
}

func (s *socket) forget(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[o.id] == o {
		delete(s.operations, o.id)
	}
}

// errorMessage gives the message of errors that end an operation.
func (s *socket) errorMessage(id string, response *graphql.Response) []byte {
	errs, err := encodeErrors(response.Errors)
	if err != nil {
		s.close(closeInternal, "Internal server error")
		return nil
	}
	return message("error", id, errs)
}

// message gives a message about an operation.
func message(kind, id string, payload []byte) []byte {
	name, err := stdjson.Marshal(id)
	if err != nil {
		panic(err) // of a string
	}
	b := append([]byte(`{"type":"`+kind+`","id":`), name...)
	if payload != nil {
		b = append(append(b, `,"payload":`...), payload...)
	}
	return append(b, '}')
}
