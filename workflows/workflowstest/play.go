package workflowstest

import (
	"context"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

const key = "the-key" // the client's

// production is a trial while it is played.
type production[S any] struct {
	t     *testing.T
	trial trial
	stage *stage[S]
	begin Beginning[S]

	url     storage.URL
	options workflows.Options
	process *Process[S]
	run     string // its id
	seen    int64  // how far the log was read
	kinds   []string
	stuck   int
	deaths  int
}

// play plays a trial to its end and gives its outcome. What steps call is noted.
func play[S any](t *testing.T, c trial, b Beginning[S], m *made) row {
	t.Helper()
	p := &production[S]{t: t, trial: c, stage: newStage[S](t, c.scripts, m), begin: b, url: File(t), options: Options(t)}
	p.options.Wait = 0 // the log says when it has ended, also across deaths
	p.options.Tracer = p.stage.tracer()
	p.start()
	run, err := p.process.Runner.Start(t.Context(), b.Owner, key, b.Input, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.run = run.ID
	p.follow()
	if c.ending {
		p.die()
	}
	return p.outcome()
}

// start starts a process.
func (p *production[S]) start() {
	p.process = Begin(p.t, p.url, p.options, p.stage.set(p.begin.Workflow))
}

// die has the process die, and starts another.
func (p *production[S]) die() {
	p.deaths++
	p.process.End()
	p.start()
}

// follow waits for the end of the run. Processes that die are started again, and what is stuck is healed and retried, or given up.
func (p *production[S]) follow() {
	for {
		changes, stop := p.process.Follow(workflows.Topic(p.run), p.seen)
		ended := p.read(changes)
		stop()
		if ended {
			return
		}
		p.die()
	}
}

// read reads the log until the run has ended, or the process dies.
func (p *production[S]) read(changes <-chan workflows.Change) (ended bool) {
	var change workflows.Change
	for {
		select {
		case <-p.stage.process.died:
			return false
		default:
		}
		select {
		case <-p.stage.process.died:
			return false
		case change = <-changes:
		case <-p.t.Context().Done():
			p.t.Fatal("the test was ended")
		}
		if change.Seq <= p.seen {
			p.t.Fatalf("the log gives %d, %q, after %d", change.Seq, change.Kind, p.seen)
		}
		p.seen = change.Seq
		p.kinds = append(p.kinds, change.Kind)
		switch change.Kind {
		case workflows.KindEnded:
			return true
		case workflows.KindStepStuck:
			p.operate()
		}
	}
}

// operate does what an operator does about a run that is stuck.
func (p *production[S]) operate() {
	p.stuck++
	run := p.find()
	if run.State != workflows.Stuck || run.Fault == nil {
		p.t.Errorf("a run that is stuck is %s, with the fault %+v", run.State, run.Fault)
	}
	Operate(p.t, p.url, func(ctx context.Context, o *workflows.Operator) error {
		if p.trial.cancel {
			return o.Cancel(ctx, p.run)
		}
		p.stage.heal()
		return o.Retry(ctx, p.run)
	})
}

func (p *production[S]) find() *workflows.Run[S] {
	run, err := p.process.Runner.Find(p.t.Context(), p.run)
	if err != nil || run == nil {
		p.t.Fatalf("the run is not found: %v", err)
	}
	return run
}

// outcome checks how the run has ended, and that asking again for it gives the same and does nothing more.
func (p *production[S]) outcome() row {
	calls := p.stage.counted()
	run := p.find()
	again, err := p.process.Runner.Start(p.t.Context(), p.begin.Owner, key, p.begin.Input, 0)
	if err != nil || again.ID != run.ID || again.State != run.State {
		p.t.Errorf("asking again under the same key gives %+v, %v, want %+v", again, err, run)
	}
	if n := p.stage.counted(); n != calls {
		p.t.Errorf("%d calls were made after the run had ended", n-calls)
	}
	if !run.Ended() || run.EndedAt.IsZero() {
		p.t.Errorf("the run has ended, and is %s, ended at %s", run.State, run.EndedAt)
	}
	if run.State != workflows.Abandoned && p.begin.Books != nil {
		for _, wrong := range p.begin.Books(run.State) {
			p.t.Errorf("the books do not balance: %s", wrong)
		}
	}
	p.checkLog()
	return rowOf(p.trial.name, run, p.stuck > 0, p.deaths)
}

// checkLog checks that the log tells of the beginning once, and of the end once.
func (p *production[S]) checkLog() {
	ends := 0
	for i, kind := range p.kinds {
		if (kind == workflows.KindStarted) != (i == 0) {
			p.t.Errorf("the log tells %q", p.kinds)
		}
		if kind == workflows.KindEnded {
			ends++
		}
	}
	if ends != 1 {
		p.t.Errorf("the log tells of %d ends: %q", ends, p.kinds)
	}
}
