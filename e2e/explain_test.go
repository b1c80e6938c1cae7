package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/explain"
	"github.com/mainstem/mainstem/server"
)

// TestExplainedIsAtMost asks the queries of all cases of a healthy shop: nothing is called that is not in their plans, and nothing more often.
func TestExplainedIsAtMost(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'"})
	compared, refused := 0, 0
	for _, file := range caseFiles(t) {
		c, err := readCase(file)
		if err != nil {
			t.Fatal(err)
		}
		document, err := expand(c.sections["query.graphql"])
		if err != nil || strings.Contains(document, "mutation") || strings.Contains(document, "subscription") || document == "" {
			continue
		}
		q := server.Question{Document: document}
		if text := c.sections["variables.json"]; text != "" {
			if text, err = expand(text); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(text), &q.Variables); err != nil {
				continue
			}
		}
		r, err := queryRequest(s.url, document, c.sections["variables.json"])
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", s.token(t, "admin"))
		r.Header.Set("Mainstem-Trace", "1")
		r.Header.Set("Accept", "application/json")
		answer := s.send(t, r)
		var got struct{ Extensions struct{ Trace *explained } }
		if err := json.Unmarshal(answer.body, &got); err != nil {
			t.Fatalf("%s: %v", caseName(file), err)
		}
		plan, errs := server.Explain(t.Context(), server.DefaultConfig(), q)
		trace := got.Extensions.Trace
		switch {
		case (errs != nil) != (trace == nil):
			t.Errorf("%s: explained with %v, and answered by %s", caseName(file), errs, answer.body)
		case errs != nil:
			refused++
		default:
			compared++
			for _, wrong := range beyond(plan, trace) {
				t.Errorf("%s: %s", caseName(file), wrong)
			}
		}
	}
	if compared < 50 || refused < 3 {
		t.Errorf("%d queries were compared, and %d refused", compared, refused)
	}
}

// beyond says what was run that is not in a plan.
func beyond(plan *explain.Plan, trace *explained) []string {
	var wrong []string
	sources, most := map[string][]string{}, map[string]int{}
	var note func(list []*explain.Step)
	note = func(list []*explain.Step) {
		for _, step := range list {
			sources[step.Path] = append(sources[step.Path], step.Sources...)
			for _, source := range step.Sources {
				most[source] += step.Calls
			}
			note(step.Steps)
		}
	}
	note(plan.Steps)
	if plan.Executor != trace.Executor {
		wrong = append(wrong, "the executor is "+trace.Executor)
	}
	paths := map[int]string{}
	for _, step := range trace.Steps {
		paths[step.ID] = step.Path
	}
	askers := map[int][]int{}
	for _, b := range trace.Batches {
		askers[b.ID] = b.Steps
	}
	made := map[string]int{}
	for _, c := range trace.Calls {
		made[c.Source]++
		steps := askers[c.Batch]
		if c.Step != 0 {
			steps = []int{c.Step}
		}
		for _, id := range steps {
			if !slices.Contains(sources[paths[id]], c.Source) {
				wrong = append(wrong, paths[id]+" calls "+c.Source)
			}
		}
	}
	for source, n := range made {
		if n > most[source] {
			wrong = append(wrong, source+" is called too often")
		}
	}
	if len(trace.Calls) > plan.Usage["calls"].Requested {
		wrong = append(wrong, "there are more calls than are counted")
	}
	return wrong
}
