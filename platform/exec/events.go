package exec

import (
	"context"
	"time"
)

type eventTimeoutKey struct{}

// WithEventTimeout gives a context in which the execution of each event of a subscription has so much time, from when the event has come: the
// subscription itself has no deadline, or the context's.
func WithEventTimeout(ctx context.Context, timeout time.Duration) context.Context {
	return context.WithValue(ctx, eventTimeoutKey{}, timeout)
}

// EventContext gives the context that an event which has come is executed under. Executors of subscriptions call it, ours among them.
func EventContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if timeout, ok := ctx.Value(eventTimeoutKey{}).(time.Duration); ok {
		return context.WithTimeout(ctx, timeout)
	}
	return ctx, func() {}
}
