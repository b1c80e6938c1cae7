package exec

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// singular is a step that resolves one object at a time.
type singular struct {
	run     *Run
	state   *state
	count   int
	resolve func(ctx context.Context, fc *graphql.FieldContext, i int) error // finds the value of an object
	keep    func(i int)                                                      // puts it among those that the writer reads

	fc      *graphql.FieldContext
	next    atomic.Int64 // the object that nobody has taken yet
	workers atomic.Int64 // that have not ended
	ended   *wave.Waiter // of the step, for the others
	mu      sync.Mutex   // of the errors that were reported
}

// singular resolves the objects of a step, and keeps their errors. It says whether there are values. What is ready at the deadline is given,
// though other objects are not.
func (s *Step) singular(f *Field, c Call, one *singular) bool {
	st := one.state
	fc, ok := s.begin(f, c, st)
	if !ok {
		return false
	}
	one.fc = fc
	s.ctx = wave.From(s.ctx).Context(s.ctx, nil)
	ctx, ended := s.observe(s.ctx, one.count)
	if one.count > 1 {
		st.errs = openErrors(one.count)
		s.run.mu.Lock()
		s.run.keep([]published{{f, &state{done: true, ctx: st.ctx, values: st.values, errs: st.errs}}})
		s.run.mu.Unlock()
	}
	st.err = allowed(ctx, c, one.all)
	ended(outcome(st.failed()))
	st.note(s.ctx, 0, 0)
	s.run.pass(s.ctx)
	return st.err == nil
}

// openErrors gives errors that say of n objects that they are not ready.
func openErrors(n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = errOpen
	}
	return errs
}

// errOpen in place of an error says that a value was not ready at the deadline.
var errOpen = errors.New("open")

// one resolves one object. Its value and its error are kept, unless the answer is being written.
func (o *singular) one(ctx context.Context, i int) error {
	err := o.run.guarded(ctx, func() error { return o.resolve(ctx, o.fc, i) })
	o.run.mu.Lock()
	defer o.run.mu.Unlock()
	if o.run.closed {
		return nil
	}
	if err == nil {
		o.keep(i)
	}
	if o.state.errs != nil {
		o.state.errs[i] = err
	}
	return err
}

// maxWorkers is how many calls of one step may run at once.
const maxWorkers = 8

// all resolves all objects, and gives the error of the only one.
func (o *singular) all(ctx context.Context) error {
	if o.count == 1 {
		return o.one(ctx, 0)
	}
	o.ended = wave.NewWaiter(ctx)
	workers := min(maxWorkers, o.count)
	o.workers.Store(int64(workers))
	for range workers {
		o.start(ctx)
	}
	o.ended.Wait(nil)
	return nil
}

// start starts a worker that has been counted.
func (o *singular) start(ctx context.Context) {
	wave.Go(ctx, func(runner context.Context) {
		defer func() {
			if o.workers.Add(-1) == 0 {
				o.ended.Wake()
			}
		}()
		o.work(ctx, wave.From(runner))
	})
}

// work resolves objects until none is left. When one of them has to wait, another worker takes the place of this one.
func (o *singular) work(step context.Context, w *wave.Wave) {
	var replaced atomic.Bool
	ctx := w.Context(o.run.reporting(step), func() {
		if int(o.next.Load()) < o.count && !replaced.Swap(true) {
			o.workers.Add(1)
			o.start(step)
		}
	})
	defer o.run.pass(ctx)
	reported := 0
	for !replaced.Load() {
		i := int(o.next.Add(1)) - 1
		if i >= o.count {
			return
		}
		_ = o.one(ctx, i) // which keeps its error
		o.mu.Lock()
		reported = o.state.note(ctx, i, reported)
		o.mu.Unlock()
	}
}
