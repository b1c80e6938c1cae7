package workflowstest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/workflows"
)

// made is what a workflow's steps have called of services, in all trials. It is safe for concurrent use.
type made struct {
	mu  sync.Mutex
	all map[call]map[string]bool
}

// watch has it noted what a call calls, all of which must be declared.
func (m *made) watch(ctx context.Context, t *testing.T, c call, declared []string) context.Context {
	return upstream.WithCalls(ctx, func(u upstream.Call) {
		what := u.Source + " " + u.Operation
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.all[c] == nil {
			m.all[c] = map[string]bool{}
		}
		if !m.all[c][what] && !slices.Contains(declared, what) {
			t.Errorf("%s calls %q, and declares %q", c, what, declared)
		}
		m.all[c][what] = true
	})
}

// compareCalls checks that each call that is declared to call something has done so. What it calls in some cases only may be in none of the trials.
func compareCalls[S any](t *testing.T, steps []workflows.Step[S], m *made) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range steps {
		for c, declared := range map[call][]string{{step: s.Name}: s.Calls, {step: s.Name, undo: true}: s.UndoCalls} {
			if len(declared) > 0 && len(m.all[c]) == 0 {
				t.Errorf("%s declares %q, and has never called anything", c, declared)
			}
		}
	}
}
