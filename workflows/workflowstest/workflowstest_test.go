package workflowstest_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

var update = flag.Bool("update", false, "write the table of outcomes anew")

// move is the state of a made-up workflow: furniture is packed, carried, and unpacked elsewhere, and paid for in between.
type move struct {
	Rooms   int    `json:"rooms"`
	Price   int    `json:"price,omitempty"`
	Van     string `json:"van,omitempty"`
	Payment string `json:"payment,omitempty"`
}

// firm does what moves ask for, once for each key. It is safe for concurrent use.
type firm struct {
	mu     sync.Mutex
	did    map[string]string // what was done, by its key
	undone map[string]bool   // what was undone, or may not be done any more, by its key
	twice  []string
}

var errUndone = fault.New(fault.Conflict, "It was undone.")

// do does something once.
func (f *firm) do(key, what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.undone[key] {
		return errUndone
	}
	if _, did := f.did[key]; did {
		return nil
	}
	for _, other := range f.did {
		if other == what {
			f.twice = append(f.twice, what)
		}
	}
	f.did[key] = what
	return nil
}

// undo takes back what was done under a key.
func (f *firm) undo(_ context.Context, _, doKey string, _ move) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.did, doKey)
	f.undone[doKey] = true
	return nil
}

// books gives what does not balance.
func (f *firm) books(end storage.WorkflowState) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	wrong := slices.Clone(f.twice)
	want := 0
	if end == workflows.Completed {
		want = 4
	}
	if len(f.did) != want {
		wrong = append(wrong, fmt.Sprintf("%d things are done after %s, want %d: %v", len(f.did), end, want, f.did))
	}
	return wrong
}

// moving declares the workflow.
func (f *firm) moving() workflows.Workflow[move] {
	return workflows.Workflow[move]{Name: "move", Steps: []workflows.Step[move]{
		{Name: "price", Do: func(_ context.Context, _ string, m move) (move, error) {
			if m.Rooms == 0 {
				return m, workflows.ErrRefused
			}
			m.Price = 100 * m.Rooms
			return m, nil
		}},
		{Name: "book", Undo: f.undo, Do: func(_ context.Context, key string, m move) (move, error) {
			m.Van = "van of " + key
			return m, f.do(key, "book")
		}},
		{Name: "pay", Undo: f.undo, Do: func(_ context.Context, key string, m move) (move, error) {
			m.Payment = "payment of " + key
			return m, f.do(key, "pay")
		}},
		{Name: "pack", Must: true, Do: func(_ context.Context, key string, m move) (move, error) { return m, f.do(key, "pack") }},
		{Name: "unpack", Do: func(_ context.Context, key string, m move) (move, error) { return m, f.do(key, "unpack") }},
	}}
}

// TestRun examines a workflow.
func TestRun(t *testing.T) {
	t.Parallel()
	workflowstest.Run(t, workflowstest.Examined[move]{
		Golden: "testdata/move.md", Update: *update,
		Begin: func(*testing.T) workflowstest.Beginning[move] {
			f := &firm{did: map[string]string{}, undone: map[string]bool{}}
			return workflowstest.Beginning[move]{
				Workflow: f.moving(), Input: move{Rooms: 3}, Owner: storage.Actor{Issuer: "https://issuer.test", Subject: "ada"}, Books: f.books,
			}
		},
	})
}
