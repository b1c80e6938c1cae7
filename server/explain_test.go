package server_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/explain"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/server"
	"github.com/mainstem/mainstem/workflows"
)

var updatePlans = flag.Bool("update-plans", false, "write what is explained into testdata/explain as what is expected")

// TestExplain explains the operation of each file of testdata/explain, with its variables and configuration if it has some.
func TestExplain(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/explain/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := explained(t, archive)
			last := &archive.Files[len(archive.Files)-1]
			if *updatePlans {
				last.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(last.Data), got); diff != "" {
				t.Errorf("(-want +got; -update-plans accepts it):\n%s", diff)
			}
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

// TestWorkflowsAreCalledAsTheirMutations: else nothing would be told of their steps to whoever asks what a mutation does.
func TestWorkflowsAreCalledAsTheirMutations(t *testing.T) {
	t.Parallel()
	outline := workflows.Outline()
	resolvers.AddWorkflows(outline, resolvers.Sources{})
	if len(outline.Declared()) < 2 {
		t.Fatalf("there are %d workflows only", len(outline.Declared()))
	}
	mutations := graph.NewExecutableSchema(graph.Config{}).Schema().Mutation.Fields
	for _, w := range outline.Declared() {
		if mutations.ForName(w.Name) == nil {
			t.Errorf("the workflow %s is not called as the mutation that starts it", w.Name)
		}
	}
}

var globalID = regexp.MustCompile(`\$\{[^}]*\}`)

// explained gives what is printed of a case.
func explained(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	sections := map[string]string{}
	for _, f := range archive.Files {
		sections[f.Name] = globalID.ReplaceAllStringFunc(string(f.Data), func(id string) string {
			return base64.RawURLEncoding.EncodeToString([]byte(id[2 : len(id)-1]))
		})
	}
	q := server.Question{Document: sections["query.graphql"]}
	if text := sections["variables.json"]; text != "" {
		if err := json.Unmarshal([]byte(text), &q.Variables); err != nil {
			t.Fatal(err)
		}
	}
	c := server.DefaultConfig()
	if text := sections["config.yaml"]; text != "" {
		file := filepath.Join(t.TempDir(), "mainstem.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, source := range c.Sources {
			source.URL = server.NoService
			c.Sources[name] = source
		}
		var err error
		if c, err = config.Load(file, nil, c); err != nil {
			t.Fatal(err)
		}
	}
	plan, errs := server.Explain(t.Context(), c, q)
	if errs != nil {
		return explain.Problems("query.graphql", q.Document, errs)
	}
	if _, err := json.Marshal(plan); err != nil {
		t.Error(err)
	}
	return plan.Text()
}
