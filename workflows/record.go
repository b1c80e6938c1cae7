package workflows

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/storage"
)

// payloadVersion is the version of what events of runs hold.
const payloadVersion = 1

// The kinds of events that are told of a run, under its Topic. They are kept in the log, so they must not change.
const (
	KindStarted       = "workflow.started"
	KindStepDone      = "step.done"
	KindStepRefused   = "step.refused"
	KindStepFailed    = "step.failed"
	KindStepUndone    = "step.undone"
	KindStepStuck     = "step.stuck"
	KindStepAbandoned = "step.abandoned"   // an operator gave it up
	KindStuck         = "workflow.stuck"   // it was interrupted too often
	KindRetried       = "operator.retried" // an operator had it go on
	KindCancelled     = "operator.cancelled"
	KindEnded         = "workflow.ended" // nothing comes after it
)

// happened is what an event tells of a run.
type happened struct {
	Workflow string                `json:"workflow"`
	State    storage.WorkflowState `json:"state"` // of the run, from then on
	Step     string                `json:"step,omitempty"`
	Fault    *Fault                `json:"fault,omitempty"`
	Subject  string                `json:"subject,omitempty"`
}

// Topic gives what the events of a run are told under.
func Topic(id string) string { return storage.WorkflowTopic(id) }

// endOf is the signal that a run has ended.
func endOf(id string) string { return "end/" + id }

// record keeps what became of a step, or of its undoing, and tells of it; with Completed as the state that follows, the run has ended. It says
// whether an operator wants the run called off.
func (s *saga[S]) record(i int, undo bool, out *outcome[S], next storage.WorkflowState) (cancelled bool, err error) {
	step := &s.workflow.Steps[i]
	row := storage.WorkflowStep{
		Name: step.Name, Position: i, Undo: undo, Attempts: out.Attempts, StartedAt: out.StartedAt, EndedAt: out.EndedAt, State: storage.StepDone,
	}
	told := s.events(step, undo, out)
	kind := KindStepDone
	switch {
	case out.Refused:
		row.State, kind = storage.StepRefused, KindStepRefused
	case out.Fault != nil:
		row.State, kind = storage.StepFailed, KindStepFailed
		if undo || s.gaveUp {
			kind = KindStepAbandoned
		}
	case undo:
		kind = KindStepUndone
	}
	return s.save("record-"+step.Name, func(w *storage.Workflow) ([]storage.Event, *storage.WorkflowStep) {
		row.Fault = encoded(out.Fault)
		w.StuckSince = time.Time{}
		switch next {
		case Refused, Failed:
			w.State, w.Fault = Undoing, encoded(out.Fault)
		case Completed:
			s.finish(w, Completed, nil)
		default:
			w.State = next
		}
		events := []storage.Event{s.event(kind, happened{State: w.State, Step: step.Name, Fault: out.Fault, Subject: w.Subject})}
		events = append(events, told...)
		if next == Completed {
			events = append(events, s.ending(w)...)
		}
		return events, &row
	})
}

// recordStuck keeps that a step, or its undoing, keeps failing, and tells the operator.
func (s *saga[S]) recordStuck(i int, undo bool, out *outcome[S]) error {
	step := &s.workflow.Steps[i]
	_, err := s.save("stuck-"+step.Name, func(w *storage.Workflow) ([]storage.Event, *storage.WorkflowStep) {
		w.State, w.StuckSince, w.Fault = Stuck, time.Now().UTC(), encoded(out.Fault)
		row := &storage.WorkflowStep{
			Name: step.Name, Position: i, Undo: undo, State: storage.StepStuck, Attempts: out.Attempts,
			StartedAt: out.StartedAt, EndedAt: out.EndedAt, Fault: encoded(out.Fault),
		}
		return []storage.Event{s.event(KindStepStuck, happened{State: Stuck, Step: step.Name, Fault: out.Fault, Subject: w.Subject})}, row
	})
	if err == nil {
		s.engine.meters.stuck(s.ctx, s.workflow.Name)
		s.engine.options.Log.ErrorContext(s.ctx, "a workflow is stuck: see what its fault says, then `mainstem workflows retry` or `cancel` it",
			slog.String("workflow", s.workflow.Name), slog.String("id", s.run.ID), slog.String("step", step.Name), slog.Bool("undo", undo),
			slog.String("fault", fmt.Sprint(out.Fault.Error())), slog.String("cause", out.Fault.Cause))
	}
	return err
}

// end keeps that the run has ended without being completed.
func (s *saga[S]) end(v verdict) error {
	_, err := s.save("end", func(w *storage.Workflow) ([]storage.Event, *storage.WorkflowStep) {
		s.finish(w, v.state, v.fault)
		return s.ending(w), nil
	})
	return err
}

func (s *saga[S]) finish(w *storage.Workflow, state storage.WorkflowState, f *Fault) {
	if s.gaveUp {
		state = Abandoned
	}
	w.State, w.Fault, w.EndedAt = state, encoded(f), time.Now().UTC()
}

// ending gives the last events of a run.
func (s *saga[S]) ending(w *storage.Workflow) []storage.Event {
	events := []storage.Event{s.event(KindEnded, happened{State: w.State, Fault: decodeFault(w.Fault), Subject: w.Subject})}
	if w.State == Completed && s.workflow.Events != nil {
		events = append(events, s.tell(s.workflow.Events(s.value))...)
	}
	return events
}

// save changes the run's row, and keeps a step and events with it, in one transaction that the engine runs once. It says whether an operator
// wants the run called off.
func (s *saga[S]) save(name string, change func(*storage.Workflow) ([]storage.Event, *storage.WorkflowStep)) (cancelled bool, err error) {
	store, ended := s.engine.store, storage.WorkflowState("")
	var began time.Time // not if it was done before
	cancelled, err = dbos.RunAsTransaction(s.ctx, s.engine.source, func(ctx context.Context, tx dbos.Tx) (bool, error) {
		began = time.Now()
		w, err := store.WorkflowTx(ctx, tx, s.run.ID)
		if err != nil {
			return false, err
		}
		if w == nil {
			return false, fmt.Errorf("the row of the workflow %s is gone", s.run.ID)
		}
		if s.workflow.Subject != nil {
			w.Subject = s.workflow.Subject(s.value)
		}
		w.Result, w.UpdatedAt = encoded(s.value), time.Now().UTC()
		events, step := change(w)
		if step != nil {
			if err := store.PutStep(ctx, tx, s.run.ID, *step); err != nil {
				return false, err
			}
		}
		if err := store.SaveWorkflow(ctx, tx, w); err != nil {
			return false, err
		}
		if ended = ""; w.State.Ended() {
			ended = w.State
			if err := store.Notify(ctx, tx, endOf(s.run.ID)); err != nil {
				return false, err
			}
		}
		return w.CancelRequested, store.Append(ctx, tx, events) // last: it holds the log's lock until the commit
	}, dbos.WithStepName(name))
	if !began.IsZero() {
		store.Transacted(s.ctx, began, err)
	}
	if err != nil {
		return false, err
	}
	if ended != "" {
		s.engine.meters.ended(s.ctx, s.workflow.Name, ended)
		store.Notified(endOf(s.run.ID))
		s.engine.options.Log.InfoContext(s.ctx, "workflow: it has ended", slog.String("workflow", s.workflow.Name), slog.String("id", s.run.ID), slog.String("state", string(ended)))
	}
	return cancelled, nil
}

// events gives what a step has the log tell of it.
func (s *saga[S]) events(step *Step[S], undo bool, out *outcome[S]) []storage.Event {
	switch {
	case !out.done():
		return nil
	case undo && step.Undone != nil:
		return s.tell(step.Undone(s.value))
	case !undo && step.Done != nil:
		return s.tell(step.Done(s.value))
	}
	return nil
}

func (s *saga[S]) tell(list []Event) []storage.Event {
	events := make([]storage.Event, len(list))
	for i, e := range list {
		events[i] = s.engine.event(s.run.Owner, s.run.Trace, e)
	}
	return events
}

func (s *saga[S]) event(kind string, h happened) storage.Event {
	h.Workflow = s.workflow.Name
	return s.engine.event(s.run.Owner, s.run.Trace, Event{Kind: kind, Topic: Topic(s.run.ID), Payload: h})
}

// encoded gives v as JSON; nothing for nothing.
func encoded(v any) json.RawMessage {
	if f, ok := v.(*Fault); ok && f == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a workflow's state must be JSON: %v", err)) // which Add has tried
	}
	return b
}
