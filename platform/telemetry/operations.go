package telemetry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/telemetry/live"
)

// Operations is the extension of a gqlgen server that measures operations. It should stand after GraphQL, so that exemplars name the operation's span.
type Operations struct {
	meters  *operationMeters
	trusted func(text string) bool
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = (*Operations)(nil)

// Operations gives the extension; one that does nothing if nothing is measured. trusted says whether a document is one of those whose operations are all told
// apart by their names; nil if there are none.
func (t *Telemetry) Operations(trusted func(text string) bool) *Operations {
	if trusted == nil {
		trusted = func(string) bool { return false }
	}
	return &Operations{t.metrics.operations, trusted}
}

// ExtensionName gives the extension's name to gqlgen.
func (*Operations) ExtensionName() string { return "Measuring" }

// Validate accepts every schema.
func (*Operations) Validate(graphql.ExecutableSchema) error { return nil }

// running is an operation that is executed.
type running struct {
	operation
	subscription bool
	inside       bool // whether an answer is being made by the operation itself
	counted      bool // whether it is among the operations already
}

// operation is what operations are told apart by.
type operation struct{ name, kind string }

type runningKey struct{}

// InterceptOperation measures an operation that is executed: until its first answer, and whatever is wrong with all of them.
func (o *Operations) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if o.meters == nil {
		return next(ctx)
	}
	oc := graphql.GetOperationContext(ctx)
	r := &running{
		operation: operation{
			name: o.meters.names.executed(oc.Operation.Name, func() bool { return o.trusted(oc.RawQuery) }),
			kind: string(oc.Operation.Operation),
		},
		subscription: oc.Operation.Operation == ast.Subscription,
	}
	if r.subscription {
		set := o.meters.byName.Of(r.name).Add
		o.meters.open.Add(ctx, 1, set...)
		context.AfterFunc(ctx, func() { o.meters.open.Add(context.WithoutCancel(ctx), -1, set...) })
	}
	respond := next(context.WithValue(ctx, runningKey{}, r))
	return func(ctx context.Context) *graphql.Response {
		r.inside = true
		response := respond(ctx)
		r.inside = false
		switch {
		case response != nil:
			o.meters.answered(ctx, r, response, oc.Stats.OperationStart)
		case r.subscription: // it has ended, as clients end it
			o.meters.count(ctx, r, outcomeOK)
		case errors.Is(ctx.Err(), context.Canceled):
			o.meters.count(ctx, r, outcomeCancelled)
		}
		return response
	}
}

// InterceptResponse measures what is answered without being executed.
func (o *Operations) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if o.meters == nil || response == nil {
		return response
	}
	r, executed := ctx.Value(runningKey{}).(*running)
	switch {
	case !executed:
		r = &running{operation: o.meters.refused(ctx)}
	case r.inside: // InterceptOperation sees it, with what else the transport has added
		return response
	case r.counted && errors.Is(ctx.Err(), context.Canceled):
		return response
	}
	outcome := outcomeOf(ctx, response)
	o.meters.count(ctx, r, outcome)
	o.meters.errors(ctx, r.name, response.Errors)
	return response
}

// The outcomes of operations.
const (
	outcomeOK        = "ok"
	outcomePartial   = "partial"
	outcomeFailed    = "failed"
	outcomeRefused   = "refused"
	outcomeCancelled = "cancelled"
)

// outcomeOf says how an operation has ended whose first answer this is.
func outcomeOf(ctx context.Context, response *graphql.Response) string {
	data := len(response.Data) > 0 && string(response.Data) != "null"
	switch {
	case len(response.Errors) == 0:
		return outcomeOK
	case errors.Is(ctx.Err(), context.Canceled): // what is missing, nobody waits for
		return outcomeCancelled
	case data:
		return outcomePartial
	}
	for _, err := range response.Errors {
		if !callersFault(err) {
			return outcomeFailed
		}
	}
	return outcomeRefused
}

// callersFault says whether an error is nothing that the gateway or a service should have done better.
func callersFault(err *gqlerror.Error) bool { return live.CallersFault(err) }

// answered measures an answer that an operation has given.
func (m *operationMeters) answered(ctx context.Context, r *running, response *graphql.Response, began time.Time) {
	if !r.counted {
		outcome := outcomeOf(ctx, response)
		if outcome != outcomeCancelled && !r.subscription {
			m.duration.Record(ctx, time.Since(began).Seconds(), m.byOperation.Of(r.operation).Record...)
		}
		m.count(ctx, r, outcome)
	}
	if r.subscription && len(response.Data) > 0 {
		m.events.Add(ctx, 1, m.byName.Of(r.name).Add...)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	m.errors(ctx, r.name, errorsOf(ctx, response))
}

// errorsOf gives the errors of an answer, with those of what comes later.
func errorsOf(ctx context.Context, response *graphql.Response) gqlerror.List {
	i := exec.IncrementalOf(ctx)
	if i == nil {
		return response.Errors
	}
	errs := slices.Clone(response.Errors)
	for k := range i.Parts {
		errs = append(errs, i.Parts[k].Errors...)
	}
	for k := range i.Completed {
		errs = append(errs, i.Completed[k].Errors...)
	}
	return errs
}
