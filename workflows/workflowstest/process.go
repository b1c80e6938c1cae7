package workflowstest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// Patience bounds what a test waits for. Only a test that fails waits so long.
const Patience = 30 * time.Second

// Options gives options for tests: a step is tried three times within milliseconds; what has to be done and fails so is stuck at once, and
// rests until an operator says something.
func Options(t *testing.T) workflows.Options {
	t.Helper()
	return workflows.Options{
		Wait:       Patience,
		Retry:      workflows.Retry{Attempts: 3, First: time.Millisecond, Max: 4 * time.Millisecond, Timeout: Patience},
		Rounds:     workflows.Retry{First: time.Hour, Max: time.Hour},
		StuckAfter: 1,
		Lease:      4 * time.Second,
		Log:        slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// Process is what a process of the gateway is to workflows: an open storage, and an engine that carries out one workflow. One may follow
// another on the same storage, as a process does that is started again.
type Process[S any] struct {
	Store  *storage.Store
	Engine *workflows.Engine
	Runner *workflows.Runner[S]

	t    *testing.T
	once sync.Once
}

// Begin opens the storage and launches an engine on it. It ends with the test, if not before.
func Begin[S any](t *testing.T, url storage.URL, o workflows.Options, w workflows.Workflow[S]) *Process[S] {
	t.Helper()
	c := storage.Defaults()
	c.URL = url
	store, err := storage.Open(t.Context(), c, o.Log)
	if err != nil {
		t.Fatal(err)
	}
	p := &Process[S]{Store: store, t: t}
	t.Cleanup(p.End)
	if p.Engine, err = workflows.New(t.Context(), store, o); err != nil {
		t.Fatal(err)
	}
	p.Runner = workflows.Add(p.Engine, w)
	if err := p.Engine.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// End stops the engine where it is, and closes the storage. What is under way then learns from its context that it is over, and nothing of it is
// kept. It can be called again.
func (p *Process[S]) End() {
	p.once.Do(func() {
		if p.Engine != nil {
			if err := p.Engine.Stop(Patience); err != nil {
				p.t.Errorf("stopping the engine: %v", err)
			}
		}
		if err := p.Store.Close(); err != nil {
			p.t.Errorf("closing the storage: %v", err)
		}
	})
}

// Follow gives what happens under a topic after a place in the log, in order, and what ends that. It does not outlive the process.
func (p *Process[S]) Follow(topic string, after int64) (changes <-chan workflows.Change, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	out := make(chan workflows.Change)
	var following sync.WaitGroup
	following.Go(func() {
		defer close(out)
		for change, err := range p.Engine.Follow(ctx, topic, after) {
			if err != nil {
				p.t.Errorf("following %s: %v", topic, err)
				return
			}
			select {
			case out <- change:
			case <-ctx.Done():
				return
			}
		}
	})
	return out, func() {
		cancel()
		following.Wait()
	}
}

// Operate has an operator do something to runs from another process: the command line, as it were.
func Operate(t *testing.T, url storage.URL, do func(context.Context, *workflows.Operator) error) {
	t.Helper()
	c := storage.Defaults()
	c.URL = url
	store, err := storage.OpenExisting(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	operator, err := workflows.NewOperator(ctx, store)
	if err == nil {
		err = do(ctx, operator)
	}
	if err != nil {
		t.Fatalf("the operator: %v", err)
	}
}

// Await gives what comes from a channel. It fails the test if nothing does.
func Await[T any](t *testing.T, signal <-chan T, what string) T {
	t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case v, ok := <-signal:
		if !ok {
			t.Fatalf("waiting for %s: there is none any more", what)
		}
		return v
	case <-patience.C:
		t.Fatalf("waited %s for %s", Patience, what)
		panic("not reached")
	}
}
