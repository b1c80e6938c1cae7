package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// WorkflowState is how far a workflow has come.
type WorkflowState string

// The states of a workflow. The last four are its ends.
const (
	Running   WorkflowState = "RUNNING"
	Undoing   WorkflowState = "UNDOING"
	Stuck     WorkflowState = "STUCK"
	Completed WorkflowState = "COMPLETED"
	Refused   WorkflowState = "REFUSED"
	Failed    WorkflowState = "FAILED"
	Abandoned WorkflowState = "ABANDONED"
)

// Ended says whether the state is an end.
func (s WorkflowState) Ended() bool {
	return s == Completed || s == Refused || s == Failed || s == Abandoned
}

// Workflow is a durable operation. Times that have not come are zero.
type Workflow struct {
	ID              string
	Kind            string          // such as "placeorder"
	Owner           Actor           // whose it is
	Key             string          // the owner's name for it: one workflow for each kind, owner and key; empty for none
	Input           json.RawMessage // what it was asked
	InputHash       [32]byte        // by which the same input under the same key is known
	State           WorkflowState
	CancelRequested bool
	Executor        string          // the process that runs it
	Subject         string          // what it made or changed, such as "Order:o-12"
	Result          json.RawMessage // its state as it is now
	Fault           json.RawMessage // why it failed or is stuck
	TraceParent     string
	Baggage         string    // what the request carried beside its trace
	CreatedAt       time.Time // CreateWorkflow sets it, unless it is set
	UpdatedAt       time.Time
	EndedAt         time.Time
	StuckSince      time.Time
}

const workflowColumns = `id, kind, owner_issuer, owner_subject, key, input, input_hash, state, cancel_requested, executor, subject, result, fault, trace_parent, baggage, created_at, updated_at, ended_at, stuck_since`

// WorkflowTopic gives the topic of a workflow's events.
func WorkflowTopic(id string) string { return "workflow/" + id }

// CreateWorkflow adds a workflow with its first events, in one transaction, unless its owner has one of that kind with that key: then that one is
// what it gives, and nothing is changed. An id that another workflow has is an error.
func (s *Store) CreateWorkflow(ctx context.Context, w Workflow, events []Event) (existing *Workflow, err error) {
	if w.CreatedAt.IsZero() {
		w.CreatedAt = time.Now()
	}
	if w.UpdatedAt.IsZero() {
		w.UpdatedAt = w.CreatedAt
	}
	if w.Key != "" { // those who ask again need not wait for a turn to write
		if existing, err = s.workflowByKey(ctx, s.outside(), w); existing != nil || err != nil {
			return existing, err
		}
	}
	err = s.InTx(ctx, func(tx Tx) error {
		result, err := s.in(tx).Exec(ctx, `INSERT INTO mainstem.workflows (`+workflowColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING`,
			w.ID, w.Kind, w.Owner.Issuer, w.Owner.Subject, w.Key, jsonText(w.Input), w.InputHash[:], string(w.State), w.CancelRequested, w.Executor, w.Subject,
			jsonText(w.Result), jsonText(w.Fault), w.TraceParent, w.Baggage, micros(w.CreatedAt), micros(w.UpdatedAt), micros(w.EndedAt), micros(w.StuckSince))
		if err != nil {
			return fmt.Errorf("storage: a workflow cannot be added: %w", err)
		}
		added, err := result.RowsAffected()
		if err != nil {
			return fmt.Errorf("storage: a workflow cannot be added: %w", err)
		}
		if added == 1 {
			return s.Append(ctx, tx, events)
		}
		if w.Key != "" {
			existing, err = s.workflowByKey(ctx, s.in(tx), w)
		}
		if existing == nil && err == nil {
			err = fmt.Errorf("storage: there is a workflow with the id %q already", w.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return existing, nil
}

func (s *Store) workflowByKey(ctx context.Context, q querier, w Workflow) (*Workflow, error) {
	return oneWorkflow(ctx, q, `WHERE kind = $1 AND owner_issuer = $2 AND owner_subject = $3 AND key = $4 AND key <> ''`, w.Kind, w.Owner.Issuer, w.Owner.Subject, w.Key)
}

// Workflow gives a workflow; nil if there is none with that id.
func (s *Store) Workflow(ctx context.Context, id string) (*Workflow, error) {
	return oneWorkflow(ctx, s.outside(), `WHERE id = $1`, id)
}

// WorkflowTx gives a workflow within tx; nil if there is none with that id. Nobody else changes it until tx ends.
func (s *Store) WorkflowTx(ctx context.Context, tx Tx, id string) (*Workflow, error) {
	return oneWorkflow(ctx, s.in(tx), `WHERE id = $1 FOR UPDATE`, id)
}

// WorkflowBySubject gives the newest workflow of a kind that made or changed something; nil if there is none.
func (s *Store) WorkflowBySubject(ctx context.Context, kind, subject string) (*Workflow, error) {
	return oneWorkflow(ctx, s.outside(), `WHERE subject = $1 AND subject <> '' AND kind = $2 ORDER BY created_at DESC, id DESC LIMIT 1`, subject, kind)
}

func oneWorkflow(ctx context.Context, q querier, where string, args ...any) (*Workflow, error) {
	w, err := scanWorkflow(q.QueryRow(ctx, `SELECT `+workflowColumns+` FROM mainstem.workflows `+where, args...).Scan)
	if errors.Is(err, errNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: a workflow cannot be read: %w", err)
	}
	return &w, nil
}

func scanWorkflow(scan func(...any) error) (Workflow, error) {
	var w Workflow
	var state string
	var hash, input, result, fault []byte
	var created, updated, ended, stuck int64
	err := scan(&w.ID, &w.Kind, &w.Owner.Issuer, &w.Owner.Subject, &w.Key, &input, &hash, &state, &w.CancelRequested, &w.Executor, &w.Subject,
		&result, &fault, &w.TraceParent, &w.Baggage, &created, &updated, &ended, &stuck)
	if err != nil {
		return w, err
	}
	if len(hash) != len(w.InputHash) {
		return w, fmt.Errorf("the hash of workflow %s has %d bytes", w.ID, len(hash))
	}
	w.InputHash = [32]byte(hash)
	w.State, w.Input, w.Result, w.Fault = WorkflowState(state), input, result, fault
	w.CreatedAt, w.UpdatedAt, w.EndedAt, w.StuckSince = timeOf(created), timeOf(updated), timeOf(ended), timeOf(stuck)
	return w, nil
}

// SaveWorkflow writes what changes in a workflow: State, CancelRequested, Subject, Result, Fault, UpdatedAt, EndedAt and StuckSince. Read it by
// WorkflowTx in the same transaction, or what others have changed meanwhile is lost. It fails with ErrNotFound.
func (s *Store) SaveWorkflow(ctx context.Context, tx Tx, w *Workflow) error {
	return s.changeOne(ctx, tx, `UPDATE mainstem.workflows SET state = $2, cancel_requested = $3, subject = $4, result = $5, fault = $6, updated_at = $7, ended_at = $8, stuck_since = $9 WHERE id = $1`,
		w.ID, string(w.State), w.CancelRequested, w.Subject, jsonText(w.Result), jsonText(w.Fault), micros(w.UpdatedAt), micros(w.EndedAt), micros(w.StuckSince))
}

// changeOne runs a statement that changes one workflow. It fails with ErrNotFound if it changes none.
func (s *Store) changeOne(ctx context.Context, tx Tx, statement string, args ...any) error {
	result, err := s.in(tx).Exec(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("storage: a workflow cannot be changed: %w", err)
	}
	changed, err := result.RowsAffected()
	if err == nil && changed == 0 {
		return ErrNotFound
	}
	return err
}

// RequestCancel sets CancelRequested and adds events, which say who asked, in one transaction. It fails with ErrNotFound.
func (s *Store) RequestCancel(ctx context.Context, id string, events ...Event) error {
	return s.InTx(ctx, func(tx Tx) error {
		err := s.changeOne(ctx, tx, `UPDATE mainstem.workflows SET cancel_requested = $2 WHERE id = $1`, id, true)
		if err != nil {
			return err
		}
		if err := s.Notify(ctx, tx, WorkflowTopic(id)); err != nil {
			return err
		}
		return s.Append(ctx, tx, events)
	})
}

// ClaimWorkflow makes a workflow of the executor from one of the executor to. It says whether it did: another may have been faster.
func (s *Store) ClaimWorkflow(ctx context.Context, id, from, to string) (bool, error) {
	err := s.InTx(ctx, func(tx Tx) error {
		return s.changeOne(ctx, tx, `UPDATE mainstem.workflows SET executor = $3 WHERE id = $1 AND executor = $2`, id, from, to)
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// WorkflowFilter says which workflows are wanted. What is zero does not matter.
type WorkflowFilter struct {
	States   []WorkflowState // any of these
	Kind     string
	Executor string
	Owner    *Actor
	Before   time.Time // created before: the CreatedAt of the last one of a page gives the next
	Limit    int       // 100 if zero
}

const workflowsPage = 100

// Workflows gives the workflows that fit the filter, the newest first.
func (s *Store) Workflows(ctx context.Context, f WorkflowFilter) ([]Workflow, error) {
	var conditions []string
	var args []any
	where := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, state := range f.States {
			states[i] = string(state)
		}
		where("state IN (?"+strings.Repeat(", ?", len(states)-1)+")", states...)
	}
	if f.Kind != "" {
		where("kind = ?", f.Kind)
	}
	if f.Executor != "" {
		where("executor = ?", f.Executor)
	}
	if f.Owner != nil {
		where("owner_issuer = ? AND owner_subject = ?", f.Owner.Issuer, f.Owner.Subject)
	}
	if !f.Before.IsZero() {
		where("created_at < ?", micros(f.Before))
	}
	statement := `SELECT ` + workflowColumns + ` FROM mainstem.workflows`
	if len(conditions) > 0 {
		statement += ` WHERE ` + strings.Join(conditions, " AND ")
	}
	if f.Limit <= 0 {
		f.Limit = workflowsPage
	}
	args = append(args, f.Limit)
	statement += fmt.Sprintf(` ORDER BY created_at DESC, id DESC LIMIT $%d`, len(args))

	var found []Workflow
	rows, err := s.outside().Query(ctx, statement, args...)
	err = scan(rows, err, func(scan func(...any) error) error {
		w, err := scanWorkflow(scan)
		found = append(found, w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("storage: workflows cannot be read: %w", err)
	}
	return found, nil
}

// CountWorkflows gives how many workflows are in each state that any is in.
func (s *Store) CountWorkflows(ctx context.Context) (map[WorkflowState]int64, error) {
	counts := map[WorkflowState]int64{}
	rows, err := s.outside().Query(ctx, `SELECT state, count(*) FROM mainstem.workflows GROUP BY state`)
	err = scan(rows, err, func(scan func(...any) error) error {
		var state string
		var n int64
		if err := scan(&state, &n); err != nil {
			return err
		}
		counts[WorkflowState(state)] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: workflows cannot be counted: %w", err)
	}
	return counts, nil
}

// OldestWorkflow gives when the oldest workflow was created that is in one of the states, of which there is one or more; zero if none is.
func (s *Store) OldestWorkflow(ctx context.Context, states ...WorkflowState) (created time.Time, err error) {
	places, args := make([]string, len(states)), make([]any, len(states))
	for i, state := range states {
		places[i], args[i] = fmt.Sprintf("$%d", i+1), string(state)
	}
	rows, err := s.outside().Query(ctx, `SELECT COALESCE(min(created_at), 0) FROM mainstem.workflows WHERE state IN (`+strings.Join(places, ", ")+`)`, args...)
	err = scan(rows, err, func(scan func(...any) error) error {
		var at int64
		if err := scan(&at); err != nil {
			return err
		}
		created = timeOf(at)
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("storage: the oldest workflow cannot be read: %w", err)
	}
	return created, nil
}

// PruneWorkflows deletes workflows that ended before a time, with their steps: those that ended first, and at most limit of them. It gives their
// ids.
func (s *Store) PruneWorkflows(ctx context.Context, before time.Time, limit int) ([]string, error) {
	var ids []string
	err := s.InTx(ctx, func(tx Tx) error {
		rows, err := s.in(tx).Query(ctx, `DELETE FROM mainstem.workflows WHERE id IN (
			SELECT id FROM mainstem.workflows WHERE ended_at <> 0 AND ended_at < $1 ORDER BY ended_at, id LIMIT $2) RETURNING id`, micros(before), limit)
		return scan(rows, err, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("storage: old workflows cannot be deleted: %w", err)
	}
	return ids, nil
}
