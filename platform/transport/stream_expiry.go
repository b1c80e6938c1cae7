package transport

import (
	"context"
	"errors"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// permitted gives the context of an operation of a stream. That of a subscription ends when the token of who has asked for it is not good any more; what
// else is executed has a deadline. It is no deadline: services would be told of it, and would end what they do as if it had taken too long.
func permitted(ctx context.Context, oc *graphql.OperationContext) (context.Context, context.CancelFunc) {
	caller, _ := authn.From(ctx)
	if caller.Expires.IsZero() || oc.Operation.Operation != ast.Subscription {
		return context.WithCancel(ctx)
	}
	ctx, end := context.WithCancelCause(ctx)
	timer := time.AfterFunc(time.Until(caller.Expires), func() { end(fault.New(fault.Unauthenticated, "The token has expired.")) })
	return ctx, func() { timer.Stop(); end(nil) }
}

// withdrawn gives the answer that says why permitted's context has ended; nil if it has not for that.
func withdrawn(ctx context.Context, executor graphql.GraphExecutor) *graphql.Response {
	if f, ok := errors.AsType[*fault.Error](context.Cause(ctx)); ok {
		return failed(ctx, executor, f)
	}
	return nil
}
