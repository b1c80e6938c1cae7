package workflowstest

import (
	"context"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/workflows"
)

// call names what a workflow declares: a step's Do or Undo.
type call struct {
	step string
	undo bool
}

func (c call) String() string {
	if c.undo {
		return "undo " + c.step
	}
	return c.step
}

// event is what happens to a call: do carries out what the workflow declares.
type event func(ctx context.Context, p *process, do func() error) error

// process is what an event can do to the process that it happens in.
type process struct {
	died chan struct{} // receives once for each death
}

// die ends the process, and gives what ends a call in it.
func (p *process) die(ctx context.Context) error {
	p.died <- struct{}{}
	<-ctx.Done()
	return context.Cause(ctx)
}

// The events.
func refused(context.Context, *process, func() error) error { return workflows.ErrRefused }

func failed(context.Context, *process, func() error) error {
	return fault.New(fault.PreconditionFailed, "It was played to fail for good.")
}

func doneAndFailed(ctx context.Context, p *process, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return failed(ctx, p, do)
}

func unavailable(context.Context, *process, func() error) error {
	return fault.New(fault.SourceUnavailable, "It was played to be away.")
}

func unanswered(_ context.Context, _ *process, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return fault.New(fault.SourceTimeout, "It was played to be done, and its answer to be lost.")
}

func panics(context.Context, *process, func() error) error { panic("It was played to panic.") }

func diesBefore(ctx context.Context, p *process, _ func() error) error { return p.die(ctx) }

func diesWithin(ctx context.Context, p *process, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return p.die(ctx)
}

// script is what happens to one call.
type script struct {
	call   call
	event  event
	always bool // until it is healed; else the first time only
	record bool // event happens when what became of the call is about to be recorded, and not while it is made
}

// trial is a case: what happens, and what an operator says once the run is stuck.
type trial struct {
	name    string
	scripts []script
	cancel  bool // the operator gives up what is stuck, where he would otherwise heal and retry it
	ending  bool // the process dies after the run has ended
}

// trialsOf gives everything that can happen to a workflow.
func trialsOf[S any](steps []workflows.Step[S]) []trial {
	all := []trial{{name: "nothing fails"}}
	insist := false
	for i, s := range steps {
		insist = insist || s.Must
		all = append(all, trialsOfDo(call{step: s.Name}, insist)...)
		if i < len(steps)-1 {
			// Once a step is recorded, the next one begins.
			all = append(all, trial{name: s.Name + ": the process dies after it is recorded", scripts: []script{
				{call: call{step: steps[i+1].Name}, event: diesBefore},
			}})
		} else {
			all = append(all, trial{name: s.Name + ": the process dies after it is recorded", ending: true})
		}
		if s.Undo != nil && !insist {
			all = append(all, trialsOfUndo(call{step: s.Name, undo: true})...)
		}
	}
	return all
}

// trialsOfDo gives what can happen to a step. If it has to be done, it can be stuck.
func trialsOfDo(c call, insist bool) []trial {
	one := func(what string, e event, always bool) trial {
		return trial{name: c.String() + ": " + what, scripts: []script{{call: c, event: e, always: always}}}
	}
	all := []trial{
		one("it fails for good", failed, true),
		one("it is done and fails for good", doneAndFailed, true),
		one("it is refused", refused, true),
		one("it panics", panics, true),
		one("it is away once", unavailable, false),
		one("it is away", unavailable, true),
		one("it is done and unanswered once", unanswered, false),
		one("it is done and unanswered", unanswered, true),
	}
	if insist {
		given := one("it fails for good, and is given up", failed, true)
		given.cancel = true
		all = append(all, given)
	}
	return append(all, deaths(c)...)
}

// trialsOfUndo gives what can happen to an undoing. The step that is undone has been done, and has failed nevertheless.
func trialsOfUndo(c call) []trial {
	turn := script{call: call{step: c.step}, event: doneAndFailed, always: true}
	one := func(what string, e event, always bool) trial {
		return trial{name: c.String() + ": " + what, scripts: []script{turn, {call: c, event: e, always: always}}}
	}
	given := one("it fails for good, and is given up", failed, true)
	given.cancel = true
	all := []trial{
		one("it fails for good", failed, true),
		given,
		one("it panics", panics, true),
		one("it is away once", unavailable, false),
		one("it is away", unavailable, true),
		one("it is done and unanswered once", unanswered, false),
		one("it is done and unanswered", unanswered, true),
	}
	for _, d := range deaths(c) {
		d.scripts = append([]script{turn}, d.scripts...)
		all = append(all, d)
	}
	return all
}

func deaths(c call) []trial {
	return []trial{
		{name: c.String() + ": the process dies before it", scripts: []script{{call: c, event: diesBefore}}},
		{name: c.String() + ": the process dies within it, when it is done", scripts: []script{{call: c, event: diesWithin}}},
		{name: c.String() + ": the process dies before it is recorded", scripts: []script{{call: c, event: diesBefore, record: true}}},
	}
}
