package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// departures are the cases in which gqlgen's executor loses more, and why: it answers a plain field, and what is below, before it begins
// with the fields beside it. What hangs below an order's lines, or below edges, so takes those with it.
var departures = map[string]bool{"broken-catalog-slow": true, "broken-below-edges": true}

// TestCasesUnderGqlgen runs the cases by gqlgen's executor: it must give the same data, and errors of the same codes at the same places.
func TestCasesUnderGqlgen(t *testing.T) {
	t.Parallel()
	for _, file := range caseFiles(t) {
		t.Run(caseName(file), func(t *testing.T) {
			t.Parallel()
			c, err := readCase(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.sections["config.yaml"], "degrade:") {
				t.Skip("gqlgen's executor degrades nothing, and a configuration that wants both is refused")
			}
			got := c.run(t, "executor: gqlgen\n"+c.sections["config.yaml"])
			for _, name := range slices.Sorted(maps.Keys(c.sections)) {
				switch base, _ := splitSection(name); base {
				case "status", "ledger.txt":
					if diff := cmp.Diff(c.sections[name], got[name]); diff != "" {
						t.Errorf("%s (-want +got):\n%s", name, diff)
					}
				case "response.json":
					want, got := essence(t, c.sections[name]), essence(t, got[name])
					if departures[caseName(file)] {
						got = got.without(t, want)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-want +got):\n%s", name, diff)
					}
				}
			}
		})
	}
}

// essential is what of an answer does not depend on the executor.
type essential struct {
	Data   any
	Errors map[string]bool // paths with codes
}

// without gives the answer as if what it has lost, compared with the one that is wanted, had not been late.
func (e essential) without(t *testing.T, want essential) essential {
	t.Helper()
	if len(e.Errors) <= len(want.Errors) {
		t.Error("it loses no more than the compiled executor: it is no departure")
	}
	maps.DeleteFunc(e.Errors, func(at string, _ bool) bool { return strings.HasSuffix(at, " DEADLINE_EXCEEDED") && !want.Errors[at] })
	return essential{want.Data, e.Errors}
}

func essence(t *testing.T, text string) essential {
	t.Helper()
	var answer struct {
		Data   any
		Errors []problem
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	e := essential{answer.Data, map[string]bool{}}
	for _, p := range answer.Errors {
		e.Errors[p.at()+" "+p.Extensions.Code] = true
	}
	return e
}
