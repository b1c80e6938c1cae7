package loader

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// Options are the same for all loaders of a scope. Zero values stand for the defaults.
type Options struct {
	Window time.Duration // how long a batch waits for another key where there is no wave; 2 ms
	Tracer trace.Tracer  // of a span for each batch; none if nil
	Left   func(Batch)   // is told of each batch that was answered, before its values are given out; may be called by several goroutines at once
	// Leave is told of each batch that leaves, and of those who have asked for something that is in it, as Asker names them. It gives the context
	// that the batch is fetched under, and what is told of it as Left is. It may be called by several goroutines at once.
	Leave func(ctx context.Context, b Batch, askers []int) (context.Context, func(Batch))
	Asker func(ctx context.Context) int // names who asks in a context; 0 for nobody
}

// maxWindows bounds a batch's waiting, in windows, however fast keys keep coming.
const maxWindows = 8

// Batch says what became of a batch.
type Batch struct {
	Source   string
	Loader   string // the loader's name
	Keys     int
	Start    time.Time
	Duration time.Duration
	Fault    fault.Code // of the whole batch; empty if it was answered, though single keys may have faults
}

// scope is what one operation loads, or one root field of a mutation.
type scope struct {
	ctx     context.Context
	options Options

	failed *scope // of WithKept: where something has failed

	mu     sync.Mutex
	states []any // the *state of each loader that has been used; few
}

type scopeKey struct{}

// WithScope gives a context in which loaders load afresh: what was loaded in another scope is not used. What is loaded in it is fetched under
// ctx, not under the context of the field that happens to ask first.
func WithScope(ctx context.Context, o Options) context.Context {
	if o.Window <= 0 {
		o.Window = 2 * time.Millisecond
	}
	return context.WithValue(ctx, scopeKey{}, &scope{ctx: ctx, options: o})
}

// InScope gives ctx with the scope that another context has, which WithScope has given.
func InScope(ctx, scoped context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, scoped.Value(scopeKey{}))
}

// state gives what the loader knows in ctx's scope.
func (l *Loader[K, V]) state(ctx context.Context) *state[K, V] {
	in, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		panic("loader: the context is in no scope; make one by WithScope")
	}
	return l.in(in)
}

// in gives what the loader knows in a scope.
func (l *Loader[K, V]) in(in *scope) *state[K, V] {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, known := range in.states {
		if s, ok := known.(*state[K, V]); ok && s.loader == l {
			return s
		}
	}
	s := &state[K, V]{loader: l, options: &in.options, ctx: upstream.Only(in.ctx, l.source), entries: map[K]*entry[K, V]{}}
	if in.failed != nil {
		s.failed = l.in(in.failed)
	}
	in.states = append(in.states, s)
	return s
}
