package exec

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/loader"
)

// subscribe begins a subscription: its resolver is called now, and each call of the handler waits for an event and executes the rest of the
// operation for it. The handler gives nil after the last event, and when its context ends.
func (s *Schema) subscribe(ctx context.Context, oc *graphql.OperationContext, p *plan) graphql.ResponseHandler {
	generated := s.generated(oc)
	if p.inputs {
		ctx = generated.Inputs(ctx)
	}
	if len(p.root.Fields) != 1 { // conditions can leave none
		graphql.AddErrorf(ctx, "must subscribe to exactly one stream")
		return graphql.OneShot(&graphql.Response{Data: []byte("null")})
	}
	field := p.root.Fields[0]
	end := new(ending)
	next, err := s.source(context.WithValue(loader.WithScope(ctx, s.options.Loaders), endingKey{}, end), oc, generated, field)
	if err != nil && err != errReported { //nolint:errorlint // it is never wrapped
		w := &Writer{run: &Run{schema: s, plan: p, operation: oc, ctx: ctx}, ctx: ctx}
		w.Fail(field, err) //nolint:contextcheck // the writer has it
	}
	if err != nil {
		return graphql.OneShot(&graphql.Response{Data: []byte("null")})
	}
	return func(ctx context.Context) *graphql.Response {
		begin := next(ctx)
		if begin == nil {
			return s.last(ctx, oc, p, field, end)
		}
		ctx, cancel := EventContext(ctx)
		defer cancel()
		return s.run(ctx, oc, p, generated, nil, begin, Generated.WriteSubscription)
	}
}

// source calls the resolver of the subscription's field. A panic is its error.
func (s *Schema) source(ctx context.Context, oc *graphql.OperationContext, generated Generated, f *Field) (next func(context.Context) func(*Step), err error) {
	defer func() {
		if p := recover(); p != nil {
			err = oc.RecoverFunc(ctx, p)
		}
	}()
	return generated.Subscribe(ctx, f)
}

// errReported in place of an error says that it has been reported.
var errReported = errors.New("reported")

// Subscribe calls the resolver of a subscription's field, and gives what waits for its events.
func Subscribe[V any](ctx context.Context, f *Field, c Call, resolve func(ctx context.Context, fc *graphql.FieldContext) (<-chan V, error), then func(s *Step, f *Field, shape *Shape, values []V)) (func(ctx context.Context) func(s *Step), error) {
	fc, err := c.Context(ctx, f.collected)
	switch {
	case err != nil && graphql.GetErrors(ctx) != nil:
		return nil, errReported // as gqlgen does those of arguments
	case err != nil:
		return nil, err
	}
	ctx = graphql.WithFieldContext(ctx, fc)
	var events <-chan V
	err = allowed(ctx, c, func(ctx context.Context) (err error) {
		events, err = resolve(ctx, fc)
		return err
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) func(s *Step) {
		select {
		case v, more := <-events:
			if !more {
				return nil
			}
			return func(s *Step) {
				s.ctx = graphql.WithFieldContext(s.ctx, fc)
				st := &state{ctx: s.ctx}
				hold(s, f, st, []V{v}, then)
				s.publish(f, st)
			}
		case <-ctx.Done():
			return nil
		}
	}, nil
}
