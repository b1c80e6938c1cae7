package workflows_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestProcessesShare: what one process leaves in the middle, another that shares the storage goes on with. Who follows the run there is told of
// each thing once.
func TestProcessesShare(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		lease time.Duration
		leave func(*testing.T, *workflowstest.Process[errand])
	}{
		"when the other's lease is over, since it died": {lease: 2 * time.Second, leave: func(t *testing.T, p *workflowstest.Process[errand]) {
			if err := p.Engine.Die(workflowstest.Patience); err != nil {
				t.Error(err)
			}
		}},
		"at once, when the other stops": {lease: time.Hour, leave: func(_ *testing.T, p *workflowstest.Process[errand]) { p.End() }},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url, o := storage.URL(storagetest.Postgres(t)), workflowstest.Options(t)
			o.Lease, o.Wait = c.lease, 0
			d := newDesk(nil)
			d.acts["b"] = []act{d.waits("b", nil)}
			one := workflowstest.Begin(t, url, o, d.errands("a b c"))
			run := start(t, one, "key")
			workflowstest.Await(t, d.began, "the second step")
			another := workflowstest.Begin(t, url, o, d.errands("a b c"))
			changes, stop := another.Follow(workflows.Topic(run.ID), 0)
			defer stop()
			told := []workflows.Change{workflowstest.Await(t, changes, "the run's beginning"), workflowstest.Await(t, changes, "the first step")}
			c.leave(t, one)
			for len(told) < 5 {
				told = append(told, workflowstest.Await(t, changes, "the run's end"))
			}
			want := []string{"workflow.started", "step.done", "step.done", "step.done", "workflow.ended"}
			if diff := cmp.Diff(want, kindsOf(told)); diff != "" {
				t.Errorf("the log tells something else (- want, + got):\n%s", diff)
			}
			if again := start(t, another, "key"); again.ID != run.ID || again.State != workflows.Completed {
				t.Errorf("in the other process, the key leads to %+v", again)
			}
			if calls := d.made(); !slices.Equal(calls, []string{"a", "b", "b", "c"}) {
				t.Errorf("was called: %q", calls)
			}
		})
	}
}

// TestProcessesShareKeys: whichever process is asked, a key leads to one run, for whose end all wait.
func TestProcessesShareKeys(t *testing.T) {
	t.Parallel()
	url, o := storage.URL(storagetest.Postgres(t)), workflowstest.Options(t)
	d := newDesk(nil)
	processes := make([]*workflowstest.Process[errand], 3)
	for i := range processes {
		processes[i] = workflowstest.Begin(t, url, o, d.errands("a b"))
	}
	ids := make([]string, 30)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			run, err := processes[i%3].Runner.Start(t.Context(), ada, "key", errand{}, 0)
			if err != nil || run.State != workflows.Completed {
				t.Errorf("got %+v, %v", run, err)
				return
			}
			ids[i] = run.ID
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || len(d.made()) != 2 {
		t.Errorf("the key leads to the runs %q, after %q", ids, d.made())
	}
}

// TestProcessesAdoptMany: also runs that the process that is gone never began, and more of them than are looked at at once.
func TestProcessesAdoptMany(t *testing.T) {
	t.Parallel()
	url, o := storage.URL(storagetest.Postgres(t)), workflowstest.Options(t)
	o.Lease = 400 * time.Millisecond
	d := newDesk(nil)
	p := workflowstest.Begin(t, url, o, d.errands("a"))
	input, err := json.Marshal(errand{})
	if err != nil {
		t.Fatal(err)
	}
	const many = 250
	for i := range many {
		row := storage.Workflow{
			ID: fmt.Sprintf("lost%d", i), Kind: "errand", Owner: ada, Key: fmt.Sprintf("key-%d", i), Input: input, InputHash: sha256.Sum256(input),
			State: workflows.Running, Executor: "gone", Result: input, CreatedAt: time.Now().Add(-time.Hour),
		}
		if existing, err := p.Store.CreateWorkflow(t.Context(), row, nil); existing != nil || err != nil {
			t.Fatal(existing, err)
		}
	}
	if err := p.Store.Renew(t.Context(), "gone", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		until(t, p, fmt.Sprintf("lost%d", i), "workflow.ended")
	}
	if n := len(d.made()); n != many {
		t.Errorf("was called %d times, want %d", n, many)
	}
}
