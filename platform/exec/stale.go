package exec

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/loader"
)

// stale stands among a step's errors for the value of an object that its source had kept.
type stale struct {
	lost error // the object's own
	kept *kept
}

// Error describes what the value is there for.
func (s *stale) Error() string { return s.lost.Error() }

// kept is a step's second run, which finds what the sources keep.
type kept struct {
	ctx    context.Context
	fc     *graphql.FieldContext
	oldest atomic.Int64
}

// note hears how old an answer is that the run has used.
func (k *kept) note(age time.Duration) {
	for {
		known := k.oldest.Load()
		if int64(age) <= known || k.oldest.CompareAndSwap(known, int64(age)) {
			return
		}
	}
}

// age gives the age of the oldest answer.
func (k *kept) age() time.Duration { return time.Duration(k.oldest.Load()) }

// lacks says whether a step has an error, of all objects or of some.
func (st *state) lacks() bool { return st.err != nil || st.errs != nil }

// each gives the error of each object.
func (st *state) each(n int) []error {
	if st.err == nil {
		return st.errs
	}
	return slices.Repeat([]error{st.err}, n)
}

// lost gives the errors of those objects that have no value.
func (st *state) lost() []error {
	if !st.stale {
		return st.errs
	}
	errs := slices.Clone(st.errs)
	for i, err := range errs {
		if _, ok := err.(*stale); ok { //nolint:errorlint // it is never wrapped
			errs[i] = nil
		}
	}
	return errs
}

// secondRun makes the second run of a step, nil if there is to be none. Below a mutation there is none: what was kept may be what the mutation
// has just changed. Should the deadline pass meanwhile, the answer has what the first run has found.
func (s *Step) secondRun(f *Field, st *state, n int) *kept {
	r := s.run
	if !f.info.degraded.stale || r.operation.Operation.Operation == ast.Mutation || r.ctx.Err() != nil || !slices.ContainsFunc(st.each(n), isDegradable) {
		return nil
	}
	first := *st
	first.done = true
	r.mu.Lock()
	r.keep([]published{{f, &first}})
	r.mu.Unlock()
	k := &kept{fc: graphql.GetFieldContext(s.ctx)}
	k.ctx = loader.WithKept(r.reporting(r.trace.again(s.ctx, f)), f.info.degraded.maxAge, k.note)
	return k
}

// again resolves a plural field once more, from what the sources keep, and has its values stand for those of the objects that had failed. It
// says whether there are any. A run that reports errors beside its values does not say which of them are whole, and is not used.
func (s *Step) again(f *Field, c Call, st *state, n int, resolve func(ctx context.Context, fc *graphql.FieldContext) (int, error)) bool {
	k := s.secondRun(f, st, n)
	if k == nil {
		return false
	}
	found := 0
	err := allowed(k.ctx, c, func(ctx context.Context) (err error) {
		found, err = resolve(ctx, k.fc)
		return err
	})
	var missing []error
	if list, partial := err.(graphql.BatchErrors); partial { //nolint:errorlint // as gqlgen has it
		missing, err = list.Errors(), nil
	}
	if err != nil || found != n || missing != nil && len(missing) != n || graphql.GetErrors(k.ctx) != nil {
		return false
	}
	errs := slices.Clone(st.each(n))
	for i, err := range errs {
		if isDegradable(err) && (missing == nil || missing[i] == nil) {
			errs[i] = &stale{err, k}
			st.stale = true
		}
	}
	if st.stale {
		st.err, st.errs = nil, errs
		s.run.pass(k.ctx)
	}
	return st.stale
}

// againEach resolves those objects once more that had failed, one after the other, from what the sources keep: nothing of it waits. use puts
// the value that was just found among the others. It says whether there are any.
func (s *Step) againEach(f *Field, c Call, st *state, n int, resolve func(ctx context.Context, fc *graphql.FieldContext, i int) error, use func(i int)) bool {
	k := s.secondRun(f, st, n)
	if k == nil {
		return false
	}
	ctx := k.ctx
	if err := allowed(ctx, c, func(inside context.Context) error { ctx = inside; return nil }); err != nil {
		return false
	}
	errs := st.each(n) // of several objects, those that are published
	reported := 0
	for i := range n {
		if !isDegradable(errs[i]) {
			continue
		}
		err := s.run.guarded(ctx, func() error { return resolve(ctx, k.fc, i) })
		before := reported
		if reported = len(graphql.GetErrors(k.ctx)); err != nil || reported > before {
			continue
		}
		s.run.mu.Lock()
		if s.run.closed {
			s.run.mu.Unlock()
			break
		}
		use(i)
		errs[i] = &stale{errs[i], k}
		st.stale = true
		s.run.mu.Unlock()
	}
	if st.stale {
		st.err, st.errs = nil, errs
		s.run.pass(k.ctx)
	}
	return st.stale
}
