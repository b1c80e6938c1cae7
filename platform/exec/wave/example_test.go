package wave_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// Two steps load from one source: no time passes, and there is one call.
func Example() {
	stock := loader.New("inventory", "stock", 100, func(_ context.Context, skus []string) (map[string]int, error) {
		fmt.Println("asked for", skus)
		return map[string]int{"A": 3, "B": 7}, nil
	})
	ctx := loader.WithScope(context.Background(), loader.Options{})
	w := wave.New(0)
	w.Add(2) // both, before either begins
	var steps sync.WaitGroup
	for _, sku := range []string{"B", "A"} {
		steps.Go(func() {
			defer w.Done()
			_, _ = stock.Load(w.Context(ctx, nil), sku)
		})
	}
	steps.Wait()
	// Output: asked for [A B]
}

// A resolver has parts of its work done at the same time. Each part can add to batches, and so can what comes after them.
func ExampleParallel() {
	w := wave.New(0)
	w.Add(1)
	defer w.Done()
	words := make(chan string, 2)
	words <- "hello"
	words <- "hello"
	wave.Parallel(w.Context(context.Background(), nil), 2, func(context.Context) { fmt.Println(<-words) })
	// Output:
	// hello
	// hello
}
