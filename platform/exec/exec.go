// Package exec executes GraphQL operations breadth-first: it plans an operation once, resolves each field that needs a source once for all
// objects that have it, and writes the answer straight to bytes.
//
// Types, and how to read them, come from code that platform/exec/gen generates beside gqlgen's; resolvers are gqlgen's. What it cannot plan,
// it leaves to gqlgen's executor.
package exec

import (
	"context"
	"reflect"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// Generated is what is generated for one execution context of gqlgen. Its functions call resolvers and write values.
type Generated interface {
	// Inputs gives a context in which input objects are read.
	Inputs(ctx context.Context) context.Context
	// Query, Mutation and Subscription begin the steps of a root selection.
	Query(s *Step, selection *Selection)
	Mutation(s *Step, selection *Selection)
	// WriteQuery and WriteMutation write the data of a root selection, and say whether there is any.
	WriteQuery(w *Writer, selection *Selection) bool
	WriteMutation(w *Writer, selection *Selection) bool
	// Subscribe calls the resolver of a subscription's only field. Each call of next waits for an event and gives what begins its steps;
	// nil when there are no more.
	Subscribe(ctx context.Context, f *Field) (next func(ctx context.Context) func(s *Step), err error)
	// WriteSubscription writes the data of one event.
	WriteSubscription(w *Writer, selection *Selection) bool
}

// Options are what a gateway decides. Zero values stand for the defaults.
type Options struct {
	Gqlgen  bool           // whether gqlgen's executor answers everything
	Loaders loader.Options // of each operation
	Guard   time.Duration  // how long batches wait for a resolver that is blocked where platform cannot see it; see wave.New
	// Step is called when a step begins, for so many objects. It gives the context that the step runs under and what to call with its
	// error when it ends. It is called by many goroutines.
	Step func(ctx context.Context, f *Field, objects int) (context.Context, func(error))
	// Share makes operations that differ in nothing run once; nil for none. See Sharing.
	Share *Sharing
	// Degrade says what becomes of fields whose source fails. It must be good: see Degradations.Check.
	Degrade Degradations
}

// Schema executes operations. It is a graphql.ExecutableSchema, and safe for concurrent use.
type Schema struct {
	graphql.ExecutableSchema // gqlgen's, which answers what is declined

	options   Options
	generated func(oc *graphql.OperationContext) Generated
	objects   map[string]*object
	schema    *ast.Schema
	documents *lru.Cache[planKey, *document]
	plans     *lru.Cache[planKey, *plan]
	fields    uintptr // what gqlgen calls around fields if nobody has asked it to
	roots     uintptr // and around root fields
	counts    counts
	flights   flights
}

// New makes the executor of a schema. Generated code calls it. It panics if the fields of Options.Degrade cannot be degraded so.
func New(gqlgen graphql.ExecutableSchema, types Types, generated func(oc *graphql.OperationContext) Generated, o Options) *Schema {
	documents, err := lru.New[planKey, *document](maxPlans)
	if err != nil {
		panic(err) // of a size below one
	}
	plans, err := lru.New[planKey, *plan](maxPlans)
	if err != nil {
		panic(err)
	}
	plain, _ := executor.New(gqlgen).CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{})
	degradations, problems := o.Degrade.compile(gqlgen.Schema())
	if problems != nil {
		panic(problems)
	}
	return &Schema{
		ExecutableSchema: gqlgen, options: o, generated: generated, schema: gqlgen.Schema(), objects: objects(types, gqlgen.Schema(), degradations),
		documents: documents, plans: plans, fields: codeOf(plain.ResolverMiddleware), roots: codeOf(plain.RootResolverMiddleware),
	}
}

// codeOf gives where a function's code is: functions cannot be compared.
func codeOf(function any) uintptr { return reflect.ValueOf(function).Pointer() }

// intercepts says whether something runs around the operation's root fields.
func (s *Schema) intercepts(oc *graphql.OperationContext) bool {
	return codeOf(oc.RootResolverMiddleware) != s.roots
}

// Exec executes the operation of a context. At the end of the context that the handler is called with, the answer has what is ready then,
// and DEADLINE_EXCEEDED for each field that is not.
func (s *Schema) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	doc := s.documentOf(oc)
	switch {
	case s.options.Gqlgen:
		return s.decline(ctx, oc, doc, "gqlgen is asked for")
	case codeOf(oc.ResolverMiddleware) != s.fields:
		return s.decline(ctx, oc, doc, "a field interceptor")
	case doc.declined != "":
		return s.decline(ctx, oc, doc, doc.declined)
	case oc.Operation.Operation == ast.Subscription:
		return s.subscribe(ctx, oc, s.planOf(oc, doc, false))
	case doc.deferring(oc.Variables):
		return s.incrementally(oc, doc)
	}
	p := s.planOf(oc, doc, false)
	first := true
	return func(ctx context.Context) *graphql.Response {
		if !first {
			return nil
		}
		first = false
		return s.answer(ctx, oc, p)
	}
}

// decline leaves an operation to gqlgen's executor, which gets no @defer to see: of what it defers, it would send null first.
func (s *Schema) decline(ctx context.Context, oc *graphql.OperationContext, doc *document, why string) graphql.ResponseHandler {
	s.counts.declined.Add(1)
	if doc.defers {
		oc.Doc, oc.Operation = doc.undeferred()
	}
	trace := newTrace(ctx, oc)
	trace.decline(why)
	if oc.Operation.Operation == ast.Mutation {
		around := oc.RootResolverMiddleware
		oc.RootResolverMiddleware = func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
			return around(loader.WithScope(ctx, trace.loaders(s.options.Loaders)), next)
		}
	}
	respond := s.ExecutableSchema.Exec(loader.WithScope(ctx, s.options.Loaders)) // in which subscriptions begin
	return func(ctx context.Context) *graphql.Response {
		defer trace.register(ctx)
		return respond(loader.WithScope(trace.within(ctx), trace.loaders(s.options.Loaders)))
	}
}

// answer executes a query or a mutation.
func (s *Schema) answer(ctx context.Context, oc *graphql.OperationContext, p *plan) *graphql.Response {
	if s.shares(oc, p) {
		return s.shared(ctx, oc, p)
	}
	return s.execute(ctx, oc, p, bufferOf(ctx))
}

// shares says whether a plan is one whose executions can be joined.
func (s *Schema) shares(oc *graphql.OperationContext, p *plan) bool {
	return s.options.Share != nil && oc.Operation.Operation == ast.Query && len(p.sources) > 0 // else joining costs more than it saves
}

// execute runs the plan of a query or a mutation, and writes the answer to a buffer.
func (s *Schema) execute(ctx context.Context, oc *graphql.OperationContext, p *plan, buf *Buffer) *graphql.Response {
	begin, write := Generated.Query, Generated.WriteQuery
	if oc.Operation.Operation == ast.Mutation {
		begin, write = Generated.Mutation, Generated.WriteMutation
	}
	generated := s.generated(oc)
	return s.run(ctx, oc, p, generated, buf, func(root *Step) { begin(generated, root, p.root) }, write)
}

// run runs a plan from where begin begins, and writes the answer.
func (s *Schema) run(ctx context.Context, oc *graphql.OperationContext, p *plan, generated Generated, buf *Buffer, begin func(root *Step), write func(Generated, *Writer, *Selection) bool) *graphql.Response {
	r, root := s.newRun(ctx, oc, p, generated)
	return r.answer(ctx, root, generated, buf, begin, write)
}

// newRun makes a run of a plan, and what its first steps are begun by.
func (s *Schema) newRun(ctx context.Context, oc *graphql.OperationContext, p *plan, generated Generated) (*Run, *Step) {
	trace := newTrace(ctx, oc)
	trace.share(ctx, s, oc, p)
	w := wave.New(s.options.Guard)
	inner := loader.WithScope(w.Context(trace.within(ctx), nil), trace.loaders(s.options.Loaders))
	if p.inputs {
		inner = generated.Inputs(inner)
	}
	inner = graphql.WithFieldContext(inner, &graphql.FieldContext{Object: rootName(s.schema, oc.Operation.Operation)})
	p.mu.Lock()
	states := p.states
	p.mu.Unlock()
	r := &Run{schema: s, plan: p, operation: oc, ctx: ctx, wave: w, trace: trace, states: make([]state, states)}
	return r, &Step{run: r, ctx: inner}
}

// answer runs what is not deferred, from where begin begins, and writes it.
func (r *Run) answer(ctx context.Context, root *Step, generated Generated, buf *Buffer, begin func(root *Step), write func(Generated, *Writer, *Selection) bool) *graphql.Response {
	begin(root)
	r.resolve(root) //nolint:contextcheck // steps have contexts of their own, which come from this one
	r.passOn(ctx)
	data := r.write(buf, func(w *Writer) bool { return write(generated, w, r.plan.root) })
	r.schema.forget(r.plan)
	r.trace.register(ctx)
	return &graphql.Response{Data: data}
}

// extend registers an extension, unless there is one of that name.
func extend(ctx context.Context, name string, value any) {
	defer func() { _ = recover() }() // which is how gqlgen says that there is
	graphql.RegisterExtension(ctx, name, value)
}

// write writes the answer's data behind what is in the buffer, if there is one. A panic, which only generated code could cause, costs all of
// the data.
func (r *Run) write(b *Buffer, write func(w *Writer) bool) (data []byte) {
	if b == nil {
		b = &Buffer{Bytes: make([]byte, 0, r.plan.size.Load())}
	}
	from := len(b.Bytes)
	w := &Writer{run: r, states: r.states, ctx: r.ctx, buf: b.Bytes}
	defer func() {
		if p := recover(); p != nil {
			graphql.AddError(r.ctx, r.panicked(r.ctx, p))
			data = []byte("null")
		}
	}()
	if !write(w) {
		w.takeBack(from)
		w.Null()
	}
	known := r.plan.size.Load()
	if size := max(int64(len(w.buf)-from), known-known/8); size != known { // a large answer is forgotten after some smaller ones
		r.plan.size.Store(size)
	}
	b.Bytes = w.buf
	w.degraded.register(r.ctx)
	r.trace.degraded(w.degraded)
	if r.later != nil {
		r.later.file(w.deferred)
	}
	return w.buf[from:]
}

func rootName(schema *ast.Schema, operation ast.Operation) string {
	switch operation {
	case ast.Mutation:
		return schema.Mutation.Name
	case ast.Subscription:
		return schema.Subscription.Name
	default:
		return schema.Query.Name
	}
}

// Buffer is memory for an answer's data, which who has it can use again when the answer is sent.
type Buffer struct {
	Bytes []byte
}

type bufferKey struct{}

// WithBuffer gives a context in which the data of an answer is appended to b. Data that is shared with other requests is elsewhere, and so
// may be that of operations which gqlgen executes.
func WithBuffer(ctx context.Context, b *Buffer) context.Context {
	return context.WithValue(ctx, bufferKey{}, b)
}

func bufferOf(ctx context.Context) *Buffer {
	b, _ := ctx.Value(bufferKey{}).(*Buffer)
	return b
}
