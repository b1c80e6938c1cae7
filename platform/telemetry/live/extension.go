package live

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
)

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = (*Registry)(nil)

// ExtensionName gives the extension's name to gqlgen.
func (*Registry) ExtensionName() string { return "Live" }

// Validate accepts every schema.
func (*Registry) Validate(graphql.ExecutableSchema) error { return nil }

// costStats is the name by which an operation keeps what it costs.
const costStats = "live cost"

// Price notes what an operation costs. It is called before the operation is executed.
func Price(oc *graphql.OperationContext, cost int64) { oc.Stats.SetExtension(costStats, cost) }

// InterceptOperation notes an operation until its last answer.
func (r *Registry) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := r.begin(ctx, graphql.GetOperationContext(ctx))
	bound := op.subscribes() // whether the operation ends with a context: nobody may ask for the last answer
	if bound {
		context.AfterFunc(ctx, func() { op.end(ctx) })
	}
	respond := next(context.WithValue(ctx, operationKey{}, op))
	return func(ctx context.Context) *graphql.Response {
		returned := false
		defer func() {
			if !returned { // a panic, or the end of the goroutine
				op.end(ctx)
			}
		}()
		response := respond(ctx)
		returned = true
		op.request.awaited(ctx)
		i := exec.IncrementalOf(ctx)
		op.answered(ctx, response, i)
		switch {
		case op.subscribes() && response != nil:
		case !op.subscribes() && i != nil && i.HasNext:
			if !bound {
				bound = true
				context.AfterFunc(ctx, func() { op.end(ctx) })
			}
		default:
			op.end(ctx)
		}
		return response
	}
}

// begin makes an operation that is under way.
func (r *Registry) begin(ctx context.Context, oc *graphql.OperationContext) *Operation {
	op := &Operation{registry: r, oc: oc, began: time.Now(), request: requestOf(ctx)}
	op.link.of = op
	op.deadline, _ = ctx.Deadline()
	op.cost, op.priced = oc.Stats.GetExtension(costStats).(int64)
	op.request.runs(ctx, op)
	r.operations.add(&op.link)
	return op
}

func (op *Operation) subscribes() bool { return op.oc.Operation.Operation == ast.Subscription }

// InterceptResponse notes the errors of what is answered without being executed, and logs it if no line of the access log tells of it.
func (r *Registry) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response == nil || len(response.Errors) == 0 || operationOf(ctx) != nil {
		return response
	}
	request := requestOf(ctx)
	op := refused(ctx, request, response.Errors)
	request.awaited(ctx)
	request.refuses(ctx, op)
	if request.untold() {
		r.log.LogAttrs(context.WithValue(ctx, operationKey{}, op), slog.LevelInfo, accessOperation, op.line(nil, time.Since(op.began), nil)...)
	}
	return response
}

// refused gives an operation that is not executed, as far as it is known.
func refused(ctx context.Context, request *Request, errs gqlerror.List) *Operation {
	op := &Operation{request: request, oc: &graphql.OperationContext{}, began: time.Now()}
	if graphql.HasOperationContext(ctx) {
		op.oc = graphql.GetOperationContext(ctx)
		if start := op.oc.Stats.OperationStart; !start.IsZero() {
			op.began = start
		}
		op.cost, op.priced = op.oc.Stats.GetExtension(costStats).(int64)
	}
	op.fail(errs, false)
	return op
}

// answered notes an answer. What has failed of an event is logged at once.
func (op *Operation) answered(ctx context.Context, response *graphql.Response, i *exec.Incremental) {
	if response == nil {
		return
	}
	op.request.answers()
	gone := errors.Is(ctx.Err(), context.Canceled) // what is missing, nobody waits for
	op.mu.Lock()
	op.answers++
	op.fail(response.Errors, gone)
	if i != nil {
		for k := range i.Parts {
			op.fail(i.Parts[k].Errors, gone)
		}
		for k := range i.Completed {
			op.fail(i.Completed[k].Errors, gone)
		}
	}
	if !op.subscribes() {
		op.mu.Unlock()
		return
	}
	var told []slog.Attr
	if op.failed {
		told = op.tell(time.Since(op.began))
	}
	op.failed, op.entries, op.more = false, nil, 0
	op.round++
	op.mu.Unlock()
	if told != nil {
		op.registry.log.LogAttrs(context.WithValue(ctx, operationKey{}, op), slog.LevelWarn, failedEvent, told...)
	}
}

// fail notes errors. op.mu is held.
func (op *Operation) fail(list gqlerror.List, gone bool) {
	for _, err := range list {
		op.codes.add(err)
		op.failed = op.failed || !gone && !CallersFault(err)
	}
}

// end notes that an operation is over, and logs it: if it was slow or has failed, and if no line of the access log tells of it.
func (op *Operation) end(ctx context.Context) {
	op.mu.Lock()
	if op.over {
		op.mu.Unlock()
		return
	}
	op.over = true
	took := time.Since(op.began)
	slow := !op.subscribes() && op.registry.slow > 0 && took >= op.registry.slow
	var told []slog.Attr
	if op.failed || slow {
		told = op.tell(took)
	}
	failed := op.failed
	op.mu.Unlock()
	op.registry.operations.remove(&op.link)
	ctx = context.WithValue(ctx, operationKey{}, op)
	switch {
	case failed:
		op.registry.log.LogAttrs(ctx, slog.LevelWarn, failedOperation, append(told, slog.Bool("slow", slow))...)
	case slow:
		op.registry.log.LogAttrs(ctx, slog.LevelWarn, slowOperation, told...)
	}
	if op.request.untold() {
		op.registry.log.LogAttrs(ctx, slog.LevelInfo, accessOperation, op.line(nil, took, nil)...)
	}
}

// CallersFault says whether an error is nothing that the gateway or a service should have done better.
func CallersFault(err *gqlerror.Error) bool {
	code, _ := err.Extensions["code"].(string)
	if fault.Code(code) == fault.RateLimited {
		_, ofSource := err.Extensions["source"] // which the gateway has asked too much
		return !ofSource
	}
	return CallersCode(fault.Code(code))
}

// CallersCode says whether a code is of what is never the gateway's fault, nor a service's.
func CallersCode(code fault.Code) bool {
	switch code {
	case fault.ParseFailed, fault.ValidationFailed, fault.BadUserInput, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict,
		fault.PreconditionFailed, fault.LimitExceeded, fault.PersistedNotFound, fault.PersistedNotSupported:
		return true
	default:
		return false
	}
}
