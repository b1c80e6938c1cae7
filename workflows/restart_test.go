package workflows_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestProcessDiesWithin: who follows the run in both processes is told of each thing once; what was done is not done again.
func TestProcessDiesWithin(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	d.acts["b"] = []act{func(ctx context.Context, do func()) error {
		do() // it takes effect, and the process dies before it is answered
		return d.waits("b", nil)(ctx, nil)
	}}
	url, o := workflowstest.File(t), workflowstest.Options(t)
	o.Wait = 0
	p := workflowstest.Begin(t, url, o, d.errands("a b c"))
	run := start(t, p, "key")
	workflowstest.Await(t, d.began, "the second step")
	told := until(t, p, run.ID, "step.done")
	p.End()

	p = workflowstest.Begin(t, url, o, d.errands("a b c"))
	changes, stop := p.Follow(workflows.Topic(run.ID), told[len(told)-1].Seq)
	defer stop()
	for len(told) < 5 {
		told = append(told, workflowstest.Await(t, changes, "the run's end"))
	}
	if diff := cmp.Diff([]string{"workflow.started", "step.done", "step.done", "step.done", "workflow.ended"}, kindsOf(told)); diff != "" {
		t.Errorf("the log tells something else (- want, + got):\n%s", diff)
	}
	if calls := d.made(); !slices.Equal(calls, []string{"a", "b", "b", "c"}) {
		t.Errorf("was called: %q", calls)
	}
	checkKeys(t, d, run.ID)
}

// TestProcessDiesBeforeTheRunBegins: its row is there, and the engine below knows nothing of it.
func TestProcessDiesBeforeTheRunBegins(t *testing.T) {
	t.Parallel()
	for reason, age := range map[string]time.Duration{"long ago": time.Hour, "just now": 0} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDesk(nil)
			o := workflowstest.Options(t)
			o.Lease = 400 * time.Millisecond
			p := workflowstest.Begin(t, workflowstest.File(t), o, d.errands("a b"))
			input, err := json.Marshal(errand{What: "key"})
			if err != nil {
				t.Fatal(err)
			}
			row := storage.Workflow{
				ID: "lost", Kind: "errand", Owner: ada, Key: "key", Input: input, InputHash: sha256.Sum256(input), State: workflows.Running,
				Executor: workflows.Alone, Result: input, CreatedAt: time.Now().Add(-age),
			}
			if existing, err := p.Store.CreateWorkflow(t.Context(), row, nil); existing != nil || err != nil {
				t.Fatal(existing, err)
			}
			until(t, p, "lost", "workflow.ended")
			if run := start(t, p, "key"); run.ID != "lost" || run.State != workflows.Completed || !slices.Equal(d.made(), []string{"a", "b"}) {
				t.Errorf("the key leads to %+v after %q", run, d.made())
			}
		})
	}
}

// TestProcessDiesWhileStuck: what the rounds came to is known to the next process, which goes on with the next one.
func TestProcessDiesWhileStuck(t *testing.T) {
	t.Parallel()
	d := newDesk(map[string][]act{"b": {refuses}})
	d.acts["undo b"] = append(times(5, fails(fault.SourceUnavailable)), d.waits("undo b", nil))
	url, o := workflowstest.File(t), impatient(t)
	o.Wait = 0
	p := workflowstest.Begin(t, url, o, d.errands("a b"))
	run := start(t, p, "key")
	workflowstest.Await(t, d.began, "the sixth round")
	stuck, err := p.Runner.Find(t.Context(), run.ID)
	if err != nil || stuck.State != workflows.Stuck || codeOf(stuck.Fault) != fault.SourceUnavailable {
		t.Errorf("the run is %+v, %v", stuck, err)
	}
	p.End()
	o.StuckAfter = 100 // settings may change between the two
	p = workflowstest.Begin(t, url, o, d.errands("a b"))
	until(t, p, run.ID, "workflow.ended")
	ended, err := p.Runner.Find(t.Context(), run.ID)
	if err != nil || ended.State != workflows.Refused || len(d.left()) != 0 || !ended.Ended() {
		t.Errorf("the run is %+v, %v; %q is left", ended, err, d.left())
	}
	if calls := strings.Join(d.made(), ", "); calls != "a, b"+strings.Repeat(", undo b", 7)+", undo a" {
		t.Errorf("was called: %s", calls)
	}
}

// TestProcessDiesAfterTheOperatorSpoke: what he said is not lost.
func TestProcessDiesAfterTheOperatorSpoke(t *testing.T) {
	t.Parallel()
	d := newDesk(map[string][]act{"b": {refuses}, "undo b": times(100, fails(fault.Conflict))})
	url, o := workflowstest.File(t), workflowstest.Options(t)
	o.Wait = 0
	p := workflowstest.Begin(t, url, o, d.errands("a b"))
	run := start(t, p, "key")
	until(t, p, run.ID, "step.stuck")
	p.End()
	workflowstest.Operate(t, url, func(ctx context.Context, o *workflows.Operator) error { return o.Cancel(ctx, run.ID) })
	p = workflowstest.Begin(t, url, o, d.errands("a b"))
	until(t, p, run.ID, "workflow.ended")
	ended, err := p.Runner.Find(t.Context(), run.ID)
	if err != nil || ended.State != workflows.Abandoned || !slices.Equal(d.left(), []string{}) && d.left() != nil {
		t.Errorf("the run is %+v, %v; %q is left", ended, err, d.left())
	}
}

// TestCallingOffHasAnEnd: once there is no way back, a run is not called off any more.
func TestCallingOffHasAnEnd(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		at    string // the step within which the operator calls it off
		ends  workflows.State
		calls string
	}{
		"before":           {at: "a", ends: workflows.Failed, calls: "a, undo a"},
		"within the first": {at: "b", ends: workflows.Completed, calls: "a, b, c"},
		"after":            {at: "c", ends: workflows.Completed, calls: "a, b, c"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d, goOn := newDesk(nil), make(chan struct{})
			d.acts[c.at] = []act{d.waits(c.at, goOn)}
			url, o := workflowstest.File(t), workflowstest.Options(t)
			o.Wait = 0
			p := workflowstest.Begin(t, url, o, d.errands("a b! c"))
			run := start(t, p, "key")
			workflowstest.Await(t, d.began, c.at)
			workflowstest.Operate(t, url, func(ctx context.Context, o *workflows.Operator) error { return o.Cancel(ctx, run.ID) })
			close(goOn)
			until(t, p, run.ID, "workflow.ended")
			ended, err := p.Runner.Find(t.Context(), run.ID)
			if err != nil || ended.State != c.ends || strings.Join(d.made(), ", ") != c.calls {
				t.Errorf("the run is %+v, %v, after %q", ended, err, d.made())
			}
		})
	}
}

// TestLargeState: a state of megabytes is kept.
func TestLargeState(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	d.acts["b"] = []act{d.waits("b", nil)}
	url, o := workflowstest.File(t), workflowstest.Options(t)
	p := workflowstest.Begin(t, url, o, d.errands("a b c"))
	begin := errand{Load: strings.Repeat("all that is in it ", 200_000)}
	got := make(chan struct{})
	go func() {
		defer close(got)
		_, _ = p.Runner.Start(t.Context(), ada, "key", begin, 0) // the process dies
	}()
	workflowstest.Await(t, d.began, "the second step")
	p.End()
	<-got
	p = workflowstest.Begin(t, url, o, d.errands("a b c"))
	run, err := p.Runner.Start(t.Context(), ada, "key", begin, 0)
	if err != nil || run.State != workflows.Completed || run.Value.Load != begin.Load {
		t.Errorf("%d bytes of %d are left, %v", len(run.Value.Load), len(begin.Load), err)
	}
}

// TestStateIsWhatIsKept: each step gets what is kept of the state, as it would after a crash, and nothing that an attempt before it has changed.
func TestStateIsWhatIsKept(t *testing.T) {
	t.Parallel()
	w := newDesk(nil).errands("a b")
	attempts := 0
	w.Steps[0].Do = func(_ context.Context, _ string, e errand) (errand, error) {
		if attempts++; attempts == 1 {
			e.Notes[0] = "changed by an attempt that failed"
			return e, fault.New(fault.SourceUnavailable, "")
		}
		e.Unkept, e.Anybody = "this", 7
		return e, nil
	}
	var got errand
	w.Steps[1].Do = func(_ context.Context, _ string, e errand) (errand, error) {
		got = e
		return e, nil
	}
	p := workflowstest.Begin(t, workflowstest.File(t), workflowstest.Options(t), w)
	run, err := p.Runner.Start(t.Context(), ada, "key", errand{Notes: []string{"as it was"}, Unkept: "that"}, 0)
	if err != nil || run.State != workflows.Completed {
		t.Fatal(run, err)
	}
	want := errand{Notes: []string{"as it was"}, Anybody: float64(7)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the second step got another state (- want, + got):\n%s", diff)
	}
}

// TestStateThatCannotBeKept: it is a defect of the step, and what the step did is undone.
func TestStateThatCannotBeKept(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	w := d.errands("a b")
	do := w.Steps[1].Do
	w.Steps[1].Do = func(ctx context.Context, key string, e errand) (errand, error) {
		e, err := do(ctx, key, e)
		e.Anybody = func() {}
		return e, err
	}
	p := workflowstest.Begin(t, workflowstest.File(t), workflowstest.Options(t), w)
	run := start(t, p, "key")
	if run.State != workflows.Failed || codeOf(run.Fault) != fault.Internal || len(d.left()) != 0 {
		t.Errorf("the run is %s with %+v, %q is left", run.State, run.Fault, d.left())
	}
}
