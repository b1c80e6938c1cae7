// Package loader joins what many fields of one operation ask of a source into batches, on graph-gophers/dataloader.
//
// It is the only place that knows when a batch leaves: a short window after the last key was added.
package loader

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// Options are the same for the loaders of an operation. Zero values stand for the defaults.
type Options struct {
	Window time.Duration // how long a batch waits for another key; 2 ms
	Tracer trace.Tracer  // of a span for each batch; none if nil
}

// maxWindows bounds a batch's waiting, in windows, however fast keys keep coming.
const maxWindows = 8

// Fetch reads keys from a source. A key that is not in the result is absent, which is no error. Beside results it may return
// fault.Items for single keys; any other error is the fault of every key.
type Fetch[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// Loader loads values by key for one operation: equal keys once, keys that are asked for at about the same time in one batch. It is
// safe for concurrent use.
type Loader[K comparable, V any] struct {
	source string
	window time.Duration
	keys   *dataloader.Loader[K, V]

	mu    sync.Mutex // held while keys are added, so that a list is never cut in two
	timer *time.Timer
	first time.Time // when the waiting batch got its first key; zero if none waits
}

// New makes a loader of one source for the operation whose context is ctx: fetches run under it, not under the context of the field that
// happens to ask first. No batch is larger than maxBatch.
func New[K comparable, V any](ctx context.Context, o Options, source, name string, maxBatch int, fetch Fetch[K, V]) *Loader[K, V] {
	if o.Window <= 0 {
		o.Window = 2 * time.Millisecond
	}
	ctx = upstream.Only(ctx, source)
	batch := func(_ context.Context, keys []K) []*dataloader.Result[V] {
		ctx := ctx
		if o.Tracer != nil {
			var span trace.Span
			ctx, span = o.Tracer.Start(ctx, "batch "+name, trace.WithAttributes(attribute.Int(upstream.AttrKeys, len(keys))))
			defer span.End()
		}
		return results(keys, func() (map[K]V, error) { return fetch(ctx, keys) })
	}
	return &Loader[K, V]{
		source: source,
		window: o.Window,
		keys: dataloader.NewBatchedLoader(batch,
			dataloader.WithBatchCapacity[K, V](maxBatch),
			dataloader.WithInputCapacity[K, V](maxBatch),
			dataloader.WithWait[K, V](time.Hour), // Flush says when
		),
	}
}

// results calls fetch and gives what it found in the keys' order. A panic is the fault of every key.
func results[K comparable, V any](keys []K, fetch func() (map[K]V, error)) (all []*dataloader.Result[V]) {
	found, err := func() (found map[K]V, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
			}
		}()
		return fetch()
	}()
	items, partial := errors.AsType[fault.Items[K]](err)
	all = make([]*dataloader.Result[V], len(keys))
	for i, key := range keys {
		r := &dataloader.Result[V]{Data: found[key]}
		if f := items[key]; f != nil {
			r.Error = f
		} else if err != nil && !partial {
			r.Error = err
		}
		all[i] = r
	}
	return all
}

// Load gives the value of one key, the zero value if it is absent. It fails as the source did, or with INTERNAL_SERVER_ERROR if the
// running field does not declare the source.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	values, err := l.LoadAll(ctx, []K{key})
	if list, ok := errors.AsType[graphql.BatchErrorList](err); ok {
		err = list[0]
	}
	if err != nil {
		var none V
		return none, err
	}
	return values[0], nil
}

// LoadAll gives the values of keys in their order, zero values for those that are absent. The zero key refers to nothing: it is absent,
// and never asked for. Faults of single keys come as a graphql.BatchErrorList, which plural resolvers pass on as it is.
func (l *Loader[K, V]) LoadAll(ctx context.Context, keys []K) ([]V, error) {
	if err := upstream.Declared(ctx, l.source); err != nil {
		return nil, err
	}
	values := make([]V, len(keys))
	var faults graphql.BatchErrorList
	for i, thunk := range l.add(ctx, keys) {
		if thunk == nil {
			continue
		}
		v, err := thunk()
		if err != nil {
			if faults == nil {
				faults = make(graphql.BatchErrorList, len(keys))
			}
			faults[i] = err
			continue
		}
		values[i] = v
	}
	if faults != nil {
		return values, faults
	}
	return values, nil
}

// add puts keys into the waiting batch and has it leave when the window is over.
func (l *Loader[K, V]) add(ctx context.Context, keys []K) []dataloader.Thunk[V] {
	var none K
	thunks := make([]dataloader.Thunk[V], len(keys))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, key := range keys {
		if key != none {
			thunks[i] = l.keys.Load(ctx, key)
		}
	}
	now := time.Now()
	if l.first.IsZero() {
		l.first = now
		l.timer = time.AfterFunc(l.window, l.flush)
	} else if now.Sub(l.first) < maxWindows*l.window {
		l.timer.Reset(l.window)
	}
	return thunks
}

func (l *Loader[K, V]) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = time.Time{}
	l.keys.Flush()
}
