package exec

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// What follows is called by generated code. What can do without the types of objects and values is elsewhere, so that it is compiled once.

// Call is how a step is resolved, beside its function.
type Call struct {
	// Context makes the field's context, arguments included, as gqlgen does.
	Context func(ctx context.Context, field graphql.CollectedField) (*graphql.FieldContext, error)
	// Allow runs the directives that decide for all objects at once, with what they allow as next; nil without such directives.
	Allow func(ctx context.Context, next graphql.Resolver) (any, error)
}

// ErrNull in place of an error says that there is no value, of a Go type that always has one.
var ErrNull = errors.New("null")

// Plural has a field resolved once for all objects. Then hands on what was found; it is called if steps are below the field.
func Plural[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext) ([]V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	s.add(f, func(s *Step, st *state) {
		var values []V
		all := func(ctx context.Context, fc *graphql.FieldContext) (n int, err error) {
			values, err = resolve(ctx, fc)
			return len(values), err
		}
		found := s.plural(f, c, st, len(objects), all)
		if f.info.degraded != nil && st.lacks() {
			had := values
			if st.values = had; found {
				st.values = without(had, st.errs)
			}
			if s.again(f, c, st, len(objects), all) {
				values, found = mixed(had, values, st.errs), true
			}
		}
		if found {
			hold(s, f, st, without(values, st.lost()), then)
		}
	})
}

// without gives values without those that there are errors of.
func without[V any](values []V, errs []error) []V {
	if errs == nil {
		return values
	}
	left := make([]V, len(values)) // the resolver may keep its own
	for i, err := range errs {
		if err == nil {
			left[i] = values[i]
		}
	}
	return left
}

// mixed gives values where there were any, and elsewhere those that a source had kept.
func mixed[V any](had, kept []V, errs []error) []V {
	all := make([]V, len(kept))
	for i, err := range errs {
		if _, ok := err.(*stale); ok { //nolint:errorlint // it is never wrapped
			all[i] = kept[i]
		} else if err == nil {
			all[i] = had[i]
		}
	}
	return all
}

// Singular has a field resolved for one object at a time, several at once: as many as may run, and as many more as wait for a source.
func Singular[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	s.add(f, func(s *Step, st *state) {
		values := make([]V, len(objects))
		found := values // by calls that may still run when the answer is written
		if len(objects) > 1 {
			found = make([]V, len(objects))
		}
		one := &singular{
			run: s.run, state: st, count: len(objects),
			resolve: func(ctx context.Context, fc *graphql.FieldContext, i int) error {
				v, err := resolve(ctx, fc, objects[i])
				if err == nil {
					found[i] = v
				}
				return err
			},
			keep: func(i int) { values[i] = found[i] },
		}
		st.values = values
		ok := s.singular(f, c, one)
		if f.info.degraded != nil && st.lacks() {
			ok = againEach(s, f, c, st, objects, values, resolve) || ok
		}
		if ok {
			hold(s, f, st, values, then)
		}
	})
}

// Inline resolves a field at once, one object after the other: a method, or a field with directives.
func Inline[P, V any](s *Step, f *Field, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	if s.portion() != f.portion { // it comes later
		s.add(f, func(s *Step, st *state) {
			s.ctx = wave.From(s.ctx).Context(s.ctx, nil)
			inline(s, f, st, objects, c, resolve, then)
		})
		return
	}
	outer, st := s.ctx, &state{}
	defer func() { s.ctx = outer }()
	inline(s, f, st, objects, c, resolve, then)
	s.publish(f, st)
}

// inline resolves a field of one object after the other, in the step's goroutine.
func inline[P, V any](s *Step, f *Field, st *state, objects []P, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error), then func(s *Step, f *Field, shape *Shape, values []V)) {
	values := make([]V, len(objects))
	found := s.inline(f, c, st, len(objects), func(ctx context.Context, fc *graphql.FieldContext, i int) error {
		v, err := resolve(ctx, fc, objects[i])
		if err == nil {
			values[i] = v
		}
		return err
	})
	if f.info.degraded != nil && st.lacks() {
		found = againEach(s, f, c, st, objects, values, resolve) || found
	}
	if found {
		hold(s, f, st, values, then)
	}
}

// againEach resolves once more what has failed, from what the sources keep, of a field that is resolved for one object at a time. It says
// whether that has given anything.
func againEach[P, V any](s *Step, f *Field, c Call, st *state, objects []P, values []V, resolve func(ctx context.Context, fc *graphql.FieldContext, object P) (V, error)) bool {
	var found V
	return s.againEach(f, c, st, len(objects), func(ctx context.Context, fc *graphql.FieldContext, i int) (err error) {
		found, err = resolve(ctx, fc, objects[i])
		return err
	}, func(i int) { values[i] = found })
}

// hold keeps a step's values, and hands them on if steps are below.
func hold[V any](s *Step, f *Field, st *state, values []V, then func(s *Step, f *Field, shape *Shape, values []V)) {
	st.values = values
	if f.Busy && then != nil {
		st.shape.lost = st.lost()
		then(s, f, &st.shape, values)
	}
}

// As gives what directives have made of a value.
func As[V any](result any, err error) (V, error) {
	var none V
	if err != nil {
		return none, err
	}
	if result == nil {
		return none, ErrNull
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
