package exec

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
)

// loaders has batches noted.
func (t *trace) loaders(o loader.Options) loader.Options {
	if t == nil {
		return o
	}
	o.Asker = func(ctx context.Context) int {
		step, _ := ctx.Value(insideKey{}).(int)
		return step
	}
	o.Leave = func(ctx context.Context, b loader.Batch, askers []int) (context.Context, func(loader.Batch)) {
		id := t.batch(b, askers)
		return t.noting(ctx, 0, id), func(b loader.Batch) {
			t.mu.Lock()
			defer t.mu.Unlock()
			if id > 0 {
				t.shown.Batches[id-1].traceSpan = traceSpan{Start: t.since(b.Start), Duration: milliseconds(b.Duration), Code: string(b.Fault)}
			}
		}
	}
	return o
}

// batch notes a batch that leaves, and gives its id; 0 if there are too many.
func (t *trace) batch(b loader.Batch, askers []int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.has(len(t.shown.Batches), &t.more.Batches) {
		return 0
	}
	id := len(t.shown.Batches) + 1
	t.shown.Batches = append(t.shown.Batches, traceBatch{
		ID: id, Loader: b.Loader, Source: b.Source, Keys: b.Keys, Steps: askers, traceSpan: traceSpan{Start: t.since(b.Start), Open: true},
	})
	return id
}

// within gives a context in which what is run is noted.
func (t *trace) within(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return t.noting(context.WithValue(ctx, noteKey{}, t), 0, 0)
}

// noting gives a context whose calls of services are noted as those of a step or a batch.
func (t *trace) noting(ctx context.Context, step, batch int) context.Context {
	return upstream.WithCalls(ctx, func(c upstream.Call) {
		entry := t.callOf(c)
		entry.Step, entry.Batch = step, batch
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.has(len(t.shown.Calls), &t.more.Calls) {
			t.shown.Calls = append(t.shown.Calls, entry)
		}
	})
}

// callOf gives what is shown of a call.
func (t *trace) callOf(c upstream.Call) traceCall {
	entry := traceCall{
		Source: c.Source, Operation: c.Operation, Keys: c.Keys, Cache: cacheState(c), Shared: c.How == "shared", Attempts: make([]traceAttempt, len(c.Tries)),
		Breaker: c.Breaker, Left: milliseconds(c.Left), traceSpan: traceSpan{Start: t.since(c.Start), Duration: milliseconds(c.Duration), Code: string(c.Fault)},
	}
	for i, a := range c.Tries {
		entry.Attempts[i] = traceAttempt{
			Start: t.since(a.Start), Duration: milliseconds(a.Duration), Status: a.Status, Code: string(a.Fault), Hedge: a.Hedge, Abandoned: a.Abandoned,
		}
	}
	for _, d := range c.Decisions {
		entry.Decisions = append(entry.Decisions, traceDecided{d.Action, t.since(d.At)})
	}
	if w := c.Turn; w != nil {
		entry.Limiter = &traceTurn{Waited: milliseconds(w.Waited), Queue: w.Queue, Limit: w.Limit, Refused: w.Refused}
	}
	return entry
}

// cacheState says what a source's cache did for a call.
func cacheState(c upstream.Call) string {
	switch c.How {
	case "fresh":
		return "hit"
	case "revalidated", "stale":
		return c.How
	case "":
		if c.Cacheable {
			return "miss"
		}
	}
	return ""
}

// step notes a step that begins, and gives the context that it runs under, and what is told its end.
func (t *trace) step(ctx context.Context, f *Field, objects int) (context.Context, func(error)) {
	began := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.has(len(t.shown.Steps), &t.more.Steps) {
		return ctx, func(error) {}
	}
	id := len(t.shown.Steps) + 1
	t.steps[f] = id
	entry := traceStep{
		ID: id, Parent: t.above(f), Path: f.Path(), Field: f.name(), Objects: objects, traceSpan: traceSpan{Start: t.since(began), Open: true},
	}
	if f.portion != nil {
		for _, d := range f.portion.of {
			if part := t.parts[d]; part != 0 {
				entry.Parts = append(entry.Parts, part)
			}
		}
	}
	t.shown.Steps = append(t.shown.Steps, entry)
	return t.inside(ctx, id), func(err error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown.Steps[id-1].traceSpan = traceSpan{Start: t.since(began), Duration: milliseconds(time.Since(began)), Code: codeOfFault(err)}
	}
}

// above gives the step that has given the objects of a field; 0 for the root.
func (t *trace) above(f *Field) int {
	for at := f.parent.of; at != nil; at = at.parent.of {
		if id := t.steps[at]; id != 0 {
			return id
		}
	}
	return 0
}

// inside gives a context in which what is run is a step's.
func (t *trace) inside(ctx context.Context, id int) context.Context {
	return t.noting(context.WithValue(ctx, insideKey{}, id), id, 0)
}

// again gives the context of a step's second run.
func (t *trace) again(ctx context.Context, f *Field) context.Context {
	if t == nil {
		return ctx
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inside(ctx, t.steps[f])
}

// share notes whether an operation would have been joined with others, or by them.
func (t *trace) share(ctx context.Context, s *Schema, oc *graphql.OperationContext, p *plan) {
	if t != nil && !p.key.deferring && s.shares(oc, p) {
		_, t.shown.Shareable = s.options.Share.Identity(ctx, p.sources)
	}
}

// part notes that a deferral is pending for so many objects.
func (t *trace) part(d *deferral, objects int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.has(len(t.shown.Parts), &t.more.Parts) {
		return
	}
	id := len(t.shown.Parts) + 1
	t.parts[d] = id
	entry := tracePart{ID: id, Label: d.label, Objects: objects, traceSpan: traceSpan{Start: t.since(time.Now()), Open: true}}
	if d.of != nil {
		entry.Path = d.of.Path()
	}
	t.shown.Parts = append(t.shown.Parts, entry)
}

// delivered notes that a deferral is complete.
func (t *trace) delivered(d *deferral) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if id := t.parts[d]; id != 0 {
		p := &t.shown.Parts[id-1]
		p.Open, p.Duration = false, milliseconds(time.Since(t.began))-p.Start
	}
}

// degraded counts the degraded values of an answer by their fields.
func (t *trace) degraded(list degraded) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range list {
		entry := traceDegraded{Path: v.field.Path(), Field: v.field.name(), Source: v.source, How: v.how}
		t.count(entry)
	}
}

// count counts a degraded value. t.mu is held.
func (t *trace) count(entry traceDegraded) {
	for i, known := range t.shown.Degraded {
		if known.Path == entry.Path && known.Field == entry.Field && known.Source == entry.Source && known.How == entry.How {
			t.shown.Degraded[i].Values++
			return
		}
	}
	if len(t.shown.Degraded) < maxTraced {
		entry.Values = 1
		t.shown.Degraded = append(t.shown.Degraded, entry)
	}
}

// observe tells those who want to know that a step begins. It gives the context that the step runs under, and what to call at its end with its outcome.
func (s *Step) observe(ctx context.Context, objects int) (context.Context, func(error)) {
	f, t, told := s.field, s.run.trace, s.run.schema.options.Step
	switch {
	case t == nil && told == nil:
		return ctx, func(error) {}
	case t == nil:
		return told(ctx, f, objects)
	case told == nil:
		return t.step(ctx, f, objects)
	}
	ctx, ended := told(ctx, f, objects)
	ctx, noted := t.step(ctx, f, objects)
	return ctx, func(err error) {
		ended(err)
		noted(err)
	}
}

// outcome gives what a step has ended with, as those are told who observe it: ErrNull is no fault.
func outcome(err error) error {
	if err == ErrNull { //nolint:errorlint // it is never wrapped
		return nil
	}
	return err
}
