package loader

import (
	"context"
	"maps"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/mainstem/mainstem/platform/upstream"
)

// view shows a state as dataloader does.
type view[K comparable, V any] struct{ *state[K, V] }

// Load asks for a key; what it gives waits for the value.
func (v view[K, V]) Load(ctx context.Context, key K) dataloader.Thunk[V] {
	many := v.LoadMany(ctx, []K{key})
	return func() (value V, err error) {
		values, faults := many()
		if faults != nil {
			return value, faults[0]
		}
		return values[0], nil
	}
}

// LoadMany asks for keys; what it gives waits for the values.
func (v view[K, V]) LoadMany(ctx context.Context, keys []K) dataloader.ThunkMany[V] {
	if err := upstream.Declared(ctx, v.loader.source); err != nil {
		return func() ([]V, []error) {
			faults := make([]error, len(keys))
			for i := range faults {
				faults[i] = err
			}
			return make([]V, len(keys)), faults
		}
	}
	list := v.add(ctx, keys)
	return func() ([]V, []error) { return v.results(ctx, list) }
}

// Clear forgets a key, unless it still waits to be asked for.
func (v view[K, V]) Clear(_ context.Context, key K) dataloader.Interface[K, V] {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e := v.entries[key]; e != nil && e.asked() {
		delete(v.entries, key)
	}
	return v
}

// ClearAll forgets all keys but those that still wait to be asked for.
func (v view[K, V]) ClearAll() dataloader.Interface[K, V] {
	v.mu.Lock()
	defer v.mu.Unlock()
	maps.DeleteFunc(v.entries, func(_ K, e *entry[K, V]) bool { return e.asked() })
	return v
}

// asked says whether the key has been asked for, or need not be.
func (e *entry[K, V]) asked() bool { return e.done || e.call != nil }

// Prime puts in the value of a key that is not known.
func (v view[K, V]) Prime(_ context.Context, key K, value V) dataloader.Interface[K, V] {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.entries[key] == nil {
		e := v.put(key, 1)
		e.value, e.done = value, true
	}
	return v
}

// Flush has the batch leave that waits, whatever may still be added to it.
func (v view[K, V]) Flush() {
	v.mu.Lock()
	b := v.open
	v.mu.Unlock()
	if b == nil {
		return
	}
	if b.wave != nil {
		b.wave.Add(1) // the batch becomes a runner, as if the wave had it leave
	}
	b.Leave()
}
