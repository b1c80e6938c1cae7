package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// deferred are the objects of what has been written that have deferred fields, in its order.
type deferred []deferredObject

type deferredObject struct {
	at        int // where it stands in the buffer
	selection *Selection
	indices   []int
	write     func(w *Writer, sel *Selection) bool
}

// until gives those that stand before a place of the buffer, which ends there from now on.
func (d deferred) until(at int) deferred {
	for len(d) > 0 && d[len(d)-1].at >= at {
		d = d[:len(d)-1]
	}
	return d
}

// Defer notes that fields of the object which has just begun come later, and how they are written then.
func (w *Writer) Defer(sel *Selection, write func(w *Writer, sel *Selection) bool) {
	w.deferred = append(w.deferred, deferredObject{at: len(w.buf), selection: sel, indices: slices.Clone(w.indices), write: write})
}

// delivery is one answer after the first.
type delivery struct {
	later  *later
	ctx    context.Context // of the answer
	into   *Incremental
	writer *Writer // nil if nothing has been delivered
	buffer *Buffer // that it writes to, if it is given one
}

// deliver completes deferrals of which everything is resolved.
func (d *delivery) deliver(list []*wanted, states []state) {
	if d.writer == nil {
		d.writer = &Writer{run: d.later.run}
		if d.buffer = bufferOf(d.ctx); d.buffer != nil {
			d.writer.buf = d.buffer.Bytes
		}
	}
	d.writer.states = states
	for _, w := range list {
		w.done = true
		d.later.run.trace.delivered(w.deferral)
		for _, f := range w.fragments {
			if f.id != "" {
				d.complete(f)
			}
		}
	}
}

// complete delivers what a fragment wants and others have not delivered: all of it or, if a null has taken an object that was delivered before,
// nothing.
func (d *delivery) complete(f *fragment) {
	for i := 0; i < len(f.pieces); i++ { // writing finds more of them
		p := f.pieces[i]
		if !p.written {
			d.write(p)
		}
		f.failed = f.failed || !p.good
	}
	completed := Completed{ID: f.id, Path: f.path(), Label: f.of.label}
	for _, p := range f.pieces {
		switch {
		case p.sent:
		case f.failed:
			completed.Errors = append(completed.Errors, p.withdraw()...)
		default:
			p.sent = true
			d.into.Parts = append(d.into.Parts, p.given(f))
		}
	}
	d.into.Completed = append(d.into.Completed, completed)
}

// given gives the part that a piece is, of that pending fragment which is nearest to it, as is one that is being completed.
func (p *piece) given(f *fragment) Part {
	for _, other := range p.fragments {
		if other.id != "" && !other.of.done && !other.failed && len(other.path()) > len(f.path()) {
			f = other
		}
	}
	p.part.ID, p.part.Label, p.part.Path = f.id, f.of.label, p.path()
	p.part.SubPath = p.part.Path[len(f.path()):]
	return p.part
}

// withdraw keeps what was written for other fragments that want it, and gives its errors if there are none.
func (p *piece) withdraw() gqlerror.List {
	if p.good && slices.ContainsFunc(p.fragments, func(f *fragment) bool { return !f.failed && !f.lost() }) {
		p.part.Data = bytes.Clone(p.part.Data) // the buffer is for this answer
		return nil
	}
	return p.part.Errors
}

// write writes a piece. A panic, which only generated code could cause, costs the fragments that want it.
func (d *delivery) write(p *piece) {
	w, r := d.writer, d.later.run
	w.ctx = graphql.WithFreshResponseContext(d.ctx)
	w.indices = slices.Clone(p.indices)
	w.deferred, w.failed, w.instead = nil, false, nil
	from := len(w.buf)
	p.written = true
	defer func() {
		if panicked := recover(); panicked != nil {
			graphql.AddError(w.ctx, r.panicked(w.ctx, panicked))
			p.good = false
		}
		if !p.good {
			w.takeBack(from)
		}
		p.part.Data = slices.Clip(w.buf[from:])
		p.part.Errors = graphql.GetErrors(w.ctx)
		for name, value := range graphql.GetExtensions(w.ctx) {
			extend(d.ctx, name, value)
		}
		d.later.file(w.deferred)
	}()
	p.good = p.write(w, p.selection)
}

// end registers what the answer tells beside what it delivers.
func (d *delivery) end() {
	l := d.later
	l.run.passOn(d.ctx)
	if d.writer != nil {
		d.writer.degraded.register(d.ctx)
		l.run.trace.degraded(d.writer.degraded)
		if d.buffer != nil {
			d.buffer.Bytes = d.writer.buf
		}
	}
	if l.over() {
		l.run.trace.register(d.ctx)
		l.run.schema.forget(l.run.plan)
	}
}
