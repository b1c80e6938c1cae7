package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/loader"
)

// TestTraceThatNobodyAsksFor: an operation without extensions.trace allocates nothing for it.
func TestTraceThatNobodyAsksFor(t *testing.T) { // not in parallel: allocations are counted
	ctx, oc := t.Context(), &graphql.OperationContext{}
	ended := func(error) {}
	measured := &Schema{options: Options{Step: func(ctx context.Context, _ *Field, _ int) (context.Context, func(error)) { return ctx, ended }}}
	step := func(s *Schema) *Step { return &Step{field: &Field{}, run: &Run{schema: s}} }
	told, untold := step(measured), step(&Schema{})
	options, failed := loader.Options{}, errors.New("x")
	for hook, do := range map[string]func(){
		"its beginning": func() {
			none := newTrace(ctx, oc)
			none.decline("")
			none.share(ctx, untold.run.schema, oc, nil)
		},
		"its end":          func() { untold.run.trace.degraded(nil); untold.run.trace.register(ctx) },
		"loaders":          func() { _ = untold.run.trace.loaders(options) },
		"contexts":         func() { _ = untold.run.trace.again(untold.run.trace.within(ctx), nil) },
		"a step":           func() { _, end := untold.observe(ctx, 3); end(failed) },
		"a measured step":  func() { _, end := told.observe(ctx, 3); end(failed) },
		"what comes later": func() { untold.run.trace.part(nil, 1); untold.run.trace.delivered(nil) },
	} {
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s: %v allocations", hook, n)
		}
	}
}
