package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/storage"
)

var someone = storage.Actor{Issuer: "https://issuer.example", Subject: "customer-1"}

// workflow makes one that runs.
func workflow(id string) storage.Workflow {
	return storage.Workflow{ID: id, Kind: "placeorder", Owner: someone, Key: "key-" + id, Input: json.RawMessage(`{}`), State: storage.Running, Executor: "executor-1"}
}

// create adds a workflow that must be new.
func create(t *testing.T, s *storage.Store, w storage.Workflow, events ...storage.Event) {
	t.Helper()
	existing, err := s.CreateWorkflow(t.Context(), w, events)
	if err != nil || existing != nil {
		t.Fatalf("got %+v, %v", existing, err)
	}
}

// read gives a workflow that must be there.
func read(t *testing.T, s *storage.Store, id string) storage.Workflow {
	t.Helper()
	w, err := s.Workflow(t.Context(), id)
	if err != nil || w == nil {
		t.Fatalf("workflow %s: got %v, %v", id, w, err)
	}
	return *w
}

func workflowsComeBack(t *testing.T, s *storage.Store) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 5, 678901000, time.UTC) }
	sent := storage.Workflow{
		ID: "w-ü", Kind: "placeorder", Owner: someone, Key: "k ☂", Input: json.RawMessage(`{"b": 1, "a": [1.50, "\u0000"]}`), InputHash: [32]byte{0: 1, 5: 0, 31: 255},
		State: storage.Running, Executor: "executor-1", TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Baggage: "tenant=acme",
		CreatedAt: at(1), UpdatedAt: at(1),
	}
	create(t, s, sent, event("workflow/w-ü"), event("customer/customer-1"))
	if diff := cmp.Diff(sent, read(t, s, sent.ID)); diff != "" {
		t.Error(diff)
	}
	if events := allEvents(t, s); len(events) != 2 {
		t.Errorf("%d events were added with it", len(events))
	}

	changed := sent
	changed.State, changed.CancelRequested, changed.Subject = storage.Stuck, true, "Order:o-12"
	changed.Result, changed.Fault = json.RawMessage(`{"order": "o-12"}`), json.RawMessage(`{"code": "SOURCE_FAILED"}`)
	changed.UpdatedAt, changed.EndedAt, changed.StuckSince = at(2), at(3), at(4)
	save := func(w storage.Workflow) {
		inTx(t, s, func(tx storage.Tx) error { return s.SaveWorkflow(t.Context(), tx, &w) })
	}
	other := changed
	other.Kind, other.Owner.Subject, other.Key, other.Executor, other.Input, other.CreatedAt = "x", "x", "x", "x", nil, at(9)
	save(other) // of which these stay as they were
	if diff := cmp.Diff(changed, read(t, s, sent.ID)); diff != "" {
		t.Error(diff)
	}
	save(sent)
	if diff := cmp.Diff(sent, read(t, s, sent.ID)); diff != "" {
		t.Error(diff)
	}

	before := time.Now().Add(-time.Minute)
	create(t, s, workflow("w-2"))
	if w := read(t, s, "w-2"); w.CreatedAt.Before(before) || !w.UpdatedAt.Equal(w.CreatedAt) {
		t.Errorf("it was created at %v and changed at %v", w.CreatedAt, w.UpdatedAt)
	}
}

func keysAreUnique(t *testing.T, s *storage.Store) {
	first := workflow("w-1")
	create(t, s, first, event("a"))

	again := workflow("w-2")
	again.Key, again.InputHash = first.Key, [32]byte{1}
	existing, err := s.CreateWorkflow(t.Context(), again, []storage.Event{event("a")})
	if err != nil || existing == nil || existing.ID != "w-1" || existing.InputHash != first.InputHash {
		t.Errorf("got %+v, %v", existing, err)
	}
	if events := allEvents(t, s); len(events) != 1 {
		t.Errorf("there are %d events", len(events))
	}

	for i, change := range []func(w *storage.Workflow){
		func(w *storage.Workflow) { w.Kind = "cancelorder" },
		func(w *storage.Workflow) { w.Owner.Subject = "customer-2" },
		func(w *storage.Workflow) { w.Owner.Issuer = "https://other.example" },
		func(w *storage.Workflow) { w.Key = "other" },
		func(w *storage.Workflow) { w.Key = "" },
		func(w *storage.Workflow) { w.Key = "" },
	} {
		w := workflow(fmt.Sprintf("w-%d", 10+i))
		w.Key = first.Key
		change(&w)
		create(t, s, w)
	}
	for _, key := range []string{"new", ""} {
		same := workflow("w-1")
		same.Key = key
		if existing, err := s.CreateWorkflow(t.Context(), same, nil); err == nil {
			t.Errorf("a second one with the id was made, or is %+v", existing)
		}
	}
}

func keysAreUniqueAtOnce(t *testing.T, s *storage.Store) {
	var created atomic.Int64
	ids := make([]string, 20)
	var running sync.WaitGroup
	for i := range ids {
		running.Go(func() {
			w := workflow(fmt.Sprintf("w-%d", i))
			w.Key = "the one"
			existing, err := s.CreateWorkflow(t.Context(), w, []storage.Event{event("a")})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = w.ID
			if existing != nil {
				ids[i] = existing.ID
				return
			}
			created.Add(1)
		})
	}
	running.Wait()
	if n := created.Load(); n != 1 || len(slices.Compact(ids)) != 1 {
		t.Errorf("%d were made, and the key led to %v", n, ids)
	}
	if events := allEvents(t, s); len(events) != 1 {
		t.Errorf("there are %d events", len(events))
	}
}

func workflowsAreLocked(t *testing.T, s *storage.Store) {
	w := workflow("w-1")
	w.Result = json.RawMessage(`0`)
	create(t, s, w)
	const atOnce, each = 6, 15
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for range each {
				err := s.InTx(t.Context(), func(tx storage.Tx) error {
					w, err := s.WorkflowTx(t.Context(), tx, "w-1")
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(string(w.Result))
					if err != nil {
						return err
					}
					w.Result = json.RawMessage(strconv.Itoa(n + 1))
					return errors.Join(s.SaveWorkflow(t.Context(), tx, w), s.Append(t.Context(), tx, []storage.Event{event("a")}))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if got := read(t, s, "w-1").Result; string(got) != strconv.Itoa(atOnce*each) {
		t.Errorf("of %d changes, %s are left", atOnce*each, got)
	}
}

func workflowsAreFound(t *testing.T, s *storage.Store) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, state := range []storage.WorkflowState{storage.Running, storage.Stuck, storage.Completed, storage.Completed, storage.Failed} {
		w := workflow(strconv.Itoa(i))
		w.State, w.CreatedAt = state, start.Add(time.Duration(i)*time.Hour)
		w.Subject = fmt.Sprintf("Order:%d", i/2)
		if i == 3 {
			w.Kind, w.Executor, w.Owner = "cancelorder", "executor-2", storage.Actor{Subject: "operator"}
		}
		create(t, s, w)
	}
	cases := map[string]struct {
		filter storage.WorkflowFilter
		want   []string
	}{
		"all":             {storage.WorkflowFilter{}, []string{"4", "3", "2", "1", "0"}},
		"the newest":      {storage.WorkflowFilter{Limit: 2}, []string{"4", "3"}},
		"the next":        {storage.WorkflowFilter{Limit: 2, Before: start.Add(3 * time.Hour)}, []string{"2", "1"}},
		"a state":         {storage.WorkflowFilter{States: []storage.WorkflowState{storage.Stuck}}, []string{"1"}},
		"several states":  {storage.WorkflowFilter{States: []storage.WorkflowState{storage.Running, storage.Completed}}, []string{"3", "2", "0"}},
		"a kind":          {storage.WorkflowFilter{Kind: "cancelorder"}, []string{"3"}},
		"an executor":     {storage.WorkflowFilter{Executor: "executor-1"}, []string{"4", "2", "1", "0"}},
		"an owner":        {storage.WorkflowFilter{Owner: &storage.Actor{Subject: "operator"}}, []string{"3"}},
		"nobody":          {storage.WorkflowFilter{Owner: &storage.Actor{}}, nil},
		"all that is one": {storage.WorkflowFilter{States: []storage.WorkflowState{storage.Completed}, Kind: "placeorder", Executor: "executor-1", Owner: &someone, Before: start.Add(9 * time.Hour), Limit: 9}, []string{"2"}},
	}
	for reason, c := range cases {
		found, err := s.Workflows(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, w := range found {
			ids = append(ids, w.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: got %v", reason, ids)
		}
	}
	counts, err := s.CountWorkflows(t.Context())
	if diff := cmp.Diff(map[storage.WorkflowState]int64{storage.Running: 1, storage.Stuck: 1, storage.Completed: 2, storage.Failed: 1}, counts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	completed, err := s.Workflows(t.Context(), storage.WorkflowFilter{States: []storage.WorkflowState{storage.Completed, storage.Failed}})
	if err != nil || len(completed) != 3 {
		t.Fatal(completed, err)
	}
	if oldest, err := s.OldestWorkflow(t.Context(), storage.Completed, storage.Failed); err != nil || !oldest.Equal(completed[2].CreatedAt) {
		t.Errorf("the oldest is of %v, %v, want %v", oldest, err, completed[2].CreatedAt)
	}
	if oldest, err := s.OldestWorkflow(t.Context(), storage.Undoing); err != nil || !oldest.IsZero() {
		t.Errorf("there is none, and the oldest is of %v, %v", oldest, err)
	}
	for kind, want := range map[string]string{"placeorder": "2", "cancelorder": "3"} {
		if w, err := s.WorkflowBySubject(t.Context(), kind, "Order:1"); err != nil || w == nil || w.ID != want {
			t.Errorf("of the order, the newest %s is %+v, %v", kind, w, err)
		}
	}
	if w, err := s.WorkflowBySubject(t.Context(), "placeorder", "Order:0"); err != nil || w == nil || w.ID != "1" {
		t.Errorf("the newest is %+v, %v", w, err)
	}
}

func absenceIsSaid(t *testing.T, s *storage.Store) {
	ctx := t.Context()
	if w, err := s.Workflow(ctx, "none"); w != nil || err != nil {
		t.Errorf("got %v, %v", w, err)
	}
	if w, err := s.WorkflowBySubject(ctx, "placeorder", "none"); w != nil || err != nil {
		t.Errorf("got %v, %v", w, err)
	}
	create(t, s, workflow("w-1"))
	if w, err := s.WorkflowBySubject(ctx, "placeorder", ""); w != nil || err != nil {
		t.Errorf("for no subject, got %v, %v", w, err)
	}
	none := workflow("none")
	err := s.InTx(ctx, func(tx storage.Tx) error {
		if w, err := s.WorkflowTx(ctx, tx, "none"); w != nil || err != nil {
			t.Errorf("got %v, %v", w, err)
		}
		return s.SaveWorkflow(ctx, tx, &none)
	})
	if !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("saving it: %v", err)
	}
	if err := s.RequestCancel(ctx, "none", event("a")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("cancelling it: %v", err)
	}
	if ok, err := s.ClaimWorkflow(ctx, "none", "a", "b"); ok || err != nil {
		t.Errorf("claiming it: %v, %v", ok, err)
	}
	if steps, err := s.Steps(ctx, "none"); len(steps) != 0 || err != nil {
		t.Errorf("its steps: %v, %v", steps, err)
	}
	if events := allEvents(t, s); len(events) != 0 {
		t.Errorf("events were added: %+v", events)
	}
}

func claimsAreExclusive(t *testing.T, s *storage.Store) {
	create(t, s, workflow("w-1"))
	var claimed atomic.Int64
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			ok, err := s.ClaimWorkflow(t.Context(), "w-1", "executor-1", fmt.Sprintf("claimant-%d", i))
			if err != nil {
				t.Error(err)
			}
			if ok {
				claimed.Add(1)
			}
		})
	}
	running.Wait()
	if n := claimed.Load(); n != 1 || read(t, s, "w-1").Executor == "executor-1" {
		t.Errorf("it was claimed %d times, and is of %s", n, read(t, s, "w-1").Executor)
	}
}
