package upstream

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// Call says how one call of a service went.
type Call struct {
	Source, Operation string
	Keys              int    // that it asked for; 0 where it asks for none
	Attempts          int    // that were made on the wire
	How               string // it was answered if not by a call of its own: shared, fresh, revalidated or stale
	Start             time.Time
	Duration          time.Duration
	Fault             fault.Code // empty if there was none
}

type callsKey struct{}

// WithCalls gives a context whose calls are reported to note when they have ended, by the goroutines that make them.
func WithCalls(ctx context.Context, note func(Call)) context.Context {
	return context.WithValue(ctx, callsKey{}, note)
}

// report reports a call that has begun at start to whoever asks for it.
func (b *base) report(ctx context.Context, r *request, start time.Time, f *fault.Error) {
	note, ok := ctx.Value(callsKey{}).(func(Call))
	if !ok {
		return
	}
	c := Call{
		Source: b.Name, Operation: r.operation, Attempts: int(r.attempts.Load()), How: string(r.how),
		Start: start, Duration: time.Since(start),
	}
	c.Keys, _ = ctx.Value(keysKey{}).(int)
	if f != nil {
		c.Fault = f.Code
	}
	note(c)
}
