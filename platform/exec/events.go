package exec

import (
	"context"
	"time"
)

type (
	eventTimeoutKey struct{}
	eventBeginKey   struct{}
)

// WithEventTimeout gives a context in which the execution of each event of a subscription has so much time, from when the event has come: the
// subscription itself has no deadline, or the context's.
func WithEventTimeout(ctx context.Context, timeout time.Duration) context.Context {
	return context.WithValue(ctx, eventTimeoutKey{}, timeout)
}

// WithEventBegin gives a context whose events are executed under the context that begin gives when one has come, before its time begins.
func WithEventBegin(ctx context.Context, begin func(ctx context.Context) context.Context) context.Context {
	return context.WithValue(ctx, eventBeginKey{}, begin)
}

// EventContext gives the context that an event which has come is executed under. Executors of subscriptions call it, ours among them.
func EventContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if begin, ok := ctx.Value(eventBeginKey{}).(func(context.Context) context.Context); ok {
		ctx = begin(ctx)
	}
	if timeout, ok := ctx.Value(eventTimeoutKey{}).(time.Duration); ok {
		return context.WithTimeout(ctx, timeout)
	}
	return ctx, func() {}
}
