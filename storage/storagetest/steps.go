package storagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/storage"
)

// put writes steps of a workflow.
func put(t *testing.T, s *storage.Store, workflowID string, steps ...storage.WorkflowStep) {
	t.Helper()
	inTx(t, s, func(tx storage.Tx) error {
		for _, step := range steps {
			if err := s.PutStep(t.Context(), tx, workflowID, step); err != nil {
				return err
			}
		}
		return nil
	})
}

func stepsAreOrdered(t *testing.T, s *storage.Store) {
	create(t, s, workflow("w-1"))
	create(t, s, workflow("w-2"))
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 1000, time.UTC) }
	step := func(name string, position int, undo bool, began int) storage.WorkflowStep {
		return storage.WorkflowStep{Name: name, Position: position, Undo: undo, State: storage.StepDone, Attempts: 1, StartedAt: at(began), EndedAt: at(began + 1)}
	}
	reserve, pay, order := step("reserve", 0, false, 1), step("pay", 1, false, 2), step("order", 2, false, 3)
	order.State, order.Fault = storage.StepFailed, json.RawMessage(`{"code": "SOURCE_FAILED"}`)
	unorder, unpay, unreserve := step("order", 2, true, 4), step("pay", 1, true, 4), step("reserve", 0, true, 4) // in the same moment
	stuck := unpay
	stuck.State, stuck.Attempts, stuck.EndedAt, stuck.Fault = storage.StepStuck, 7, time.Time{}, json.RawMessage(`{}`)

	put(t, s, "w-1", order, unreserve, stuck, pay, unorder, reserve)
	put(t, s, "w-1", unpay) // in place of what was stuck
	put(t, s, "w-2", reserve)
	got, err := s.Steps(t.Context(), "w-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]storage.WorkflowStep{reserve, pay, order, unorder, unpay, unreserve}, got); diff != "" {
		t.Error(diff)
	}
	err = s.InTx(t.Context(), func(tx storage.Tx) error { return s.PutStep(t.Context(), tx, "none", reserve) })
	if err == nil {
		t.Error("a step of no workflow was written")
	}
}

func oldWorkflowsGo(t *testing.T, s *storage.Store) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 6 {
		w := workflow(fmt.Sprint(i))
		w.CreatedAt = start
		if i < 5 { // the last one runs
			w.State, w.EndedAt = storage.Completed, start.Add(time.Duration(5-i)*time.Hour)
		}
		create(t, s, w)
		put(t, s, w.ID, storage.WorkflowStep{Name: "reserve", State: storage.StepDone, StartedAt: start})
	}
	prune := func(before time.Duration, want ...string) {
		t.Helper()
		ids, err := s.PruneWorkflows(t.Context(), start.Add(before), 2)
		slices.Sort(ids)
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("before %v: %v went; %v", before, ids, err)
		}
	}
	prune(time.Hour)
	prune(2*time.Hour, "4")
	prune(9*time.Hour, "2", "3")
	prune(9*time.Hour, "0", "1")
	prune(9 * time.Hour)
	for i := range 6 {
		w, err := s.Workflow(t.Context(), fmt.Sprint(i))
		if err != nil || (w != nil) != (i == 5) {
			t.Errorf("workflow %d: %v, %v", i, w, err)
		}
		steps, err := s.Steps(t.Context(), fmt.Sprint(i))
		if err != nil || (len(steps) == 1) != (i == 5) {
			t.Errorf("workflow %d: %d steps; %v", i, len(steps), err)
		}
	}
	create(t, s, workflow("0")) // its key is free again
}
