package workflows_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	// What the page's code imports, so that Go's test cache knows of it.
	_ "github.com/mainstem/mainstem/demo"
	_ "github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/workflows"
	_ "github.com/mainstem/mainstem/workflows/workflowstest"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/workflows.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSettingsAreDocumented: docs/workflows.md has a row for each setting, with its default.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	text, o := page(t), workflows.Defaults()
	for name, value := range map[string]any{
		"wait": o.Wait, "retry.attempts": o.Retry.Attempts, "retry.first": o.Retry.First, "retry.max": o.Retry.Max, "retry.timeout": o.Retry.Timeout,
		"rounds.first": o.Rounds.First, "rounds.max": strings.TrimSuffix(o.Rounds.Max.String(), "0s"), "stuckAfter": o.StuckAfter, "lease": o.Lease,
	} {
		if row := fmt.Sprintf("| `workflows.%s` | %v |", name, value); !strings.Contains(text, row) {
			t.Errorf("there is no %q", row)
		}
	}
}

// TestAddingOneIsDocumented types in what docs/workflows.md says, into a copy of the repository that only the compiler sees, and does what it
// says with it.
func TestAddingOneIsDocumented(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds and runs another test")
	}
	text, typed := page(t), map[string]string{}
	for _, m := range regexp.MustCompile("(?s)\n\\*\\*`([^`]+\\.go)`\\*\\*:\n\n```go\n(.*?)```").FindAllStringSubmatch(text, -1) {
		typed[m[1]] = m[2]
	}
	if len(typed) != 2 {
		t.Fatalf("it has %d files", len(typed))
	}
	diff := regexp.MustCompile("(?s)```diff\n--- (\\S+)\n(.*?)```").FindStringSubmatch(text)
	if diff == nil {
		t.Fatal("it has no diff")
	}
	typed[diff[1]] = apply(t, diff[1], diff[2])

	folder := t.TempDir()
	overlay := lay(t, folder, typed)
	program := filepath.Join(folder, "sendsample.test")
	run(t, "..", "go", "build", "-overlay", overlay, "./resolvers")
	run(t, "..", "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "./workflows/sendsample") // its folder is not there to be vetted in

	run(t, folder, program, "-update")
	table, err := os.ReadFile(filepath.Join(folder, "testdata", "sendsample.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```text\n(\\| .*?)```").FindStringSubmatch(text)
	if shown == nil {
		t.Fatal("it shows no table")
	}
	for line := range strings.Lines(shown[1]) {
		if !strings.Contains(string(table), line) {
			t.Errorf("the table has no line %s", line)
		}
	}
}

// apply gives a file with the lines of a diff that have a +, each after the line above it.
func apply(t *testing.T, file, diff string) string {
	t.Helper()
	read, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	text, above := string(read), ""
	for line := range strings.Lines(diff) {
		mark, line := line[0], line[1:]
		if mark == '+' {
			text = strings.Replace(text, above, above+line, 1)
		} else if strings.Count(text, line) != 1 {
			t.Errorf("%s has the line %d times: %s", file, strings.Count(text, line), line)
		}
		above = line
	}
	return text
}

// lay writes files that take the place of the repository's, and gives what tells the compiler so.
func lay(t *testing.T, folder string, files map[string]string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for name, text := range files {
		written := filepath.Join(folder, filepath.Base(name))
		if err := os.WriteFile(written, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, name)] = written
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func run(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}
