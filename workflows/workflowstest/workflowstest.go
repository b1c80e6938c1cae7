// Package workflowstest examines workflows: it plays every failure that a step, or its undoing, can meet, the death of the process included,
// and checks how the run ends and that the services' books balance. The outcomes are a table in a file, which documents the workflow.
package workflowstest

import (
	"flag"
	"slices"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

var update = flag.Bool("update", false, "write the tables of outcomes anew")

// Examined is a workflow to examine.
type Examined[S any] struct {
	// Begin gives the workflow with services of its own, for one case. Cases are played at the same time.
	Begin func(t *testing.T) Beginning[S]

	// Golden is the file that holds the table of outcomes, a page of Markdown. The flag -update writes it.
	Golden string
}

// Beginning is a workflow, and what a run of it begins with. If nothing fails, the run must be COMPLETED.
type Beginning[S any] struct {
	Workflow workflows.Workflow[S]
	Input    S
	Owner    storage.Actor

	// Books gives what does not balance after a run that ended in a state: what was done twice, or is left over of what was undone. Nil is a run
	// whose books balance. It is not asked about a run that is ABANDONED: its books do not balance, which is why somebody has to mend them.
	Books func(end storage.WorkflowState) []string
}

// Run examines a workflow.
func Run[S any](t *testing.T, x Examined[S]) {
	t.Helper()
	steps := x.Begin(t).Workflow.Steps
	trials := trialsOf(steps)
	rows := make([]row, len(trials))
	t.Run("cases", func(t *testing.T) {
		for i, c := range trials {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = play(t, c, x.Begin(t))
			})
		}
	})
	if t.Failed() || slices.ContainsFunc(rows, func(r row) bool { return r.ends == "" }) {
		return // some were not played: -run has chosen
	}
	compare(t, x.Golden, rows)
}
