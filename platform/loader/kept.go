package loader

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// WithKept gives upstream.WithKept's context, in which loaders do not fail as they have in ctx's scope. What was loaded there is given as it
// is, refusals too. A batch that a fault has cost, such as SOURCE_UNAVAILABLE, is fetched again, with the same keys and once in this
// context: sources find what they keep by the exact call. Nothing waits to be asked for together with something else, and what is fetched
// is given in this context only. In no scope it is upstream.WithKept.
func WithKept(ctx context.Context, maxAge time.Duration, note func(age time.Duration)) context.Context {
	ctx = upstream.WithKept(ctx, maxAge, note)
	in, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, scopeKey{}, &scope{ctx: ctx, options: in.options, failed: in})
}

// again gives the entries of keys, nil for the zero key, and begins the calls for those that are new here.
func (s *state[K, V]) again(ctx context.Context, keys []K) []*entry[K, V] {
	var none K
	list := make([]*entry[K, V], len(keys))
	b := &batch[K, V]{state: s, wave: wave.From(ctx)} // whose own entries are the keys that are not known at all
	var calls []*call[K, V]
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, key := range keys {
		if key == none {
			continue
		}
		if s.entries[key] == nil {
			if c := b.recall(key); c != nil {
				calls = append(calls, c)
			}
		}
		list[i] = s.entries[key]
	}
	calls = append(calls, b.calls()...)
	if b.wave != nil {
		b.wave.Add(len(calls)) // each is a runner, beside the one that asks
	}
	for _, c := range calls {
		go c.run() //nolint:contextcheck // it is fetched under the scope's
	}
	return list
}

// recall makes the entry of a key that is new here: as it was loaded, or of a call like the one that has failed, which it gives. A key that
// nobody has asked for, or not been answered, is for a call of the batch. b.mu is held.
func (b *batch[K, V]) recall(key K) *call[K, V] {
	from := b.failed
	from.mu.Lock()
	defer from.mu.Unlock()
	known := from.entries[key]
	switch {
	case known == nil || !known.done:
		b.entries = append(b.entries, b.put(key, 1))
		return nil
	case !known.lost():
		e := b.put(key, 1)
		e.value, e.err, e.done = known.value, known.err, true
		return nil
	}
	var entries []*entry[K, V]
	for _, e := range known.call.entries {
		if e.lost() && b.state.entries[e.key] == nil {
			entries = append(entries, b.put(e.key, 1))
		} else {
			entries = append(entries, &entry[K, V]{key: e.key}) // asked for, since it was, and then not used
		}
	}
	return b.call(entries)
}

// lost says whether an entry that is done was lost to a fault that is no refusal.
func (e *entry[K, V]) lost() bool { return e.err != nil && fault.From(e.err).Code.Degradable() }
