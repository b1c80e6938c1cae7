package workflows

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/storage"
)

// Start begins a run with a state to begin from, once for each key of its owner, and waits for its end: as long as the options say, and not
// longer than ctx has less reserve. The run does not depend on ctx. If the owner has used the key before, with the same state, it
// gives that run, which may have ended long ago.
//
// It fails with CONFLICT if the key was used with another state, and with faults of the storage.
func (r *Runner[S]) Start(ctx context.Context, owner storage.Actor, key string, begin S, reserve time.Duration) (*Run[S], error) {
	input := encoded(begin)
	e := r.engine
	w := storage.Workflow{
		ID: strings.ToLower(rand.Text()), Kind: r.workflow.Name, Owner: owner, Key: key, Input: input, InputHash: sha256.Sum256(input),
		State: Running, Executor: e.id, Result: input, TraceParent: traceparent(ctx), Baggage: upstream.RequestOf(ctx).Baggage, CreatedAt: time.Now().UTC(),
	}
	began := e.event(owner, w.TraceParent, Event{Kind: KindStarted, Topic: Topic(w.ID), Payload: happened{Workflow: w.Kind, State: Running}})
	known, err := e.store.CreateWorkflow(ctx, w, []storage.Event{began})
	switch {
	case err != nil:
		return nil, storageFault(err)
	case known == nil:
		e.meters.start(ctx, w.Kind)
		e.launch(&w)
		known = &w
	case known.InputHash != w.InputHash:
		return nil, fault.New(fault.Conflict, "This idempotency key was used before, with another input. Use a new key for a new request.")
	}
	return r.wait(ctx, known, reserve)
}

// wait gives a run when it has ended, or when there is no more time to wait.
func (r *Runner[S]) wait(ctx context.Context, w *storage.Workflow, reserve time.Duration) (*Run[S], error) {
	patience := r.engine.options.Wait
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)-reserve)
	}
	wake, stop := r.engine.store.Watch(endOf(w.ID))
	defer stop()
	enough := time.NewTimer(patience)
	defer enough.Stop()
	defer live.Await(ctx, w.Kind, func() (string, time.Time) { return r.engine.at(w.ID) })()
	for {
		now, err := r.engine.store.Workflow(ctx, w.ID)
		if err != nil {
			return nil, storageFault(err)
		}
		if now == nil {
			return nil, fault.New(fault.NotFound, "What became of it is not kept any more.")
		}
		if now.State.Ended() {
			return r.whole(ctx, now)
		}
		select {
		case <-wake:
		case <-enough.C:
			return r.whole(ctx, now)
		case <-ctx.Done():
			return nil, fault.Wrap(fault.DeadlineExceeded, context.Cause(ctx))
		}
	}
}

// Find gives a run by its id; nil if there is none of this workflow.
func (r *Runner[S]) Find(ctx context.Context, id string) (*Run[S], error) {
	w, err := r.engine.store.Workflow(ctx, id)
	if err != nil {
		return nil, storageFault(err)
	}
	if w == nil || w.Kind != r.workflow.Name {
		return nil, nil
	}
	return r.whole(ctx, w)
}

// FindBySubject gives the newest run that made or changed something, such as "Order:o-12"; nil if there is none of this workflow.
func (r *Runner[S]) FindBySubject(ctx context.Context, subject string) (*Run[S], error) {
	w, err := r.engine.store.WorkflowBySubject(ctx, r.workflow.Name, subject)
	if err != nil {
		return nil, storageFault(err)
	}
	if w == nil {
		return nil, nil
	}
	return r.whole(ctx, w)
}

// whole gives a run with its steps.
func (r *Runner[S]) whole(ctx context.Context, w *storage.Workflow) (*Run[S], error) {
	run := &Run[S]{
		ID: w.ID, Owner: w.Owner, State: w.State, Fault: decodeFault(w.Fault), CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, EndedAt: w.EndedAt,
	}
	if err := json.Unmarshal(w.Result, &run.Value); err != nil {
		return nil, fault.Wrap(fault.Internal, fmt.Errorf("the state of the workflow %s: %w", w.ID, err))
	}
	steps, err := r.engine.store.Steps(ctx, w.ID)
	if err != nil {
		return nil, storageFault(err)
	}
	for _, s := range steps {
		run.Steps = append(run.Steps, StepRun{
			Name: s.Name, Undo: s.Undo, State: s.State, Attempts: s.Attempts, StartedAt: s.StartedAt, EndedAt: s.EndedAt, Fault: decodeFault(s.Fault),
		})
	}
	return run, nil
}

// Change is something that happened to a run, or to what a topic is about.
type Change struct {
	Seq     int64 // its place in the event log, for going on after it
	At      time.Time
	Kind    string
	Payload json.RawMessage
}

// Follow gives what happened under a topic after a place in the log, and from then on what happens, in order: each thing once. It ends with ctx,
// without an error, and after an error of the storage.
func (e *Engine) Follow(ctx context.Context, topic string, after int64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for event, err := range e.store.Follow(ctx, topic, after) {
			if err != nil {
				yield(Change{}, storageFault(err))
				return
			}
			if !yield(changeOf(event), nil) {
				return
			}
		}
	}
}

// Past gives what happened under a topic after a place in the log, up to now. It ends with ctx, without an error, and after an error of the storage.
func (e *Engine) Past(ctx context.Context, topic string, after int64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for more := true; more; {
			events, err := e.store.EventsAfter(ctx, topic, after, pastPage)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(Change{}, storageFault(err))
				return
			}
			for _, event := range events {
				after = event.Seq
				if !yield(changeOf(event), nil) {
					return
				}
			}
			more = len(events) == pastPage
		}
	}
}

// pastPage is how many events Past reads at once.
const pastPage = 100

func changeOf(e storage.Event) Change {
	return Change{Seq: e.Seq, At: e.At, Kind: e.Kind, Payload: e.Payload}
}

// Now gives the place of the newest entry of the event log.
func (e *Engine) Now(ctx context.Context) (int64, error) {
	seq, err := e.store.LastSeq(ctx)
	if err != nil {
		return 0, storageFault(err)
	}
	return seq, nil
}

// storageFault gives the fault of a storage that failed. What was asked of it may have been done.
func storageFault(err error) *fault.Error {
	if f := fault.From(err); f.Code == fault.DeadlineExceeded {
		return f
	}
	return fault.Wrap(fault.Overloaded, err)
}
