package workflows_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// carried notes the baggage that calls carry. It is safe for concurrent use.
type carried struct {
	mu  sync.Mutex
	all []string
}

// note has a call note its baggage, and then do something else.
func (c *carried) note(name string, then act) act {
	return func(ctx context.Context, do func()) error {
		c.mu.Lock()
		c.all = append(c.all, name+" "+upstream.RequestOf(ctx).Baggage)
		c.mu.Unlock()
		return then(ctx, do)
	}
}

func (c *carried) noted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

func does(_ context.Context, do func()) error {
	do()
	return nil
}

// TestBaggageGoesWithTheRun: all steps and undoings carry what the request has carried, whichever process carries them out.
func TestBaggageGoesWithTheRun(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		url   func(*testing.T) storage.URL
		leave func(*testing.T, *workflowstest.Process[errand])
	}{
		"after a process has died, by the next one": {workflowstest.File, func(_ *testing.T, p *workflowstest.Process[errand]) { p.End() }},
		"adopted from a process that has died": {func(t *testing.T) storage.URL { return storage.URL(storagetest.Postgres(t)) }, func(t *testing.T, p *workflowstest.Process[errand]) {
			if err := p.Engine.Die(workflowstest.Patience); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url, o, d, seen := c.url(t), workflowstest.Options(t), newDesk(nil), &carried{}
			o.Wait, o.Lease = 0, 2*time.Second
			d.acts["a"] = []act{seen.note("a", does)}
			d.acts["b"] = []act{seen.note("b", d.waits("b", nil)), seen.note("b", fails(fault.PreconditionFailed))}
			d.acts["undo b"], d.acts["undo a"] = []act{seen.note("undo b", does)}, []act{seen.note("undo a", does)}
			p := workflowstest.Begin(t, url, o, d.errands("a b"))
			run, err := p.Runner.Start(upstream.WithRequest(t.Context(), upstream.Request{Baggage: "tenant=acme"}), ada, "key", errand{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			workflowstest.Await(t, d.began, "the second step")
			c.leave(t, p)
			until(t, workflowstest.Begin(t, url, o, d.errands("a b")), run.ID, "workflow.ended")
			want := []string{"a tenant=acme", "b tenant=acme", "b tenant=acme", "undo b tenant=acme", "undo a tenant=acme"}
			if got := seen.noted(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestBaggageOfARunThatNeverBegan: the process has died when there was no more than its row.
func TestBaggageOfARunThatNeverBegan(t *testing.T) {
	t.Parallel()
	d, seen, o := newDesk(nil), &carried{}, workflowstest.Options(t)
	o.Lease = 400 * time.Millisecond
	d.acts["a"] = []act{seen.note("a", does)}
	p := workflowstest.Begin(t, workflowstest.File(t), o, d.errands("a"))
	input, err := json.Marshal(errand{})
	if err != nil {
		t.Fatal(err)
	}
	row := storage.Workflow{
		ID: "lost", Kind: "errand", Owner: ada, Key: "key", Input: input, InputHash: sha256.Sum256(input), State: workflows.Running,
		Executor: workflows.Alone, Result: input, Baggage: "tenant=acme", CreatedAt: time.Now().Add(-time.Hour),
	}
	if existing, err := p.Store.CreateWorkflow(t.Context(), row, nil); existing != nil || err != nil {
		t.Fatal(existing, err)
	}
	until(t, p, "lost", "workflow.ended")
	if got := seen.noted(); !slices.Equal(got, []string{"a tenant=acme"}) {
		t.Errorf("got %q", got)
	}
}
