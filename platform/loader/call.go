package loader

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// call is a batch on its way, or as much of it as one call may ask for.
type call[K comparable, V any] struct {
	batch   *batch[K, V]
	entries []*entry[K, V]
	waiters waiters[K, V]
}

// errGone is what is wrong with a fetch that does not return, as those of tests that fail in it.
var errGone = errors.New("the fetch has ended its goroutine")

// run makes the call and gives out what it finds.
func (c *call[K, V]) run() {
	wave.Deepen()
	ctx := c.batch.ctx
	if w := c.batch.wave; w != nil {
		defer w.Done()
		ctx = w.Context(ctx, nil)
	}
	var found map[K]V
	err := errGone
	defer func() { c.finish(found, err) }()
	found, err = c.observed(ctx)
}

// finish gives out what was found, and what was not, and wakes those who wait for nothing else.
func (c *call[K, V]) finish(found map[K]V, err error) {
	items, partial := errors.AsType[fault.Items[K]](err)
	s := c.batch.state
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range c.entries {
		e.value = found[e.key]
		if f := items[e.key]; f != nil {
			e.err = f
		} else if err != nil && !partial {
			e.err = err
		}
		e.done = true
	}
	for _, x := range c.waiters {
		x.missing--
		if x.missing == 0 {
			x.Wake()
		}
	}
}

// observed is fetched within a span, and reported. What is fetched from what a source keeps is no batch that has left.
func (c *call[K, V]) observed(ctx context.Context) (map[K]V, error) {
	s := c.batch.state
	if s.failed != nil {
		return c.fetched(ctx)
	}
	if s.options.Tracer == nil {
		return c.told(ctx)
	}
	inner, span := s.options.Tracer.Start(ctx, s.loader.span, s.loader.begin...)
	if !span.IsRecording() {
		return c.told(ctx)
	}
	defer span.End()
	names.Keys.Count(span, len(c.entries))
	if len(c.batch.from) > 0 {
		(&names.Fixed{Links: c.batch.from}).Tell(span)
	}
	return c.told(inner)
}

// told is fetched, and who wants to know is told of it.
func (c *call[K, V]) told(ctx context.Context) (map[K]V, error) {
	s := c.batch.state
	if s.options.Left == nil && s.options.Leave == nil {
		return c.fetched(ctx)
	}
	told := Batch{Source: s.loader.source, Loader: s.loader.name, Keys: len(c.entries), Start: time.Now()}
	ended := func(Batch) {}
	if s.options.Leave != nil {
		ctx, ended = s.options.Leave(ctx, told, c.batch.askers)
	}
	found, err := c.fetched(ctx)
	told.Duration = time.Since(told.Start)
	if _, partial := errors.AsType[fault.Items[K]](err); err != nil && !partial {
		told.Fault = fault.From(err).Code
	}
	if s.options.Left != nil {
		s.options.Left(told)
	}
	ended(told)
	return found, err
}

// fetched gives what the source has of the call's keys. A panic is the fault of every key.
func (c *call[K, V]) fetched(ctx context.Context) (found map[K]V, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	keys := make([]K, len(c.entries))
	for i, e := range c.entries {
		keys[i] = e.key
	}
	return c.batch.loader.fetch(ctx, keys)
}
