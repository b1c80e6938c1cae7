// Package workflowstest examines workflows: it plays every failure that a step, or its undoing, can meet, the death of the process included,
// and checks how the run ends, that the services' books balance, and that steps call nothing but what they declare. The outcomes are a table
// in a file, which documents the workflow.
package workflowstest

import (
	"slices"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// Examined is a workflow to examine.
type Examined[S any] struct {
	// Begin gives the workflow with services of its own, for one case. Cases are played at the same time.
	Begin func(t *testing.T) Beginning[S]

	// Golden is the file that holds the table of outcomes, a page of Markdown. Update has it written, where it is compared otherwise.
	Golden string
	Update bool
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

// atOnce is how many cases are played at the same time: more than there are processors, since a case mostly waits.
const atOnce = 8

// Run examines a workflow.
func Run[S any](t *testing.T, x Examined[S]) {
	t.Helper()
	steps := x.Begin(t).Workflow.Steps
	trials, calls := trialsOf(steps), &made{all: map[call]map[string]bool{}}
	rows := make([]row, len(trials))
	next := make(chan int, len(trials))
	for i := range trials {
		next <- i
	}
	close(next)
	var players sync.WaitGroup
	for range atOnce {
		players.Go(func() {
			for i := range next {
				t.Run(trials[i].name, func(t *testing.T) { rows[i] = play(t, trials[i], x.Begin(t), calls) })
			}
		})
	}
	players.Wait()
	if t.Failed() || slices.ContainsFunc(rows, func(r row) bool { return r.ends == "" }) {
		return // some were not played: -run has chosen
	}
	compareCalls(t, steps, calls)
	compare(t, x.Golden, x.Update, rows)
}
