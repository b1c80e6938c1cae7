package loader_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// TestAsDataloader: what the library's interface promises holds.
func TestAsDataloader(t *testing.T) {
	t.Parallel()
	type in = dataloader.Interface[string, string]
	load := func(ctx context.Context, d in, key string) string {
		v, err := d.Load(ctx, key)()
		if err != nil {
			return "fault"
		}
		return v
	}
	for reason, test := range map[string]struct {
		do    func(ctx context.Context, d in) []string
		want  []string
		asked string
	}{
		"what is put in is not asked for": {func(ctx context.Context, d in) []string {
			d.Prime(ctx, "a", "other")
			return []string{load(ctx, d, "a"), load(ctx, d, "b")}
		}, []string{"other", "value of b"}, "[[b]]"},
		"what is known cannot be put in": {func(ctx context.Context, d in) []string {
			load(ctx, d, "a")
			d.Prime(ctx, "a", "other").Prime(ctx, "b", "one").Prime(ctx, "b", "two")
			return []string{load(ctx, d, "a"), load(ctx, d, "b")}
		}, []string{"value of a", "one"}, "[[a]]"},
		"what waits cannot be put in": {func(ctx context.Context, d in) []string {
			a := d.Load(ctx, "a")
			d.Prime(ctx, "a", "other").Prime(ctx, "b", "other")
			b := d.Load(ctx, "b") // beside what is put in
			v, _ := a()
			w, _ := b()
			return []string{v, w}
		}, []string{"value of a", "other"}, "[[a]]"},
		"what is taken out is asked for afresh": {func(ctx context.Context, d in) []string {
			a := d.Load(ctx, "a")
			load(ctx, d, "b")
			d.Prime(ctx, "c", "other")
			d.Clear(ctx, "a").Clear(ctx, "c").Clear(ctx, "unknown")
			v, _ := a() // is as it was
			return []string{v, load(ctx, d, "a"), load(ctx, d, "b"), load(ctx, d, "c")}
		}, []string{"value of a", "value of a", "value of b", "value of c"}, "[[a] [a b] [c]]"},
		"all is taken out": {func(ctx context.Context, d in) []string {
			load(ctx, d, "a")
			return []string{load(ctx, d.ClearAll(), "a")}
		}, []string{"value of a"}, "[[a] [a]]"},
		"what waits is not taken out": {func(ctx context.Context, d in) []string {
			a := d.Load(ctx, "a")
			again := d.Clear(ctx, "a").ClearAll().Load(ctx, "a")
			v, _ := a()
			w, _ := again()
			return []string{v, w}
		}, []string{"value of a", "value of a"}, "[[a]]"},
		"a batch leaves when it is told to": {func(ctx context.Context, d in) []string {
			a := d.Load(ctx, "a")
			d.Flush()
			d.Flush() // has nothing to do
			return []string{load(ctx, d, "b"), func() string { v, _ := a(); return v }()}
		}, []string{"value of b", "value of a"}, "[[a] [b]]"},
		"what is given can be called again": {func(ctx context.Context, d in) []string {
			a := d.LoadMany(ctx, []string{"a", ""})
			v, faults := a()
			w, _ := a()
			return append(append(v, w...), fmt.Sprint(faults))
		}, []string{"value of a", "", "value of a", "", "[]"}, "[[a]]"},
	} {
		for way, begin := range ways {
			t.Run(reason+", "+way, func(t *testing.T) {
				t.Parallel()
				var r recorder
				ctx, end := begin(t.Context(), loader.Options{})
				if got := test.do(ctx, r.things(100).In(ctx)); !slices.Equal(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				end()
				r.mu.Lock()
				defer r.mu.Unlock()
				slices.SortFunc(r.batches, slices.Compare)
				if fmt.Sprint(r.batches) != test.asked {
					t.Errorf("asked for %v, want %s", r.batches, test.asked)
				}
			})
		}
	}
}

// TestUndeclared: who does not declare the source is given nothing, not even what is known.
func TestUndeclared(t *testing.T) {
	t.Parallel()
	var r recorder
	things := r.things(100)
	scope := loader.WithScope(t.Context(), loader.Options{})
	ctx := graphql.WithOperationContext(scope, &graphql.OperationContext{}) // and no field is running
	values, err := things.LoadAll(ctx, []string{"a"})
	if fault.From(err).Code != fault.Internal || values != nil {
		t.Errorf("got %q, %v", values, err)
	}
	values, faults := things.In(ctx).LoadMany(ctx, []string{"a", "b"})()
	if len(values) != 2 || len(faults) != 2 || fault.From(faults[1]).Code != fault.Internal {
		t.Errorf("got %q, %v", values, faults)
	}
	if _, err := things.Load(ctx, "a"); fault.From(err).Code != fault.Internal {
		t.Errorf("got %v", err)
	}
	if len(r.batches) > 0 {
		t.Errorf("asked for %v", r.batches)
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	var r recorder
	spans := tracetest.NewInMemoryExporter()
	ctx, end := step(t.Context(), loader.Options{Tracer: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")})
	defer end()
	if _, err := r.things(2).LoadAll(ctx, []string{"a", "b", "c"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range spans.GetSpans() {
		set := attribute.NewSet(s.Attributes...)
		keys, _ := set.Value(names.Keys.Key)
		got = append(got, fmt.Sprint(s.Name, " of ", keys.AsInt64()))
	}
	slices.Sort(got)
	if want := []string{"batch things of 1", "batch things of 2"}; !slices.Equal(got, want) {
		t.Errorf("the spans are %q, want %q", got, want)
	}
}
