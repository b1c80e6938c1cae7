package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// printed gives what a command prints, and its error. It is not for parallel tests.
func printed(t *testing.T, run func() error) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = before }()
	text := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(r) // until the other end is closed
		text <- string(all)
	}()
	failed := run()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return <-text, failed
}

// TestExplainCommand: where the operation comes from, what is printed, and what the command fails with.
func TestExplainCommand(t *testing.T) { //nolint:paralleltest // it reads what is printed
	file := filepath.Join(t.TempDir(), "page.graphql")
	if err := os.WriteFile(file, []byte("query A { categories { name } } query B { me { displayName } }"), 0o600); err != nil {
		t.Fatal(err)
	}
	for reason, test := range map[string]struct {
		command explainCommand
		want    string
		refused bool
		fails   string
	}{
		"a text":                 {explainCommand{Query: "{ categories { name } }"}, "categories  catalog: 1 call\n", false, ""},
		"one of a file's":        {explainCommand{Query: file, Operation: "B"}, "me  customers: 1 call\n", false, ""},
		"none of a file's":       {explainCommand{Query: file}, "several operations", true, ""},
		"no such file":           {explainCommand{Query: "none.graphql"}, "", false, "neither an operation nor a file"},
		"a variable":             {explainCommand{Query: "query($n: Int!) { products(first: $n) { totalCount } }", Variables: `{"n": 3}`}, "products  catalog", false, ""},
		"no variable":            {explainCommand{Query: "query($n: Int!) { products(first: $n) { totalCount } }"}, "--variables", true, ""},
		"variables as no JSON":   {explainCommand{Query: "{ me { id } }", Variables: "n=3"}, "", false, "--variables"},
		"an error as JSON":       {explainCommand{Query: "{ nothing }", JSON: true}, `"line": 1`, true, ""},
		"a plan as JSON":         {explainCommand{Query: "{ me { id } }", JSON: true}, `"signedIn": true`, false, ""},
		"what is not there":      {explainCommand{Query: "{ nothing }"}, `operation:1:3: Cannot query field "nothing"`, true, ""},
		"what costs too much":    {explainCommand{Query: "{ products(first: 100) { nodes { reviews(first: 100) { nodes { product { reviews(first: 100) { nodes { body } } } } } } } }"}, "refused", true, ""},
		"a configuration":        {explainCommand{Query: "{ me { id } }", Config: "../../mainstem.yaml"}, "me  customers: 1 call", false, ""},
		"a broken configuration": {explainCommand{Query: "{ me { id } }", Config: file}, "", false, "the configuration is not valid"},
	} {
		t.Run(reason, func(t *testing.T) {
			got, err := printed(t, func() error { return test.command.Run(t.Context()) })
			if !strings.Contains(got, test.want) {
				t.Errorf("got\n%s", got)
			}
			if test.command.JSON && !json.Valid([]byte(got)) {
				t.Errorf("no JSON: %s", got)
			}
			switch {
			case test.refused && !errors.Is(err, errExplained), test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)),
				!test.refused && test.fails == "" && err != nil:
				t.Errorf("it fails with %v", err)
			}
		})
	}
}
