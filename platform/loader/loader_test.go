package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
)

// recorder is a source that keeps the batches it was asked for.
type recorder struct {
	mu      sync.Mutex
	batches [][]string
	fail    error
}

func (r *recorder) fetch(_ context.Context, keys []string) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, slices.Clone(keys))
	found := map[string]string{}
	for _, k := range keys {
		if k[0] != '-' { // keys that start so are absent
			found[k] = "value of " + k
		}
	}
	return found, r.fail
}

func TestOneListIsOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loader.New(t.Context(), loader.Options{}, "shop", "things", 100, r.fetch)
		values, err := l.LoadAll(t.Context(), []string{"a", "-", "", "b", "a"})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"value of a", "", "", "value of b", "value of a"}; !slices.Equal(values, want) {
			t.Errorf("got %q, want %q", values, want)
		}
		if want := [][]string{{"a", "-", "b"}}; fmt.Sprint(r.batches) != fmt.Sprint(want) {
			t.Errorf("asked for %q, want %q", r.batches, want)
		}
	})
}

func TestKeysWithinTheWindowAreOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loader.New(t.Context(), loader.Options{Window: 10 * time.Millisecond}, "shop", "things", 100, r.fetch)
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				<-time.After(time.Duration(i) * 9 * time.Millisecond) // each within a window of the one before
				if _, err := l.Load(t.Context(), fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(r.batches) != 1 || len(r.batches[0]) != 5 {
			t.Errorf("asked for %q, want one batch of 5", r.batches)
		}
		if _, err := l.Load(t.Context(), "3"); err != nil || len(r.batches) != 1 {
			t.Errorf("asked again for a key that is known: %q, %v", r.batches, err)
		}
	})
}

func TestABatchDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loader.New(t.Context(), loader.Options{Window: 10 * time.Millisecond}, "shop", "things", 100, r.fetch)
		start := time.Now()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				<-time.After(time.Duration(i) * 5 * time.Millisecond)
				_, _ = l.Load(t.Context(), fmt.Sprint(i))
			})
		}
		if _, err := l.Load(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the first key waited %s", took)
		}
		all.Wait()
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	one := fault.New(fault.SourceFailed, "")
	for reason, test := range map[string]struct {
		fail      error
		wantFault [2]bool // of the keys a and b
	}{
		"of single keys":             {fault.Items[string]{"b": one}, [2]bool{false, true}},
		"of the whole batch":         {one, [2]bool{true, true}},
		"an error that is no fault":  {errors.New("boom"), [2]bool{true, true}},
		"none of the keys asked for": {fault.Items[string]{"c": one}, [2]bool{false, false}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := recorder{fail: test.fail}
			l := loader.New(t.Context(), loader.Options{}, "shop", "things", 100, r.fetch)
			values, err := l.LoadAll(t.Context(), []string{"a", "b"})
			list, _ := errors.AsType[graphql.BatchErrorList](err)
			for i, want := range test.wantFault {
				if got := list != nil && list[i] != nil; got != want {
					t.Errorf("key %d: a fault is %t, want %t", i, got, want)
				}
				if !want && values[i] == "" {
					t.Errorf("key %d: its value is gone", i)
				}
			}
		})
	}
}

func TestAPanicIsAFault(t *testing.T) {
	t.Parallel()
	l := loader.New(t.Context(), loader.Options{}, "shop", "things", 100, func(context.Context, []string) (map[string]string, error) {
		panic("boom")
	})
	if _, err := l.Load(t.Context(), "a"); fault.From(err).Code != fault.Internal {
		t.Errorf("got %v, want INTERNAL_SERVER_ERROR", err)
	}
}

func TestFetchingOutlivesTheFieldThatAsked(t *testing.T) {
	t.Parallel()
	field, leave := context.WithCancel(t.Context())
	l := loader.New(t.Context(), loader.Options{}, "shop", "things", 100, func(ctx context.Context, _ []string) (map[string]string, error) {
		leave()
		return nil, ctx.Err()
	})
	if _, err := l.Load(field, "a"); err != nil {
		t.Errorf("the batch ended with the field that asked first: %v", err)
	}
}

// TestNoKeyIsAskedForTwice loads random lists concurrently and compares with what a plain map would say.
func TestNoKeyIsAskedForTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-h]{1,2}`), 0, 30), 1, 8).Draw(t, "lists")
		maxBatch := rapid.IntRange(1, 20).Draw(t, "maxBatch")
		var r recorder
		l := loader.New(context.Background(), loader.Options{Window: 100 * time.Microsecond}, "shop", "things", maxBatch, r.fetch)
		var all sync.WaitGroup
		for _, keys := range lists {
			all.Go(func() {
				values, err := l.LoadAll(context.Background(), keys)
				if err != nil {
					t.Errorf("failed: %v", err)
				}
				for i, k := range keys {
					if values[i] != "value of "+k {
						t.Errorf("key %q: got %q", k, values[i])
					}
				}
			})
		}
		all.Wait()
		seen := map[string]bool{}
		for _, batch := range r.batches {
			if len(batch) == 0 || len(batch) > maxBatch {
				t.Errorf("a batch of %d, where 1 to %d are allowed", len(batch), maxBatch)
			}
			for _, k := range batch {
				if seen[k] {
					t.Errorf("key %q was asked for twice", k)
				}
				seen[k] = true
			}
		}
	})
}

func Example() {
	names := loader.New(context.Background(), loader.Options{}, "customers", "names", 100,
		func(_ context.Context, _ []string) (map[string]string, error) {
			return map[string]string{"1": "Ada", "2": "Grace"}, nil // one call for all ids
		})
	values, err := names.LoadAll(context.Background(), []string{"2", "1", "3"})
	fmt.Printf("%q %v\n", values, err)
	// Output: ["Grace" "Ada" ""] <nil>
}
