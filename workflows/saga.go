package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
)

// saga is one run of a workflow, in the process that carries it out. This file alone knows in which order things are done and undone:
//
//	the steps in their order → COMPLETED
//	a step is refused, or fails for good → every step that was begun is undone, the last first, that one included → REFUSED or FAILED
//	an undoing, or a step that must be done, keeps failing → STUCK, and tried ever more rarely → an operator may give it up → ABANDONED
//
// After a crash the engine runs this code again from the beginning, and gives what it has kept in place of what was done before. All that is
// decided here therefore depends on what is kept, and on nothing else.
type saga[S any] struct {
	ctx      dbos.Context
	engine   *Engine
	workflow *Workflow[S]
	run      request
	value    S
	begun    int  // how many steps were
	gaveUp   bool // whether an operator gave something up
}

// request is what the engine keeps of a run's beginning.
type request struct {
	Kind    string // the workflow's name
	ID      string
	Owner   storage.Actor
	Trace   string          // the traceparent of the client's request
	Baggage string          // what of the request's baggage services are told
	Value   json.RawMessage // the state to begin from
}

// outcome is what the engine keeps of a step or an undoing.
type outcome[S any] struct {
	Value     S
	Refused   bool
	Fault     *Fault // nil unless it failed
	Stuck     bool   // it failed so often, or so surely, that an operator is told if it has to be done
	Attempts  int
	StartedAt time.Time
	EndedAt   time.Time
}

func (o *outcome[S]) done() bool { return o.Fault == nil && !o.Refused }

// verdict is how a run ends, unless an operator gives something up; or that it goes on, which is Running.
type verdict struct {
	state storage.WorkflowState
	fault *Fault
}

// carryOut runs the saga to its end. It fails only if the engine does, or is stopped: the run goes on later then.
func (s *saga[S]) carryOut() error {
	v, err := s.forward()
	if err != nil || v.state == Completed {
		return err
	}
	if err := s.backward(); err != nil {
		return err
	}
	return s.end(v)
}

// forward carries out steps until there are no more, or one turns the run back. The record of the last one ends the run.
func (s *saga[S]) forward() (verdict, error) {
	insist := false
	for i, step := range s.workflow.Steps {
		s.begun = i + 1
		insist = insist || step.Must
		out, err := s.settle(i, false, insist)
		if err != nil {
			return verdict{}, err
		}
		s.value = out.Value
		v := verdict{state: Running}
		switch {
		case !insist && out.Refused:
			v.state = Refused
		case !insist && out.Fault != nil:
			v = verdict{state: Failed, fault: out.Fault}
		case i == len(s.workflow.Steps)-1:
			v.state = Completed
		}
		cancelled, err := s.record(i, false, &out, v.state)
		if err != nil || v.state != Running {
			return v, err
		}
		if cancelled && !insist {
			return verdict{state: Failed, fault: &Fault{Code: fault.Conflict, Message: "An operator called it off."}}, nil
		}
	}
	return verdict{state: Completed}, nil
}

// backward undoes the steps that were begun, the last first: also one that failed, since it may have been done all the same.
func (s *saga[S]) backward() error {
	for i := s.begun - 1; i >= 0; i-- {
		if s.workflow.Steps[i].Undo == nil {
			continue
		}
		out, err := s.settle(i, true, true)
		if err != nil {
			return err
		}
		if _, err := s.record(i, true, &out, Undoing); err != nil {
			return err
		}
	}
	return nil
}

// settle carries out a step, or its undoing. If it insists, it does not come back before that is done, or an operator has given it up.
func (s *saga[S]) settle(i int, undo, insist bool) (outcome[S], error) {
	s.engine.reaches(s.run.ID, nameOf(s.workflow.Steps[i].Name, undo))
	out, err := s.attempt(i, undo, 1)
	stuck := false
	for round := 1; err == nil && insist && !out.done(); round++ {
		if out.Refused {
			out.Refused, out.Fault = false, &Fault{Code: fault.PreconditionFailed, Message: "It was refused, and has to be done."}
		}
		if !stuck && out.Stuck {
			if err := s.recordStuck(i, undo, &out); err != nil {
				return out, err
			}
			stuck = true
		}
		var told string
		if told, err = s.pause(round); err != nil {
			return out, err
		}
		if told == cancelOf(s.workflow.Steps[i].Name, undo) {
			s.gaveUp = true
			return out, nil
		}
		out, err = s.attempt(i, undo, round+1)
	}
	return out, err
}

// nameOf gives what a step, or its undoing, is called.
func nameOf(step string, undo bool) string {
	if undo {
		return "undo-" + step
	}
	return step
}

// attempt carries out a step, or its undoing, as one durable step of the engine: with retries, and once only if its outcome is kept. The rounds
// after which it is stuck are settled here, since what is kept must not mean something else after they were configured anew.
func (s *saga[S]) attempt(i int, undo bool, round int) (outcome[S], error) {
	step := &s.workflow.Steps[i]
	name, retry := nameOf(step.Name, undo), s.engine.options.Retry
	key := s.run.ID + "-" + step.Name
	before := encoded(s.value)
	return dbos.RunAsStep(s.ctx, func(ctx context.Context) (outcome[S], error) {
		out := outcome[S]{Value: s.value, StartedAt: time.Now().UTC()}
		ctx, span := s.engine.observeStep(ctx, &s.run, name)
		failed, attempts, err := retry.try(ctx, func(ctx context.Context) error {
			// Each attempt gets what is kept of the state: what it would get after a crash, and nothing that another attempt has changed.
			var value S
			if err := json.Unmarshal(before, &value); err != nil {
				return fault.Wrap(fault.Internal, fmt.Errorf("the state before the step %s: %w", step.Name, err))
			}
			if undo {
				return step.Undo(ctx, s.run.ID+"-undo-"+step.Name, key, value)
			}
			value, err := step.Do(ctx, key, value)
			refused := errors.Is(err, ErrRefused)
			if err != nil && !refused {
				return err
			}
			learned, err := asKept(value)
			if err != nil {
				return fault.Wrap(fault.Internal, fmt.Errorf("the state after the step %s cannot be kept: %w", step.Name, err))
			}
			out.Value, out.Refused = learned, refused
			return nil
		})
		out.Attempts, out.EndedAt = attempts, time.Now().UTC()
		if failed != nil {
			out.Fault = kept(failed)
		}
		out.Stuck = out.Refused || failed != nil && (!failed.Retryable() || round >= s.engine.options.StuckAfter)
		span.end(failed, err)
		if err == nil {
			s.engine.meters.step(ctx, s.workflow.Name, name, out.EndedAt.Sub(out.StartedAt), attempts, out.Fault)
		}
		return out, err
	}, dbos.WithStepName(name))
}

// asKept gives a state as it is after it was kept.
func asKept[S any](value S) (kept S, err error) {
	b, err := json.Marshal(value)
	if err != nil {
		return kept, err
	}
	err = json.Unmarshal(b, &kept)
	return kept, err
}

// What an operator can tell a run that is stuck.
const (
	operatorTopic   = "operator"
	operatorRetries = "retry"
	operatorCancels = "cancel" // with what is given up: see cancelOf
)

// cancelOf gives what tells a run to give up a step, or its undoing, and nothing else: a run that was faster is not made to give up what it is
// stuck at next.
func cancelOf(step string, undo bool) string {
	return operatorCancels + " " + nameOf(step, undo)
}

// pause waits until it is time for the next round, and gives what an operator says meanwhile, which ends it at once.
func (s *saga[S]) pause(round int) (string, error) {
	told, err := dbos.Recv[string](s.ctx, operatorTopic, s.engine.options.Rounds.wait(round, &fault.Error{}))
	if s.ctx.Err() == nil && errors.Is(err, dbos.ErrTimeout) {
		return "", nil
	}
	return told, err
}
