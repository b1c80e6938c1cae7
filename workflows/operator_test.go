package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
	"github.com/mainstem/mainstem/workflows"
)

// deed is the state of the workflow that operators are tested with.
type deed struct{ Doomed bool }

// bench is a gateway's engine, and an operator beside it who has opened the same storage as another process does.
type bench struct {
	config   storage.Config
	engine   *workflows.Engine
	runner   *workflows.Runner[deed]
	store    *storage.Store // the operator's
	operator *workflows.Operator

	jammed atomic.Bool // undoings fail
	begun  chan struct{}
	goOn   chan struct{} // the step in the middle waits for it
	firsts atomic.Int32  // how often the first step was done
	kept   chan struct{} // told when the first step could not be undone
	stop   func()        // stops the gateway's engine
}

// onEach runs a test on each database that there is.
func onEach(t *testing.T, test func(t *testing.T, c storage.Config)) {
	t.Helper()
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		c := storage.Defaults()
		c.URL = storage.URL("sqlite:" + filepath.Join(t.TempDir(), "mainstem.db"))
		test(t, c)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		c := storage.Defaults()
		c.URL = storage.URL(storagetest.Postgres(t))
		test(t, c)
	})
}

// newBench makes an engine with a workflow of three steps: first, which can be undone, middle, which waits and then fails if the deed is
// doomed, and last.
func newBench(t *testing.T, c storage.Config) *bench {
	t.Helper()
	b := &bench{config: c, begun: make(chan struct{}, 1), goOn: make(chan struct{}), kept: make(chan struct{}, 100)}
	close(b.goOn)
	b.launch(t)
	var err error
	if b.store, err = storage.OpenExisting(t.Context(), c, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	if b.operator, err = workflows.NewOperator(ctx, b.store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := b.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// launch starts the gateway's engine.
func (b *bench) launch(t *testing.T) {
	t.Helper()
	store, err := storage.Open(t.Context(), b.config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	o := workflows.Defaults()
	o.Retry.Attempts, o.Rounds, o.StuckAfter = 1, workflows.Retry{First: time.Hour, Max: time.Hour}, 1
	o.Lease, o.Wait, o.Log = 100*time.Millisecond, 0, slog.New(slog.DiscardHandler)
	if b.engine, err = workflows.New(t.Context(), store, o); err != nil {
		t.Fatal(err)
	}
	b.runner = workflows.Add(b.engine, b.workflow())
	if err := b.engine.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	engine, stopped := b.engine, false
	b.stop = func() {
		if !stopped {
			stopped = true
			if err := errors.Join(engine.Stop(10*time.Second), store.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(b.stop)
}

func (b *bench) workflow() workflows.Workflow[deed] {
	undo := func(context.Context, string, string, deed) error {
		if b.jammed.Load() {
			return fault.New(fault.PreconditionFailed, "It is jammed.")
		}
		return nil
	}
	return workflows.Workflow[deed]{Name: "deed", Steps: []workflows.Step[deed]{
		{Name: "first", Do: func(_ context.Context, _ string, d deed) (deed, error) {
			b.firsts.Add(1)
			return d, nil
		}, Undo: func(ctx context.Context, key, of string, d deed) error {
			err := undo(ctx, key, of, d)
			if err != nil {
				b.kept <- struct{}{}
			}
			return err
		}},
		{Name: "middle", Undo: undo, Do: func(ctx context.Context, _ string, d deed) (deed, error) {
			select {
			case b.begun <- struct{}{}:
			default:
			}
			select {
			case <-b.goOn:
			case <-ctx.Done():
				return d, fault.Wrap(fault.DeadlineExceeded, ctx.Err())
			}
			if d.Doomed {
				return d, fault.New(fault.PreconditionFailed, "It is doomed.")
			}
			return d, nil
		}},
		{Name: "last", Do: func(_ context.Context, _ string, d deed) (deed, error) { return d, nil }},
	}}
}

// start begins a run and gives its id.
func (b *bench) start(t *testing.T, d deed) string {
	t.Helper()
	run, err := b.runner.Start(t.Context(), storage.Actor{Issuer: "https://issuer.example", Subject: "ada"}, t.Name(), d, 0)
	if err != nil {
		t.Fatal(err)
	}
	return run.ID
}

// until waits for the nth event of a kind that the log tells of a run. It looks by itself, as the operator's process does.
func (b *bench) until(t *testing.T, id, kind string, nth int) storage.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var seen []string
	for e, err := range b.store.Follow(ctx, workflows.Topic(id), 0) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e.Kind)
		if e.Kind == kind {
			if nth--; nth == 0 {
				return e
			}
		}
	}
	t.Fatalf("no %s; the log has %s", kind, strings.Join(seen, ", "))
	return storage.Event{}
}

// wantEnd waits for a run's end, and checks it and the undoings before it.
func (b *bench) wantEnd(t *testing.T, id string, state storage.WorkflowState, steps ...string) {
	t.Helper()
	b.until(t, id, "workflow.ended", 1)
	w, err := b.store.Workflow(t.Context(), id)
	if err != nil || w == nil {
		t.Fatalf("%v %v", w, err)
	}
	list, err := b.store.Steps(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		name := s.Name
		if s.Undo {
			name = "undo " + name
		}
		got = append(got, name+" "+string(s.State))
	}
	if w.State != state || !slices.Equal(got, steps) {
		t.Errorf("it ended as %s after %q, want %s after %q", w.State, got, state, steps)
	}
	if standing, err := b.operator.Standing(t.Context(), id); err != nil || standing != workflows.Over {
		t.Errorf("its standing is %q (%v)", standing, err)
	}
	for name, do := range map[string]func(context.Context, string) error{"retry": b.operator.Retry, "cancel": b.operator.Cancel} {
		if err := do(t.Context(), id); !errors.Is(err, workflows.ErrEnded) {
			t.Errorf("%s says %v", name, err)
		}
	}
}

// wantStanding checks what can be done about a run.
func (b *bench) wantStanding(t *testing.T, id string, want workflows.Standing) {
	t.Helper()
	if got, err := b.operator.Standing(t.Context(), id); err != nil || got != want {
		t.Fatalf("its standing is %q (%v), want %q", got, err, want)
	}
}

func TestOperatorRetries(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		b := newBench(t, c)
		b.jammed.Store(true)
		id := b.start(t, deed{Doomed: true})
		b.until(t, id, "step.stuck", 1)
		b.wantStanding(t, id, workflows.Waiting)

		b.jammed.Store(false)
		if err := b.operator.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if e := b.until(t, id, "operator.retried", 1); e.Actor != (storage.Actor{Subject: "operator"}) {
			t.Errorf("it was done by %v", e.Actor)
		}
		b.wantEnd(t, id, workflows.Failed, "first DONE", "middle FAILED", "undo middle DONE", "undo first DONE")
	})
}

// TestOperatorGivesUp: what is stuck is given up step by step, and what is said twice counts once.
func TestOperatorGivesUp(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		b := newBench(t, c)
		b.jammed.Store(true)
		id := b.start(t, deed{Doomed: true})
		b.until(t, id, "step.stuck", 1)
		b.stop()
		for range 2 {
			if err := b.operator.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		b.launch(t)
		b.until(t, id, "step.stuck", 2)
		for range 2 { // what is said for the second time is of another step: it has this one tried once more, and not given up
			<-b.kept
		}
		b.wantStanding(t, id, workflows.Waiting)

		b.jammed.Store(false)
		if err := b.operator.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		b.wantEnd(t, id, workflows.Abandoned, "first DONE", "middle FAILED", "undo middle FAILED", "undo first DONE")
	})
}

func TestOperatorCallsOff(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		b := newBench(t, c)
		b.goOn = make(chan struct{})
		id := b.start(t, deed{})
		<-b.begun
		b.wantStanding(t, id, workflows.UnderWay)
		if err := b.operator.Retry(t.Context(), id); !errors.Is(err, workflows.ErrNotStuck) {
			t.Errorf("retry says %v", err)
		}
		if err := b.operator.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		close(b.goOn)
		b.wantEnd(t, id, workflows.Failed, "first DONE", "middle DONE", "undo middle DONE", "undo first DONE")
	})
}

func TestOperatorKnowsWhatIsThere(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		b := newBench(t, c)
		for name, do := range map[string]func(context.Context, string) error{"retry": b.operator.Retry, "cancel": b.operator.Cancel} {
			if err := do(t.Context(), "none"); !errors.Is(err, workflows.ErrNoRun) {
				t.Errorf("%s says %v", name, err)
			}
		}
	})
}
