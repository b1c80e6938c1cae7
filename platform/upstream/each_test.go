package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

func TestEachIsBounded(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ limit, keys, atOnce int }{
		"more keys than the limit": {3, 10, 3},
		"as many":                  {4, 4, 4},
		"fewer":                    {8, 2, 2},
		"one after the other":      {1, 5, 1},
		"no limit is not given":    {0, 3, 1},
		"no key":                   {3, 0, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var running, read atomic.Int64
				release, done := make(chan struct{}), make(chan struct{})
				var found map[int]int
				var err error
				go func() {
					defer close(done)
					found, err = upstream.Each(t.Context(), test.limit, seq(test.keys), func(_ context.Context, key int) (int, error) {
						running.Add(1)
						defer running.Add(-1)
						<-release
						read.Add(1)
						return key * key, nil
					})
				}()
				for i := range test.keys {
					synctest.Wait() // until every read that can run waits for its release
					if n := int(running.Load()); n != min(test.atOnce, test.keys-i) {
						t.Errorf("after %d of %d reads, %d run at once", i, test.keys, n)
					}
					release <- struct{}{}
				}
				<-done
				if err != nil || len(found) != test.keys || int(read.Load()) != test.keys {
					t.Errorf("found %v with %d reads: %v", found, read.Load(), err)
				}
			})
		})
	}
}

func seq(n int) []int {
	keys := make([]int, n)
	for i := range keys {
		keys[i] = i
	}
	return keys
}

func TestEachFails(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.Forbidden, "No.").At("shop", "Get")
	for reason, test := range map[string]struct {
		read func() (string, error)
		code fault.Code // of the fault of the key; "absent" or "found" for none
	}{
		"read":                        {func() (string, error) { return "v", nil }, "found"},
		"a zero value":                {func() (string, error) { return "", nil }, "found"},
		"not found":                   {func() (string, error) { return "", fault.New(fault.NotFound, "") }, "absent"},
		"not found, wrapped":          {func() (string, error) { return "", fmt.Errorf("reading: %w", fault.New(fault.NotFound, "")) }, "absent"},
		"refused":                     {func() (string, error) { return "", refused }, fault.Forbidden},
		"with a value and a fault":    {func() (string, error) { return "v", refused }, fault.Forbidden},
		"the request is over":         {func() (string, error) { return "", context.Canceled }, fault.DeadlineExceeded},
		"an error that is no fault":   {func() (string, error) { return "", errors.New("boom") }, fault.Internal},
		"a panic":                     {func() (string, error) { panic("boom") }, fault.Internal},
		"a panic with an error":       {func() (string, error) { panic(errors.New("boom")) }, fault.Internal},
		"a panic that is a not-found": {func() (string, error) { panic(fault.New(fault.NotFound, "")) }, fault.Internal},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			found, err := upstream.Each(t.Context(), 2, []string{"a", "it", "z"}, func(_ context.Context, key string) (string, error) {
				if key == "it" {
					return test.read()
				}
				return "value of " + key, nil
			})
			if found["a"] != "value of a" || found["z"] != "value of z" {
				t.Errorf("the other keys are lost: %v", found)
			}
			items, _ := errors.AsType[fault.Items[string]](err)
			f, failed := items["it"]
			_, there := found["it"]
			if want := test.code != "found" && test.code != "absent"; failed != want || len(items) > 1 || (err != nil) != want {
				t.Fatalf("failed with %v", err)
			}
			if there != (test.code == "found") {
				t.Errorf("found %v", found)
			}
			if failed && f.Code != test.code {
				t.Errorf("got %v, want %s", f, test.code)
			}
		})
	}
}

func TestEachPassesTheContextOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int64
	_, err := upstream.Each(ctx, 2, seq(50), func(ctx context.Context, _ int) (int, error) {
		asked.Add(1)
		cancel()
		<-ctx.Done()
		return 0, ctx.Err()
	})
	items, _ := errors.AsType[fault.Items[int]](err)
	if len(items) != 50 || items.Any().Code != fault.DeadlineExceeded {
		t.Errorf("failed with %v, want every key to fail with DEADLINE_EXCEEDED", err)
	}
}

// TestEachIsALoop compares with what a simple loop would give.
func TestEachIsALoop(t *testing.T) {
	t.Parallel()
	outcomes := map[string]func() (int, error){
		"read":    func() (int, error) { return 1, nil },
		"absent":  func() (int, error) { return 0, fault.New(fault.NotFound, "") },
		"refused": func() (int, error) { return 0, fault.New(fault.Conflict, "") },
		"down":    func() (int, error) { return 0, fault.New(fault.SourceUnavailable, "") },
		"panics":  func() (int, error) { panic("boom") },
	}
	codes := map[string]fault.Code{"refused": fault.Conflict, "down": fault.SourceUnavailable, "panics": fault.Internal}
	outcome := rapid.SampledFrom(slices.Sorted(maps.Keys(outcomes)))
	rapid.Check(t, func(t *rapid.T) {
		happens := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), outcome, 0, 40).Draw(t, "happens")
		limit := rapid.IntRange(1, 50).Draw(t, "limit")
		keys := rapid.Permutation(slices.Sorted(maps.Keys(happens))).Draw(t, "keys")
		wantFound, wantFailed := map[string]int{}, map[string]fault.Code{}
		for _, key := range keys {
			switch o := happens[key]; o {
			case "read":
				wantFound[key] = len(key)
			case "absent":
			default:
				wantFailed[key] = codes[o]
			}
		}
		found, err := upstream.Each(context.Background(), limit, keys, func(_ context.Context, key string) (int, error) {
			v, err := outcomes[happens[key]]()
			return v * len(key), err
		})
		failed := map[string]fault.Code{}
		items, _ := errors.AsType[fault.Items[string]](err)
		for key, f := range items {
			failed[key] = f.Code
		}
		if !maps.Equal(found, wantFound) || !maps.Equal(failed, wantFailed) || (err != nil) != (len(wantFailed) > 0) {
			t.Errorf("found %v and failed %v, want %v and %v", found, failed, wantFound, wantFailed)
		}
	})
}
