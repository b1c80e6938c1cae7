package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
)

// departures is the signal that a process has given its runs up.
const departures = "departures"

// open are the states of runs that have not ended.
var open = []storage.WorkflowState{Running, Undoing, Stuck}

// renew renews this process's lease until ctx ends. It does nothing else, so that nothing else makes it late.
func (e *Engine) renew(ctx context.Context) {
	beat := time.NewTicker(e.options.Lease / 4)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
		if err := e.store.Renew(ctx, e.id, e.options.Lease); err != nil && ctx.Err() == nil {
			e.options.Log.ErrorContext(ctx, "this process's lease could not be renewed: others may adopt its workflows", slog.Any("error", err))
		}
	}
}

// keepAlive adopts the runs of processes that did not renew their leases until ctx ends, and mends what a crash left half begun or half ended.
func (e *Engine) keepAlive(ctx context.Context) {
	wake, stop := e.store.Watch(departures)
	defer stop()
	beat, hourly := time.NewTicker(e.options.Lease/4), time.NewTicker(time.Hour)
	defer beat.Stop()
	defer hourly.Stop()
	e.tend(ctx)
	e.forget(ctx)
	for {
		select {
		case <-beat.C:
		case <-hourly.C:
			e.forget(ctx)
		case <-wake:
		case <-ctx.Done():
			return
		}
		e.tend(ctx)
	}
}

// tend does what keepAlive does once.
func (e *Engine) tend(ctx context.Context) {
	var err error
	if e.store.Shared() {
		err = e.store.Expired(ctx, e.id, e.adopt)
	}
	if err == nil {
		err = e.mend(ctx)
	}
	if err != nil && ctx.Err() == nil {
		e.options.Log.ErrorContext(ctx, "the workflows' storage fails: runs go on when it is back", slog.Any("error", err))
	}
}

// forgotten is how many runs are deleted at once.
const forgotten = 200

// forget deletes events and ended runs that are older than they are to be kept.
func (e *Engine) forget(ctx context.Context) {
	err := func() error {
		if keep := e.options.KeepRuns; keep > 0 {
			for ids := make([]string, forgotten); len(ids) == forgotten; {
				var err error
				if ids, err = e.store.PruneWorkflows(ctx, time.Now().Add(-keep), forgotten); err != nil {
					return err
				}
				if len(ids) > 0 {
					if err := dbos.DeleteWorkflows(e.dbos, ids); err != nil {
						return err
					}
				}
			}
		}
		if keep := e.options.KeepEvents; keep > 0 {
			_, err := e.store.Prune(ctx, time.Now().Add(-keep))
			return err
		}
		return nil
	}()
	if err != nil && ctx.Err() == nil {
		e.options.Log.ErrorContext(ctx, "what is too old could not be deleted from the storage; it is tried again in an hour", slog.Any("error", err))
	}
}

// adopt takes over the runs of a process that is gone.
func (e *Engine) adopt(ctx context.Context, executor string) error {
	pending, err := dbos.ListWorkflows(e.dbos, dbos.WithFilterExecutorIDs(executor), dbos.WithFilterStatus(dbos.WorkflowStatusPending),
		dbos.WithFilterLoadInput(false), dbos.WithFilterLoadOutput(false))
	if err != nil {
		return fmt.Errorf("list the runs of %s: %w", executor, err)
	}
	ids := make([]string, len(pending))
	for i, p := range pending {
		ids[i] = p.ID
	}
	if len(ids) > 0 {
		if _, err := dbos.ResumeWorkflows[struct{}](e.dbos, ids); err != nil {
			return fmt.Errorf("adopt the runs of %s: %w", executor, err)
		}
	}
	for { // those that are claimed are not found again
		begun, err := e.store.Workflows(ctx, storage.WorkflowFilter{States: open, Executor: executor})
		if err != nil {
			return err
		}
		if len(begun) == 0 {
			break
		}
		for _, w := range begun {
			if _, err := e.store.ClaimWorkflow(ctx, w.ID, executor, e.id); err != nil {
				return err
			}
		}
	}
	e.options.Log.InfoContext(ctx, "adopted the workflows of a process that is gone", slog.String("executor", executor), slog.Int("runs", len(ids)))
	return nil
}

// mendPage is how many runs mend looks at with one question.
const mendPage = 200

// mend looks after the runs of this process that have not ended. It begins those that have a row and were never begun, since a process died in
// between; goes on with those that nobody works on, since the storage failed when they stopped, or who took them up died while it was taken for dead
// already; and marks those as stuck that the engine below has given up, since they met a defect or keep killing the process.
func (e *Engine) mend(ctx context.Context) error {
	leases, err := e.store.Executors(ctx)
	if err != nil {
		return err
	}
	before := time.Now().Add(-e.options.Lease / 4)
	for {
		runs, err := e.store.Workflows(ctx, storage.WorkflowFilter{States: open, Executor: e.id, Before: before, Limit: mendPage})
		if err != nil || len(runs) == 0 {
			return err
		}
		if err := e.mendThese(ctx, runs, leases); err != nil {
			return err
		}
		before = runs[len(runs)-1].CreatedAt
	}
}

func (e *Engine) mendThese(ctx context.Context, runs []storage.Workflow, leases []string) error {
	ids := make([]string, len(runs))
	for i, w := range runs {
		ids[i] = w.ID
	}
	list, err := dbos.ListWorkflows(e.dbos, dbos.WithFilterWorkflowIDs(ids...), dbos.WithFilterLoadInput(false))
	if err != nil {
		return fmt.Errorf("list runs: %w", err)
	}
	known := make(map[string]*dbos.WorkflowStatus, len(list))
	for i := range list {
		known[list[i].ID] = &list[i]
	}
	for i := range runs {
		w := &runs[i]
		k := known[w.ID]
		switch {
		case k == nil:
			e.launch(w)
		case dropped(k.Status):
			why := string(k.Status)
			if k.Error != nil {
				why += ": " + k.Error.Error()
			}
			err = errors.Join(err, e.giveUp(ctx, w.ID, why))
		case k.Status == dbos.WorkflowStatusPending && (k.ExecutorID == e.id && !e.works(w.ID) || !slices.Contains(leases, k.ExecutorID)):
			if _, failed := dbos.ResumeWorkflow[struct{}](e.dbos, w.ID); failed != nil {
				err = errors.Join(err, fmt.Errorf("go on with the run %s: %w", w.ID, failed))
			}
		default: // it is under way
		}
	}
	return err
}

// giveUp marks a run as stuck that the engine below does not carry out any more. `mainstem workflows retry` has it do so again.
func (e *Engine) giveUp(ctx context.Context, id, why string) error {
	kind := "" // of the run, if it is marked
	err := e.store.InTx(ctx, func(tx storage.Tx) error {
		w, err := e.store.WorkflowTx(ctx, tx, id)
		if err != nil || w == nil || w.State.Ended() || w.State == Stuck {
			return err
		}
		f := &Fault{Code: fault.Internal, Message: "It met a defect or a storage that failed, or was interrupted too often.", Cause: why[:min(len(why), maxCause)]}
		w.State, w.StuckSince, w.Fault = Stuck, time.Now().UTC(), encoded(f)
		w.UpdatedAt = w.StuckSince
		if err := e.store.SaveWorkflow(ctx, tx, w); err != nil {
			return err
		}
		kind = w.Kind
		event := e.event(w.Owner, w.TraceParent, Event{Kind: KindStuck, Topic: Topic(id), Payload: happened{Workflow: w.Kind, State: Stuck, Fault: f}})
		return e.store.Append(ctx, tx, []storage.Event{event})
	})
	if err == nil && kind != "" {
		e.meters.stuck(ctx, kind)
		e.options.Log.ErrorContext(ctx, "a workflow is not carried out any more, and is stuck: see why, then `mainstem workflows retry` or `cancel` it",
			slog.String("id", id), slog.String("why", why))
	}
	return err
}

// leave gives up the runs of this process, for others that share the storage to adopt at once.
func (e *Engine) leave(ctx context.Context) error {
	if !e.store.Shared() {
		return nil
	}
	if err := e.store.Release(ctx, e.id); err != nil {
		return err
	}
	return e.store.InTx(ctx, func(tx storage.Tx) error { return e.store.Notify(ctx, tx, departures) })
}
