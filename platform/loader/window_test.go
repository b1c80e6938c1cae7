package loader_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
)

func TestKeysWithinTheWindowAreOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		things := r.things(100)
		ctx := loader.WithScope(t.Context(), loader.Options{Window: 10 * time.Millisecond})
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				<-time.After(time.Duration(i) * 9 * time.Millisecond) // each within a window of the one before
				if _, err := things.Load(ctx, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(r.batches) != 1 || len(r.batches[0]) != 5 {
			t.Errorf("asked for %q, want one batch of 5", r.batches)
		}
	})
}

func TestABatchDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		things := r.things(100)
		ctx := loader.WithScope(t.Context(), loader.Options{Window: 10 * time.Millisecond})
		start := time.Now()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				<-time.After(time.Duration(i) * 5 * time.Millisecond)
				_, _ = things.Load(ctx, fmt.Sprint(i))
			})
		}
		if _, err := things.Load(ctx, "first"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the first key waited %s", took)
		}
		all.Wait()
	})
}

// TestFetchesSayWhatTheDeadlineEnded: without a wave, the fault is that of the call and names its operation.
func TestFetchesSayWhatTheDeadlineEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		operation, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		things := loader.New("shop", "things", 100, func(ctx context.Context, _ []string) (map[string]string, error) {
			<-ctx.Done()
			return nil, fault.Wrap(fault.DeadlineExceeded, ctx.Err()).At("shop", "listThings")
		})
		_, err := things.Load(loader.WithScope(operation, loader.Options{}), "a")
		if f := fault.From(err); f.Code != fault.DeadlineExceeded || f.Operation != "listThings" {
			t.Errorf("got %v", err)
		}
	})
}
