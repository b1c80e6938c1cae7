package exec

import (
	"context"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/loader"
)

// later is what a run delivers after its first answer. What has to be called for it is called when what it is pending for has been delivered,
// once for all objects; and all that is deferred at one place of the plan is delivered together. Where nothing else is said, only the
// handler's calls use it, which come one after the other.
type later struct {
	run    *Run
	whole  bool            // whether each fragment is delivered as it stands, and not just what others have not delivered
	scope  context.Context // of a mutation: whose loaders read what all root fields have written; nil for others
	all    []*wanted       // in the order in which they were met: what is within another one comes after it
	wanted map[*deferral]*wanted
	ids    int

	// Guarded by run.mu.
	queues   map[*portion]*queue
	released map[*deferral]bool // what is pending

	changed chan struct{} // something may be deliverable: room for one
}

// queue is the steps of one portion. Those that are released run.
type queue struct {
	group
	waiting []*Step
}

func newLater(ctx context.Context, r *Run) *later {
	l := &later{run: r, wanted: map[*deferral]*wanted{}, queues: map[*portion]*queue{}, released: map[*deferral]bool{}, changed: make(chan struct{}, 1)}
	if r.operation.Operation.Operation == ast.Mutation {
		l.scope = loader.WithScope(ctx, r.trace.loaders(r.schema.options.Loaders))
	}
	return l
}

// wake has the handler look what is deliverable.
func (l *later) wake() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// sort gives those of the steps that a step has made possible which can run now, and keeps the others for later. run.mu is held.
func (l *later) sort(from *Step, next []*Step) []*Step {
	var now []*Step
	for _, s := range next {
		p := s.field.portion
		if p != from.portion() {
			q := l.queues[p]
			if q == nil {
				q = &queue{group: group{later: l}}
				l.queues[p] = q
			}
			s.group = &q.group
			if l.scope != nil && from.portion() == nil {
				s.ctx = loader.InScope(s.ctx, l.scope)
			}
			if !slices.ContainsFunc(p.of, func(d *deferral) bool { return l.released[d] }) {
				q.waiting = append(q.waiting, s)
				continue
			}
		}
		now = append(now, s)
	}
	return now
}

// release has the steps run which deferrals wait for, all at once, so that their batches are one.
func (l *later) release(list []*deferral) {
	r := l.run
	var steps []*Step
	r.mu.Lock()
	for _, d := range list {
		l.released[d] = true
		for p, q := range l.queues {
			if slices.Contains(p.of, d) && !r.closed {
				q.open += len(q.waiting)
				steps = append(steps, q.waiting...)
				q.waiting = nil
			}
		}
	}
	r.mu.Unlock()
	r.wave.Add(len(steps))
	for _, s := range steps {
		if s.field.parent.of == nil && r.schema.intercepts(r.operation) {
			go l.intercepted(s)
		} else {
			go r.work(s)
		}
	}
}

// intercepted runs a root field inside its interceptors. It is one of its portion's steps for as long as they take.
func (l *later) intercepted(s *Step) {
	g := s.group
	l.run.intercepted(s)
	l.run.mu.Lock()
	g.open--
	over := g.open == 0
	l.run.mu.Unlock()
	if over {
		g.finish()
	}
}

// ready gives the deferrals of which everything is resolved, or will not be any more, and the states to write them from.
func (l *later) ready() (ready []*wanted, states []state) {
	l.run.mu.Lock()
	defer l.run.mu.Unlock()
	for _, w := range l.all {
		if w.released && !w.done && (l.run.closed || l.idle(w.deferral)) {
			ready = append(ready, w)
		}
	}
	if ready != nil {
		states = slices.Clone(l.run.states) // others go on being published
	}
	return ready, states
}

// idle says whether no step of a deferral that is released runs: none waits then. run.mu is held.
func (l *later) idle(d *deferral) bool {
	for p, q := range l.queues {
		if q.open > 0 && slices.Contains(p.of, d) {
			return false
		}
	}
	return true
}

// close has nothing be published any more: what is not resolved by now will not be.
func (l *later) close() {
	l.run.mu.Lock()
	defer l.run.mu.Unlock()
	l.run.closed = true
}

// next waits until something is deliverable, and gives it.
func (l *later) next(ctx context.Context, into *Incremental) *graphql.Response {
	*into = Incremental{Whole: l.whole}
	r := l.run
	if r.ctx.Err() != nil {
		l.close()
	}
	for {
		d := &delivery{later: l, ctx: ctx, into: into}
		for ready, states := l.ready(); ready != nil; ready, states = l.ready() {
			d.deliver(ready, states)
			l.settle(into) //nolint:contextcheck // steps have contexts of their own
			last := r.ctx.Err() != nil || ctx.Err() != nil
			if !last {
				break
			}
		}
		if d.writer != nil {
			d.end()
			return l.response(&graphql.Response{}, into)
		}
		select {
		case <-l.changed:
		case <-r.ctx.Done():
			l.close()
		case <-ctx.Done():
			l.close()
		}
	}
}

// over says whether nothing is pending or will be.
func (l *later) over() bool {
	return !slices.ContainsFunc(l.all, func(w *wanted) bool { return !w.done })
}

// response completes a response by whether another one follows.
func (l *later) response(response *graphql.Response, into *Incremental) *graphql.Response {
	more := !l.over()
	into.HasNext, response.HasNext = more, &more
	return response
}

// wanted is a deferral in a run.
type wanted struct {
	*deferral

	parent    *wanted
	released  bool // its fragments are pending, or have been
	done      bool
	fragments []*fragment // in the answer's order
	byPlace   map[string]*fragment
}

// fragment is a deferral of one object.
type fragment struct {
	id      string // when it is pending
	of      *wanted
	indices []int // of the object
	pieces  []*piece
	failed  bool // it will not be delivered, nor what is within it
}

// piece is a portion of one object.
type piece struct {
	selection *Selection
	indices   []int // of the object
	write     func(w *Writer, sel *Selection) bool
	fragments []*fragment // which want it

	written bool
	good    bool // not lost to a null
	part    Part
	sent    bool
}

// want gives a deferral in the run.
func (l *later) want(d *deferral) *wanted {
	if known := l.wanted[d]; known != nil {
		return known
	}
	w := &wanted{deferral: d, byPlace: map[string]*fragment{}}
	if d.parent != nil {
		w.parent = l.want(d.parent)
	}
	l.wanted[d] = w
	l.all = append(l.all, w)
	return w
}

// at gives the fragment of the object with indices, or of the one that it is in; nil if there is none.
func (w *wanted) at(indices []int) *fragment { return w.byPlace[fmt.Sprint(indices[:w.indices])] }

// file notes what has been deferred while the objects were written that it belongs to.
func (l *later) file(list deferred) {
	for _, object := range list {
		all := object.selection.Deferred
		if l.whole {
			all = object.begun(l.run.plan)
		}
		for _, sel := range all {
			p := &piece{selection: sel, indices: object.indices, write: object.write}
			for _, d := range sel.defers() {
				w := l.want(d)
				f := w.at(p.indices)
				if f == nil {
					f = &fragment{of: w, indices: p.indices[:d.indices]}
					w.fragments = append(w.fragments, f)
					w.byPlace[fmt.Sprint(f.indices)] = f
				}
				f.pieces = append(f.pieces, p)
				p.fragments = append(p.fragments, f)
			}
		}
	}
}

// settle has those deferrals be pending that wait for no other one any more, and their steps run. Those that turn out to want nothing are done,
// and what is within them waits no more.
func (l *later) settle(into *Incremental) {
	var list []*deferral
	for _, w := range l.all {
		if w.released || w.parent != nil && !w.parent.done {
			continue
		}
		w.released = true
		pending := 0
		for _, f := range w.fragments {
			if f.failed = f.lost(); f.failed || !f.wants() {
				continue
			}
			l.ids++
			f.id = fmt.Sprint(l.ids)
			pending++
			into.Pending = append(into.Pending, Pending{ID: f.id, Path: f.path(), Label: w.label})
		}
		if w.done = pending == 0; !w.done {
			l.run.trace.part(w.deferral, pending)
			list = append(list, w.deferral)
		}
	}
	if list != nil {
		l.release(list)
	}
}

// lost says whether a fragment around this one has failed.
func (f *fragment) lost() bool {
	for w := f.of.parent; w != nil; w = w.parent {
		if around := w.at(f.indices); around != nil && around.failed {
			return true
		}
	}
	return false
}

// wants says whether there is something that has not been delivered with another fragment.
func (f *fragment) wants() bool {
	return slices.ContainsFunc(f.pieces, func(p *piece) bool { return !p.sent })
}

func (f *fragment) path() ast.Path {
	if f.of.of == nil {
		return nil
	}
	return pathOf(f.of.of, f.indices)
}

// path gives the path of the piece's object.
func (p *piece) path() ast.Path {
	if p.selection.of == nil {
		return nil
	}
	return pathOf(p.selection.of, p.indices)
}
