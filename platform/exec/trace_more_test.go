package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/loader"
)

// tracedMore is what else extensions.trace has.
type tracedMore struct {
	Plan  string
	Steps []struct {
		ID, Parent int
		Path       string
		Open       bool
		Duration   float64
	}
	Batches []struct {
		ID    int
		Steps []int
	}
	Workflows []struct{ Workflow, Run, State string }
	More      map[string]int
}

func moreOf(t *testing.T, g *gateway, ctx context.Context, query string) (tr tracedMore) { //nolint:revive // the test comes first
	t.Helper()
	if err := json.Unmarshal([]byte(traced(t, g.answer(exec.WithTrace(ctx), t, request{query: query}))), &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestTraceTellsWhoGaveWhat: each step names that which gave its objects, each batch those that are in it.
func TestTraceTellsWhoGaveWhat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := tracing(t)
		for range 2 {
			got := moreOf(t, g, t.Context(), `{ lions(first: 2) { owner { name } } a: lion(key: 1) { where } }`)
			paths := map[int]string{}
			var lines []string
			for _, s := range got.Steps {
				paths[s.ID] = s.Path
			}
			for _, s := range got.Steps {
				if s.Parent != 0 {
					lines = append(lines, paths[s.Parent]+" > "+s.Path)
				}
			}
			for _, b := range got.Batches {
				for _, s := range b.Steps {
					lines = append(lines, fmt.Sprint(b.ID, " for ", paths[s]))
				}
			}
			all := " " + strings.Join(lines, ", ")
			for _, want := range []string{"lions > lions.owner", "a > a.where", "1 for lions.owner", "1 for a.where"} {
				if !strings.Contains(all, " "+want) {
					t.Errorf("got %s, and not %s", all, want)
				}
			}
			if got.Plan == "" {
				t.Error("it does not say whether there was a plan")
			}
		}
	})
}

// TestTraceOfWhatIsOpen: at the deadline, a step is shown as long as it has waited.
func TestTraceOfWhatIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got := moreOf(t, tracing(t), ctx, `{ failing lions(first: 1) { owner { name } } }`)
		for _, s := range got.Steps {
			if s.Path == "lions.owner" && (s.Duration < 49 || s.Duration > 51) {
				t.Errorf("%+v", s)
			}
		}
		time.Sleep(time.Hour) // what was fetched is there, and nobody is told
	})
}

// TestTraceIsBounded: of many steps and runs it shows five hundred, and tells how many there were more.
func TestTraceIsBounded(t *testing.T) {
	t.Parallel()
	g := compileFor(declaring(t, "Query.failing"), fakes{failing: func(ctx context.Context) (*int, error) {
		exec.TraceRun(ctx, "feeding", "r1", "RUNNING")
		return nil, nil
	}}, model.Faults{}, exec.Options{Loaders: loader.Options{}})
	var query strings.Builder
	query.WriteString("{")
	for i := range 600 {
		fmt.Fprintf(&query, " f%d: failing", i)
	}
	query.WriteString(" }")
	got := moreOf(t, g, t.Context(), query.String())
	if len(got.Steps) != 500 || got.More["steps"] != 100 || len(got.Workflows) != 500 || got.More["workflows"] != 100 || got.Workflows[0].Run != "r1" {
		t.Errorf("%d steps and %d runs, and %v more", len(got.Steps), len(got.Workflows), got.More)
	}
	exec.TraceRun(t.Context(), "feeding", "r1", "RUNNING") // where nothing is traced
}
