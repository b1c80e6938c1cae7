package exec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// Call is how a step is resolved, beside its function.
type Call struct {
	// Context makes the field's context, arguments included, as gqlgen does.
	Context func(ctx context.Context, field graphql.CollectedField) (*graphql.FieldContext, error)
	// Allow runs the directives that decide for all objects at once, with what they allow as next; nil without such directives.
	Allow func(ctx context.Context, next graphql.Resolver) (any, error)
}

// Null in place of an error says that there is no value, of a Go type that always has one.
var Null = errors.New("null")

// begin makes the step's context, in which the field is running. Errors that are reported in it are the step's own.
func (s *Step) begin(f *Field, c Call, st *state) (*graphql.FieldContext, bool) {
	ctx := s.run.reporting(s.ctx)
	fc, err := c.Context(ctx, f.collected)
	if fc == nil {
		fc = &graphql.FieldContext{Object: f.info.object, Field: f.collected}
	}
	s.ctx = graphql.WithFieldContext(ctx, fc)
	st.ctx = s.ctx
	if err == nil {
		return fc, true
	}
	st.err = err
	if errs := graphql.GetErrors(ctx); errs != nil { // gqlgen has reported it already, as it would have been of one object
		st.err = errs
	}
	return fc, false
}

// reporting gives a context in which errors and extensions are reported apart. The writer presents the errors, with their exact paths and in
// the answer's order.
func (r *Run) reporting(ctx context.Context) context.Context {
	return graphql.WithResponseContext(ctx, unpresented, r.operation.RecoverFunc)
}

func unpresented(_ context.Context, err error) *gqlerror.Error {
	known, ok := errors.AsType[*gqlerror.Error](err)
	if !ok || known.Err == nil && err != error(known) { //nolint:errorlint // one within another error: the outer one is what is reported
		return gqlerror.Wrap(err)
	}
	return known
}

// allowed runs call if the step's directives allow it, and gives the error for all objects. A panic is one.
func allowed(ctx context.Context, c Call, call func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = graphql.GetOperationContext(ctx).RecoverFunc(ctx, p)
		}
	}()
	if c.Allow == nil {
		return call(ctx)
	}
	called := false
	_, err = c.Allow(ctx, func(ctx context.Context) (any, error) {
		called = true
		return nil, call(ctx)
	})
	if err == nil && !called {
		return Null
	}
	return err
}

// Plural has a field resolved once for all objects. Then hands on what was found; it is called if steps are below the field.
func Plural[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext) ([]V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	s.add(f, func(s *Step, st *state) {
		fc, ok := s.begin(f, c, st)
		if !ok {
			return
		}
		s.ctx = wave.From(s.ctx).Context(s.ctx, nil) // for what is resolved inline below, too
		ctx, ended := s.observe(s.ctx, len(objects))
		var values []V
		err := allowed(ctx, c, func(ctx context.Context) (err error) {
			values, err = resolve(ctx, fc)
			return err
		})
		ended(err)
		st.note(s.ctx, 0, 0)
		s.run.pass(s.ctx)
		switch list, partial := err.(graphql.BatchErrors); {
		case partial && len(list.Errors()) == len(objects) && len(values) == len(objects):
			st.errs = list.Errors()
			values = slices.Clone(values) // the resolver may keep them
			for i, err := range st.errs {
				if err != nil {
					var none V
					values[i] = none
				}
			}
		case partial:
			st.err = fmt.Errorf("the resolver of %s gave %d results and %d errors for %d objects", f.name(), len(values), len(list.Errors()), len(objects))
			return
		case err != nil:
			st.err = err
			return
		case len(values) != len(objects):
			st.err = fmt.Errorf("the resolver of %s gave %d results for %d objects", f.name(), len(values), len(objects))
			return
		}
		hold(s, f, st, values, then)
	})
}

// pass passes on the extensions that resolvers have registered in a context of their own, unless the answer is being written. Of several
// with one name, the first is passed on.
func (r *Run) pass(ctx context.Context) {
	found := graphql.GetExtensions(ctx)
	if len(found) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.extensions == nil {
		r.extensions = map[string]any{}
	}
	for name, value := range found {
		if _, known := r.extensions[name]; !known {
			r.extensions[name] = value
		}
	}
}

// hold keeps a step's values, and hands them on if steps are below.
func hold[V any](s *Step, f *Field, st *state, values []V, then func(s *Step, f *Field, shape *Shape, values []V)) {
	st.values = values
	if f.Busy && then != nil {
		st.shape.lost = st.errs
		then(s, f, &st.shape, values)
	}
}

// Singular has a field resolved for one object at a time, several at once: as many as may run, and as many more as wait for a source.
func Singular[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	s.add(f, func(s *Step, st *state) {
		fc, ok := s.begin(f, c, st)
		if !ok {
			return
		}
		run, values := s.run, make([]V, len(objects))
		s.ctx = wave.From(s.ctx).Context(s.ctx, nil)
		ctx, ended := s.observe(s.ctx, len(objects))
		one := &singular{run: run, state: st, count: len(objects)}
		if len(objects) > 1 { // what is ready at the deadline is given, though the others are not
			st.values, st.errs = values, openErrors(len(objects))
			run.mu.Lock()
			run.keep([]published{{f, &state{done: true, ctx: st.ctx, values: values, errs: st.errs}}})
			run.mu.Unlock()
		}
		one.call = func(ctx context.Context, i int) error {
			v, err := guarded(run, ctx, func() (V, error) { return resolve(ctx, fc, objects[i]) })
			run.mu.Lock()
			defer run.mu.Unlock()
			if run.closed {
				return nil
			}
			if err == nil {
				values[i] = v
			}
			if st.errs != nil {
				st.errs[i] = err
			}
			return err
		}
		st.err = allowed(ctx, c, one.all)
		ended(st.failed())
		st.note(s.ctx, 0, 0)
		run.pass(s.ctx)
		if st.err == nil {
			hold(s, f, st, values, then)
		}
	})
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

// guarded calls a resolver. A panic is its error.
func guarded[V any](r *Run, ctx context.Context, resolve func() (V, error)) (v V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = r.panicked(ctx, p)
		}
	}()
	return resolve()
}

// singular is a step that resolves one object at a time.
type singular struct {
	run   *Run
	state *state
	count int
	call  func(ctx context.Context, i int) error

	next    atomic.Int64 // the object that nobody has taken yet
	workers atomic.Int64 // that have not ended
	ended   *wave.Waiter // of the step, for the others
	mu      sync.Mutex   // of the errors that were reported
}

// maxWorkers is how many calls of one step may run at once.
const maxWorkers = 8

// all resolves all objects, and gives the error of the only one.
func (o *singular) all(ctx context.Context) error {
	if o.count == 1 {
		return o.call(ctx, 0)
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
		_ = o.call(ctx, i) // which keeps its error
		o.mu.Lock()
		reported = o.state.note(ctx, i, reported)
		o.mu.Unlock()
	}
}

// note keeps the errors that were reported in a context, after the first so many, as those of one object. It gives how many there are now.
func (st *state) note(ctx context.Context, object, known int) int {
	errs := graphql.GetErrors(ctx)
	if len(errs) > known {
		if st.added == nil {
			st.added = map[int]gqlerror.List{}
		}
		st.added[object] = append(st.added[object], errs[known:]...)
	}
	return len(errs)
}

// failed gives one of the step's errors, nil if there are none.
func (st *state) failed() error {
	switch {
	case st.err == Null: //nolint:errorlint // it is never wrapped
		return nil
	case st.err != nil:
		return st.err
	}
	for _, err := range st.errs {
		if err != nil && err != Null { //nolint:errorlint // it is never wrapped
			return err
		}
	}
	return nil
}

// Inline resolves a field at once, one object after the other: a method, or a field with directives.
func Inline[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	outer := s.ctx
	defer func() { s.ctx = outer }()
	st := &state{}
	defer s.publish(f, st)
	fc, ok := s.begin(f, c, st)
	if !ok {
		return
	}
	values := make([]V, len(objects))
	reported := 0
	st.err = allowed(s.ctx, c, func(ctx context.Context) error {
		for i := range objects {
			v, err := guarded(s.run, ctx, func() (V, error) { return resolve(ctx, fc, objects[i]) })
			if err == nil {
				values[i] = v
			} else {
				if st.errs == nil {
					st.errs = make([]error, len(objects))
				}
				st.errs[i] = err
			}
			reported = st.note(ctx, i, reported)
		}
		return nil
	})
	st.note(s.ctx, 0, reported)
	s.run.pass(s.ctx)
	if st.err == nil {
		hold(s, f, st, values, then)
	}
}

// As gives what directives have made of a value.
func As[V any](result any, err error) (V, error) {
	var none V
	if err != nil {
		return none, err
	}
	if result == nil {
		return none, Null
	}
	v, ok := result.(V)
	if !ok {
		return none, fmt.Errorf("a directive gave %T in place of %T", result, none)
	}
	return v, nil
}

// Root stands for the objects of a root selection, of which there is one.
var Root = make([]struct{}, 1)

// Plain hands on the values of a field that has steps below and needs none itself.
func Plain[P, V any](s *Step, f *Field, objects []P, c Call, value func(object P) V, then func(s *Step, f *Field, shape *Shape, values []V)) {
	outer := s.ctx
	defer func() { s.ctx = outer }()
	fc, err := c.Context(s.ctx, f.collected)
	if err != nil {
		return // the writer finds the same
	}
	s.ctx = graphql.WithFieldContext(s.ctx, fc)
	st := &state{ctx: s.ctx}
	values := make([]V, len(objects))
	for i, o := range objects {
		values[i] = value(o)
	}
	then(s, f, &st.shape, values)
	s.publish(f, st)
}
