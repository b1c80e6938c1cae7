package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

// TestKeys: a key leads to one run of its owner, whether it runs or has ended.
func TestKeys(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	goOn := make(chan struct{})
	d.acts["b"] = []act{d.waits("b", goOn)}
	o := workflowstest.Options(t)
	o.Wait = 0
	p := workflowstest.Begin(t, workflowstest.File(t), o, d.errands("a b"))
	first := start(t, p, "key")
	workflowstest.Await(t, d.began, "the second step")
	ask := func(when string, owner workflows.Actor, what string) *workflows.Run[errand] {
		t.Helper()
		run, err := p.Runner.Start(t.Context(), owner, "key", errand{What: what}, 0)
		if what != "key" {
			if f := fault.From(err); f == nil || f.Code != fault.Conflict || f.Retryable() {
				t.Errorf("%s, another input under the same key gives %+v, %v, want a conflict", when, run, err)
			}
			return nil
		}
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		return run
	}
	if again := ask("while it runs", ada, "key"); again.ID != first.ID || again.State != workflows.Running || len(again.Steps) != 1 {
		t.Errorf("while it runs, the key leads to %+v, want the run %s with one step", again, first.ID)
	}
	ask("while it runs", ada, "another")
	close(goOn)
	until(t, p, first.ID, "workflow.ended")
	again := ask("when it has ended", ada, "key")
	if again.ID != first.ID || again.State != workflows.Completed || !slices.Equal(again.Value.Notes, []string{"a", "b"}) {
		t.Errorf("when it has ended, the key leads to %+v, want the run %s with its result", again, first.ID)
	}
	ask("when it has ended", ada, "another")
	for _, other := range []workflows.Actor{{Issuer: ada.Issuer, Subject: "bob"}, {Issuer: "https://another.test", Subject: ada.Subject}} {
		run := ask("as somebody else", other, "key")
		if run.ID == first.ID {
			t.Errorf("the key of %+v leads %+v to the same run", ada, other)
		}
		until(t, p, run.ID, "workflow.ended")
	}
	if calls := d.made(); len(calls) != 6 {
		t.Errorf("was called: %q, want three runs of two steps", calls)
	}
}

// TestManyStartAtOnce: of fifty who use a key at the same time, one starts the run, and all get it.
func TestManyStartAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	p := begin(t, d, "a b")
	ids := make([]string, 50)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			run, err := p.Runner.Start(t.Context(), ada, "key", errand{}, 0)
			if err != nil || run.State != workflows.Completed {
				t.Errorf("got %+v, %v", run, err)
				return
			}
			ids[i] = run.ID
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 {
		t.Errorf("the key leads to the runs %q", ids)
	}
	if calls := d.made(); !slices.Equal(calls, []string{"a", "b"}) {
		t.Errorf("was called: %q", calls)
	}
}

// TestStartWaits: for the end, but not longer than the options say, nor than the request has time; the run does not depend on that.
func TestStartWaits(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		wait    time.Duration
		within  time.Duration // of the request; 0: without end
		reserve time.Duration
	}{
		"not at all":                 {},
		"a moment":                   {wait: 10 * time.Millisecond},
		"as long as the request has": {wait: time.Hour, within: time.Hour, reserve: time.Hour},
		"not if the request has less than it must": {wait: time.Hour, within: time.Hour, reserve: 2 * time.Hour},
		"not in a hurry": {wait: 0, within: time.Hour},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDesk(nil)
			goOn := make(chan struct{})
			d.acts["b"] = []act{d.waits("b", goOn)}
			o := workflowstest.Options(t)
			o.Wait = c.wait
			p := workflowstest.Begin(t, workflowstest.File(t), o, d.errands("a b"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.within > 0 {
				ctx, cancel = context.WithTimeout(ctx, c.within)
				defer cancel()
			}
			run, err := p.Runner.Start(ctx, ada, "key", errand{}, c.reserve)
			if err != nil || run.State != workflows.Running || run.Ended() {
				t.Fatalf("got %+v, %v, want a run that goes on", run, err)
			}
			cancel()
			close(goOn)
			until(t, p, run.ID, "workflow.ended")
			ended, err := p.Runner.Find(t.Context(), run.ID)
			if err != nil || ended.State != workflows.Completed {
				t.Errorf("the run is %+v, %v", ended, err)
			}
		})
	}
}

// TestStartLeft: who gives up waiting gets a fault, and the run goes on.
func TestStartLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	goOn := make(chan struct{})
	d.acts["a"] = []act{d.waits("a", goOn)}
	p := begin(t, d, "a b")
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := p.Runner.Start(ctx, ada, "key", errand{What: "key"}, 0)
		failed <- err
	}()
	workflowstest.Await(t, d.began, "the first step")
	cancel()
	if f := fault.From(workflowstest.Await(t, failed, "Start to end")); f == nil || f.Code != fault.DeadlineExceeded {
		t.Errorf("failed with %v, want %s", f, fault.DeadlineExceeded)
	}
	close(goOn)
	if run := start(t, p, "key"); run.State != workflows.Completed || len(d.made()) != 2 {
		t.Errorf("the run is %s after %q", run.State, d.made())
	}
}

// TestStartWithoutStorage: a client may ask again, since there is a key.
func TestStartWithoutStorage(t *testing.T) {
	t.Parallel()
	p := begin(t, newDesk(nil), "a")
	p.End()
	_, err := p.Runner.Start(t.Context(), ada, "key", errand{}, 0)
	if f, ok := errors.AsType[*fault.Error](err); !ok || !f.Retryable() {
		t.Errorf("failed with %v, want a fault that may pass", err)
	}
}

// TestFind: what is not there is nil.
func TestFind(t *testing.T) {
	t.Parallel()
	d := newDesk(nil)
	url, o := workflowstest.File(t), workflowstest.Options(t)
	c := storage.Defaults()
	c.URL = url
	store, err := storage.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e, err := workflows.New(t.Context(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Stop(workflowstest.Patience), store.Close()); err != nil {
			t.Error(err)
		}
	})
	one, w := workflows.Add(e, d.errands("a")), d.errands("b")
	w.Name = "another"
	w.Subject = func(errand) string { return "Errand:1" }
	another := workflows.Add(e, w)
	if err := e.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	run, err := one.Start(t.Context(), ada, "key", errand{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, err := another.Start(t.Context(), ada, "key", errand{}, 0)
	if err != nil || other.ID == run.ID || !slices.Equal(other.Value.Notes, []string{"b"}) {
		t.Errorf("the key leads to %+v of another workflow, %v", other, err)
	}
	for reason, find := range map[string]func() (*workflows.Run[errand], error){
		"nobody's id":                     func() (*workflows.Run[errand], error) { return one.Find(t.Context(), "nobody") },
		"the id of another workflow":      func() (*workflows.Run[errand], error) { return one.Find(t.Context(), other.ID) },
		"nobody's subject":                func() (*workflows.Run[errand], error) { return another.FindBySubject(t.Context(), "Errand:2") },
		"the subject of another workflow": func() (*workflows.Run[errand], error) { return one.FindBySubject(t.Context(), "Errand:1") },
	} {
		if found, err := find(); found != nil || err != nil {
			t.Errorf("%s: found %+v, %v", reason, found, err)
		}
	}
	if found, err := one.Find(t.Context(), run.ID); err != nil || found.ID != run.ID {
		t.Errorf("found %+v, %v, want %s", found, err, run.ID)
	}
}

// TestDeclarations: what a workflow must be.
func TestDeclarations(t *testing.T) {
	t.Parallel()
	good := newDesk(nil).step("a")
	for reason, steps := range map[string][]workflows.Step[errand]{
		"no step":             nil,
		"two of one name":     {good, good},
		"no name":             {{Do: good.Do}},
		"nothing to do":       {{Name: "a"}},
		"a name that is loud": {{Name: "A", Do: good.Do}},
		"calls of no undoing": {{Name: "a", Do: good.Do, UndoCalls: []string{"inventory Release"}}},
		"a name that is long": {{Name: "abcdefghijklmnopqrstuvwxyz", Do: good.Do}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			p := begin(t, newDesk(nil), "a")
			defer func() {
				if recover() == nil {
					t.Error("was added")
				}
			}()
			workflows.Add(p.Engine, workflows.Workflow[errand]{Name: "wrong", Steps: steps})
		})
	}
}
