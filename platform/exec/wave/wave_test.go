package wave_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// departures are the batches that have left, in order.
type departures struct {
	mu   sync.Mutex
	list []string
}

// batch is one that notes when it leaves, and gives its answer at once.
type batch struct {
	name string
	wave *wave.Wave
	to   *departures
}

func (b batch) Leave() {
	b.to.mu.Lock()
	b.to.list = append(b.to.list, b.name)
	b.to.mu.Unlock()
	b.wave.Done()
}

func (d *departures) begin(w *wave.Wave, name string) { w.Begin(batch{name, w, d}) }

// want compares what has left with what should.
func (d *departures) want(t *testing.T, when string, names ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.list, names) {
		t.Errorf("%s, %q have left, want %q", when, d.list, names)
	}
}

func TestBatchesLeaveWhenNothingRuns(t *testing.T) {
	t.Parallel()
	var left departures
	w := wave.New(0)
	w.Add(3)
	ctx := w.Context(t.Context(), nil)
	left.begin(w, "first")
	w.Done()
	left.begin(w, "second")
	wave.Block(ctx)
	left.want(t, "while one runs")
	w.Done()
	left.want(t, "when one has ended and one waits", "first", "second")
	left.begin(w, "third")
	wave.Unblock(ctx)
	left.want(t, "when one runs again", "first", "second")
	w.Done()
	left.want(t, "when all have ended", "first", "second", "third")
}

// TestOneRunner: whatever its goroutines do, a runner is one, which runs or waits.
func TestOneRunner(t *testing.T) {
	t.Parallel()
	type do = func(context.Context)
	block, unblock := wave.Block, wave.Unblock
	for reason, test := range map[string]struct {
		do   []do
		runs bool // in the end
	}{
		"it waits":                          {[]do{block}, false},
		"it runs again":                     {[]do{block, unblock}, true},
		"two of its goroutines wait":        {[]do{block, block}, false},
		"one of two waits on":               {[]do{block, block, unblock}, false},
		"both run again":                    {[]do{block, block, unblock, unblock}, true},
		"it did not wait":                   {[]do{unblock}, true},
		"it runs more often than it waited": {[]do{block, unblock, unblock, unblock}, true},
		"and waits afterwards":              {[]do{block, unblock, unblock, block}, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var left departures
			w := wave.New(0)
			w.Add(2)
			ctx := w.Context(t.Context(), nil)
			for _, do := range test.do {
				do(ctx)
			}
			left.begin(w, "batch")
			left.want(t, "while another runs")
			w.Done()
			if test.runs {
				left.want(t, "while it runs")
				w.Done()
			}
			left.want(t, "when nothing runs", "batch")
		})
	}
}

// TestARunnerSaysThatItWaits: each time, and while what it begins can still add to the batches.
func TestARunnerSaysThatItWaits(t *testing.T) {
	t.Parallel()
	var left departures
	w := wave.New(0)
	w.Add(1)
	said := 0
	ctx := w.Context(t.Context(), func() {
		said++
		w.Add(1) // somebody takes its place
	})
	left.begin(w, "batch")
	for i := range 3 {
		wave.Block(ctx)
		wave.Block(ctx)
		left.want(t, "while another has its place")
		if said != i+1 {
			t.Fatalf("it has said so %d times after %d", said, i+1)
		}
		wave.Unblock(ctx)
		wave.Unblock(ctx)
		w.Done()
	}
	w.Done()
	left.want(t, "when all have ended", "batch")
}

// TestAGoroutineOutlivesItsRunner: as long as it waits, batches may leave early; afterwards all is as it was.
func TestAGoroutineOutlivesItsRunner(t *testing.T) {
	t.Parallel()
	var left departures
	w := wave.New(0)
	w.Add(1)
	gone := w.Context(t.Context(), nil)
	w.Done()
	wave.Block(gone)
	left.begin(w, "early")
	w.Add(1)
	w.Done()
	left.want(t, "when nothing runs", "early")
	wave.Unblock(gone)
	w.Add(1)
	left.begin(w, "batch")
	left.want(t, "while one runs", "early")
	w.Done()
	left.want(t, "when all have ended", "early", "batch")
}

func TestGo(t *testing.T) {
	t.Parallel()
	var left departures
	w := wave.New(0)
	w.Add(1)
	release, done := make(chan struct{}), make(chan struct{})
	wave.Go(w.Context(t.Context(), nil), func(ctx context.Context) {
		defer close(done)
		<-release
		if wave.From(ctx) != w {
			t.Error("it is in no wave, or in another")
		}
		left.want(t, "while it runs")
		wave.Block(ctx)
		left.want(t, "when it waits", "batch")
		wave.Unblock(ctx)
	})
	left.begin(w, "batch")
	w.Done()
	close(release)
	<-done
}

func TestWithoutAWave(t *testing.T) {
	t.Parallel()
	if wave.From(t.Context()) != nil {
		t.Error("it is in a wave")
	}
	wave.Block(t.Context())
	wave.Unblock(t.Context())
	done := make(chan struct{})
	wave.Go(t.Context(), func(context.Context) { close(done) })
	<-done
	var ran sync.Map
	wave.Parallel(t.Context(), 3, func(context.Context) { ran.Store(new(int), true) })
	n := 0
	ran.Range(func(any, any) bool { n++; return true })
	if n != 3 {
		t.Errorf("it has run %d times, want 3", n)
	}
	x := wave.NewWaiter(t.Context())
	go x.Wake()
	if !x.Wait(nil) {
		t.Error("it has given up")
	}
	x = wave.NewWaiter(t.Context())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if x.Wait(over.Done()) {
		t.Error("it was woken by nobody")
	}
	x.Wake()
}

func TestParallel(t *testing.T) {
	t.Parallel()
	for reason, n := range map[string]int{"none": 0, "one": 1, "several": 4} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var left departures
			w := wave.New(0)
			w.Add(1)
			ctx := w.Context(t.Context(), nil)
			left.begin(w, "batch")
			var mu sync.Mutex
			ran := 0
			wave.Parallel(ctx, n, func(context.Context) {
				mu.Lock()
				defer mu.Unlock()
				ran++
			})
			left.want(t, "though all that it waited for has ended") // there was no moment in which nothing ran
			if ran != n {
				t.Errorf("it has run %d times, want %d", ran, n)
			}
			w.Done()
			left.want(t, "when all have ended", "batch")
		})
	}
}
