package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/storage"
)

// Standing is what can be done about a run.
type Standing string

// The standings of runs.
const (
	Over      Standing = "over"      // it has ended: there is nothing to do
	UnderWay  Standing = "under way" // it goes forward by itself, and can be called off
	Returning Standing = "returning" // it is being undone by itself: there is nothing to do
	Waiting   Standing = "waiting"   // it is stuck at a step, and waits to be told
	Dropped   Standing = "dropped"   // nobody works on it: it was interrupted too often, or the storage failed it
)

// What an operator cannot do. Errors of Operator's methods are one of these, or the storage's.
var (
	ErrNoRun    = errors.New("there is no such workflow")
	ErrEnded    = errors.New("the workflow has ended")
	ErrNotStuck = errors.New("the workflow is not stuck: it is tried again by itself")
	ErrUndoing  = errors.New("the workflow is being undone already")
	ErrMoving   = errors.New("a retry of the workflow was interrupted: retry it again first")
)

// operatorActor is who did it, in the event log, if it was an operator on the command line.
var operatorActor = storage.Actor{Subject: "operator"}

// Operator tells runs what to do, beside the processes that carry them out. What it tells is kept: if none of them is there, it is obeyed once
// one is. It is safe for concurrent use.
type Operator struct {
	store  *storage.Store
	client dbos.Client
}

// NewOperator makes an operator on a storage, until ctx ends, which must be before the storage is closed. It fails if no engine has ever run on
// the storage, or one of another version.
func NewOperator(ctx context.Context, store *storage.Store) (*Operator, error) {
	var parts dbos.Config
	store.Configure(&parts)
	client, err := dbos.NewClient(ctx, dbos.ClientConfig{ // it is never shut down, which would close the storage's pool; it ends with ctx
		AppName: application, Logger: slog.New(slog.DiscardHandler), SystemDBPool: parts.SystemDBPool, SQLiteSystemDB: parts.SQLiteSystemDB,
		SystemDBStartupTimeout: 10 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	return &Operator{store: store, client: client}, nil
}

// Standing gives what can be done about a run now.
func (o *Operator) Standing(ctx context.Context, id string) (Standing, error) {
	r, err := o.look(ctx, id)
	return r.standing, err
}

// Retry has a stuck run try again at once: within a second where a process carries it out. One that the engine below has given up is carried
// out again, from where it was.
func (o *Operator) Retry(ctx context.Context, id string) error {
	r, err := o.look(ctx, id)
	switch {
	case err != nil:
		return err
	case r.standing == Over:
		return ErrEnded
	case r.standing == UnderWay, r.standing == Returning:
		return ErrNotStuck
	case r.standing == Dropped:
		if err := o.revive(ctx, r); err != nil {
			return err
		}
	}
	return o.change(ctx, id, func(tx storage.Tx, w *storage.Workflow) (events []storage.Event, err error) {
		if r.standing == Waiting {
			err = dbos.Send(o.client, id, operatorRetries, operatorTopic, dbos.WithSendTransaction(tx))
		}
		return []storage.Event{happening(w, KindRetried)}, err
	})
}

// Cancel calls a run off. One that goes forward is undone after its present step, unless it is past the point of no return. One that is stuck
// gives up the step, or the undoing, that it is stuck at, and goes on with the others: it ends as ABANDONED, and somebody has to mend by hand
// what was given up. One that the engine below has given up ends as ABANDONED where it is: nothing more is done or undone.
func (o *Operator) Cancel(ctx context.Context, id string) error {
	r, err := o.look(ctx, id)
	switch {
	case err != nil:
		return err
	case r.standing == Over:
		return ErrEnded
	case r.standing == Returning:
		return ErrUndoing
	case r.standing == Dropped && !dropped(r.status):
		return ErrMoving
	}
	return o.change(ctx, id, func(tx storage.Tx, w *storage.Workflow) ([]storage.Event, error) {
		switch {
		case w.State.Ended():
			return nil, ErrEnded
		case r.standing == Dropped:
			w.State, w.EndedAt, w.StuckSince = Abandoned, time.Now().UTC(), time.Time{}
			w.UpdatedAt = w.EndedAt
			events := []storage.Event{happening(w, KindCancelled), happening(w, KindEnded)}
			return events, errors.Join(o.store.SaveWorkflow(ctx, tx, w), o.store.Notify(ctx, tx, endOf(id)))
		case r.standing == Waiting:
			err := dbos.Send(o.client, id, cancelOf(r.stuck.Name, r.stuck.Undo), operatorTopic, dbos.WithSendTransaction(tx))
			return []storage.Event{happening(w, KindCancelled)}, err
		case w.State == Undoing:
			return nil, ErrUndoing
		default:
			w.CancelRequested, w.UpdatedAt = true, time.Now().UTC()
			return []storage.Event{happening(w, KindCancelled)}, o.store.SaveWorkflow(ctx, tx, w)
		}
	})
}

// seen is a run as an operator sees it.
type seen struct {
	row      *storage.Workflow
	standing Standing
	stuck    storage.WorkflowStep    // what it is stuck at, if it is Waiting
	status   dbos.WorkflowStatusType // how it stands with the engine below; empty if that does not know it
}

func (o *Operator) look(ctx context.Context, id string) (seen, error) {
	w, err := o.store.Workflow(ctx, id)
	switch {
	case err != nil:
		return seen{}, err
	case w == nil:
		return seen{}, ErrNoRun
	case w.State.Ended():
		return seen{row: w, standing: Over}, nil
	}
	r := seen{row: w, standing: UnderWay} // unless it turns out to be something else; also when it was told to go on
	if r.status, err = o.status(id); err != nil {
		return seen{}, err
	}
	steps, err := o.store.Steps(ctx, id)
	if err != nil {
		return seen{}, err
	}
	at := slices.IndexFunc(steps, func(s storage.WorkflowStep) bool { return s.State == storage.StepStuck })
	switch {
	case dropped(r.status), strings.HasPrefix(w.Executor, held):
		r.standing = Dropped
	case w.State == Stuck && at >= 0:
		r.standing, r.stuck = Waiting, steps[at]
	case w.State == Undoing:
		r.standing = Returning
	}
	return r, nil
}

// status gives how a run stands with the engine below; nothing if that does not know it.
func (o *Operator) status(id string) (dbos.WorkflowStatusType, error) {
	known, err := dbos.ListWorkflows(o.client, dbos.WithFilterWorkflowIDs(id), dbos.WithFilterLoadInput(false), dbos.WithFilterLoadOutput(false))
	if err != nil {
		return "", fmt.Errorf("workflows: %w", err)
	}
	if len(known) == 0 {
		return "", nil
	}
	return known[0].Status, nil
}

// dropped says whether the engine below has given up a run of ours, which never fails by itself.
func dropped(status dbos.WorkflowStatusType) bool {
	switch status {
	case dbos.WorkflowStatusMaxRecoveryAttemptsExceeded, dbos.WorkflowStatusError, dbos.WorkflowStatusCancelled:
		return true
	default:
		return false
	}
}

// change reads a run's row, has it changed, and tells what happened to it, in one transaction.
func (o *Operator) change(ctx context.Context, id string, change func(storage.Tx, *storage.Workflow) ([]storage.Event, error)) error {
	var ended bool
	err := o.store.InTx(ctx, func(tx storage.Tx) error {
		w, err := o.store.WorkflowTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if w == nil {
			return ErrNoRun
		}
		events, err := change(tx, w)
		if err != nil {
			return err
		}
		ended = w.State.Ended()
		if err := o.store.Notify(ctx, tx, Topic(id)); err != nil {
			return err
		}
		return o.store.Append(ctx, tx, events) // last: it holds the log's lock until the commit
	})
	if err != nil {
		return err
	}
	o.store.Notified(Topic(id))
	if ended {
		o.store.Notified(endOf(id))
	}
	return nil
}

// happening gives what the log tells of what an operator did.
func happening(w *storage.Workflow, kind string) storage.Event {
	return storage.Event{
		Kind: kind, Topic: Topic(w.ID), Actor: operatorActor, Version: payloadVersion,
		Payload: encoded(happened{Workflow: w.Kind, State: w.State, Fault: decodeFault(w.Fault), Subject: w.Subject}),
	}
}
