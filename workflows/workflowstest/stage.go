package workflowstest

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/mainstem/mainstem/workflows"
)

// stage has a workflow meet what a trial says. It lives through the deaths of processes, as the services do.
type stage[S any] struct {
	t       *testing.T
	process *process
	made    *made

	mu      sync.Mutex
	scripts []script
	keys    map[string]call // under which keys what was called
	calls   int

	// within is the context of the last step. It ends with the process, and not with the call, as the call's own does.
	within context.Context
}

func newStage[S any](t *testing.T, scripts []script, m *made) *stage[S] {
	t.Helper()
	return &stage[S]{
		t: t, process: &process{died: make(chan struct{}, 1)}, scripts: append([]script{}, scripts...), keys: map[string]call{}, within: t.Context(),
		made: m,
	}
}

// next gives what happens to a call now, if anything, and forgets it if it happens once.
func (s *stage[S]) next(c call, record bool) event {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, script := range s.scripts {
		if script.call == c && script.record == record {
			if !script.always {
				s.scripts = append(s.scripts[:i:i], s.scripts[i+1:]...)
			}
			return script.event
		}
	}
	return nil
}

// heal has nothing happen any more.
func (s *stage[S]) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts = nil
}

// called notes a call, whose key must be its own.
func (s *stage[S]) called(c call, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if of, known := s.keys[key]; key == "" || known && of != c {
		s.t.Errorf("%s is called under the key %q, which is %s's", c, key, of)
	}
	for known, of := range s.keys {
		if of == c && known != key {
			s.t.Errorf("%s is called under the key %q, and was called under %q before", c, key, known)
		}
	}
	s.keys[key] = c
}

// counted gives how many calls there were.
func (s *stage[S]) counted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// keyOf gives the key that a step was called under.
func (s *stage[S]) keyOf(c call) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, of := range s.keys {
		if of == c {
			return key
		}
	}
	return ""
}

// set gives a workflow whose calls meet what the trial says.
func (s *stage[S]) set(w workflows.Workflow[S]) workflows.Workflow[S] {
	steps := make([]workflows.Step[S], len(w.Steps))
	for i, step := range w.Steps {
		steps[i] = step
		steps[i].Do = s.do(step)
		steps[i].Done = s.told(call{step: step.Name}, step.Done)
		if step.Undo != nil {
			steps[i].Undo = s.undo(step)
			steps[i].Undone = s.told(call{step: step.Name, undo: true}, step.Undone)
		}
	}
	w.Steps = steps
	return w
}

func (s *stage[S]) do(step workflows.Step[S]) func(context.Context, string, S) (S, error) {
	c := call{step: step.Name}
	return func(ctx context.Context, key string, before S) (S, error) {
		s.called(c, key)
		ctx = s.made.watch(ctx, s.t, c, step.Calls)
		after := before
		do := func() (err error) {
			after, err = step.Do(ctx, key, before)
			return err
		}
		var err error
		if e := s.next(c, false); e != nil {
			if err = e(ctx, s.process, do); err != nil {
				after = before // whoever gets no answer learns nothing of it
			}
		} else {
			err = do()
		}
		if err == nil {
			s.checkKept(c, after)
		}
		return after, err
	}
}

func (s *stage[S]) undo(step workflows.Step[S]) func(context.Context, string, string, S) error {
	c := call{step: step.Name, undo: true}
	return func(ctx context.Context, key, doKey string, state S) error {
		s.called(c, key)
		ctx = s.made.watch(ctx, s.t, c, step.UndoCalls)
		if done := s.keyOf(call{step: step.Name}); doKey != done && done != "" {
			s.t.Errorf("%s is to undo what was done under %q, which was done under %q", c, doKey, done)
		}
		do := func() error { return step.Undo(ctx, key, doKey, state) }
		if e := s.next(c, false); e != nil {
			return e(ctx, s.process, do)
		}
		return do()
	}
}

// told gives what the log is told of a call. The workflow asks for it when it records the call, which is where a process can die as well.
func (s *stage[S]) told(c call, events func(S) []workflows.Event) func(S) []workflows.Event {
	return func(state S) []workflows.Event {
		if e := s.next(c, true); e != nil {
			s.mu.Lock()
			within := s.within
			s.mu.Unlock()
			_ = e(within, s.process, nil) // the process is dead
		}
		if events == nil {
			return nil
		}
		return events(state)
	}
}

// checkKept checks that a state is the same after it was kept.
func (s *stage[S]) checkKept(c call, state S) {
	kept, err := json.Marshal(state)
	if err != nil {
		s.t.Errorf("the state after %s cannot be kept: %v", c, err)
		return
	}
	var read S
	if err := json.Unmarshal(kept, &read); err != nil {
		s.t.Errorf("the state after %s cannot be read again: %v", c, err)
		return
	}
	if !reflect.DeepEqual(state, read) {
		s.t.Errorf("the state after %s is not the same once it was kept: it was\n%+v\nand is\n%+v", c, state, read)
	}
}

// tracer gives a tracer that notes the context of each step.
func (s *stage[S]) tracer() trace.Tracer {
	return tracer{Tracer: noop.NewTracerProvider().Tracer(""), started: func(ctx context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.within = ctx
	}}
}

type tracer struct {
	trace.Tracer
	started func(context.Context)
}

// Start starts no span.
func (t tracer) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.started(ctx)
	return t.Tracer.Start(ctx, name, o...)
}
