package transport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mainstem/mainstem/platform/coerce"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/persisted"
)

// Options are what an Engine is made of. Zero values stand for the defaults.
type Options struct {
	Present    graphql.ErrorPresenterFunc // gives what clients read of an error; gqlgen's own if nil
	Recover    graphql.RecoverFunc        // gives the error of a panic; gqlgen's own if nil
	Extensions []graphql.HandlerExtension // gqlgen's, in the order in which they run
	Limits     limit.Limits               // of documents and operations
	Costs      *limit.Costs               // what operations cost; nobody counts it if nil
	Suggest    bool                       // whether errors tell names of the schema that the client may have meant

	Price func(oc *graphql.OperationContext, price limit.Price) // is told what an operation costs, before it is executed; nobody if nil
}

// Engine has operations executed: it parses, validates and coerces what a transport has read, and runs gqlgen's interceptors around what
// the schema executes. Documents that are valid are kept, and not parsed again. It is safe for concurrent use.
type Engine struct {
	schema     graphql.ExecutableSchema
	options    Options
	parameters []graphql.OperationParameterMutator
	contexts   []graphql.OperationContextMutator
	operations []graphql.OperationInterceptor
	responses  []graphql.ResponseInterceptor
	plain      *graphql.OperationContext // what every operation begins with
	documents  *lru.Cache[string, document]
	found      atomic.Int64 // how often a document was among them
	unknown    atomic.Int64 // and how often it was not
}

// document is one that is valid, and how large it is.
type document struct {
	*ast.QueryDocument
	size limit.Size
	kept bool // whether it was kept of an earlier request
}

var _ graphql.GraphExecutor = (*Engine)(nil)

// NewEngine makes the engine of a schema. It panics if an extension does not fit the schema.
func NewEngine(schema graphql.ExecutableSchema, o Options) *Engine {
	if o.Present == nil {
		o.Present = graphql.DefaultErrorPresenter
	}
	if o.Recover == nil {
		o.Recover = graphql.DefaultRecover
	}
	documents, err := lru.New[string, document](maxDocuments)
	if err != nil {
		panic(err) // of a size below one
	}
	e := &Engine{schema: schema, options: o, documents: documents}
	runner := executor.New(schema) // which knows what runs around fields
	for _, extension := range o.Extensions {
		runner.Use(extension)
		if p, ok := extension.(graphql.OperationParameterMutator); ok {
			e.parameters = append(e.parameters, p)
		}
		if c, ok := extension.(graphql.OperationContextMutator); ok {
			e.contexts = append(e.contexts, c)
		}
		if o, ok := extension.(graphql.OperationInterceptor); ok {
			e.operations = append(e.operations, o)
		}
		if r, ok := extension.(graphql.ResponseInterceptor); ok {
			e.responses = append(e.responses, r)
		}
	}
	// Which functions gqlgen runs around fields it tells of an operation only, of one without a document too.
	e.plain, _ = runner.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{})
	return e
}

// Documents gives how often a valid document was kept already, and how often it was not, and how many are kept now.
func (e *Engine) Documents() exec.Lookups {
	return exec.Lookups{Hits: e.found.Load(), Misses: e.unknown.Load(), Entries: e.documents.Len()}
}

// What is kept of documents. Large ones are not, so that the memory of all is bounded, and not just their number.
const (
	maxDocuments     = 1000
	maxDocumentBytes = 16 << 10
)

// CreateOperationContext gives the operation that params asks for, ready to be dispatched, or why it is refused, which is for DispatchError.
func (e *Engine) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	oc := &graphql.OperationContext{
		DisableIntrospection:   true, // unless an extension says otherwise
		RecoverFunc:            e.options.Recover,
		ResolverMiddleware:     e.plain.ResolverMiddleware,
		RootResolverMiddleware: e.plain.RootResolverMiddleware,
		Stats:                  graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
	}
	ctx = graphql.WithOperationContext(ctx, oc)
	named := persistedAs(params)
	for _, p := range e.parameters {
		if err := p.MutateOperationParameters(ctx, params); err != nil {
			return oc, gqlerror.List{err}
		}
	}
	if strings.TrimSpace(params.Query) == "" && persisted.Named(params) { // and no extension knows documents
		return oc, gqlerror.List{gqlerror.WrapPath(nil, fault.New(fault.PersistedNotSupported, ""))}
	}
	oc.RawQuery, oc.OperationName, oc.Extensions, oc.Headers = params.Query, params.OperationName, params.Extensions, params.Headers
	doc, errs := e.document(&oc.Stats, params.Query)
	if errs != nil {
		return oc, errs
	}
	oc.Doc = doc.QueryDocument
	if oc.Operation = oc.Doc.Operations.ForName(params.OperationName); oc.Operation == nil {
		return oc, noSuchOperation(params.OperationName)
	}
	if oc.Variables, errs = e.variables(oc.Operation, params.Variables); errs != nil {
		return oc, errs
	}
	oc.Stats.Validation.End = graphql.Now()
	for _, c := range e.contexts {
		if err := c.MutateOperationContext(ctx, oc); err != nil {
			return oc, gqlerror.List{err}
		}
	}
	if err := e.afford(oc, doc.size); err != nil {
		return oc, gqlerror.List{err}
	}
	if exec.Traced(ctx) {
		exec.Admit(oc, exec.Admission{DocumentKept: doc.kept, Persisted: named})
	}
	return oc, nil
}

// persistedAs says how a request names its document: known if by the name alone, sent if with the text; empty if it does not.
func persistedAs(p *graphql.RawParams) string {
	switch {
	case !persisted.Named(p):
		return ""
	case strings.TrimSpace(p.Query) == "":
		return "known"
	default:
		return "sent"
	}
}

// CostHeader asks for extensions.cost.
const CostHeader = "Mainstem-Cost"

// costStats is the name by which an operation keeps what it costs.
const costStats = "cost"

// afford fails if an operation costs more than it may, and keeps what it costs for those who ask.
func (e *Engine) afford(oc *graphql.OperationContext, size limit.Size) *gqlerror.Error {
	if e.options.Costs == nil {
		return nil
	}
	price, err := e.options.Costs.Check(oc.Operation, oc.Variables, e.options.Limits)
	if e.options.Price != nil {
		e.options.Price(oc, price)
	}
	if oc.Headers.Get(CostHeader) != "" {
		oc.Stats.SetExtension(costStats, e.options.Limits.Report(size, price))
	}
	return err
}

// DispatchOperation has an operation executed inside the interceptors. Each call of what it gives waits for a response, and gives nil when there are no
// more or ctx has ended; but what is pending of an answer with @defer is completed by one more response then.
func (e *Engine) DispatchOperation(ctx context.Context, oc *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	inner := graphql.WithOperationContext(ctx, oc)
	next := func(ctx context.Context) graphql.ResponseHandler {
		inner = ctx
		return e.begin(ctx)
	}
	for _, o := range slices.Backward(e.operations) {
		within := next
		next = func(ctx context.Context) graphql.ResponseHandler { return o.InterceptOperation(ctx, within) }
	}
	return next(inner), inner
}

// begin has the schema execute the operation of a context.
func (e *Engine) begin(ctx context.Context) graphql.ResponseHandler {
	beginning := graphql.WithResponseContext(ctx, e.options.Present, e.options.Recover)
	responses := e.schema.Exec(beginning)
	if errs := graphql.GetErrors(beginning); errs != nil {
		return graphql.OneShot(&graphql.Response{Errors: errs})
	}
	return func(ctx context.Context) *graphql.Response {
		if i := exec.IncrementalOf(ctx); ctx.Err() != nil && (i == nil || !i.HasNext) {
			return nil // nobody waits for it
		}
		return e.respond(ctx, func(ctx context.Context) *graphql.Response {
			response := responses(ctx)
			if response != nil {
				response.Errors = append(response.Errors, graphql.GetErrors(ctx)...)
				response.Extensions = graphql.GetExtensions(ctx)
			}
			return response
		})
	}
}

// respond makes a response inside the interceptors, in a context of its own.
func (e *Engine) respond(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	ctx = graphql.WithResponseContext(ctx, e.options.Present, e.options.Recover)
	if graphql.HasOperationContext(ctx) {
		if cost := graphql.GetOperationContext(ctx).Stats.GetExtension(costStats); cost != nil {
			graphql.RegisterExtension(ctx, costStats, cost)
		}
	}
	for _, r := range slices.Backward(e.responses) {
		within := next
		next = func(ctx context.Context) *graphql.Response { return r.InterceptResponse(ctx, within) }
	}
	return suppress(next(ctx), exec.IncrementalOf(ctx))
}

// maxTold bounds how many errors of one response are told, those of what is delivered with it among them.
const maxTold = 1000

// suppress leaves out errors of which nobody would read so many: extensions.suppressed says of how many. A deferred fragment that has failed keeps one, which
// says that it has.
func suppress(response *graphql.Response, i *exec.Incremental) *graphql.Response {
	if response == nil {
		return nil
	}
	told, suppressed := 0, 0
	cut := func(list gqlerror.List, least int) gqlerror.List {
		n := min(len(list), max(maxTold-told, least))
		told += n
		suppressed += len(list) - n
		return list[:n:n]
	}
	response.Errors = cut(response.Errors, 0)
	if i != nil {
		for k, p := range i.Parts {
			i.Parts[k].Errors = cut(p.Errors, 0)
		}
		for k, c := range i.Completed {
			i.Completed[k].Errors = cut(c.Errors, 1)
		}
	}
	if suppressed > 0 {
		response.Extensions = maps.Clone(response.Extensions)
		if response.Extensions == nil {
			response.Extensions = map[string]any{}
		}
		response.Extensions["suppressed"] = suppressed
	}
	return response
}

// DispatchError gives the response to a request that was refused.
func (e *Engine) DispatchError(ctx context.Context, errs gqlerror.List) *graphql.Response {
	return e.respond(ctx, func(ctx context.Context) *graphql.Response {
		for _, err := range errs {
			graphql.AddError(ctx, err)
		}
		return &graphql.Response{Errors: graphql.GetErrors(ctx), Extensions: graphql.GetExtensions(ctx)}
	})
}

// present gives what clients read of an error.
func (e *Engine) present(ctx context.Context, err error) *gqlerror.Error {
	return e.options.Present(ctx, err)
}

// noSuchOperation says which operation is missing.
func noSuchOperation(name string) gqlerror.List {
	f := fault.New(fault.BadUserInput, "The document has several operations: say by `operationName` which is to be executed.")
	if name != "" {
		f = fault.Newf(fault.BadUserInput, "The document has no operation named %.100q.", name)
	}
	return gqlerror.List{gqlerror.WrapPath(nil, f)}
}

// document gives a document that is valid, by its text.
func (e *Engine) document(stats *graphql.Stats, text string) (document, gqlerror.List) {
	stats.Parsing.Start = graphql.Now()
	if known, ok := e.documents.Get(text); ok {
		e.found.Add(1)
		stats.Parsing.End = graphql.Now()
		stats.Validation.Start = stats.Parsing.End
		known.kept = true
		return known, nil
	}
	e.unknown.Add(1)
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, e.options.Limits.Tokens)
	if err == nil {
		err = lexical(text)
	}
	stats.Parsing.End = graphql.Now()
	stats.Validation.Start = stats.Parsing.End
	if err != nil {
		return document{}, withCode(fault.ParseFailed, err)
	}
	if len(doc.Operations) == 0 {
		return document{}, gqlerror.List{gqlerror.WrapPath(nil, fault.New(fault.ValidationFailed, "The document has no operation."))}
	}
	size, tooLarge := limit.Document(doc, e.options.Limits)
	if tooLarge != nil {
		return document{}, gqlerror.List{tooLarge}
	}
	if errs := limit.Validate(e.schema.Schema(), doc, documentRules(e.options.Suggest), e.options.Limits); len(errs) > 0 {
		return document{}, errs
	}
	valid := document{QueryDocument: doc, size: size}
	if len(text) <= maxDocumentBytes {
		e.documents.Add(text, valid)
	}
	return valid, nil
}

// variables gives an operation's variables as its types have them.
func (e *Engine) variables(op *ast.OperationDefinition, given map[string]any) (map[string]any, gqlerror.List) {
	return coerce.Variables(e.schema.Schema(), op, given)
}

// withCode gives an error of gqlparser's as a list, with what it is of ours.
func withCode(code fault.Code, err error) gqlerror.List {
	known, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return gqlerror.List{gqlerror.WrapPath(nil, fault.Wrap(fault.Internal, fmt.Errorf("an error that is none of GraphQL's: %w", err)))}
	}
	setCode(known, code)
	return gqlerror.List{known}
}

func setCode(err *gqlerror.Error, code fault.Code) {
	if err.Extensions == nil {
		err.Extensions = map[string]any{}
	}
	err.Extensions["code"] = string(code)
}
