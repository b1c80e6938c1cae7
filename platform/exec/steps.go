package exec

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

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
		return ErrNull
	}
	return err
}

// plural calls the resolver of n objects, which says how many values it has, and keeps its errors. It says whether there are values: for some
// there may be errors in their place.
func (s *Step) plural(f *Field, c Call, st *state, n int, resolve func(ctx context.Context, fc *graphql.FieldContext) (int, error)) bool {
	fc, ok := s.begin(f, c, st)
	if !ok {
		return false
	}
	s.ctx = wave.From(s.ctx).Context(s.ctx, nil) // for what is resolved inline below, too
	ctx, ended := s.observe(s.ctx, n)
	values := 0
	err := allowed(ctx, c, func(ctx context.Context) (err error) {
		values, err = resolve(ctx, fc)
		return err
	})
	ended(outcome(err))
	st.note(s.ctx, 0, 0)
	s.run.pass(s.ctx)
	switch list, partial := err.(graphql.BatchErrors); { //nolint:errorlint // as gqlgen has it
	case partial && len(list.Errors()) == n && values == n:
		st.errs = list.Errors()
		return true
	case partial:
		st.err = fmt.Errorf("the resolver of %s gave %d results and %d errors for %d objects", f.name(), values, len(list.Errors()), n)
	case err != nil:
		st.err = err
	case values != n:
		st.err = fmt.Errorf("the resolver of %s gave %d results for %d objects", f.name(), values, n)
	default:
		return true
	}
	return false
}

// inline resolves n objects, one after the other, and keeps their errors. It says whether there are values.
func (s *Step) inline(f *Field, c Call, st *state, n int, resolve func(ctx context.Context, fc *graphql.FieldContext, i int) error) bool {
	fc, ok := s.begin(f, c, st)
	if !ok {
		return false
	}
	reported := 0
	st.err = allowed(s.ctx, c, func(ctx context.Context) error {
		for i := range n {
			if err := s.run.guarded(ctx, func() error { return resolve(ctx, fc, i) }); err != nil {
				if st.errs == nil {
					st.errs = make([]error, n)
				}
				st.errs[i] = err
			}
			reported = st.note(ctx, i, reported)
		}
		return nil
	})
	st.note(s.ctx, 0, reported)
	s.run.pass(s.ctx)
	return st.err == nil
}

// guarded calls a resolver. A panic is its error.
func (r *Run) guarded(ctx context.Context, resolve func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = r.panicked(ctx, p)
		}
	}()
	return resolve()
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

// passOn registers in an answer what was passed on since the one before.
func (r *Run) passOn(ctx context.Context) {
	r.mu.Lock()
	found := r.extensions
	r.extensions = nil
	r.mu.Unlock()
	for name, value := range found {
		extend(ctx, name, value)
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
	case st.err == ErrNull: //nolint:errorlint // it is never wrapped
		return nil
	case st.err != nil:
		return st.err
	}
	for _, err := range st.errs {
		if err != nil && err != ErrNull { //nolint:errorlint // it is never wrapped
			return err
		}
	}
	return nil
}
