package transport

import (
	"context"
	"crypto/sha256"
	stdjson "encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// tokenHash is what is kept of a token. Finding one by its hash takes a time that tells nothing of the tokens that there are: who guesses cannot choose what
// its hash begins with.
type tokenHash [sha256.Size]byte

// channel is a reserved connection: what its client asks for by other requests is answered over it.
type channel struct {
	streams *Streams
	caller  authn.Caller
	release func() // when it is over
	expiry  *time.Timer
	ended   context.Context
	end     context.CancelFunc
	events  chan channelEvent // without room: what is executed waits until the client reads

	mu         sync.Mutex
	opened     bool
	operations map[string]*channelOperation // by their ids
	running    int                          // those too that were ended and have not noticed
	work       sync.WaitGroup
}

type channelOperation struct {
	id     string
	cancel context.CancelFunc
}

// channelEvent is an event of an operation. It is the last if it has no answer.
type channelEvent struct {
	of     *channelOperation
	answer []byte
}

// expire ends a connection that nobody has opened.
func (c *channel) expire() {
	c.mu.Lock()
	opened := c.opened
	c.opened = true // nobody will
	c.mu.Unlock()
	if !opened {
		c.close()
	}
}

// close ends a connection, what is executed for it, and its token.
func (c *channel) close() {
	c.end()
	c.mu.Lock()
	c.expiry.Stop()
	for _, o := range c.operations {
		o.cancel()
	}
	c.mu.Unlock()
	c.work.Wait() // nothing is added to what has ended
	c.release()
}

// pump writes the events of operations, until the client has gone or the server stops. It gives why it has ended.
func (c *channel) pump(ctx context.Context, executor graphql.GraphExecutor, out *events) (why string) {
	alive := time.NewTicker(c.streams.options.KeepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case e := <-c.events:
			err = c.write(out, e)
		case <-alive.C:
			err = out.alive()
		case <-c.streams.stopping.Done():
			c.completeAll(out, encode(failed(ctx, executor, stopped())))
			return endStopping
		case <-ctx.Done():
			return endGone
		}
		if err != nil {
			return endUnwritten
		}
	}
}

// write sends an event. An operation whose last has been sent is over: its client may use its id again.
func (c *channel) write(out *events, e channelEvent) error {
	if e.answer != nil {
		return out.event("next", withID(e.of.id, e.answer))
	}
	c.mu.Lock()
	if c.operations[e.of.id] == e.of {
		delete(c.operations, e.of.id)
	}
	c.mu.Unlock()
	return out.event("complete", withID(e.of.id, nil))
}

// completeAll tells the client why each of its operations ends.
func (c *channel) completeAll(out *events, reason []byte) {
	c.end() // nothing begins any more
	c.mu.Lock()
	running := slices.Sorted(maps.Keys(c.operations))
	c.mu.Unlock()
	for _, id := range running {
		if out.event("next", withID(id, reason)) != nil || out.event("complete", withID(id, nil)) != nil {
			return
		}
	}
}

// begin notes an operation, or gives the status and fault to refuse it with.
func (c *channel) begin(o *channelOperation) (status int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended.Err() != nil:
		return http.StatusNotFound, fault.New(fault.NotFound, "This connection has ended.")
	case c.operations[o.id] != nil:
		return http.StatusConflict, fault.New(fault.Conflict, "An operation of this name is running.")
	case c.running == c.streams.options.MaxOperations:
		return http.StatusTooManyRequests, tooManyOperations(c.streams.options.MaxOperations)
	}
	c.operations[o.id] = o
	c.running++
	c.work.Add(1)
	return 0, nil
}

// finish forgets an operation of which nothing runs any more.
func (c *channel) finish(o *channelOperation) {
	o.cancel()
	c.mu.Lock()
	c.running--
	if c.operations[o.id] == o {
		delete(c.operations, o.id)
	}
	c.mu.Unlock()
	c.work.Done()
}

func tooManyOperations(allowed int) *fault.Error {
	f := fault.Newf(fault.LimitExceeded, "Over one connection at most %d operations run at a time.", allowed)
	f.Limit = "operations"
	return f
}

// execute sends the answers of an operation as events.
func (c *channel) execute(ctx context.Context, executor graphql.GraphExecutor, oc *graphql.OperationContext, o *channelOperation) {
	send := func(answer []byte) bool {
		if ctx.Err() != nil { // ended by the client, who may have begun another of this id
			return false
		}
		select {
		case c.events <- channelEvent{o, answer}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	running, cancel := permitted(ctx, oc)
	defer cancel()
	c.streams.execute(running, executor, oc, func(response *graphql.Response) bool { return send(encode(response)) })
	if reason := withdrawn(running, executor); reason != nil {
		send(encode(reason))
	}
	send(nil)
}

// withID gives the data of an event of the operation: with a payload if it is an answer.
func withID(id string, payload []byte) []byte {
	name, err := stdjson.Marshal(id)
	if err != nil {
		panic(err) // of a string
	}
	data := append([]byte(`{"id":`), name...)
	if payload != nil {
		data = append(append(data, `,"payload":`...), payload...)
	}
	return append(data, '}')
}
