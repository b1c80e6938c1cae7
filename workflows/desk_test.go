package workflows_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/workflowstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ada = workflows.Actor{Issuer: "https://issuer.test", Subject: "ada"}

// errand is the state of the workflows that the runner is tested with.
type errand struct {
	What    string   `json:"what"`
	Notes   []string `json:"notes,omitempty"` // the steps that were done
	Load    string   `json:"load,omitempty"`
	Unkept  string   `json:"-"`
	Anybody any      `json:"anybody,omitempty"`
}

// act is what happens to a call at a desk; do has the effect.
type act func(ctx context.Context, do func()) error

// desk is the service that all steps of an errand ask. It is safe for concurrent use.
type desk struct {
	mu      sync.Mutex
	acts    map[string][]act // by the call's name, such as "a" or "undo a": what happens to the next calls. What is not named is done
	calls   []string         // in their order
	keys    []string
	effects map[string]string // what was done and not undone, by its key
	undone  map[string]bool
	began   chan string // receives the name of each call that waits
}

func newDesk(acts map[string][]act) *desk {
	if acts == nil {
		acts = map[string][]act{}
	}
	return &desk{acts: acts, effects: map[string]string{}, undone: map[string]bool{}, began: make(chan string, 100)}
}

// call carries out a call.
func (d *desk) call(ctx context.Context, name, key string, do func()) error {
	d.mu.Lock()
	d.calls, d.keys = append(d.calls, name), append(d.keys, key)
	locked := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		do()
	}
	var a act
	if list := d.acts[name]; len(list) > 0 {
		a, d.acts[name] = list[0], list[1:]
	}
	d.mu.Unlock()
	if a != nil {
		return a(ctx, locked)
	}
	locked()
	return nil
}

// step declares a step. A name that ends in "?" has no Undo; one that ends in "!" must be done.
func (d *desk) step(name string) workflows.Step[errand] {
	step := workflows.Step[errand]{Name: strings.TrimRight(name, "?!"), Must: strings.HasSuffix(name, "!")}
	step.Do = func(ctx context.Context, key string, e errand) (errand, error) {
		err := d.call(ctx, step.Name, key, func() {
			if !d.undone[key] {
				d.effects[key] = step.Name
			}
		})
		e.Notes = append(e.Notes, step.Name)
		return e, err
	}
	if !strings.HasSuffix(name, "?") {
		step.Undo = func(ctx context.Context, key, doKey string, _ errand) error {
			return d.call(ctx, "undo "+step.Name, key, func() {
				delete(d.effects, doKey)
				d.undone[doKey] = true
			})
		}
	}
	return step
}

// errands declares a workflow of steps, such as "a b? c!".
func (d *desk) errands(steps string) workflows.Workflow[errand] {
	w := workflows.Workflow[errand]{Name: "errand"}
	for name := range strings.FieldsSeq(steps) {
		w.Steps = append(w.Steps, d.step(name))
	}
	return w
}

// made gives the calls so far.
func (d *desk) made() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.calls)
}

// left gives what was done and not undone.
func (d *desk) left() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var left []string
	for _, what := range d.effects {
		left = append(left, what)
	}
	slices.Sort(left)
	return left
}

// waits has a call tell that it has begun, and wait for a signal or for its context's end.
func (d *desk) waits(name string, signal <-chan struct{}) act {
	return func(ctx context.Context, do func()) error {
		d.began <- name
		select {
		case <-signal:
			do()
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// fails has a call fail without an effect.
func fails(code fault.Code) act {
	return func(context.Context, func()) error { return fault.New(code, "") }
}

// loses has a call take effect and its answer be lost.
func loses(code fault.Code) act {
	return func(_ context.Context, do func()) error {
		do()
		return fault.New(code, "")
	}
}

func refuses(context.Context, func()) error { return workflows.ErrRefused }

func panics(context.Context, func()) error { panic("a defect") }

// times gives an act several times.
func times(n int, a act) []act { return slices.Repeat([]act{a}, n) }

// begin begins a process that does a desk's errands.
func begin(t *testing.T, d *desk, steps string) *workflowstest.Process[errand] {
	t.Helper()
	return workflowstest.Begin(t, workflowstest.File(t), workflowstest.Options(t), d.errands(steps))
}

// start starts a run and waits for its end.
func start(t *testing.T, p *workflowstest.Process[errand], key string) *workflows.Run[errand] {
	t.Helper()
	run, err := p.Runner.Start(t.Context(), ada, key, errand{What: key}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// until reads the log of a run until it tells something, and gives everything that it told.
func until(t *testing.T, p *workflowstest.Process[errand], id, kind string) []workflows.Change {
	t.Helper()
	changes, stop := p.Follow(workflows.Topic(id), 0)
	defer stop()
	var told []workflows.Change
	for {
		told = append(told, workflowstest.Await(t, changes, kind))
		if told[len(told)-1].Kind == kind {
			return told
		}
	}
}

func kindsOf(changes []workflows.Change) []string {
	kinds := make([]string, len(changes))
	for i, c := range changes {
		kinds[i] = c.Kind
	}
	return kinds
}

// impatient gives options with which what has to be done is tried in rounds without a rest, and is stuck in the third.
func impatient(t *testing.T) workflows.Options {
	t.Helper()
	o := workflowstest.Options(t)
	o.Retry.Attempts = 1
	o.Rounds = workflows.Retry{First: time.Millisecond, Max: time.Millisecond}
	o.StuckAfter = 3
	return o
}
