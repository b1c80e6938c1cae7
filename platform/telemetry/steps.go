package telemetry

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel/trace"
)

type stepsKey struct{}

// steps are the steps of one response, by their paths without indices.
type steps struct {
	mu     sync.Mutex
	byPath map[string]*step
}

// step is one field for all its parents. Its span starts with the first parent and ends with the last, which is known only when
// the response is there.
type step struct {
	span trace.Span
	last time.Time // when the last parent so far was done
}

// enter gives the step that the field belongs to.
func (s *steps) enter(ctx context.Context, fc *graphql.FieldContext) *step {
	var buffer [256]byte // looking up needs no string
	path := appendPath(buffer[:0], fc)
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.byPath[string(path)]; ok {
		return known
	}
	name := string(path)
	_, span := trace.SpanFromContext(ctx).TracerProvider().Tracer(Scope).Start(ctx, fc.Object+"."+fc.Field.Name,
		trace.WithAttributes(objectKey.String(fc.Object), fieldKey.String(fc.Field.Name), pathKey.String(name)))
	started := &step{span: span}
	s.byPath[name] = started
	return started
}

// appendPath writes the aliases on the way to the field, with dots between.
func appendPath(path []byte, fc *graphql.FieldContext) []byte {
	if fc.Parent != nil {
		path = appendPath(path, fc.Parent)
	}
	if fc.Index != nil || fc.Field.Field == nil {
		return path
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	return append(path, fc.Field.Alias...)
}

// leave notes that one more parent is done.
func (s *steps) leave(done *step, err error) {
	markStep(done.span, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	done.last = time.Now()
}

// end ends all spans: each when its last parent was done, and now those whose resolver has panicked, which are never left.
func (s *steps) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, done := range s.byPath {
		if done.last.IsZero() {
			done.span.End()
		} else {
			done.span.End(trace.WithTimestamp(done.last))
		}
	}
}
