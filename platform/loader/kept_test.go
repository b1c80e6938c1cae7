package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
)

// keeper is a source that is down, and keeps answers to some calls. Of the key "ok" it has a value, and "no" it refuses, wherever they are
// asked for.
type keeper struct {
	kept []string // the calls that it has an answer to, such as "a b"

	mu    sync.Mutex
	calls []string // that were made
	again []string // in contexts in which only what is kept is given
}

func (k *keeper) fetch(ctx context.Context, keys []string) (map[string]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	call := strings.Join(keys, " ")
	found, lost := map[string]string{}, fault.Items[string]{}
	for _, key := range keys {
		switch key {
		case "ok":
			found[key] = "fresh"
		case "no":
			lost[key] = fault.New(fault.Forbidden, "")
		default:
			lost[key] = fault.New(fault.SourceUnavailable, "")
		}
	}
	if !upstream.Kept(ctx) {
		k.calls = append(k.calls, call)
		return found, lost.OrNil()
	}
	k.again = append(k.again, call)
	if !slices.Contains(k.kept, call) {
		return nil, fault.New(fault.SourceUnavailable, "Nothing is kept.")
	}
	for _, key := range keys {
		found[key] = "kept " + key
	}
	return found, nil
}

// load gives values or codes, by key.
func load(ctx context.Context, l *loader.Loader[string, string], keys ...string) string {
	values, err := l.LoadAll(ctx, keys)
	list, _ := errors.AsType[graphql.BatchErrorList](err)
	for i := range list {
		if list[i] != nil {
			values[i] = string(fault.From(list[i]).Code)
		}
	}
	return strings.Join(values, ", ")
}

func noAge(time.Duration) {}

const down = "SOURCE_UNAVAILABLE"

// TestWhatIsKept loads lists of keys, one after the other, and then others from what the source keeps.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		kept   []string
		loads  [][]string // before
		again  [][]string // in one context of what is kept
		values []string
		calls  []string // of those
	}{
		"a batch has the same keys again":                   {[]string{"a b c"}, [][]string{{"c", "a", "b"}}, [][]string{{"b", "a"}}, []string{"kept b, kept a"}, []string{"a b c"}},
		"and is asked for once":                             {[]string{"a b c"}, [][]string{{"c", "a", "b"}}, [][]string{{"b"}, {"c", "a"}, {"b", ""}}, []string{"kept b", "kept c, kept a", "kept b, "}, []string{"a b c"}},
		"a large list is the same calls":                    {[]string{"a b c", "d e"}, [][]string{{"a", "b", "c", "d", "e"}}, [][]string{{"e"}, {"a"}}, []string{"kept e", "kept a"}, []string{"d e", "a b c"}},
		"two batches":                                       {[]string{"a", "b"}, [][]string{{"a"}, {"a", "b"}}, [][]string{{"a", "b"}}, []string{"kept a, kept b"}, []string{"a", "b"}},
		"nothing is kept":                                   {nil, [][]string{{"a", "b"}}, [][]string{{"a"}, {"b"}}, []string{down, down}, []string{"a b"}},
		"of one batch it is, of another not":                {[]string{"b"}, [][]string{{"a"}, {"b"}}, [][]string{{"a", "b"}}, []string{down + ", kept b"}, []string{"a", "b"}},
		"what was loaded stays as it is":                    {[]string{"a ok"}, [][]string{{"a", "ok"}}, [][]string{{"ok"}, {"a", "ok"}}, []string{"fresh", "kept a, fresh"}, []string{"a ok"}},
		"what was loaded stays, though its batch came back": {[]string{"a ok"}, [][]string{{"a", "ok"}}, [][]string{{"a"}, {"ok"}}, []string{"kept a", "fresh"}, []string{"a ok"}},
		"what was refused stays so":                         {[]string{"a no"}, [][]string{{"a", "no"}}, [][]string{{"no"}, {"a", "no"}}, []string{"FORBIDDEN", "kept a, FORBIDDEN"}, []string{"a no"}},
		"nobody has asked before":                           {[]string{"a b"}, nil, [][]string{{"b", "a"}, {"a"}}, []string{"kept b, kept a", "kept a"}, []string{"a b"}},
		"nobody has asked for some before":                  {[]string{"a", "b c"}, [][]string{{"a"}}, [][]string{{"c", "a", "b"}}, []string{"kept c, kept a, kept b"}, []string{"a", "b c"}},
		"no keys":                                           {nil, [][]string{{"a"}}, [][]string{{}, {""}}, []string{"", ""}, nil},
	} {
		for way, begin := range ways {
			t.Run(reason+", "+way, func(t *testing.T) {
				t.Parallel()
				source := &keeper{kept: test.kept}
				things := loader.New("shop", "things", 3, source.fetch)
				var left atomic.Int64
				ctx, end := begin(t.Context(), loader.Options{Left: func(loader.Batch) { left.Add(1) }})
				defer end()
				for _, keys := range test.loads {
					load(ctx, things, keys...)
				}
				before, batches := len(source.calls), left.Load()
				kept := loader.WithKept(ctx, time.Minute, noAge)
				for i, keys := range test.again {
					if got := load(kept, things, keys...); got != test.values[i] {
						t.Errorf("%v: got %q, want %q", keys, got, test.values[i])
					}
				}
				slices.Sort(source.again)
				if !slices.Equal(source.again, slices.Sorted(slices.Values(test.calls))) || len(source.calls) != before || left.Load() != batches {
					t.Errorf("asked for %q of what is kept, want %q; %d other calls, %d batches", source.again, test.calls, len(source.calls)-before, left.Load()-batches)
				}
				for _, keys := range test.loads {
					if got := load(ctx, things, keys...); strings.Contains(got, "kept") || len(source.calls) != before {
						t.Errorf("outside, %v: got %q, calls %q", keys, got, source.calls)
					}
				}
			})
		}
	}
}

// TestEachKeepingIsItsOwn: what one finds is not another's, which may want it younger, nor the operation's.
func TestEachKeepingIsItsOwn(t *testing.T) {
	t.Parallel()
	source := &keeper{kept: []string{"a"}}
	things := loader.New("shop", "things", 0, source.fetch)
	ctx, end := step(t.Context(), loader.Options{})
	defer end()
	one, two := loader.WithKept(ctx, time.Minute, noAge), loader.WithKept(ctx, time.Second, noAge)
	got := []string{load(one, things, "a"), load(two, things, "a"), load(one, things, "a"), load(ctx, things, "a")}
	if want := []string{"kept a", "kept a", "kept a", down}; !slices.Equal(got, want) || len(source.again) != 2 || len(source.calls) != 1 {
		t.Errorf("got %q of %q and %q", got, source.again, source.calls)
	}
	within := loader.WithKept(loader.WithKept(ctx, time.Second, noAge), time.Minute, noAge)
	if got := load(within, things, "a"); got != "kept a" {
		t.Errorf("one within another: got %q", got)
	}
	view := things.In(one)
	view.Prime(ctx, "b", "mine").Flush()
	if v, err := view.Load(ctx, "b")(); v != "mine" || err != nil || load(ctx, things, "b") != down {
		t.Errorf("what was put in: got %q, %v", v, err)
	}
	if got := load(loader.WithScope(one, loader.Options{}), things, "a"); got != "kept a" {
		t.Errorf("in a scope within: got %q", got)
	}
	if !upstream.Kept(loader.WithKept(t.Context(), 0, noAge)) {
		t.Error("without a scope, it is not upstream's")
	}
}

// TestKeptWaitsForNothing: in a wave, what is kept comes while a batch of the operation waits for one who runs, and that batch leaves when
// he waits too; nobody is counted twice or left out.
func TestKeptWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &keeper{kept: []string{"a b"}}
		things, others := loader.New("shop", "things", 0, source.fetch), &recorder{}
		second := others.things(0)
		o := begin(t.Context(), time.Hour)
		went := make(chan struct{})
		began := time.Now()
		o.steps(func(ctx context.Context) {
			load(ctx, things, "a", "b")
			kept := loader.WithKept(ctx, time.Minute, noAge)
			for _, key := range []string{"a", "b", "x"} {
				load(kept, things, key)
			}
			close(went)
			load(ctx, second, "1")
		}, func(ctx context.Context) {
			load(ctx, things, "a", "b")
			<-went // where nobody sees it: until here no batch leaves
			load(ctx, second, "2")
		}, func(ctx context.Context) {
			load(ctx, things, "a", "b")
			load(ctx, second, "3")
		})
		o.all.Wait()
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it took %s", waited)
		}
		if got := fmt.Sprint(others.batches, source.calls, source.again); got != "[[1 2 3]] [a b] [a b x]" {
			t.Errorf("asked for %s", got)
		}
	})
}

// TestKeptByMany has many goroutines load from what is kept, with other loads beside them.
func TestKeptByMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &keeper{kept: []string{"a b c"}}
		things := loader.New("shop", "things", 0, source.fetch)
		o := begin(t.Context(), time.Hour)
		began := time.Now()
		o.steps(func(ctx context.Context) {
			load(ctx, things, "a", "b", "c")
			kept := loader.WithKept(ctx, time.Minute, noAge)
			for i := range 20 {
				o.steps(func(context.Context) {
					own := o.wave.Context(kept, nil)
					for j := range 3 {
						key := string(rune('a' + (i+j)%3))
						if got := load(own, things, key); got != "kept "+key {
							t.Errorf("got %q", got)
						}
					}
				}, func(ctx context.Context) {
					if got := load(ctx, things, "c", fmt.Sprint(i)); got != down+", "+down {
						t.Errorf("got %q", got)
					}
				})
			}
		})
		o.all.Wait()
		if len(source.again) != 1 || time.Since(began) != 0 {
			t.Errorf("asked %q, after %s", source.again, time.Since(began))
		}
	})
}

// TestKeptThatPanics is a fault of all its keys.
func TestKeptThatPanics(t *testing.T) {
	t.Parallel()
	things := loader.New("shop", "things", 0, func(ctx context.Context, _ []string) (map[string]string, error) {
		if upstream.Kept(ctx) {
			panic("boom")
		}
		return nil, fault.New(fault.SourceTimeout, "")
	})
	ctx, end := step(t.Context(), loader.Options{})
	defer end()
	load(ctx, things, "a", "b")
	if got := load(loader.WithKept(ctx, time.Minute, noAge), things, "a", "b"); got != "INTERNAL_SERVER_ERROR, INTERNAL_SERVER_ERROR" {
		t.Errorf("got %s", got)
	}
}
