package exec_test

import (
	"context"
	"fmt"
	"slices"
	"sync"

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
