package workflows_test

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestDefects: a workflow that panics where nothing can be undone for it does not end the process. Its run is stuck, and goes on once the defect
// is mended.
func TestDefects(t *testing.T) {
	t.Parallel()
	panics := func(errand) []workflows.Event { panic("a defect") }
	for reason, spoil := range map[string]func(*workflows.Workflow[errand]){
		"what a step tells":     func(w *workflows.Workflow[errand]) { w.Steps[0].Done = panics },
		"what the run tells":    func(w *workflows.Workflow[errand]) { w.Events = panics },
		"what the run is about": func(w *workflows.Workflow[errand]) { w.Subject = func(errand) string { panic("a defect") } },
		"a topic that is none": func(w *workflows.Workflow[errand]) {
			w.Events = func(errand) []workflows.Event { return []workflows.Event{{Kind: "told", Topic: ""}} }
		},
		"a payload that cannot be kept": func(w *workflows.Workflow[errand]) {
			w.Events = func(errand) []workflows.Event {
				return []workflows.Event{{Kind: "told", Topic: "all", Payload: func() {}}}
			}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDesk(nil)
			w := d.errands("a b")
			spoil(&w)
			url, o := workflowstest.File(t), workflowstest.Options(t)
			o.Wait, o.Lease = 0, 400*time.Millisecond
			p := workflowstest.Begin(t, url, o, w)
			run := start(t, p, "key")
			until(t, p, run.ID, "workflow.stuck")
			stuck, err := p.Runner.Find(t.Context(), run.ID)
			if err != nil || stuck.State != workflows.Stuck || stuck.Fault == nil || stuck.Fault.Cause == "" {
				t.Errorf("the run is %+v, %v", stuck, err)
			}
			p.End()
			p = workflowstest.Begin(t, url, o, d.errands("a b"))
			workflowstest.Operate(t, url, func(ctx context.Context, o *workflows.Operator) error { return o.Retry(ctx, run.ID) })
			until(t, p, run.ID, "workflow.ended")
			ended, err := p.Runner.Find(t.Context(), run.ID)
			if err != nil || ended.State != workflows.Completed || !slices.Equal(d.made(), []string{"a", "b"}) {
				t.Errorf("the run is %+v, %v, after %q", ended, err, d.made())
			}
		})
	}
}

// TestStorageFails: the run goes on when the storage works again, without an operator if the storage could not even keep that it failed.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	d, goOn := newDesk(nil), make(chan struct{})
	d.acts["b"] = []act{d.waits("b", goOn)}
	url, o := workflowstest.File(t), workflowstest.Options(t)
	o.Wait, o.Lease = 0, 400*time.Millisecond
	seen := make(chan struct{}, 1)
	o.Log = slog.New(watched{Handler: o.Log.Handler(), message: "Error recording workflow outcome", seen: seen})
	p := workflowstest.Begin(t, url, o, d.errands("a b c"))
	run := start(t, p, "key")
	workflowstest.Await(t, d.began, "the second step")
	path, _ := strings.CutPrefix(string(url), "sqlite:")
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TRIGGER no_steps BEFORE INSERT ON operation_outputs BEGIN SELECT RAISE(ABORT, 'as it were, the disk is full'); END")
	exec("CREATE TRIGGER no_status BEFORE UPDATE ON workflow_status BEGIN SELECT RAISE(ABORT, 'as it were, the disk is full'); END")
	close(goOn)
	workflowstest.Await(t, seen, "the engine to give up")
	exec("DROP TRIGGER no_steps")
	exec("DROP TRIGGER no_status")
	until(t, p, run.ID, "workflow.ended")
	ended, err := p.Runner.Find(t.Context(), run.ID)
	if err != nil || ended.State != workflows.Completed || !slices.Equal(d.made(), []string{"a", "b", "b", "c"}) {
		t.Errorf("the run is %+v, %v, after %q", ended, err, d.made())
	}
}

// watched tells when something is logged.
type watched struct {
	slog.Handler
	message string
	seen    chan struct{}
}

// Handle logs a record.
func (w watched) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == w.message {
		select {
		case w.seen <- struct{}{}:
		default:
		}
	}
	return w.Handler.Handle(ctx, r)
}

// WithAttrs gives the handler with attributes.
func (w watched) WithAttrs(attrs []slog.Attr) slog.Handler {
	w.Handler = w.Handler.WithAttrs(attrs)
	return w
}

// WithGroup gives the handler with a group.
func (w watched) WithGroup(name string) slog.Handler {
	w.Handler = w.Handler.WithGroup(name)
	return w
}
