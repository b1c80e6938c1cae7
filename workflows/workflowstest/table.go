package workflowstest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// row is the outcome of a trial.
type row struct {
	what  string
	ends  string
	steps string
}

// rowOf gives the outcome of a run.
func rowOf[S any](what string, run *workflows.Run[S], stuck bool, deaths int) row {
	r := row{what: what, ends: string(run.State)}
	if stuck {
		r.ends = "STUCK, then " + r.ends
	}
	if deaths > 1 {
		r.what += fmt.Sprintf(" (%d times)", deaths)
	}
	steps := make([]string, len(run.Steps))
	for i, s := range run.Steps {
		steps[i] = call{step: s.Name, undo: s.Undo}.String()
		if s.Attempts != 1 {
			steps[i] += fmt.Sprintf(" ×%d", s.Attempts)
		}
		if s.State != storage.StepDone {
			steps[i] += " " + strings.ToLower(string(s.State))
		}
	}
	r.steps = strings.Join(steps, " → ")
	return r
}

// table gives outcomes as a page.
func table(rows []row) []byte {
	var page bytes.Buffer
	page.WriteString("<!-- Written by `go test -update` of the test that reads it. -->\n\n" +
		"What happens is told of the step, or of the undoing, that it happens to. Steps are in the order in which they were done and undone, each with how\n" +
		"often it was tried, where this is not once, by the process that brought it to its end. What is stuck was healed and retried by an operator, or given up.\n\n" +
		"| what happens | the run ends | steps |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", r.what, r.ends, r.steps)
	}
	return page.Bytes()
}

// compare compares outcomes with the table in a file, or writes it.
func compare(t *testing.T, file string, update bool, rows []row) {
	t.Helper()
	got := table(rows)
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // test data is for everybody
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // test data is for everybody
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file) //nolint:gosec // the test names it
	if err != nil {
		t.Fatalf("there is no table of outcomes: %v", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the outcomes are not those of %s (- the file, + now):\n%s", file, diff)
	}
}
