package exec

import (
	"context"
	"fmt"
	"maps"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Writer writes an answer's data and reports its errors, both in the document's order. A value that must not be null and is takes the
// object or list around it back (https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors); what is beside it is still written,
// for its errors.
type Writer struct {
	run     *Run
	states  []state         // by Field.state; those that are done are not written any more
	ctx     context.Context // that errors are reported in
	buf     []byte
	indices []int // of the lists' elements on the way to where the writer is
	failed  bool  // whether an error was reported since this was last reset

	instead   *literal // what Lost writes in place of null; nil for null
	degraded  degraded
	deferred  deferred
	presented map[any]bool // what those errors are of that were presented and not reported
}

// state gives what the run knows of a field; nil if nothing was published.
func (w *Writer) state(f *Field) *state {
	if f.state < 0 || f.state >= len(w.states) || !w.states[f.state].done {
		return nil
	}
	return &w.states[f.state]
}

// Object begins an object and gives where.
func (w *Writer) Object() int {
	w.buf = append(w.buf, '{')
	return len(w.buf)
}

// Key begins a field of the object that has begun at start.
func (w *Writer) Key(start int, f *Field) {
	if len(w.buf) > start {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, f.key...)
}

// EndObject ends the object that has begun at start; if it is not good, it is taken back. It gives good.
func (w *Writer) EndObject(start int, good bool) bool {
	if !good {
		w.takeBack(start - 1)
		return false
	}
	w.buf = append(w.buf, '}')
	return true
}

// Array begins a list and gives where.
func (w *Writer) Array() int {
	w.buf = append(w.buf, '[')
	w.indices = append(w.indices, 0)
	return len(w.buf)
}

// Next begins an element of the list that has begun at start.
func (w *Writer) Next(start, index int) {
	if len(w.buf) > start {
		w.buf = append(w.buf, ',')
	}
	w.indices[len(w.indices)-1] = index
}

// EndArray ends the list that has begun at start; if it is not good, it is taken back. It gives good.
func (w *Writer) EndArray(start int, good bool) bool {
	w.indices = w.indices[:len(w.indices)-1]
	if !good {
		w.takeBack(start - 1)
		return false
	}
	w.buf = append(w.buf, ']')
	return true
}

// takeBack takes back what has been written since start.
func (w *Writer) takeBack(start int) {
	w.buf = w.buf[:start]
	w.degraded = w.degraded.until(start)
	w.deferred = w.deferred.until(start)
}

// Null writes null where it may stand, and gives true.
func (w *Writer) Null() bool {
	w.buf = append(w.buf, "null"...)
	return true
}

// Missing reports a null that the schema does not allow, and gives false.
func (w *Writer) Missing(f *Field) bool {
	if st := w.state(f); st == nil || !w.reported(f, st) {
		w.Fail(f, fmt.Errorf("%s gave null, which the schema does not allow", f.name()))
	}
	return false
}

// Absent reports an object that its interface holds as a nil pointer, where null may not stand, and gives false.
func (w *Writer) Absent(f *Field) bool {
	t := f.info.def.Type
	for t.Elem != nil {
		t = t.Elem
	}
	if t.NonNull {
		return w.Missing(f)
	}
	return false
}

// Nothing ends a scalar that was not written: by null where that may stand, else by an error if none was reported. It says whether the value
// is good.
func (w *Writer) Nothing(f *Field, nonNull bool) bool {
	switch {
	case !nonNull:
		return w.Null()
	case w.failed:
		return false
	}
	return w.Missing(f)
}

// reported says whether a resolver has reported an error at the place where the writer is.
func (w *Writer) reported(f *Field, st *state) bool {
	return st.reported != nil && st.reported[w.path(f, len(w.indices)).String()]
}

// Values gives the values that a step has for all objects, as a slice of the field's Go type, if it has one for the object with an index. If
// not, it gives nil: why not has been reported, and Lost is to be written.
func (w *Writer) Values(f *Field, index int) any {
	st := w.state(f)
	if st == nil || index < 0 {
		w.lose(f, w.open(f), f)
		return nil
	}
	if (st.added != nil || st.err != nil || st.errs != nil) && !w.report(f, st, index) {
		return nil
	}
	return st.values
}

// report reports what is wrong with a step's value of one object, and says whether it has one nevertheless.
func (w *Writer) report(f *Field, st *state, index int) bool {
	for _, err := range st.added[index] {
		if st.reported == nil {
			st.reported = map[string]bool{}
		}
		st.reported[w.add(f, err).String()] = true
	}
	err := st.err
	if err == nil && st.errs != nil {
		err = st.errs[index]
	}
	if err == nil {
		return true
	}
	if s, ok := err.(*stale); ok { //nolint:errorlint // it is never wrapped
		w.degrade(f, Stale, s.kept.age(), s.lost, fault.From(s.lost))
		return true
	}
	switch {
	case err == errOpen: //nolint:errorlint // it is never wrapped
		w.lose(f, w.open(f), f)
	case err != ErrNull: //nolint:errorlint // it is never wrapped
		w.lose(f, err, nil)
	case f.nonNull:
		w.Missing(f)
	}
	return false
}

// Lost writes null in place of a value that a step does not have, and says whether null may stand there. Where the gateway has named a
// literal, it writes that.
func (w *Writer) Lost(f *Field) bool {
	if l := w.instead; l != nil {
		w.instead = nil
		w.literal(f, l)
		return true
	}
	if f.nonNull {
		return false
	}
	return w.Null()
}

// Replaced writes what an interceptor of root fields gave in place of the field's value, and says whether it did so.
func (w *Writer) Replaced(f *Field) (good, replaced bool) {
	st := w.state(f)
	if st == nil || st.override == nil {
		return true, false
	}
	w.report(f, st, 0)
	return w.Marshal(f, st.override) || w.Nothing(f, f.nonNull), true
}

// open gives the fault of a field that was not ready when the answer had to be written. What a mutation was doing may be done twice if it is
// asked for again.
func (w *Writer) open(f *Field) error {
	opened := fault.Wrap(fault.DeadlineExceeded, context.Cause(w.run.ctx))
	if w.run.plan.operation.Operation == ast.Mutation {
		opened = opened.Keyless()
	}
	if len(f.info.sources) == 1 {
		return opened.At(f.info.sources[0], "")
	}
	return opened
}

// Fail reports an error of the field, at the place where the writer is.
func (w *Writer) Fail(f *Field, err error) {
	w.failed = true
	if list, ok := err.(gqlerror.List); ok { //nolint:errorlint // as gqlgen has it: a list is several errors of one field
		for _, one := range list {
			w.add(f, one)
		}
		return
	}
	if known, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // one within another error is for the presenter
		w.add(f, known)
		return
	}
	w.add(f, &gqlerror.Error{Err: err, Message: err.Error()})
}

// add reports an error with its exact path, which it gives, and the field's location. The error may be shared by many fields: it is copied.
func (w *Writer) add(f *Field, err *gqlerror.Error) ast.Path {
	own, path := *err, w.exact(f, err.Path)
	own.Path, own.Extensions = path, maps.Clone(err.Extensions) // to which presenters add
	if p := f.collected.Position; own.Locations == nil && p != nil {
		own.Locations = []gqlerror.Location{{Line: p.Line, Column: p.Column}}
	}
	ctx := graphql.WithFieldContext(w.ctx, &graphql.FieldContext{Object: f.objectName(), Field: f.collected})
	graphql.AddError(ctx, &own)
	return path
}

// path gives the path of a field, with as many of the indices on the way to the writer's place as belong to it.
func (w *Writer) path(f *Field, indices int) ast.Path { return pathOf(f, w.indices[:indices]) }

// pathOf gives the path of a field with indices.
func pathOf(f *Field, indices []int) ast.Path {
	var names []*Field
	for at := f; at != nil; at = at.parent.of {
		names = append(names, at)
	}
	path := make(ast.Path, 0, len(names)+len(indices))
	used := 0
	for i := len(names) - 1; i >= 0; i-- {
		path = append(path, ast.PathName(names[i].collected.Alias))
		for range names[i].depth() {
			if used < len(indices) {
				path = append(path, ast.PathIndex(indices[used]))
				used++
			}
		}
	}
	return path
}

// exact gives the path of an error of the field. Resolvers, which work for many objects, know paths without the indices on the way to the
// field, and may have added some below it.
func (w *Writer) exact(f *Field, known ast.Path) ast.Path {
	if len(known) == 0 {
		return w.path(f, len(w.indices))
	}
	var names int
	for at := f; at != nil; at = at.parent.of {
		names++
	}
	if len(known) < names {
		return known
	}
	at := f
	for i := names - 1; i >= 0; i-- {
		if known[i] != ast.PathName(at.collected.Alias) {
			return known // it has indices, or is of something else
		}
		at = at.parent.of
	}
	return append(w.path(f, w.above(f)), known[names:]...)
}

// above gives how many of the writer's indices are of lists around the field, and not of its own.
func (w *Writer) above(f *Field) int {
	n := 0
	for at := f.parent.of; at != nil; at = at.parent.of {
		n += at.depth()
	}
	return n
}

// depth gives how many lists a field's values are in.
func (f *Field) depth() int {
	if f.info == nil {
		return 0
	}
	n := 0
	for t := f.info.def.Type; t.Elem != nil; t = t.Elem {
		n++
	}
	return n
}

func (f *Field) name() string { return f.objectName() + "." + f.collected.Name }

func (f *Field) objectName() string {
	if f.info == nil {
		return ""
	}
	return f.info.object
}
