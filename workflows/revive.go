package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

// revive has the engine below carry out a run again that it has given up.
func (o *Operator) revive(ctx context.Context, r seen) error {
	if r.status == dbos.WorkflowStatusError || strings.HasPrefix(r.row.Executor, held) {
		return o.replay(ctx, r)
	}
	if _, err := dbos.ResumeWorkflow[struct{}](o.client, r.row.ID); err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	return nil
}

// held is what the name of a run's executor begins with while an operator moves the run, so that no process looks after it meanwhile.
const held = "operator:"

// replay has the engine below carry out a run again that has failed there, for which it has no word: a copy of the run, without the step that
// failed, takes its place. What was interrupted is gone on with by the next retry.
func (o *Operator) replay(ctx context.Context, r seen) error {
	id, parked := r.row.ID, r.row.ID+"-parked"
	executor := strings.TrimPrefix(r.row.Executor, held)
	if executor == r.row.Executor {
		claimed, err := o.store.ClaimWorkflow(ctx, id, executor, held+executor)
		if err != nil {
			return err
		}
		if !claimed {
			return errors.New("another process has just taken the workflow over: ask again")
		}
	}
	if dropped(r.status) {
		if err := o.remove(parked); err != nil {
			return err
		}
		if err := o.move(id, parked, "parked"); err != nil { // on whose queue nobody works
			return err
		}
	}
	now, err := o.status(id)
	if err == nil && now == "" {
		now, err = o.status(parked)
		if err == nil && now != "" {
			err = o.move(parked, id, "")
		}
	}
	if err == nil {
		err = o.remove(parked)
	}
	if err != nil {
		return err
	}
	_, err = o.store.ClaimWorkflow(ctx, id, held+executor, executor)
	return err
}

// move gives a run of the engine below another id, without the step that it failed with.
func (o *Operator) move(of, to, queue string) error {
	steps, err := dbos.GetWorkflowSteps(o.client, of)
	if err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	from := 0
	for _, s := range steps {
		if s.StepID >= from {
			from = s.StepID + 1
			if s.Error != nil && s.StepName != "DBOS.recv" { // one that was waited for in vain is no failure
				from = s.StepID
			}
		}
	}
	_, err = dbos.ForkWorkflow[struct{}](o.client, dbos.ForkWorkflowInput{
		OriginalWorkflowID: of, ForkedWorkflowID: to, StartStep: uint(from), QueueName: queue,
	})
	if err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	return o.remove(of)
}

// remove deletes a run of the engine below, if there is one.
func (o *Operator) remove(id string) error {
	if err := dbos.DeleteWorkflows(o.client, []string{id}); err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	return nil
}
