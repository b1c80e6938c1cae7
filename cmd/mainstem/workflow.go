package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

type showCommand struct {
	storageFlags
	ID     string `arg:"" help:"The workflow."`
	Events int    `help:"How many of its newest events, at most." default:"50"`
	JSON   bool   `name:"json" help:"As one JSON object."`
}

// Run shows a workflow.
func (c showCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		r, _, err := lookUp(ctx, store, c.ID)
		if err != nil {
			return err
		}
		if r.events, err = newestEvents(ctx, store, c.ID, c.Events); err != nil {
			return err
		}
		if c.JSON {
			return r.writeJSON(os.Stdout)
		}
		return r.write(os.Stdout)
	})
}

// run is a run with all that is told of it.
type run struct {
	row      *storage.Workflow
	steps    []storage.WorkflowStep
	events   []storage.Event
	standing workflows.Standing
}

// lookUp reads a run, and gives who can tell it what to do.
func lookUp(ctx context.Context, store *storage.Store, id string) (*run, *workflows.Operator, error) {
	operator, err := workflows.NewOperator(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	r := &run{}
	if r.standing, err = operator.Standing(ctx, id); err != nil {
		return nil, nil, named(id, err)
	}
	if r.row, err = store.Workflow(ctx, id); err != nil {
		return nil, nil, err
	}
	if r.row == nil {
		return nil, nil, errNoWorkflow{id}
	}
	r.steps, err = store.Steps(ctx, id)
	return r, operator, err
}

// newestEvents gives the newest events of a run, the oldest of them first.
func newestEvents(ctx context.Context, store *storage.Store, id string, limit int) ([]storage.Event, error) {
	const page = 200
	var events []storage.Event
	for after := int64(0); limit > 0; {
		list, err := store.EventsAfter(ctx, workflows.Topic(id), after, page)
		if err != nil {
			return nil, err
		}
		events = append(events, list...)
		events = events[max(0, len(events)-limit):]
		if len(list) < page {
			break
		}
		after = list[len(list)-1].Seq
	}
	return events, nil
}

// stuckStep gives the step that a run is stuck at, whose standing is Waiting.
func (r *run) stuckStep() storage.WorkflowStep {
	for _, s := range r.steps {
		if s.State == storage.StepStuck {
			return s
		}
	}
	return storage.WorkflowStep{} // it went on just now
}

// notUndone gives the names of the steps that were begun and are not undone.
func (r *run) notUndone() []string {
	undone := map[int]bool{}
	for _, s := range r.steps {
		undone[s.Position] = undone[s.Position] || s.Undo && s.State == storage.StepDone
	}
	var names []string
	for _, s := range r.steps {
		if !s.Undo && !undone[s.Position] {
			names = append(names, s.Name)
		}
	}
	return names
}

// next says in one line what to do about a run.
func (r *run) next() string {
	id := r.row.ID
	switch r.standing {
	case workflows.Over:
		if r.row.State == workflows.Abandoned {
			return "somebody has to mend by hand what was given up: the steps and undoings that are not DONE"
		}
		return "nothing: it has ended"
	case workflows.UnderWay:
		if r.row.CancelRequested {
			return "nothing: it is undone after its present step, as was asked, unless it is past the point of no return"
		}
		return fmt.Sprintf("nothing: it goes on by itself where a gateway runs; `mainstem workflows cancel %s` calls it off", id)
	case workflows.Returning:
		return "nothing: it is undone by itself where a gateway runs"
	case workflows.Dropped:
		return fmt.Sprintf("nobody works on it, since it was interrupted too often, or the storage failed: see the gateways' logs, then `mainstem workflows retry %s`", id)
	case workflows.Waiting:
	}
	return fmt.Sprintf("mend what its fault names, then `mainstem workflows retry %s`; only if that cannot be, `mainstem workflows cancel %s`", id, id)
}

// cancelMeans says what cancelling a run means.
func (r *run) cancelMeans() string {
	switch r.standing {
	case workflows.Dropped:
		return fmt.Sprintf("Nobody works on it, since it was interrupted too often, or the storage failed. Cancelling ends it where it is, as ABANDONED: nothing more "+
			"is done or undone, and somebody has to mend by hand what it has begun (%s, and the step after). Retrying is better.", orDash(strings.Join(r.notUndone(), ", ")))
	case workflows.Waiting:
		const fix = "Retrying is better, once what its fault names is mended."
		step := r.stuckStep()
		if step.Undo {
			return fmt.Sprintf("It is stuck at undoing the step %q. Cancelling gives that up: what the step did stays, and somebody has to undo it by hand. "+
				"The steps before it are still undone. It ends as ABANDONED. %s", step.Name, fix)
		}
		return fmt.Sprintf("It is stuck at the step %q, past the point of no return. Cancelling gives that up: somebody has to do it by hand. "+
			"The steps after it are still done. It ends as ABANDONED. %s", step.Name, fix)
	case workflows.UnderWay, workflows.Returning, workflows.Over:
	}
	return "It goes forward. Cancelling has it undone after its present step, and it ends as FAILED; past the point of no return it is completed all the same."
}

// write shows a run to people.
func (r *run) write(w io.Writer) error {
	t, row := told(r.row), r.row
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // what cannot be written, Flush says
	line("%s\t%s", "workflow", plain(t.Workflow)+" "+t.ID)
	line("%s\t%s", "state", t.State)
	line("%s\t%s", "owner", plain(t.Owner.Subject+" of "+t.Owner.Issuer))
	line("%s\t%s", "subject", plain(orDash(t.Subject)))
	for _, at := range []struct {
		what string
		when time.Time
	}{{"started", row.CreatedAt}, {"updated", row.UpdatedAt}, {"stuck since", row.StuckSince}, {"ended", row.EndedAt}} {
		if !at.when.IsZero() {
			line("%s\t%s", at.what, instant(at.when))
		}
	}
	if row.CancelRequested {
		line("%s\t%s", "cancelling", "was asked for")
	}
	if f := faultOf(row.Fault); f != nil {
		line("%s\t%s", "fault", describe(f))
	}
	line("%s\t%s", "next", r.next())
	if len(r.steps) > 0 {
		line("\nSTEP\tSTATE\tSTARTED\tTOOK\tATTEMPTS\tFAULT")
	}
	for _, s := range r.steps {
		what := s.Name
		if s.Undo {
			what = "undo " + what
		}
		line("%s\t%s\t%s\t%s\t%d\t%s", plain(what), s.State, second(s.StartedAt), took(s.StartedAt, s.EndedAt), s.Attempts, describe(faultOf(s.Fault)))
	}
	if len(r.events) > 0 {
		line("\nSEQ\tAT\tEVENT\tBY\tWHAT")
	}
	for _, e := range r.events {
		line("%d\t%s\t%s\t%s\t%s", e.Seq, instant(e.At), plain(e.Kind), plain(e.Actor.Subject), plain(string(e.Payload)))
	}
	return out.Flush()
}

// plain gives a text without what would command a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// second gives a time to the second.
func second(t time.Time) string { return instant(t.Truncate(time.Second)) }

func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "-"
	}
	return to.Sub(from).Round(time.Millisecond).String()
}

func faultOf(kept json.RawMessage) *workflows.Fault {
	var f workflows.Fault
	if len(kept) == 0 || json.Unmarshal(kept, &f) != nil {
		return nil
	}
	return &f
}

// describe gives a fault in one line, with its cause.
func describe(f *workflows.Fault) string {
	if f == nil {
		return "-"
	}
	text := string(f.Code) + ": " + f.Message
	if f.Source != "" {
		text = f.Source + "." + f.Operation + ": " + text
	}
	if f.Reason != "" {
		text += " (" + f.Reason + ")"
	}
	if f.Cause != "" {
		text += " " + f.Cause
	}
	return plain(text)
}

// toldRun is a run as JSON.
type toldRun struct {
	ID              string           `json:"id"`
	Workflow        string           `json:"workflow"`
	State           string           `json:"state"`
	Owner           actor            `json:"owner"`
	Subject         string           `json:"subject,omitempty"`
	CancelRequested bool             `json:"cancelRequested,omitempty"`
	StartedAt       string           `json:"startedAt"`
	UpdatedAt       string           `json:"updatedAt,omitempty"`
	StuckSince      string           `json:"stuckSince,omitempty"`
	EndedAt         string           `json:"endedAt,omitempty"`
	Fault           *workflows.Fault `json:"fault,omitempty"`
}

func told(w *storage.Workflow) toldRun {
	return toldRun{
		ID: w.ID, Workflow: w.Kind, State: string(w.State), Owner: actor(w.Owner), Subject: w.Subject, CancelRequested: w.CancelRequested,
		StartedAt: instant(w.CreatedAt), UpdatedAt: instant(w.UpdatedAt), StuckSince: instant(w.StuckSince), EndedAt: instant(w.EndedAt), Fault: faultOf(w.Fault),
	}
}

// toldStep is a step as JSON.
type toldStep struct {
	Name      string           `json:"name"`
	Undo      bool             `json:"undo,omitempty"`
	State     string           `json:"state"`
	Attempts  int              `json:"attempts"`
	StartedAt string           `json:"startedAt,omitempty"`
	EndedAt   string           `json:"endedAt,omitempty"`
	Fault     *workflows.Fault `json:"fault,omitempty"`
}

// writeJSON shows a run to programs.
func (r *run) writeJSON(w io.Writer) error {
	whole := struct {
		toldRun
		Standing workflows.Standing `json:"standing"`
		Next     string             `json:"next"`
		Steps    []toldStep         `json:"steps"`
		Events   []auditEntry       `json:"events"`
	}{told(r.row), r.standing, r.next(), []toldStep{}, []auditEntry{}}
	for _, s := range r.steps {
		whole.Steps = append(whole.Steps, toldStep{s.Name, s.Undo, string(s.State), s.Attempts, instant(s.StartedAt), instant(s.EndedAt), faultOf(s.Fault)})
	}
	for _, e := range r.events {
		whole.Events = append(whole.Events, entry(e))
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(whole)
}
