package exec

import (
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// Run is one execution of a plan: of a query, a mutation, or one event of a subscription.
type Run struct {
	schema    *Schema
	plan      *plan
	operation *graphql.OperationContext
	ctx       context.Context // of the whole; its end is the deadline
	wave      *wave.Wave
	trace     *trace // nil unless the caller asks for it

	mu         sync.Mutex
	states     []state        // by Field.state
	extensions map[string]any // that resolvers have registered
	closed     bool           // the answer is being written: nothing is published any more

	later *later // what is deferred; nil if @defer is not heeded
}

// state is what a run knows of one field: its values, one for each object of the selection that it is in, or why there are none. Until it is
// done it is not to be looked at.
type state struct {
	done     bool
	stale    bool                  // whether a *stale is among the errors
	ctx      context.Context       // of the step, for the error presenter
	values   any                   // []V
	err      error                 // of all objects
	errs     []error               // by object; nil if there are none. A *stale stands for a value
	added    map[int]gqlerror.List // what resolvers have reported beside their results, by object
	reported map[string]bool       // the paths of those that the writer has passed on
	shape    Shape
	override graphql.Marshaler // what a root field's interceptor gave in its place
}

// group is the steps that are waited for together: all of a query, those of one root field, or those of a portion.
type group struct {
	open  int // steps that have begun or are about to
	done  chan struct{}
	later *later // of a portion, which may have more steps when it has none: in place of done
}

// finish says that the group has no steps.
func (g *group) finish() {
	if g.later != nil {
		g.later.wake()
		return
	}
	close(g.done)
}

// Step is one field of all objects of a selection, on its way to being resolved. Generated code hands it from function to function.
type Step struct {
	run     *Run
	group   *group
	ctx     context.Context // its own once it has begun; until then that of the step that has given its objects
	field   *Field
	resolve func(s *Step, st *state)

	next      []*Step // the steps that can begin when this one has ended
	published []published
}

// published is a state that is published when its step has ended.
type published struct {
	field *Field
	state *state
}

// portion gives what the step's field comes with; nil for the first answer.
func (s *Step) portion() *portion {
	if s.field == nil {
		return nil
	}
	return s.field.portion
}

// add has a step begin when this one has ended, or when what it comes with is to be delivered.
func (s *Step) add(f *Field, resolve func(s *Step, st *state)) {
	s.next = append(s.next, &Step{run: s.run, group: s.group, ctx: s.ctx, field: f, resolve: resolve})
}

// work runs a step, then one of those that it has made possible, and so on; the others run at the same time.
func (r *Run) work(s *Step) {
	wave.Deepen()
	for s != nil {
		s.perform()
		s = r.end(s)
	}
}

// perform resolves the step's field. A panic is the fault of all its objects, and so is the end of the goroutine, as tests end that fail.
func (s *Step) perform() {
	st, returned := &state{}, false
	defer func() {
		if returned {
			return
		}
		p := recover()
		s.next, s.published = nil, []published{{s.field, &state{done: true, ctx: st.ctx, err: s.run.panicked(st.ctx, p)}}}
		if p == nil {
			s.run.end(s) // nobody else will
		}
	}()
	s.resolve(s, st)
	s.publish(s.field, st)
	returned = true
}

// publish has the state of a field published when the step has ended.
func (s *Step) publish(f *Field, st *state) {
	st.done = true
	s.published = append(s.published, published{f, st})
}

// end publishes what a step has found, begins the steps that it has made possible, and gives one of them to go on with.
func (r *Run) end(s *Step) *Step {
	next := s.next
	r.mu.Lock()
	if r.closed {
		next = nil
	}
	r.keep(s.published)
	if r.later != nil {
		next = r.later.sort(s, next)
	}
	for _, n := range next {
		n.group.open++
	}
	s.group.open--
	over := s.group.open == 0
	r.mu.Unlock()
	var last *Step // which goes on here
	if len(next) == 0 {
		r.wave.Done()
	} else {
		r.wave.Add(len(next) - 1) // before any of them can end; one takes this step's place
		for _, n := range next[1:] {
			go r.work(n)
		}
		last = next[0]
	}
	if over {
		s.group.finish()
	}
	return last
}

// keep publishes states. r.mu is held.
func (r *Run) keep(list []published) {
	if r.closed {
		return
	}
	for _, p := range list {
		if p.field.state >= len(r.states) { // the plan has grown since the run began
			grown := make([]state, max(p.field.state+8, 2*len(r.states)))
			copy(grown, r.states)
			r.states = grown
		}
		r.states[p.field.state] = *p.state
	}
}

// resolve runs the steps that are not deferred until all are done or the deadline passes; then the answer can be written.
func (r *Run) resolve(root *Step) {
	r.mu.Lock()
	r.keep(root.published)
	if r.later != nil {
		root.next = r.later.sort(root, root.next)
	}
	r.mu.Unlock()
	switch {
	case r.operation.Operation.Operation == ast.Mutation:
		for _, s := range root.next {
			s.ctx = loader.WithScope(s.ctx, r.trace.loaders(r.schema.options.Loaders)) // what a field has written, the next one reads afresh
			// The one before may have ended just at the deadline.
			if r.ctx.Err() != nil || !r.alone(s) {
				break
			}
		}
	case r.operation.Operation.Operation == ast.Query && r.schema.intercepts(r.operation):
		r.separately(root.next)
	default:
		r.together(root.next)
	}
	r.mu.Lock()
	r.closed = r.later == nil || r.ctx.Err() != nil
	r.mu.Unlock()
}

// together runs steps and everything below them at the same time.
func (r *Run) together(steps []*Step) {
	if len(steps) == 0 {
		return
	}
	g := &group{open: len(steps), done: make(chan struct{})}
	r.wave.Add(len(steps))
	for _, s := range steps {
		s.group = g
		go r.work(s)
	}
	r.wait(g)
}

// wait waits for a group, and says whether it was done before the deadline.
func (r *Run) wait(g *group) bool {
	select {
	case <-g.done:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// alone runs one root field and everything below it, inside its interceptors, and says whether it was done before the deadline.
func (r *Run) alone(s *Step) bool {
	if !r.schema.intercepts(r.operation) {
		s.group = &group{open: 1, done: make(chan struct{})}
		r.wave.Add(1)
		go r.work(s)
		return r.wait(s.group)
	}
	done := make(chan struct{})
	r.wave.Add(1)
	go func() {
		defer close(done)
		r.intercepted(s)
	}()
	select {
	case <-done:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// separately runs root fields at the same time, each inside its interceptors.
func (r *Run) separately(steps []*Step) {
	var all sync.WaitGroup
	r.wave.Add(len(steps))
	for _, s := range steps {
		all.Go(func() { r.intercepted(s) })
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-r.ctx.Done():
	}
}

// intercepted runs a root field inside the interceptors of root fields. What they give in place of its value is written in its place; what
// they report is reported with it, if it is ready in time.
func (r *Run) intercepted(s *Step) {
	var begun atomic.Bool // also if it is too late to
	st := &state{done: true}
	ctx := r.reporting(r.wave.Context(s.ctx, nil))
	func() {
		defer func() {
			if p := recover(); p != nil {
				st.ctx, st.err = ctx, r.panicked(ctx, p)
			}
		}()
		inside := graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: s.field.collected.Name, Field: s.field.collected})
		st.override = r.operation.RootResolverMiddleware(inside, func(ctx context.Context) graphql.Marshaler {
			if !begun.Swap(true) {
				s.ctx = ctx
				s.group = &group{open: 1, done: make(chan struct{})}
				go r.work(s)
				r.wait(s.group)
			}
			return pending
		})
		if st.override == nil {
			st.override = graphql.Null
		}
	}()
	r.pass(ctx)
	r.mu.Lock()
	if st.err != nil || st.override != pending {
		r.keep([]published{{s.field, st}})
	}
	if errs := graphql.GetErrors(ctx); errs != nil && !r.closed {
		known := &r.states[s.field.state]
		known.added = map[int]gqlerror.List{0: append(errs, known.added[0]...)}
	}
	r.mu.Unlock()
	if !begun.Swap(true) {
		r.wave.Done()
	}
}

// pending stands for the value of a root field, which is written later.
var pending graphql.Marshaler = &placeholder{name: "pending"}

type placeholder struct{ name string }

// MarshalGQL writes null, for interceptors that look at what they are given.
func (*placeholder) MarshalGQL(w io.Writer) { graphql.Null.MarshalGQL(w) }

// panicked gives the error of a panic.
func (r *Run) panicked(ctx context.Context, p any) error {
	return r.operation.RecoverFunc(cmp.Or(ctx, r.ctx), p) //nolint:contextcheck // it is one of the operation's
}
