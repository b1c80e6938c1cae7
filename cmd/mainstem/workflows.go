package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

type workflowsCommands struct {
	List   listCommand   `cmd:"" help:"List workflows, the newest first."`
	Show   showCommand   `cmd:"" help:"Show a workflow: its steps, why it failed or is stuck, and what to do."`
	Retry  retryCommand  `cmd:"" help:"Have stuck workflows try again now. It is safe to do at any time."`
	Cancel cancelCommand `cmd:"" help:"Call a workflow off, or give up what one is stuck at. It says what that means, and asks for --yes."`
}

// Help says what the command ends with.
func (workflowsCommands) Help() string { return exitCodes }

const exitCodes = "It ends with 0 if it is done, with 1 if it failed, and with 3 if there is no such workflow."

// errNoWorkflow is what a command fails with that was given the id of no workflow.
type errNoWorkflow struct{ id string }

// Error says what is missing, and where to look.
func (e errNoWorkflow) Error() string {
	return fmt.Sprintf("there is no workflow %q (any more): `mainstem workflows list` lists what there is", e.id)
}

// ExitCode gives the program's exit code.
func (errNoWorkflow) ExitCode() int { return 3 }

// states are those of workflows.
var states = []storage.WorkflowState{
	workflows.Running, workflows.Undoing, workflows.Stuck, workflows.Completed, workflows.Refused, workflows.Failed, workflows.Abandoned,
}

type listCommand struct {
	storageFlags
	Stuck    bool     `help:"Only those that are stuck, as --state STUCK."`
	State    []string `help:"Only those in these states: RUNNING, UNDOING, STUCK, COMPLETED, REFUSED, FAILED, ABANDONED." placeholder:"STATE"`
	Workflow string   `help:"Only those of this workflow, such as placeOrder." placeholder:"NAME"`
	Limit    int      `help:"How many at most." default:"50"`
	JSON     bool     `name:"json" help:"One JSON object a line."`
}

// Run lists workflows.
func (c listCommand) Run(ctx context.Context) error {
	filter := storage.WorkflowFilter{Kind: c.Workflow, Limit: c.Limit}
	if c.Limit < 1 {
		return fmt.Errorf("--limit %d: 1 or more", c.Limit)
	}
	for _, name := range c.State {
		state := storage.WorkflowState(strings.ToUpper(name))
		if !slices.Contains(states, state) {
			return fmt.Errorf("--state %q: there are %v", name, states)
		}
		filter.States = append(filter.States, state)
	}
	if c.Stuck {
		filter.States = []storage.WorkflowState{workflows.Stuck}
	}
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		list, err := store.Workflows(ctx, filter)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeLines(os.Stdout, list)
		}
		if len(list) == 0 {
			return print("There are none.\n")
		}
		return writeTable(os.Stdout, list)
	})
}

func writeLines(w io.Writer, list []storage.Workflow) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for i := range list {
		if err := out.Encode(told(&list[i])); err != nil {
			return err
		}
	}
	return nil
}

func writeTable(w io.Writer, list []storage.Workflow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tWORKFLOW\tSTATE\tSTARTED\tSINCE\tSUBJECT\tOWNER") // what cannot be written, Flush says
	for i := range list {
		run := told(&list[i])
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			run.ID, plain(run.Workflow), run.State, second(list[i].CreatedAt), second(sinceWhen(&list[i])), plain(orDash(run.Subject)), plain(run.Owner.Subject))
	}
	return table.Flush()
}

// sinceWhen gives from when on a run has been in its state, as far as this is known.
func sinceWhen(w *storage.Workflow) time.Time {
	for _, at := range []time.Time{w.EndedAt, w.StuckSince, w.UpdatedAt} {
		if !at.IsZero() {
			return at
		}
	}
	return w.CreatedAt
}

type retryCommand struct {
	storageFlags
	IDs   []string `arg:"" optional:"" name:"id" help:"The workflows."`
	Stuck bool     `help:"All that are stuck."`
}

// Run has stuck workflows try again. One that cannot does not keep the others from it.
func (c retryCommand) Run(ctx context.Context) error {
	if c.Stuck == (len(c.IDs) > 0) {
		return errors.New("name workflows by their ids, or all that are stuck by --stuck")
	}
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		operator, err := workflows.NewOperator(ctx, store)
		if err != nil {
			return err
		}
		ids := c.IDs
		if c.Stuck {
			if ids, err = allStuck(ctx, store); err != nil {
				return err
			}
			if len(ids) == 0 {
				return print("There are none.\n")
			}
		}
		var failed []error
		for _, id := range ids {
			if err := named(id, operator.Retry(ctx, id)); err != nil {
				failed = append(failed, err)
			} else if err := print("%s: it is told to try again; `mainstem workflows show %s` shows what comes of it\n", id, id); err != nil {
				return err
			}
		}
		if len(failed) == 1 {
			return failed[0] // whose exit code is the program's
		}
		return errors.Join(failed...)
	})
}

// allStuck gives the ids of all stuck runs.
func allStuck(ctx context.Context, store *storage.Store) ([]string, error) {
	const page = 500
	var ids []string
	filter := storage.WorkflowFilter{States: []storage.WorkflowState{workflows.Stuck}, Limit: page}
	for {
		list, err := store.Workflows(ctx, filter)
		if err != nil {
			return nil, err
		}
		for i := range list {
			ids = append(ids, list[i].ID)
		}
		if len(list) < page {
			return ids, nil
		}
		filter.Before = list[len(list)-1].CreatedAt
	}
}

type cancelCommand struct {
	storageFlags
	ID  string `arg:"" help:"The workflow."`
	Yes bool   `help:"Do it. Without, it only says what would be done."`
}

// Run calls a workflow off, or says what that would mean.
func (c cancelCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		r, operator, err := lookUp(ctx, store, c.ID)
		if err != nil {
			return err
		}
		if r.standing == workflows.Over || r.standing == workflows.Returning {
			return named(c.ID, operator.Cancel(ctx, c.ID)) // which says why not
		}
		if err := print("%s\n", r.cancelMeans()); err != nil {
			return err
		}
		if !c.Yes {
			return errors.New("nothing is done yet: say --yes to do it")
		}
		if err := named(c.ID, operator.Cancel(ctx, c.ID)); err != nil {
			return err
		}
		return print("%s: it is told.\n", c.ID)
	})
}

// named gives what an operator could not do, with the run's id.
func named(id string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, workflows.ErrNoRun):
		return errNoWorkflow{id}
	}
	return fmt.Errorf("%s: %w", id, err)
}
