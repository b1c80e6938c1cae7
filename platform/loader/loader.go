// Package loader joins what the fields of one operation ask of a source into batches: equal keys once, and what is asked for at the same time
// in one call.
//
// A Loader is made once, for all operations. What an operation has loaded is kept in its scope, which is in its context. When a batch leaves,
// platform/exec/wave says; without a wave, as under gqlgen's executor, it is a short window after the last key was added.
package loader

import (
	"cmp"
	"context"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/platform/upstream"
)

// Fetch reads keys from a source. A key that is not in the result is absent, which is no error. Beside results it may return
// fault.Items for single keys; any other error is the fault of every key. It may be called by several goroutines at once, and may keep or
// change keys.
type Fetch[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// Loader loads values of one kind by key. It is safe for concurrent use.
type Loader[K comparable, V any] struct {
	source   string
	name     string
	maxBatch int
	fetch    Fetch[K, V]
	compare  func(a, b K) int // nil if keys have no order

	span  string // what a batch's span is called, and begins with
	begin []trace.SpanStartOption
}

// New makes a loader that reads from a source by fetch. The name is for people: of its batches' spans and of what Options.Left is told. No
// batch is larger than maxBatch; zero is no bound. Strings and ints go to fetch in their order, so that what is asked for at the same time
// makes the same calls each time; other keys go in the order in which they came.
func New[K comparable, V any](source, name string, maxBatch int, fetch Fetch[K, V]) *Loader[K, V] {
	if maxBatch <= 0 {
		maxBatch = math.MaxInt
	}
	l := &Loader[K, V]{
		source: source, name: name, maxBatch: maxBatch, fetch: fetch,
		span: "batch " + name, begin: []trace.SpanStartOption{names.NewFixed(names.Loader.String(name), names.Source.String(source))},
	}
	for _, order := range []any{cmp.Compare[string], cmp.Compare[int], cmp.Compare[int64], cmp.Compare[int32]} {
		if compare, ok := order.(func(a, b K) int); ok {
			l.compare = compare
		}
	}
	return l
}

// Load gives the value of one key, the zero value if it is absent. It fails as LoadAll does, with the key's own fault.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	return l.In(ctx).Load(ctx, key)()
}

// LoadAll gives the values of keys in their order, zero values for those that are absent. The zero key refers to nothing: it is absent,
// and never asked for. Faults of single keys come as a graphql.BatchErrorList, which plural resolvers pass on as it is: those of the source,
// and DEADLINE_EXCEEDED for what is not there when ctx ends. With INTERNAL_SERVER_ERROR it fails if the running field does not declare the
// source. It panics if ctx is in no scope.
func (l *Loader[K, V]) LoadAll(ctx context.Context, keys []K) ([]V, error) {
	s := l.state(ctx)
	if err := upstream.Declared(ctx, l.source); err != nil {
		return nil, err
	}
	values, faults := s.results(ctx, s.add(ctx, keys))
	if faults != nil {
		return values, graphql.BatchErrorList(faults)
	}
	return values, nil
}

// In gives what the loader has and loads in ctx's scope, with the contract of dataloader: values can be put in by Prime, and taken out by
// Clear and ClearAll, to be loaded afresh when they are asked for next. What waits to be loaded is not taken out. Flush has a batch leave that
// waits. It panics if ctx is in no scope.
func (l *Loader[K, V]) In(ctx context.Context) dataloader.Interface[K, V] {
	return view[K, V]{l.state(ctx)}
}
