package loader_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// TestRandomSteps runs random steps against the model, answer by answer: what is asked for is what the rule says, at the moment that it says;
// nobody waits for ever, no key is asked for twice, and everybody gets what was answered.
func TestRandomSteps(t *testing.T) {
	t.Parallel()
	rounds := 20 // of rapid's hundred
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) { runRandom(t, rt) })
	}
}

func runRandom(t *testing.T, rt *rapid.T) {
	t.Helper()
	ids := 0
	roots := make([]*plan, rapid.IntRange(1, 4).Draw(rt, "roots"))
	for i := range roots {
		roots[i] = planned(rt, 2, &ids)
	}
	maxBatch := rapid.IntRange(1, 5).Draw(rt, "maxBatch")
	moves := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 0, 20).Draw(rt, "moves")
	var wrong []string
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		x := &experiment{operation: begin(ctx, 0), end: cancel, model: newModel(maxBatch), seen: map[string]string{}, cancels: map[int]context.CancelFunc{}}
		x.loaders = map[string]*loader.Loader[string, string]{}
		for _, name := range []string{"a", "b", "c"} {
			x.loaders[name] = x.shop.loader(name, maxBatch)
		}
		x.start(roots...)
		x.model.begin(nil, roots...)
		wrong = x.play(moves)
	})
	if len(wrong) > 0 {
		for _, p := range roots {
			rt.Log(p.describe())
		}
		rt.Fatalf("with batches of %d:\n%v", maxBatch, wrong)
	}
}

// experiment is an operation that runs beside its model.
type experiment struct {
	*operation
	end     context.CancelFunc // of the operation
	model   *model
	shop    shop
	loaders map[string]*loader.Loader[string, string]

	mu      sync.Mutex
	seen    map[string]string // the outcome of each loader and key
	wrong   []string
	cancels map[int]context.CancelFunc // of steps and parallel parts
}

func (x *experiment) fail(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wrong = append(x.wrong, fmt.Sprintf(format, args...))
}

// start begins steps.
func (x *experiment) start(plans ...*plan) {
	steps := make([]func(context.Context), len(plans))
	for i, p := range plans {
		steps[i] = func(ctx context.Context) {
			if x.perform(ctx, p) {
				x.start(p.then...)
			}
		}
	}
	x.steps(steps...)
}

// perform does what a plan says, and says whether it came to its end.
func (x *experiment) perform(ctx context.Context, p *plan) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x.mu.Lock()
	x.cancels[p.id] = cancel
	x.mu.Unlock()
	for _, a := range p.actions {
		switch {
		case a.load != nil:
			if !x.load(ctx, a.load) {
				return false
			}
		case a.wait != "":
			x.shop.wait(ctx, a.wait, !a.unseen, nil)
		default:
			parts := make(chan *plan, len(a.parallel))
			for _, part := range a.parallel {
				parts <- part
			}
			wave.Parallel(ctx, len(a.parallel), func(ctx context.Context) { x.perform(ctx, <-parts) })
		}
	}
	return true
}

// load loads lists, and says whether the step goes on.
func (x *experiment) load(ctx context.Context, lists []list) bool {
	thunks := make([]func() ([]string, []error), len(lists))
	for i, l := range lists {
		thunks[i] = x.loaders[l.loader].In(ctx).LoadMany(ctx, l.keys)
	}
	for i, l := range lists {
		values, faults := thunks[i]()
		if ctx.Err() != nil {
			return false
		}
		x.mu.Lock()
		for i, k := range l.keys {
			got := values[i]
			if faults != nil && faults[i] != nil {
				got = "fault"
			}
			if before, known := x.seen[l.loader+" "+k]; known && before != got {
				x.wrong = append(x.wrong, fmt.Sprintf("%s of %s is %q and %q", k, l.loader, before, got))
			}
			if k != "" {
				x.seen[l.loader+" "+k] = got
			}
		}
		x.mu.Unlock()
	}
	return true
}

// play makes moves until nothing is left to be answered, and gives what was not as the model says.
func (x *experiment) play(moves []int) []string {
	for {
		open, want := x.shop.open(), x.model.settle()
		if !slices.Equal(open, want) {
			x.fail("%q are asked for, want %q", open, want)
		}
		if len(open) == 0 || len(x.wrong) > 0 {
			break
		}
		move := 0
		if len(moves) > 0 {
			move, moves = moves[0], moves[1:]
		}
		switch move % 16 {
		case 15:
			x.end()
			x.finish()
			return x.wrong
		case 14:
			if id := x.model.cancel(move / 16); id != 0 {
				x.cancels[id]()
			}
		case 13:
			<-time.After(wave.DefaultGuard) // those that wait leave, whoever seems to run
			x.model.leave()
		default:
			names := chosen(open, move/16)
			x.shop.answer(names...)
			x.model.answer(names...)
		}
	}
	x.finish()
	if !maps.Equal(x.seen, x.model.outcome) && len(x.wrong) == 0 {
		for k, v := range x.seen {
			if x.model.outcome[k] != v {
				x.fail("%q is %q, want %q", k, v, x.model.outcome[k])
			}
		}
	}
	return x.wrong
}

// chosen gives some of the names, or all if bits has none of them.
func chosen(names []string, bits int) []string {
	var some []string
	for i, name := range names {
		if bits>>(i%12)&1 == 1 {
			some = append(some, name)
		}
	}
	if some == nil {
		return names
	}
	return some
}

// finish answers whatever is asked for until all have ended, and looks for keys that were asked for twice.
func (x *experiment) finish() {
	for open := x.shop.open(); len(open) > 0; open = x.shop.open() {
		x.shop.answer(open...)
	}
	x.all.Wait()
	slices.Sort(x.shop.asked)
	for i, key := range x.shop.asked {
		if i > 0 && key == x.shop.asked[i-1] {
			x.fail("%q was asked for twice", key)
		}
	}
}
