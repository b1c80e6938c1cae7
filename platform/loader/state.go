package loader

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
)

// state is what one loader has and loads in one scope.
type state[K comparable, V any] struct {
	loader  *Loader[K, V]
	options *Options
	ctx     context.Context // of fetches
	failed  *state[K, V]    // of WithKept: what the scope has in which something has failed

	mu      sync.Mutex // guards what follows, and what it leads to
	entries map[K]*entry[K, V]
	spare   []entry[K, V] // made along with others
	open    *batch[K, V]  // the batch that keys are added to; nil if there is none
}

// entry is one key. Once it is done, nothing of it changes.
type entry[K comparable, V any] struct {
	key   K
	value V
	err   error
	call  *call[K, V] // nil while its batch is open
	done  bool
}

// batch is keys that wait for others to be asked for together.
type batch[K comparable, V any] struct {
	*state[K, V]
	wave    *wave.Wave // says when it leaves; nil if the timer does
	timer   *time.Timer
	begun   time.Time
	entries []*entry[K, V]
	waiters waiters[K, V]
	askers  []int
	from    []trace.Link // to the spans of those who have asked
}

// waiter is somebody who waits for entries.
type waiter[K comparable, V any] struct {
	*wave.Waiter
	entries []*entry[K, V]
	missing int // in how many lists of waiters it is
}

type waiters[K comparable, V any] []*waiter[K, V]

// add adds x, unless it was the last to be added.
func (w *waiters[K, V]) add(x *waiter[K, V]) {
	if n := len(*w); n == 0 || (*w)[n-1] != x {
		*w = append(*w, x)
		x.missing++
	}
}

// add gives the entries of keys, nil for the zero key. Those that are new are put into the open batch, without a gap in which it could leave.
func (s *state[K, V]) add(ctx context.Context, keys []K) []*entry[K, V] {
	if s.failed != nil {
		return s.again(ctx, keys)
	}
	var none K
	list := make([]*entry[K, V], len(keys))
	s.mu.Lock()
	defer s.mu.Unlock()
	known, waits := len(s.entries), false
	for i, key := range keys {
		if key == none {
			continue
		}
		e := s.entries[key]
		if e == nil {
			e = s.put(key, len(keys)-i)
			b := s.opened(ctx)
			b.entries = append(b.entries, e)
		}
		waits = waits || e.call == nil && !e.done
		list[i] = e
	}
	if s.options.Asker != nil && waits {
		s.open.asked(s.options.Asker(ctx))
	}
	if s.options.Tracer != nil && waits {
		s.open.link(trace.SpanFromContext(ctx))
	}
	if s.open != nil && s.open.timer != nil && len(s.entries) > known && time.Since(s.open.begun) < maxWindows*s.options.Window {
		s.open.timer.Reset(s.options.Window)
	}
	return list
}

// put makes the entry of a key, and has memory ready for as many as may follow.
func (s *state[K, V]) put(key K, more int) *entry[K, V] {
	if len(s.spare) == 0 {
		s.spare = make([]entry[K, V], min(more, 32))
	}
	e := &s.spare[0]
	s.spare = s.spare[1:]
	e.key = key
	s.entries[key] = e
	return e
}

// asked notes who has asked for keys of a batch; 0 is nobody.
func (b *batch[K, V]) asked(by int) {
	if by != 0 && !slices.Contains(b.askers, by) {
		b.askers = append(b.askers, by)
	}
}

// maxLinks is how many of those who have asked a batch's span is linked to.
const maxLinks = 16

// link links the batch's span to that of somebody who has asked.
func (b *batch[K, V]) link(asker trace.Span) {
	if !asker.IsRecording() || len(b.from) == maxLinks {
		return
	}
	to := asker.SpanContext()
	if !slices.ContainsFunc(b.from, func(l trace.Link) bool { return l.SpanContext.Equal(to) }) {
		b.from = append(b.from, trace.Link{SpanContext: to})
	}
}

// opened gives the open batch, which it begins if there is none.
func (s *state[K, V]) opened(ctx context.Context) *batch[K, V] {
	if s.open == nil {
		b := &batch[K, V]{state: s, wave: wave.From(ctx)}
		s.open = b
		if b.wave != nil {
			b.wave.Begin(b)
		} else {
			b.begun = time.Now()
			b.timer = time.AfterFunc(s.options.Window, b.Leave)
		}
	}
	return s.open
}

// results waits for entries and gives their values, and their faults if there are any. If ctx ends before all are done, that is the fault of
// the others.
func (s *state[K, V]) results(ctx context.Context, list []*entry[K, V]) (values []V, faults []error) {
	over := s.wait(ctx, list)
	if over != nil { // else all are done
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	values = make([]V, len(list))
	for i, e := range list {
		if e == nil {
			continue
		}
		err := over
		if over == nil || e.done {
			values[i], err = e.value, e.err
		}
		if err != nil {
			if faults == nil {
				faults = make([]error, len(list))
			}
			faults[i] = err
		}
	}
	return values, faults
}

// wait waits until entries are done, and fails if ctx ends first.
func (s *state[K, V]) wait(ctx context.Context, list []*entry[K, V]) error {
	x := s.waiter(ctx, list)
	if x == nil || x.Wait(ctx.Done()) {
		return nil
	}
	if ended := s.ctx.Err() != nil; ended && wave.From(ctx) == nil {
		x.Wait(nil) // fetches end with the scope too, and say what they were doing
		return nil
	}
	f := fault.Wrap(fault.DeadlineExceeded, ctx.Err())
	f.Source = s.loader.source
	return f
}

// waiter gives a waiter for those entries that are not done, nil if all are.
func (s *state[K, V]) waiter(ctx context.Context, list []*entry[K, V]) *waiter[K, V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var x *waiter[K, V]
	for _, e := range list {
		if e == nil || e.done {
			continue
		}
		if x == nil {
			x = &waiter[K, V]{Waiter: wave.NewWaiter(ctx), entries: list}
		}
		if e.call == nil {
			s.open.waiters.add(x)
		} else {
			e.call.waiters.add(x)
		}
	}
	return x
}

// Leave makes the batch's calls. If it has left already, since somebody flushed it or its time was over just then, nothing is to be done.
func (b *batch[K, V]) Leave() {
	calls := b.close()
	if b.wave != nil {
		b.wave.Add(len(calls)) // each is a runner, in place of the batch
		defer b.wave.Done()
	}
	for _, c := range calls {
		go c.run()
	}
}

// close gives the calls of a batch that is open.
func (b *batch[K, V]) close() []*call[K, V] {
	s := b.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != b {
		return nil
	}
	s.open = nil
	if b.timer != nil {
		b.timer.Stop()
	}
	calls := b.calls()
	for _, x := range b.waiters { // from now on, each waits for those calls that it needs
		for _, e := range x.entries {
			if e != nil && e.call != nil && e.call.batch == b {
				e.call.waiters.add(x)
			}
		}
		x.missing--
	}
	return calls
}

// calls makes the calls that a batch takes.
func (b *batch[K, V]) calls() []*call[K, V] {
	if compare := b.loader.compare; compare != nil {
		slices.SortFunc(b.entries, func(a, b *entry[K, V]) int { return compare(a.key, b.key) })
	}
	var calls []*call[K, V]
	for entries := range slices.Chunk(b.entries, b.loader.maxBatch) {
		calls = append(calls, b.call(entries))
	}
	return calls
}

// call makes one call for entries.
func (b *batch[K, V]) call(entries []*entry[K, V]) *call[K, V] {
	c := &call[K, V]{batch: b, entries: entries}
	for _, e := range entries {
		e.call = c
	}
	return c
}
