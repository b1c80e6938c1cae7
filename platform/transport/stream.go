package transport

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
)

// StreamOptions bound streams. Zero values stand for the defaults.
type StreamOptions struct {
	MaxStreams    int           // that are open at a time, reserved ones among them; 10,000
	MaxPerCaller  int           // of them that are one caller's: who is signed in, or else the address; 1,000
	MaxOperations int           // that run at a time over one connection; 100
	MaxBytes      int64         // of a request, and of a message; 1 MiB
	KeepAlive     time.Duration // how often a stream gives a sign of life; 15 s
	WriteTimeout  time.Duration // how long a client may take to read an answer before the stream is closed; 10 s
	// Timeout gives how long a query or a mutation may take, the start of a subscription, and the execution of each of its events; any time if nil.
	Timeout func(ctx context.Context) time.Duration
	Origins Origins // whose pages may open streams
	// Began is told of each stream that begins: websocket, sse or multipart. What it gives is told why the stream has ended. Nobody is told if it is nil.
	Began func(ctx context.Context, kind string) (ended func(reason string))
}

// Streams are the connections over which more than one answer goes. WebSocket, SSE and Multipart of one server share them. They are safe for
// concurrent use.
type Streams struct {
	options StreamOptions

	stopping context.Context // ends when the server stops
	stop     context.CancelFunc
	cut      context.Context // ends when it does not wait any longer
	cutAll   context.CancelFunc

	mu    sync.Mutex
	open  int
	of    map[string]int // of those, by caller
	kinds map[string]int // of those, by what they are
	gone  chan struct{}  // closed when none is open any more, after the server has begun to stop
}

// NewStreams makes streams of which none is open.
func NewStreams(o StreamOptions) *Streams {
	o.MaxStreams = orElse(o.MaxStreams, 10_000)
	o.MaxPerCaller = orElse(o.MaxPerCaller, 1_000)
	o.MaxOperations = orElse(o.MaxOperations, 100)
	o.MaxBytes = orElse(o.MaxBytes, 1<<20)
	o.KeepAlive = orElse(o.KeepAlive, 15*time.Second)
	o.WriteTimeout = orElse(o.WriteTimeout, 10*time.Second)
	s := &Streams{options: o, of: map[string]int{}, kinds: map[string]int{kindWebSocket: 0, kindEvents: 0, kindParts: 0}, gone: make(chan struct{})}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.cut, s.cutAll = context.WithCancel(context.Background())
	return s
}

// began tells who wants to know that a stream begins, and gives what is to be told why it has ended.
func (s *Streams) began(ctx context.Context, kind string) (ended func(reason string)) {
	if s.options.Began == nil {
		return func(string) {}
	}
	return s.options.Began(ctx, kind)
}

// Why streams end.
const (
	endCompleted = "completed"
	endStopping  = "the server stops"
	endWithdrawn = "the token has expired"
	endGone      = "the client has gone"
	endUnwritten = "it could not be written in time"
)

// orElse gives a value, or the default in place of zero.
func orElse[V comparable](value, otherwise V) V {
	var zero V
	if value == zero {
		return otherwise
	}
	return value
}

// Stop tells the client of each stream that the server stops, ends the streams and what they execute, and waits until all are closed. New ones
// are refused. When ctx ends first, connections that it knows are cut off, and Stop fails: those that belong to the HTTP server are for it to close.
func (s *Streams) Stop(ctx context.Context) error {
	s.mu.Lock()
	if s.stopping.Err() == nil {
		s.stop()
		if s.open == 0 {
			close(s.gone)
		}
	}
	s.mu.Unlock()
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
	}
	s.cutAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == 0 {
		return nil
	}
	return fmt.Errorf("%d streams were cut off: %w", s.open, context.Cause(ctx))
}

// Open gives how many streams are open.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// OpenByKind gives how many of the open streams are of each kind: websocket, sse and multipart.
func (s *Streams) OpenByKind() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.kinds)
}

const stopReason = "The server is stopping: connect again."

func stopped() *fault.Error { return fault.New(fault.Overloaded, stopReason) }

type connectionKey struct{}

// WithConnection gives a context in which streams end with ctx, and not with what is made of it: put a request's deadline on what this gives, and it
// holds for all that is done until a stream begins.
func WithConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectionKey{}, ctx)
}

// streamContext gives the context of a stream: that of a request without its deadline.
func streamContext(request context.Context) (context.Context, context.CancelFunc) {
	connection, ok := request.Value(connectionKey{}).(context.Context)
	if !ok {
		connection = request
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(request))
	unbind := context.AfterFunc(connection, cancel)
	return ctx, func() { unbind(); cancel() }
}

// read gives the parameters of a request for a stream, or the status and fault to refuse it with.
func (s *Streams) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, error) {
	start := graphql.Now()
	params, status, err := HTTP{MaxBodyBytes: s.options.MaxBytes, Origins: s.options.Origins}.read(w, r)
	if err != nil {
		return nil, status, err
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, status, nil
}

// prepare gives an operation, ready to be executed, or the answer that refuses it.
func (s *Streams) prepare(ctx context.Context, executor graphql.GraphExecutor, params *graphql.RawParams) (oc *graphql.OperationContext, refused *graphql.Response) {
	defer func() {
		if p := recover(); p != nil { // of an extension, where nobody else would recover it
			oc, refused = nil, failed(ctx, executor, fault.Recover(ctx, p))
		}
	}()
	oc, errs := executor.CreateOperationContext(graphql.StartOperationTrace(ctx), params)
	if errs == nil {
		return oc, nil
	}
	return nil, executor.DispatchError(graphql.WithOperationContext(ctx, oc), errs)
}

// failed gives the answer that is one error.
func failed(ctx context.Context, executor graphql.GraphExecutor, err error) *graphql.Response {
	return executor.DispatchError(ctx, gqlerror.List{gqlerror.WrapPath(nil, err)})
}

// execute executes an operation, and has each answer sent until send says that it cannot be. It returns when nothing of the operation runs any more.
func (s *Streams) execute(ctx context.Context, executor graphql.GraphExecutor, oc *graphql.OperationContext, send func(*graphql.Response) bool) {
	operation := graphql.WithOperationContext(ctx, oc)
	defer func() {
		if p := recover(); p != nil {
			send(failed(operation, executor, oc.Recover(operation, p)))
		}
	}()
	running, cancel := context.WithCancel(graphql.StartOperationTrace(ctx))
	defer cancel()
	begun := func() {}
	if s.options.Timeout != nil {
		timeout := s.options.Timeout(ctx)
		if oc.Operation.Operation == ast.Subscription { // it lasts; its start does not
			late := time.AfterFunc(timeout, cancel)
			defer late.Stop()
			begun = func() { late.Stop() }
			running = exec.WithEventTimeout(running, timeout)
		} else {
			running, cancel = context.WithTimeout(running, timeout)
			defer cancel()
		}
	}
	respond, running := executor.DispatchOperation(running, oc)
	begun()
	answers := 0
	for response := respond(running); response != nil; response = respond(running) {
		if !send(response) {
			return
		}
		answers++
	}
	if answers == 0 && running.Err() != nil && ctx.Err() == nil { // its time was over before anything could be done
		send(failed(operation, executor, fault.Wrap(fault.DeadlineExceeded, running.Err())))
	}
}

// unwritable is the answer in place of one that cannot be encoded.
const unwritable = `{"errors":[{"message":"The answer could not be written.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`

// encode gives the bytes of an answer, which nobody else has.
func encode(response *graphql.Response) []byte {
	body, err := answer{buffer: &buffer{}}.body(response)
	if err != nil {
		return []byte(unwritable)
	}
	return body
}

// encodeErrors gives the bytes of an answer's errors alone.
func encodeErrors(errs gqlerror.List) ([]byte, error) { return stdjson.Marshal(errs) }
