package loader_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/wave"
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

// things gives a loader of what the recorder has.
func (r *recorder) things(maxBatch int) *loader.Loader[string, string] {
	return loader.New("shop", "things", maxBatch, r.fetch)
}

// step gives the context of the one runner of a wave, in a scope, and what ends the runner.
func step(ctx context.Context, o loader.Options) (context.Context, func()) {
	w := wave.New(0)
	w.Add(1)
	return w.Context(loader.WithScope(ctx, o), nil), w.Done
}

// ways are the ways in which batches leave.
var ways = map[string]func(context.Context, loader.Options) (context.Context, func()){
	"by the wave": step,
	"after a window": func(ctx context.Context, o loader.Options) (context.Context, func()) {
		return loader.WithScope(ctx, o), func() {}
	},
}

func TestOneListIsOneBatch(t *testing.T) {
	t.Parallel()
	for way, begin := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var r recorder
			ctx, end := begin(t.Context(), loader.Options{})
			defer end()
			values, err := r.things(100).LoadAll(ctx, []string{"b", "-", "", "a", "b"})
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"value of b", "", "", "value of a", "value of b"}; !slices.Equal(values, want) {
				t.Errorf("got %q, want %q", values, want)
			}
			if want := [][]string{{"-", "a", "b"}}; fmt.Sprint(r.batches) != fmt.Sprint(want) {
				t.Errorf("asked for %q, want %q", r.batches, want)
			}
		})
	}
}

func TestWhatIsKnownIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for way, begin := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var r recorder
			things := r.things(100)
			ctx, end := begin(t.Context(), loader.Options{})
			defer end()
			for _, keys := range [][]string{{"a"}, {"a", "a"}, {"b", "a", "-"}, {"-", ""}, {}} {
				if _, err := things.LoadAll(ctx, keys); err != nil {
					t.Fatal(err)
				}
			}
			if want := [][]string{{"a"}, {"-", "b"}}; fmt.Sprint(r.batches) != fmt.Sprint(want) {
				t.Errorf("asked for %q, want %q", r.batches, want)
			}
			ctx = loader.WithScope(ctx, loader.Options{})
			if _, err := things.Load(ctx, "a"); err != nil || len(r.batches) != 3 {
				t.Errorf("in another scope: asked for %q, %v; want it asked for afresh", r.batches, err)
			}
		})
	}
}

func TestNoBatchIsTooLarge(t *testing.T) {
	t.Parallel()
	for way, begin := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var r recorder
			ctx, end := begin(t.Context(), loader.Options{})
			defer end()
			values, err := r.things(2).LoadAll(ctx, []string{"e", "d", "c", "b", "a"})
			if err != nil || values[0] != "value of e" || values[4] != "value of a" {
				t.Errorf("got %q, %v", values, err)
			}
			slices.SortFunc(r.batches, slices.Compare)
			if want := [][]string{{"a", "b"}, {"c", "d"}, {"e"}}; fmt.Sprint(r.batches) != fmt.Sprint(want) {
				t.Errorf("asked for %q, want %q", r.batches, want)
			}
		})
	}
}

func TestKeysWithoutAnOrderStayInTheirs(t *testing.T) {
	t.Parallel()
	type page struct{ id, after string }
	var asked []page
	pages := loader.New("shop", "pages", 0, func(_ context.Context, keys []page) (map[page]string, error) {
		asked = keys
		return nil, nil
	})
	ctx, end := step(t.Context(), loader.Options{})
	defer end()
	want := []page{{"b", "1"}, {"a", "2"}, {"c", ""}}
	if _, err := pages.LoadAll(ctx, want); err != nil || !slices.Equal(asked, want) {
		t.Errorf("asked for %v, %v; want %v", asked, err, want)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	one := fault.New(fault.SourceFailed, "")
	for reason, test := range map[string]struct {
		fail      error
		wantFault [2]bool    // of the keys a and b
		wantLeft  fault.Code // what is reported of the batch
	}{
		"of single keys":             {fault.Items[string]{"b": one}, [2]bool{false, true}, ""},
		"of the whole batch":         {one, [2]bool{true, true}, fault.SourceFailed},
		"an error that is no fault":  {errors.New("boom"), [2]bool{true, true}, fault.Internal},
		"none of the keys asked for": {fault.Items[string]{"c": one}, [2]bool{false, false}, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := recorder{fail: test.fail}
			var left loader.Batch
			ctx, end := step(t.Context(), loader.Options{Left: func(b loader.Batch) { left = b }})
			defer end()
			values, err := r.things(100).LoadAll(ctx, []string{"a", "b"})
			list, _ := errors.AsType[graphql.BatchErrorList](err)
			for i, want := range test.wantFault {
				if got := list != nil && list[i] != nil; got != want {
					t.Errorf("key %d: a fault is %t, want %t", i, got, want)
				}
				if !want && values[i] == "" {
					t.Errorf("key %d: its value is gone", i)
				}
			}
			left.Start, left.Duration = time.Time{}, 0
			if want := (loader.Batch{Source: "shop", Loader: "things", Keys: 2, Fault: test.wantLeft}); left != want {
				t.Errorf("it is told of %+v, want %+v", left, want)
			}
		})
	}
}

func TestAPanicIsAFault(t *testing.T) {
	t.Parallel()
	things := loader.New("shop", "things", 100, func(context.Context, []string) (map[string]string, error) {
		panic("boom")
	})
	for way, begin := range ways {
		ctx, end := begin(t.Context(), loader.Options{})
		if _, err := things.Load(ctx, "a"); fault.From(err).Code != fault.Internal {
			t.Errorf("%s: got %v, want INTERNAL_SERVER_ERROR", way, err)
		}
		end()
	}
}

func TestAFetchThatIsGoneIsAFault(t *testing.T) {
	t.Parallel()
	things := loader.New("shop", "things", 100, func(context.Context, []string) (map[string]string, error) {
		runtime.Goexit() // as a test does that fails in it
		return nil, nil
	})
	ctx, end := step(t.Context(), loader.Options{})
	defer end()
	if _, err := things.Load(ctx, "a"); err == nil {
		t.Error("it has a value")
	}
}

// TestFetchingOutlivesTheFieldThatAsked: who asked first may leave; who waits on gets the value.
func TestFetchingOutlivesTheFieldThatAsked(t *testing.T) {
	t.Parallel()
	for way, begin := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			ctx, end := begin(t.Context(), loader.Options{})
			defer end()
			field, leave := context.WithCancel(ctx)
			left := make(chan struct{})
			things := loader.New("shop", "things", 100, func(ctx context.Context, _ []string) (map[string]string, error) {
				leave()
				<-left
				return map[string]string{"a": "value"}, ctx.Err()
			})
			_, err := things.Load(field, "a")
			if f := fault.From(err); f.Code != fault.DeadlineExceeded || f.Source != "shop" {
				t.Errorf("who leaves: got %v, want DEADLINE_EXCEEDED of the shop", err)
			}
			close(left)
			if v, err := things.Load(ctx, "a"); v != "value" || err != nil {
				t.Errorf("who stays: got %q, %v", v, err)
			}
		})
	}
}

// TestWhatIsThereAtTheEndIsGiven: of a list that takes two calls, the one that was answered is not lost with the other.
func TestWhatIsThereAtTheEndIsGiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		things := loader.New("shop", "things", 1, func(ctx context.Context, keys []string) (map[string]string, error) {
			if keys[0] == "b" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return map[string]string{"a": "value"}, nil
		})
		operation, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx, end := step(operation, loader.Options{})
		defer end()
		values, err := things.LoadAll(ctx, []string{"a", "b"})
		list, _ := errors.AsType[graphql.BatchErrorList](err)
		if values[0] != "value" || list == nil || list[0] != nil || fault.From(list[1]).Code != fault.DeadlineExceeded {
			t.Errorf("got %q, %v", values, list)
		}
	})
}

func TestWithoutAScope(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it does not panic")
		}
	}()
	_, _ = new(recorder).things(1).Load(t.Context(), "a")
}

func Example() {
	names := loader.New("customers", "names", 100, func(_ context.Context, _ []string) (map[string]string, error) {
		return map[string]string{"1": "Ada", "2": "Grace"}, nil // one call for all ids
	})
	ctx := loader.WithScope(context.Background(), loader.Options{}) // for each operation
	values, err := names.LoadAll(ctx, []string{"2", "1", "3"})
	fmt.Printf("%q %v\n", values, err)
	// Output: ["Grace" "Ada" ""] <nil>
}
