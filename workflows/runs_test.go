package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestRuns: what is called in which order, and how the run ends.
func TestRuns(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		steps string
		acts  map[string][]act
		calls string // separated by commas
		ends  workflows.State
		fault fault.Code
		left  []string
	}{
		"all is done": {steps: "a b c", calls: "a, b, c", ends: workflows.Completed, left: []string{"a", "b", "c"}},
		"a refusal is undone, and what was before it, the last first": {
			steps: "a b c", acts: map[string][]act{"c": {refuses}}, calls: "a, b, c, undo c, undo b, undo a", ends: workflows.Refused,
		},
		"what fails for good is undone, and what was before it": {
			steps: "a b c", acts: map[string][]act{"b": {fails(fault.NotFound)}}, calls: "a, b, undo b, undo a", ends: workflows.Failed, fault: fault.NotFound,
		},
		"what changes nothing is not undone": {
			steps: "a? b c? d", acts: map[string][]act{"d": {refuses}}, calls: "a, b, c, d, undo d, undo b", ends: workflows.Refused, left: []string{"a", "c"},
		},
		"an outage is waited for": {
			steps: "a b", acts: map[string][]act{"b": times(2, fails(fault.SourceUnavailable))}, calls: "a, b, b, b", ends: workflows.Completed,
			left: []string{"a", "b"},
		},
		"an outage is not waited for for ever": {
			steps: "a b", acts: map[string][]act{"b": times(3, fails(fault.SourceUnavailable))}, calls: "a, b, b, b, undo b, undo a",
			ends: workflows.Failed, fault: fault.SourceUnavailable,
		},
		"what is refused after an outage is refused": {
			steps: "a b", acts: map[string][]act{"b": {fails(fault.SourceUnavailable), refuses}}, calls: "a, b, b, undo b, undo a", ends: workflows.Refused,
		},
		"what fails for good after an outage is not tried again": {
			steps: "a b", acts: map[string][]act{"b": {fails(fault.SourceUnavailable), fails(fault.Conflict)}}, calls: "a, b, b, undo b, undo a",
			ends: workflows.Failed, fault: fault.Conflict,
		},
		"what was done and not answered is asked for again": {
			steps: "a b", acts: map[string][]act{"a": {loses(fault.SourceTimeout)}}, calls: "a, a, b", ends: workflows.Completed, left: []string{"a", "b"},
		},
		"what was done and never answered is undone": {
			steps: "a b", acts: map[string][]act{"b": times(3, loses(fault.SourceTimeout))}, calls: "a, b, b, b, undo b, undo a",
			ends: workflows.Failed, fault: fault.SourceTimeout,
		},
		"a defect is no outage": {
			steps: "a b", acts: map[string][]act{"b": {panics}}, calls: "a, b, undo b, undo a", ends: workflows.Failed, fault: fault.Internal,
		},
		"an undoing is tried again": {
			steps: "a b", acts: map[string][]act{"b": {refuses}, "undo b": {fails(fault.SourceUnavailable), loses(fault.SourceTimeout)}},
			calls: "a, b, undo b, undo b, undo b, undo a", ends: workflows.Refused,
		},
		"what must be done is tried again": {
			steps: "a b! c", acts: map[string][]act{"c": times(2, fails(fault.SourceUnavailable))}, calls: "a, b, c, c, c", ends: workflows.Completed,
			left: []string{"a", "b", "c"},
		},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDesk(c.acts)
			run := start(t, begin(t, d, c.steps), "key")
			if calls := strings.Join(d.made(), ", "); calls != c.calls {
				t.Errorf("was called: %s; want: %s", calls, c.calls)
			}
			if run.State != c.ends || run.EndedAt.IsZero() || !run.UpdatedAt.After(run.CreatedAt) {
				t.Errorf("ended as %s at %s, changed at %s; want %s", run.State, run.EndedAt, run.UpdatedAt, c.ends)
			}
			if code := codeOf(run.Fault); code != c.fault {
				t.Errorf("failed with %q, want %q", code, c.fault)
			}
			if left := d.left(); !slices.Equal(left, c.left) {
				t.Errorf("%q is left, want %q", left, c.left)
			}
			checkKeys(t, d, run.ID)
		})
	}
}

func codeOf(f *workflows.Fault) fault.Code {
	if f == nil {
		return ""
	}
	return f.Code
}

// checkKeys checks that each step is asked for, and undone, under one key, which tells it from every other.
func checkKeys(t *testing.T, d *desk, id string) {
	t.Helper()
	for i, call := range d.made() {
		if want := id + "-" + strings.ReplaceAll(call, " ", "-"); d.keys[i] != want {
			t.Errorf("%s was called under the key %q, want %q", call, d.keys[i], want)
		}
	}
}

// TestFaults: what a client may send again is tried again, and nothing else is.
func TestFaults(t *testing.T) {
	t.Parallel()
	acts := map[string][]act{}
	var w workflows.Workflow[errand]
	d := newDesk(acts)
	w = d.errands("a")
	// The first attempt of a run fails with the code that is its key.
	do := w.Steps[0].Do
	w.Steps[0].Do = func(ctx context.Context, key string, e errand) (errand, error) {
		if e.What != "" && len(d.callsOf(key)) == 0 {
			_, _ = do(ctx, key, e)
			return e, fault.New(fault.Code(e.What), "")
		}
		return do(ctx, key, e)
	}
	p := workflowstest.Begin(t, workflowstest.File(t), workflowstest.Options(t), w)
	for _, doc := range fault.Codes {
		run := start(t, p, string(doc.Code))
		want, attempts := workflows.Failed, 1
		if fault.New(doc.Code, "").Retryable() {
			want, attempts = workflows.Completed, 2
		}
		if run.State != want || run.Steps[0].Attempts != attempts {
			t.Errorf("after %s, the run is %s after %d attempts, want %s after %d", doc.Code, run.State, run.Steps[0].Attempts, want, attempts)
		}
	}
}

// callsOf gives the calls under a key.
func (d *desk) callsOf(key string) (calls []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, k := range d.keys {
		if k == key {
			calls = append(calls, d.calls[i])
		}
	}
	return calls
}

// TestAttemptsHaveATime: a call that hangs is given up and made again.
func TestAttemptsHaveATime(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	d.acts["a"] = []act{d.waits("a", nil)}
	o := workflowstest.Options(t)
	o.Retry.Timeout = 50 * time.Millisecond
	p := workflowstest.Begin(t, workflowstest.File(t), o, d.errands("a"))
	run := start(t, p, "key")
	if run.State != workflows.Completed || run.Steps[0].Attempts < 2 {
		t.Errorf("the run is %s, with the steps %+v", run.State, run.Steps)
	}
}

// TestRetryWaits: each time twice as long, up to the longest time; a service that says when to ask again is obeyed, up to that.
func TestRetryWaits(t *testing.T) {
	t.Parallel()
	r := workflows.Retry{First: 100 * time.Millisecond, Max: 5 * time.Second}
	cases := map[string]struct {
		attempt    int
		retryAfter time.Duration
		want       time.Duration
	}{
		"after the first":                          {attempt: 1, want: 100 * time.Millisecond},
		"after the second":                         {attempt: 2, want: 200 * time.Millisecond},
		"after many":                               {attempt: 7, want: 5 * time.Second},
		"after so many that doubling would wrap":   {attempt: 1000, want: 5 * time.Second},
		"the service says when":                    {attempt: 1, retryAfter: 3 * time.Second, want: 3 * time.Second},
		"the service says sooner":                  {attempt: 6, retryAfter: time.Second, want: 3200 * time.Millisecond},
		"the service says much later":              {attempt: 1, retryAfter: time.Hour, want: 5 * time.Second},
		"the service says much later, after many":  {attempt: 9, retryAfter: time.Hour, want: 5 * time.Second},
		"the service says something without sense": {attempt: 1, retryAfter: -time.Hour, want: 100 * time.Millisecond},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := fault.New(fault.RateLimited, "")
			f.RetryAfter = c.retryAfter
			if got := r.Wait(c.attempt, f); got != c.want {
				t.Errorf("waits %s, want %s", got, c.want)
			}
		})
	}
}

// TestRounds: what has to be undone is tried in rounds, and stuck in the third of them, once; it goes on by itself when it can.
func TestRounds(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		code  fault.Code
		fails int
		stuck int
	}{
		"before it is stuck":                  {code: fault.SourceUnavailable, fails: 2, stuck: 0},
		"in the round that it is stuck in":    {code: fault.SourceUnavailable, fails: 3, stuck: 1},
		"long after":                          {code: fault.SourceUnavailable, fails: 9, stuck: 1},
		"what waiting does not heal":          {code: fault.Conflict, fails: 1, stuck: 1},
		"what waiting does not heal for long": {code: fault.Conflict, fails: 5, stuck: 1},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDesk(map[string][]act{"b": {refuses}, "undo b": times(c.fails, fails(c.code))})
			p := workflowstest.Begin(t, workflowstest.File(t), impatient(t), d.errands("a b"))
			run := start(t, p, "key")
			want := "a, b" + strings.Repeat(", undo b", c.fails+1) + ", undo a"
			if calls := strings.Join(d.made(), ", "); calls != want || run.State != workflows.Refused {
				t.Errorf("%s after %s, want %s after %s", run.State, calls, workflows.Refused, want)
			}
			stuck := 0
			for _, kind := range kindsOf(until(t, p, run.ID, "workflow.ended")) {
				if kind == "step.stuck" {
					stuck++
				}
			}
			if stuck != c.stuck {
				t.Errorf("it was stuck %d times, want %d", stuck, c.stuck)
			}
		})
	}
}

// TestLog: what a run tells, under which topics, in which order.
func TestLog(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		acts map[string][]act
		run  []string // under its own topic
		ada  []string // under its owner's
	}{
		"completed": {
			run: []string{"workflow.started", "step.done", "step.done", "workflow.ended"},
			ada: []string{"a was done", "all was done"},
		},
		"refused": {
			acts: map[string][]act{"b": {refuses}},
			run:  []string{"workflow.started", "step.done", "step.refused", "step.undone", "step.undone", "workflow.ended"},
			ada:  []string{"a was done", "a was undone"},
		},
		"failed": {
			acts: map[string][]act{"a": {fails(fault.NotFound)}},
			run:  []string{"workflow.started", "step.failed", "step.undone", "workflow.ended"},
			ada:  []string{"a was undone"},
		},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w := newDesk(c.acts).errands("a b")
			tell := func(kind string) func(errand) []workflows.Event {
				return func(e errand) []workflows.Event {
					return []workflows.Event{{Kind: kind, Topic: "somebody/" + e.What, Payload: e.Notes}}
				}
			}
			w.Steps[0].Done, w.Steps[0].Undone, w.Events = tell("a was done"), tell("a was undone"), tell("all was done")
			w.Subject = func(e errand) string { return "Errand:" + e.What }
			p := workflowstest.Begin(t, workflowstest.File(t), workflowstest.Options(t), w)
			run := start(t, p, "key")
			told := until(t, p, run.ID, "workflow.ended")
			if diff := cmp.Diff(c.run, kindsOf(told)); diff != "" {
				t.Errorf("the log tells something else of the run (- want, + got):\n%s", diff)
			}
			if end := fmt.Sprintf(`"state":"%s"`, run.State); !strings.Contains(string(told[len(told)-1].Payload), end) {
				t.Errorf("the end is told as %s, want %s in it", told[len(told)-1].Payload, end)
			}
			changes, stop := p.Follow("somebody/key", 0)
			defer stop()
			for _, kind := range c.ada {
				if got := workflowstest.Await(t, changes, kind); got.Kind != kind {
					t.Errorf("the log tells %q, want %q", got.Kind, kind)
				}
			}
			found, err := p.Runner.FindBySubject(t.Context(), "Errand:key")
			if err != nil || found == nil || found.ID != run.ID {
				t.Errorf("by its subject, %+v was found, %v", found, err)
			}
		})
	}
}
