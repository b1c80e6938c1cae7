package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// StepState is how a step of a workflow ended, or how it is.
type StepState string

// The states of a step.
const (
	StepDone    StepState = "DONE"
	StepRefused StepState = "REFUSED"
	StepFailed  StepState = "FAILED"
	StepStuck   StepState = "STUCK"
)

// WorkflowStep is what was done, or undone, for a workflow.
type WorkflowStep struct {
	Name      string
	Position  int  // of the step in the workflow's declaration
	Undo      bool // whether this is the undoing of it
	State     StepState
	Attempts  int
	StartedAt time.Time
	EndedAt   time.Time
	Fault     json.RawMessage // why it failed; nil if it did not
}

// PutStep writes a step of a workflow, in place of what was written for the same position and direction.
func (s *Store) PutStep(ctx context.Context, tx Tx, workflowID string, step WorkflowStep) error {
	_, err := s.in(tx).Exec(ctx, `INSERT INTO mainstem.workflow_steps (workflow_id, position, undo, name, state, attempts, started_at, ended_at, fault)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (workflow_id, position, undo) DO UPDATE SET name = excluded.name, state = excluded.state, attempts = excluded.attempts,
			started_at = excluded.started_at, ended_at = excluded.ended_at, fault = excluded.fault`,
		workflowID, step.Position, step.Undo, step.Name, string(step.State), step.Attempts, micros(step.StartedAt), micros(step.EndedAt), jsonText(step.Fault))
	if err != nil {
		return fmt.Errorf("storage: a step cannot be written: %w", err)
	}
	return nil
}

// Steps gives the steps of a workflow in the order in which they began.
func (s *Store) Steps(ctx context.Context, workflowID string) ([]WorkflowStep, error) {
	var steps []WorkflowStep
	rows, err := s.outside().Query(ctx, `SELECT position, undo, name, state, attempts, started_at, ended_at, fault FROM mainstem.workflow_steps
		WHERE workflow_id = $1 ORDER BY started_at, undo, CASE WHEN undo THEN -position ELSE position END`, workflowID)
	err = scan(rows, err, func(scan func(...any) error) error {
		var step WorkflowStep
		var state string
		var started, ended int64
		var fault []byte
		if err := scan(&step.Position, &step.Undo, &step.Name, &state, &step.Attempts, &started, &ended, &fault); err != nil {
			return err
		}
		step.State, step.StartedAt, step.EndedAt, step.Fault = StepState(state), timeOf(started), timeOf(ended), fault
		steps = append(steps, step)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: steps cannot be read: %w", err)
	}
	return steps, nil
}
