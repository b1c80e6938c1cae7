package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/platform/exec"
)

// watch keeps what it is told of steps. Its zero value has seen none.
type watch struct {
	mu    sync.Mutex
	open  int
	ended []string
}

// step is an exec.Options.Step.
func (w *watch) step(ctx context.Context, f *exec.Field, objects int) (context.Context, func(error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	return ctx, func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open--
		w.ended = append(w.ended, fmt.Sprintf("%s %s.%s of %d: %v", f.Path(), f.Object(), f.Name(), objects, err))
	}
}

// all gives the steps that have ended, in this order.
func (w *watch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ended)
}

// batches is a source that keeps what it was asked for. Its zero value has been asked for nothing.
type batches struct {
	mu    sync.Mutex
	calls []string
	block func(ctx context.Context, keys []string) // before the answer; nil to answer at once
}

// fetch is a loader.Fetch.
func (b *batches) fetch(ctx context.Context, keys []string) (map[string]string, error) {
	b.mu.Lock()
	b.calls = append(b.calls, strings.Join(keys, " "))
	b.mu.Unlock()
	if b.block != nil {
		b.block(ctx, keys)
	}
	found := map[string]string{}
	for _, k := range keys {
		found[k] = "value of " + k
	}
	return found, nil
}

// want compares the batches, each its keys with blanks between.
func (b *batches) want(t testing.TB, calls ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.calls, calls) {
		t.Errorf("asked for %q, want %q", b.calls, calls)
	}
}
