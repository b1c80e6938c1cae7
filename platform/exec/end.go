package exec

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// ending is why a subscription has no more events.
type ending struct {
	mu  sync.Mutex
	err error
}

type endingKey struct{}

// EndWith says why a subscription ends: its resolver calls it with the context that it was given, before it closes its channel. The client then has one more
// answer, without data, that has the error. gqlgen's executor ends the subscription without a word.
func EndWith(ctx context.Context, err error) {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok {
		e.mu.Lock()
		e.err = err
		e.mu.Unlock()
	}
}

// take gives why a subscription has ended, once.
func (e *ending) take() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.err
	e.err = nil
	return err
}

// last gives the answer that says why a subscription has ended; nil if nothing was wrong.
func (s *Schema) last(ctx context.Context, oc *graphql.OperationContext, p *plan, field *Field, e *ending) *graphql.Response {
	err := e.take()
	if err == nil || ctx.Err() != nil {
		return nil
	}
	w := &Writer{run: &Run{schema: s, plan: p, operation: oc, ctx: ctx}, ctx: ctx}
	w.Fail(field, err) //nolint:contextcheck // the writer has it
	return &graphql.Response{Data: []byte("null")}
}
