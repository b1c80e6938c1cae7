package exec

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Incremental is what an answer says beside its data when the client takes incremental answers: of the first one Pending and HasNext, of
// those that follow everything. It has what both formats of `@defer` need, incrementalSpec=v0.2 and deferSpec=20220824.
//
// In the latter, which does not know what is pending, clients find what a fragment selects by its label and the path of its object, and nowhere else:
// for them each fragment is to be Whole. Each Part is an entry then, and so is each Completed that has errors, with null as its data.
type Incremental struct {
	// Whole is said by who asks: each fragment is to be delivered as it stands, in one Part of its own, with fields that were delivered before, or
	// with others. What has to be called for a field is called once nevertheless.
	Whole bool

	Pending   []Pending
	Parts     []Part // `incremental`
	Completed []Completed
	HasNext   bool
}

// Pending is a deferred fragment of one object, which will be completed.
type Pending struct {
	ID    string
	Path  ast.Path // of the object; empty for the root
	Label string   // empty if there is none
}

// Part is fields of one object that were deferred.
type Part struct {
	ID      string   // of what was pending
	SubPath ast.Path // of the object, from the pending one's; empty if it is the same
	Path    ast.Path // of the object, in full
	Label   string   // the pending one's
	Data    []byte   // an object, which is to be merged into the one at the path
	Errors  gqlerror.List
}

// Completed says that nothing more comes for what was pending.
type Completed struct {
	ID     string
	Path   ast.Path // the pending one's, and so is the label
	Label  string
	Errors gqlerror.List // if there are any, they are the reason why its fields do not come
}

type incrementalKey struct{}

// WithIncremental gives a context for the handler of an operation, for a client that takes incremental answers: `@defer` is heeded, and each
// call of the handler replaces what is in i. The first call gives all that is not deferred. If HasNext is true then, each further call waits
// for something to be deliverable and gives a response without data. To the first call's context belongs all that is run for the operation;
// when it ends, whatever is still pending is completed by one further call, which is to be made nevertheless. Who makes no further call
// leaves nothing behind.
//
// What has no `@defer`, and operations that gqlgen executes, have one answer, and i stays as it is.
func WithIncremental(ctx context.Context, i *Incremental) context.Context {
	return context.WithValue(ctx, incrementalKey{}, i)
}

// IncrementalOf gives what is given with the answer of a context, such as to interceptors of responses; nil if the client does not take
// incremental answers.
func IncrementalOf(ctx context.Context) *Incremental {
	i, _ := ctx.Value(incrementalKey{}).(*Incremental)
	return i
}

// incrementally executes a query or a mutation that has @defer.
func (s *Schema) incrementally(oc *graphql.OperationContext, doc *document) graphql.ResponseHandler {
	var rest *later
	begun := false
	return func(ctx context.Context) *graphql.Response {
		into := IncrementalOf(ctx)
		first := !begun
		begun = true
		switch {
		case first && into == nil:
			return s.answer(ctx, oc, s.planOf(oc, doc, false))
		case first:
			var response *graphql.Response
			response, rest = s.first(ctx, oc, s.planOf(oc, doc, true), into)
			return response
		case rest == nil || rest.over():
			return nil
		case into == nil:
			into = &Incremental{} // nobody reads it
		}
		return rest.next(ctx, into)
	}
}

// first gives the first answer, and what comes later.
func (s *Schema) first(ctx context.Context, oc *graphql.OperationContext, p *plan, into *Incremental) (*graphql.Response, *later) {
	begin, write := Generated.Query, Generated.WriteQuery
	if oc.Operation.Operation == ast.Mutation {
		begin, write = Generated.Mutation, Generated.WriteMutation
	}
	generated := s.generated(oc)
	r, root := s.newRun(ctx, oc, p, generated)
	r.later = newLater(root.ctx, r) //nolint:contextcheck // it comes from this one
	r.later.whole = into.Whole
	response := r.answer(ctx, root, generated, bufferOf(ctx), func(root *Step) { begin(generated, root, p.root) }, write)
	*into = Incremental{Whole: r.later.whole}
	r.later.settle(into) //nolint:contextcheck // steps have contexts of their own
	return r.later.response(response, into), r.later
}
