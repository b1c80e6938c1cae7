package upstream

import (
	"context"
	"sync/atomic"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
)

// Each reads single keys in parallel, at most limit and at least one at once, for a service without a batch endpoint. A read that fails with
// NOT_FOUND makes the key absent; every other failure is in the fault.Items that come back beside what was read.
func Each[K comparable, V any](ctx context.Context, limit int, keys []K, read func(ctx context.Context, key K) (V, error)) (map[K]V, error) {
	values := make([]V, len(keys))
	faults := make([]*fault.Error, len(keys))
	var next atomic.Int64
	wave.Parallel(ctx, min(max(limit, 1), len(keys)), func(ctx context.Context) {
		for i := int(next.Add(1)) - 1; i < len(keys); i = int(next.Add(1)) - 1 {
			values[i], faults[i] = readOne(ctx, keys[i], read)
		}
	})
	found := make(map[K]V, len(keys))
	failed := fault.Items[K]{}
	for i, key := range keys {
		switch f := faults[i]; {
		case f == nil:
			found[key] = values[i]
		case f.Code != fault.NotFound:
			failed[key] = f
		}
	}
	return found, failed.OrNil()
}

// readOne turns a panic into a fault.
func readOne[K comparable, V any](ctx context.Context, key K, read func(context.Context, K) (V, error)) (v V, f *fault.Error) {
	defer func() {
		if r := recover(); r != nil {
			f = panicked(r)
		}
	}()
	v, err := read(ctx, key)
	return v, fault.From(err)
}
