package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// spans keeps the gateway's calls of services, as its own spans tell of them. It is safe for concurrent use.
type spans struct {
	mu      sync.Mutex
	running int                      // calls that have begun and not ended
	begun   map[string]chan struct{} // by source; closed by the first call
	ended   []call
	changed chan struct{} // closed and replaced when a call has ended
}

// call is one call of a service.
type call struct {
	source, operation string
	keys              int    // -1 if the call has none
	code              string // of the fault; empty for a success
}

func (c call) String() string {
	s := c.source + " " + c.operation
	if c.keys >= 0 {
		s += fmt.Sprintf(" keys=%d", c.keys)
	}
	if c.code != "" {
		s += " " + c.code
	}
	return s
}

var _ sdktrace.SpanProcessor = (*spans)(nil)

func newSpans() *spans {
	return &spans{begun: map[string]chan struct{}{}, changed: make(chan struct{})}
}

// OnStart notes that a service is called.
func (s *spans) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	c, ok := callOf(span)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running++
	if begun := s.of(c.source); !closed(begun) {
		close(begun)
	}
}

// OnEnd keeps a call.
func (s *spans) OnEnd(span sdktrace.ReadOnlySpan) {
	c, ok := callOf(span)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.ended = append(s.ended, c)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Shutdown does nothing.
func (*spans) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing: calls are kept as they end.
func (*spans) ForceFlush(context.Context) error { return nil }

// called gives a channel that is closed once a service has been called.
func (s *spans) called(source string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(source)
}

func (s *spans) of(source string) chan struct{} {
	if s.begun[source] == nil {
		s.begun[source] = make(chan struct{})
	}
	return s.begun[source]
}

// take gives the calls that have ended since it was last asked.
func (s *spans) take() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.ended
	s.ended = nil
	return calls
}

// settled is take when no call runs any more: what outlasts a request's deadline ends after its answer.
func (s *spans) settled(t *testing.T) []call {
	t.Helper()
	for {
		s.mu.Lock()
		running, changed := s.running, s.changed
		s.mu.Unlock()
		if running == 0 {
			return s.take()
		}
		await(t, changed, "the end of a call")
	}
}

// await gives the first call of a source that ends, and forgets nothing.
func (s *spans) await(ctx context.Context, source string) (call, error) {
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.ended, func(c call) bool { return c.source == source })
		changed := s.changed
		if i >= 0 {
			defer s.mu.Unlock()
			return s.ended[i], nil
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return call{}, fmt.Errorf("no call of %s has ended: %w", source, ctx.Err())
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// callOf reads a span; false if it is not that of a call.
func callOf(span sdktrace.ReadOnlySpan) (call, bool) {
	attributes := attribute.NewSet(slices.Clone(span.Attributes())...) // which it sorts
	source, ok := attributes.Value(names.Source.Key)
	if !ok {
		return call{}, false
	}
	operation, called := attributes.Value(names.SourceOperation.Key)
	if _, wire := attributes.Value(names.RPCCall.Key); wire || !called { // it is a stream, or of a source otherwise
		return call{}, false
	}
	c := call{source: source.AsString(), operation: operation.AsString(), keys: -1}
	if keys, ok := attributes.Value(names.Keys.Key); ok {
		c.keys = int(keys.AsInt64())
	}
	if code, ok := attributes.Value(names.ErrorCode.Key); ok {
		c.code = code.AsString()
	}
	return c, true
}
