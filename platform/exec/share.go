package exec

import (
	"context"
	"maps"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json"
	"github.com/vektah/gqlparser/v2/gqlerror"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// Sharing has queries that differ in nothing, and are in flight at the same time, run once: document, operation name, variables, and what the
// gateway names. One that outlasts its deadline is not shared, nor is one whose caller asks for a trace.
type Sharing struct {
	// Identity gives all else that the answer of a query can depend on: who is calling, and what of the request is passed on to the
	// sources that the query can reach. It says false for a request that is not to be shared.
	Identity func(ctx context.Context, sources []string) (string, bool)
}

// flightKey is what an answer depends on.
type flightKey struct {
	document, operation, variables, identity string
}

// flights are the queries that run and can be joined.
type flights struct {
	mu  sync.Mutex
	all map[flightKey]*flight
}

// flight is one query that runs for those who have asked for it.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{}
	span   oteltrace.SpanContext // in which it runs

	// What came of it, once it is done.
	data       []byte
	errors     gqlerror.List
	extensions map[string]any
	whole      bool // whether it was done before its deadline

	callers int // that wait for it; guarded by flights.mu
}

// shared answers a query by joining one that runs, or by running it for all who join.
func (s *Schema) shared(ctx context.Context, oc *graphql.OperationContext, p *plan) *graphql.Response {
	key, ok := s.flightKey(ctx, oc, p)
	if !ok {
		return s.execute(ctx, oc, p, bufferOf(ctx))
	}
	f, inner, first := s.flights.join(ctx, key)
	s.counts.flight(first)
	stop := context.AfterFunc(ctx, func() { s.flights.leave(key, f) })
	defer stop()
	if first {
		defer f.cancel()
		f.run(inner, func(ctx context.Context) *graphql.Response { return s.execute(ctx, oc, p, nil) }, func() { s.flights.end(key, f) })
		return f.response(ctx)
	}
	f.follow(ctx)
	select {
	case <-f.done:
	case <-ctx.Done(): // nothing is begun any more: all is open
		if stop() { // the other way to leave has not been gone
			s.flights.leave(key, f)
		}
		return s.run(ctx, oc, p, s.generated(oc), bufferOf(ctx), func(*Step) {}, Generated.WriteQuery)
	}
	if f.whole {
		return f.response(ctx)
	}
	return s.instead(ctx, oc, p, f)
}

// follow links the operation of a context to the one that it is answered by.
func (f *flight) follow(ctx context.Context) {
	if span := oteltrace.SpanFromContext(ctx); span.IsRecording() && f.span.IsValid() {
		span.AddLink(oteltrace.Link{SpanContext: f.span})
		span.SetAttributes(names.How.String("shared"))
	}
}

// instead executes a query for a caller who had joined a flight that met its deadline. If his is met too, he has what the flight found: it had
// more time.
func (s *Schema) instead(ctx context.Context, oc *graphql.OperationContext, p *plan, f *flight) *graphql.Response {
	own := &flight{done: make(chan struct{})}
	own.run(graphql.WithFreshResponseContext(ctx), func(ctx context.Context) *graphql.Response { return s.execute(ctx, oc, p, nil) }, func() {})
	if own.whole {
		return own.response(ctx)
	}
	return f.response(ctx)
}

// flightKey gives what the answer of a query depends on, and whether it can be shared.
func (s *Schema) flightKey(ctx context.Context, oc *graphql.OperationContext, p *plan) (flightKey, bool) {
	if Traced(ctx) || oc.RawQuery == "" { // a document without a text is like no other
		return flightKey{}, false
	}
	identity, ok := s.options.Share.Identity(ctx, p.sources)
	if !ok {
		return flightKey{}, false
	}
	key := flightKey{document: oc.RawQuery, operation: oc.Operation.Name, identity: identity}
	if len(oc.Variables) > 0 {
		variables, err := json.Marshal(oc.Variables, json.Deterministic(true))
		if err != nil {
			return flightKey{}, false
		}
		key.variables = string(variables)
	}
	return key, true
}

// join gives the flight of a key. If there is none it begins one, whose context ends when the caller's deadline passes or nobody waits any
// more, and has errors and extensions of its own.
func (all *flights) join(ctx context.Context, key flightKey) (f *flight, inner context.Context, first bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if f := all.all[key]; f != nil {
		f.callers++
		return f, nil, false
	}
	inner = graphql.WithFreshResponseContext(context.WithoutCancel(ctx))
	f = &flight{done: make(chan struct{}), span: oteltrace.SpanContextFromContext(ctx), callers: 1}
	if deadline, ok := ctx.Deadline(); ok {
		inner, f.cancel = context.WithDeadline(inner, deadline)
	} else {
		inner, f.cancel = context.WithCancel(inner)
	}
	if all.all == nil {
		all.all = map[flightKey]*flight{}
	}
	all.all[key] = f
	return f, inner, true
}

// leave counts a caller out who has gone. The last one ends the flight, which nobody can join then.
func (all *flights) leave(key flightKey, f *flight) {
	all.mu.Lock()
	defer all.mu.Unlock()
	f.callers--
	if f.callers == 0 {
		all.remove(key, f)
		f.cancel()
	}
}

// end has nobody join any more.
func (all *flights) end(key flightKey, f *flight) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.remove(key, f)
}

func (all *flights) remove(key flightKey, f *flight) {
	if all.all[key] == f {
		delete(all.all, key)
	}
}

// run executes the query and keeps what came of it. Whatever happens, those who wait go on.
func (f *flight) run(ctx context.Context, execute func(ctx context.Context) *graphql.Response, end func()) {
	defer func() {
		end()
		close(f.done)
	}()
	f.data = execute(ctx).Data
	f.errors, f.extensions = graphql.GetErrors(ctx), graphql.GetExtensions(ctx)
	f.whole = ctx.Err() == nil
}

// response gives one caller's answer. The data is everybody's, and is not to be changed.
func (f *flight) response(ctx context.Context) *graphql.Response {
	for name, value := range f.extensions {
		extend(ctx, name, value)
	}
	var errs gqlerror.List
	for _, err := range f.errors {
		own := *err
		own.Extensions = maps.Clone(err.Extensions)
		errs = append(errs, &own)
	}
	return &graphql.Response{Data: f.data, Errors: errs}
}
