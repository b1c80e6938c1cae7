package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/demo/ledger"
)

var update = flag.Bool("update", false, "write what is got into testdata as what is expected")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if programs != "" {
			if err := os.RemoveAll(programs); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		os.Exit(code)
	}))
}

// TestCases runs the cases of testdata.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, file := range caseFiles(t) {
		t.Run(caseName(file), func(t *testing.T) {
			t.Parallel()
			c, err := readCase(file)
			if err != nil {
				t.Fatal(err)
			}
			got := c.run(t, c.sections["config.yaml"])
			if *update && !t.Failed() {
				if err := os.WriteFile(file, c.with(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			c.compare(t, got)
		})
	}
}

func caseFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("there are %d cases only: %v", len(files), err)
	}
	return files
}

func caseName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

// run asks what the case asks of a gateway with a configuration, and gives what comes of it by section.
func (c *testCase) run(t *testing.T, config string) map[string]string {
	t.Helper()
	s := start(t, options{broken: c.breaks(t, 1), config: config})
	got := map[string]string{}
	for step := 1; ; step++ {
		if step > 1 {
			for service, b := range c.breaks(t, step) {
				if err := s.demo.Break(service, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		r := c.request(t, s, step)
		if r == nil {
			break
		}
		answer := s.send(t, r)
		text, err := readable(answer.body)
		if err != nil {
			t.Fatalf("%v in %s", err, answer.body)
		}
		c.check(t, step, answer, text)
		got[section("response.json", step)] = text
		got[section("calls.txt", step)] = loosen(tally(s.spans.settled(t)), c.sections[section("calls.txt", step)])
		if status := answer.statusText(); status != "" {
			got[section("status", step)] = status
		}
	}
	if len(got) == 0 {
		t.Fatal("the case asks nothing")
	}
	if text := ledgerText(s); text != "" {
		got["ledger.txt"] = text
	}
	return got
}

// check says what no answer may have, whatever the case expects.
func (c *testCase) check(t *testing.T, step int, answer reply, text string) {
	t.Helper()
	const defect = "INTERNAL_SERVER_ERROR"
	if strings.Contains(text, defect) && !strings.Contains(c.sections[section("response.json", step)], defect) {
		t.Errorf("a defect of the gateway:\n%s", text)
	}
	for _, secret := range []string{"127.0.0.1", "Bearer", "goroutine"} {
		if bytes.Contains(answer.body, []byte(secret)) && answer.status != http.StatusUnauthorized {
			t.Errorf("the answer tells of the inside, %q:\n%s", secret, text)
		}
	}
}

func (c *testCase) compare(t *testing.T, got map[string]string) {
	t.Helper()
	want := maps.Clone(c.sections)
	maps.DeleteFunc(want, func(name, _ string) bool { return !isExpected(name) })
	names := slices.Collect(maps.Keys(want))
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range slices.SortedFunc(slices.Values(names), inOrder) {
		if diff := cmp.Diff(lines(want[name]), lines(got[name])); diff != "" {
			t.Errorf("%s (-want +got; -update accepts it):\n%s", name, diff)
		}
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }

// ledgerText gives the commands that took effect, by service.
func ledgerText(s *stack) string {
	text := ""
	for _, service := range s.demo.Services() {
		for _, entry := range s.demo.Ledger(service.Name) {
			if entry.Command == ledger.Opening {
				continue // no command
			}
			text += fmt.Sprintf("%s %s by %s\n", service.Name, entry.Command, entry.Caller)
		}
	}
	return text
}
