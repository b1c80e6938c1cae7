package loader_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// operation runs steps in one wave and one scope, and tells when all have ended.
type operation struct {
	ctx  context.Context
	wave *wave.Wave
	all  sync.WaitGroup
}

func begin(ctx context.Context, guard time.Duration) *operation {
	return &operation{ctx: loader.WithScope(ctx, loader.Options{}), wave: wave.New(guard)}
}

// steps begins steps that count from now on.
func (o *operation) steps(steps ...func(ctx context.Context)) {
	o.wave.Add(len(steps))
	for _, step := range steps {
		o.all.Go(func() {
			defer o.wave.Done()
			step(o.wave.Context(o.ctx, nil))
		})
	}
}

// loads gives a step that loads keys, one list after the other.
func loads(t *testing.T, l *loader.Loader[string, string], keys ...string) func(context.Context) {
	return func(ctx context.Context) {
		if _, err := l.LoadAll(ctx, keys); err != nil {
			t.Error(err)
		}
	}
}

func then(steps ...func(context.Context)) func(context.Context) {
	return func(ctx context.Context) {
		for _, step := range steps {
			step(ctx)
		}
	}
}

// TestWhenBatchesLeave follows operations from answer to answer.
func TestWhenBatchesLeave(t *testing.T) {
	t.Parallel()
	type moment struct {
		answer []string // that come now
		open   []string // calls in flight then
	}
	type things = *loader.Loader[string, string]
	for reason, test := range map[string]struct {
		steps   func(t *testing.T, a, b, c things) []func(context.Context)
		moments []moment
	}{
		"what is asked for at the same time is one batch": {
			func(t *testing.T, a, b, _ things) []func(context.Context) {
				return []func(context.Context){loads(t, a, "2"), loads(t, a, "1", "2"), loads(t, b, "1")}
			},
			[]moment{{nil, []string{"a[1 2]", "b[1]"}}, {[]string{"b[1]"}, []string{"a[1 2]"}}, {[]string{"a[1 2]"}, nil}},
		},
		"what one answer wakes is one batch": {
			func(t *testing.T, a, _, c things) []func(context.Context) {
				return []func(context.Context){
					then(loads(t, a, "1"), loads(t, c, "1")), then(loads(t, a, "2"), loads(t, c, "2")), then(loads(t, a, "1"), loads(t, c, "3")),
				}
			},
			[]moment{{nil, []string{"a[1 2]"}}, {[]string{"a[1 2]"}, []string{"c[1 2 3]"}}, {[]string{"c[1 2 3]"}, nil}},
		},
		"branches of two sources go on by themselves": {
			func(t *testing.T, a, b, c things) []func(context.Context) {
				return []func(context.Context){then(loads(t, a, "1"), loads(t, c, "1")), then(loads(t, b, "2"), loads(t, c, "2"))}
			},
			[]moment{
				{nil, []string{"a[1]", "b[2]"}}, {[]string{"a[1]"}, []string{"b[2]", "c[1]"}}, {[]string{"b[2]"}, []string{"c[1]", "c[2]"}},
				{[]string{"c[1]", "c[2]"}, nil},
			},
		},
		"with both answers in hand they are one batch": {
			func(t *testing.T, a, b, c things) []func(context.Context) {
				return []func(context.Context){then(loads(t, a, "1"), loads(t, c, "1")), then(loads(t, b, "2"), loads(t, c, "2"))}
			},
			[]moment{{nil, []string{"a[1]", "b[2]"}}, {[]string{"a[1]", "b[2]"}, []string{"c[1 2]"}}, {[]string{"c[1 2]"}, nil}},
		},
		"a source that hangs delays no other's": {
			func(t *testing.T, a, b, c things) []func(context.Context) {
				return []func(context.Context){loads(t, b, "1"), then(loads(t, a, "1"), loads(t, c, "1"), loads(t, a, "2"))}
			},
			[]moment{
				{nil, []string{"a[1]", "b[1]"}}, {[]string{"a[1]"}, []string{"b[1]", "c[1]"}}, {[]string{"c[1]"}, []string{"a[2]", "b[1]"}},
				{[]string{"a[2]"}, []string{"b[1]"}}, {[]string{"b[1]"}, nil},
			},
		},
		"who joins a batch in flight waits for it": {
			func(t *testing.T, a, b, _ things) []func(context.Context) {
				return []func(context.Context){loads(t, a, "1", "2"), then(loads(t, b, "1"), loads(t, a, "2", "3"), loads(t, b, "2"))}
			},
			[]moment{
				{nil, []string{"a[1 2]", "b[1]"}}, {[]string{"b[1]"}, []string{"a[1 2]", "a[3]"}}, {[]string{"a[3]"}, []string{"a[1 2]"}},
				{[]string{"a[1 2]"}, []string{"b[2]"}}, {[]string{"b[2]"}, nil},
			},
		},
		"of a batch that is too large, one waits for its part": {
			func(t *testing.T, a, b, _ things) []func(context.Context) {
				return []func(context.Context){
					loads(t, a, "5", "4", "3", "2", "1"), then(loads(t, a, "2"), loads(t, b, "1")), then(loads(t, a, "5", "3"), loads(t, b, "2")),
				}
			},
			[]moment{
				{nil, []string{"a[1 2 3]", "a[4 5]"}}, {[]string{"a[1 2 3]"}, []string{"a[4 5]", "b[1]"}}, {[]string{"a[4 5]"}, []string{"b[1]", "b[2]"}},
				{[]string{"b[1]", "b[2]"}, nil},
			},
		},
		"who waits for several waits for all": {
			func(t *testing.T, a, b, c things) []func(context.Context) {
				return []func(context.Context){func(ctx context.Context) {
					wave.Parallel(ctx, 1, loads(t, a, "0")) // where it is called
					first := a.In(ctx).LoadMany(ctx, []string{"1"})
					second := b.In(ctx).LoadMany(ctx, []string{"1"})
					first()
					second()
					loads(t, c, "1")(ctx)
				}}
			},
			[]moment{
				{nil, []string{"a[0]"}}, {[]string{"a[0]"}, []string{"a[1]", "b[1]"}}, {[]string{"b[1]"}, []string{"a[1]"}},
				{[]string{"a[1]"}, []string{"c[1]"}}, {[]string{"c[1]"}, nil},
			},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s shop
				o := begin(t.Context(), 0)
				o.steps(test.steps(t, s.loader("a", 3), s.loader("b", 3), s.loader("c", 3))...)
				for i, m := range test.moments {
					s.answer(m.answer...)
					if got := s.open(); !slices.Equal(got, m.open) {
						t.Fatalf("after %d answers, %q are in flight, want %q", i, got, m.open)
					}
				}
				o.all.Wait()
			})
		})
	}
}

// TestOneAnswerOneBatch is what two orders of one customer do, without anything that keeps time.
func TestOneAnswerOneBatch(t *testing.T) {
	t.Parallel()
	runs := 10_000
	if testing.Short() {
		runs = 500
	}
	for i := range runs {
		var r recorder
		orders, customers := r.things(100), r.things(100)
		o := begin(t.Context(), time.Hour) // a busy machine may keep a runner from running for longer than the guard waits
		o.steps(
			then(loads(t, orders, "order 1"), loads(t, customers, "customer 1")),
			then(loads(t, orders, "order 2"), loads(t, customers, "customer 2")),
		)
		o.all.Wait()
		if want := "[[order 1 order 2] [customer 1 customer 2]]"; fmt.Sprint(r.batches) != want {
			t.Fatalf("in run %d, asked for %v, want %s", i, r.batches, want)
		}
	}
}

// TestTheBlockedDelayBatches: a resolver that waits where nobody can see it delays the batches of others by the guard's time. If it waits for
// one of those, that frees it.
func TestTheBlockedDelayBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		things := r.things(100)
		o := begin(t.Context(), 0)
		begun, loaded := time.Now(), make(chan struct{})
		o.steps(
			func(ctx context.Context) {
				loads(t, things, "a")(ctx)
				close(loaded)
			},
			func(ctx context.Context) {
				<-loaded
				loads(t, things, "b")(ctx)
			},
		)
		o.all.Wait()
		if took := time.Since(begun); took != wave.DefaultGuard {
			t.Errorf("it took %s, want the guard's %s", took, wave.DefaultGuard)
		}
		if want := "[[a] [b]]"; fmt.Sprint(r.batches) != want {
			t.Errorf("asked for %v, want %s", r.batches, want)
		}
	})
}

// TestTheEndFreesEveryone: whoever waits for whatever, when the operation's context ends.
func TestTheEndFreesEveryone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hangs := make(chan struct{})
		deaf := loader.New("shop", "deaf", 1, func(ctx context.Context, _ []string) (map[string]string, error) {
			wave.Block(ctx)
			defer wave.Unblock(ctx)
			<-hangs // whatever becomes of ctx
			return nil, nil
		})
		o := begin(ctx, 0)
		var freed sync.WaitGroup
		freed.Add(4)
		waits := func(keys ...string) func(context.Context) {
			return func(ctx context.Context) {
				defer freed.Done()
				if _, err := deaf.LoadAll(ctx, keys); err == nil {
					t.Error("it is answered")
				}
			}
		}
		o.steps(waits("a", "b"), waits("b"), waits("c"), func(ctx context.Context) {
			waits("a")(ctx)
		})
		synctest.Wait()
		cancel()
		freed.Wait()
		close(hangs)
		o.all.Wait()
	})
}
