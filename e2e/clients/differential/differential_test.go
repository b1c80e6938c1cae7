// Package differential_test compares what the gateway makes of requests with what graphql-js 16 and 17 make of them: which are refused, at
// which step, and what becomes of the variables of others.
package differential_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/schema"
)

var (
	number = flag.Int("differential.requests", 1000, "how many random requests are compared, on each schema")
	seed   = flag.Uint64("differential.seed", 1, "the first request's seed")
)

// request is one request, as JSON has it.
type request struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables,omitempty"`
	OperationName string         `json:"operationName,omitempty"`
}

// verdict is what is made of a request: the step that refuses it, or its variables.
type verdict struct {
	Refused   string         `json:"refused"`
	Messages  []string       `json:"messages"`
	Variables map[string]any `json:"variables"`
}

func (v verdict) String() string {
	if v.Refused != "" {
		return fmt.Sprintf("refused (%s): %s", v.Refused, strings.Join(v.Messages, " | "))
	}
	variables, err := json.Marshal(v.Variables)
	if err != nil {
		panic(err) // they were JSON
	}
	return "accepted with " + string(variables)
}

// sdl gives the text of a schema by its name.
func sdl(t *testing.T, name string) string {
	t.Helper()
	var text strings.Builder
	read := func(from fs.FS, pattern string) {
		files, err := fs.Glob(from, pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files: %v", len(files), err)
		}
		for _, file := range files {
			part, err := fs.ReadFile(from, file)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(append(part, '\n'))
		}
	}
	if name == "storefront" {
		read(schema.Files, "*.graphqls")
	} else {
		read(os.DirFS("../../../platform/exec/exectest/testdata/zoo"), "schema.graphqls")
	}
	return text.String()
}

// deferDirective is in gqlparser's prelude, and in no schema of graphql-js that does not say so.
const deferDirective = "directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n"

// theirs gives graphql-js's verdicts, by its version.
func theirs(t *testing.T, schema string, requests []request) []map[string]verdict {
	t.Helper()
	node, err := osexec.LookPath("node")
	if err != nil {
		t.Skip("NOT RUN: there is no node. Nothing is compared with graphql-js.")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("NOT RUN: node_modules is not there: run `npm ci` in e2e/clients/differential. Nothing is compared with graphql-js.")
	}
	var lines bytes.Buffer
	in := json.NewEncoder(&lines)
	if err := in.Encode(map[string]string{"schema": schema + deferDirective}); err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		if err := in.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	cmd := osexec.CommandContext(t.Context(), node, "verdicts.mjs")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = &lines, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	verdicts := make([]map[string]verdict, 0, len(requests))
	for line := range bytes.Lines(out) {
		var one map[string]verdict
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, one)
	}
	if len(verdicts) != len(requests) {
		t.Fatalf("%d verdicts of %d requests", len(verdicts), len(requests))
	}
	return verdicts
}

// ours gives the gateway's verdict.
func ours(t *testing.T, engine *transport.Engine, r request) verdict {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	params := &graphql.RawParams{}
	read := json.NewDecoder(bytes.NewReader(text))
	read.UseNumber() // as the transport does
	if err := read.Decode(params); err != nil {
		t.Fatal(err)
	}
	ctx := graphql.StartOperationTrace(context.Background())
	oc, errs := engine.CreateOperationContext(ctx, params)
	if errs != nil {
		v := verdict{Refused: "validate"}
		for _, err := range errs {
			v.Messages = append(v.Messages, err.Message)
			switch {
			case err.Extensions["code"] == string(fault.ParseFailed):
				v.Refused = "parse"
			case err.Extensions["code"] == string(fault.BadUserInput):
				v.Refused = "coerce"
			case strings.Contains(err.Message, "operationName") || strings.Contains(err.Message, "no operation named"):
				v.Refused = "operation"
			}
		}
		return v
	}
	if text, err = json.Marshal(oc.Variables); err != nil {
		t.Fatal(err)
	}
	var v verdict
	read = json.NewDecoder(bytes.NewReader(text))
	read.UseNumber()
	if err := read.Decode(&v.Variables); err != nil {
		t.Fatal(err)
	}
	v.Variables, _ = doubles(v.Variables).(map[string]any)
	return v
}

// doubles gives JSON with its numbers as JavaScript has them. What is too large for it is infinite there, and null in JSON.
func doubles(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			v[name] = doubles(item)
		}
	case []any:
		for i, item := range v {
			v[i] = doubles(item)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
		return nil
	}
	return value
}

// load gives a schema and an engine of it.
func load(t *testing.T, text string) (*ast.Schema, *transport.Engine) {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return s, transport.NewEngine(&graphql.ExecutableSchemaMock{
		SchemaFunc:     func() *ast.Schema { return s },
		ExecFunc:       func(context.Context) graphql.ResponseHandler { return nil },
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) { return 0, false },
	}, transport.Options{Suggest: true})
}

// differs says in what two verdicts differ; empty if in nothing that matters. At which step a document is refused depends on how much a
// parser knows.
func differs(got, want verdict) string {
	document := func(step string) bool { return step == "parse" || step == "validate" }
	switch {
	case document(got.Refused) && document(want.Refused):
		return ""
	case got.Refused != want.Refused:
		return "the verdict"
	case got.Refused == "":
		return cmp.Diff(want.Variables, got.Variables)
	}
	return ""
}

// TestRandomRequests: the gateway's verdicts are graphql-js's.
func TestRandomRequests(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"storefront", "zoo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := sdl(t, name)
			s, engine := load(t, text)
			requests := make([]request, *number)
			for i := range requests {
				requests[i] = random(rand.New(rand.NewPCG(*seed+uint64(i), 0)), s)
			}
			steps, split, counts, wrong := map[string]int{}, 0, 0, 0
			for i, v := range theirs(t, text, requests) {
				got, old, current := ours(t, engine, requests[i]), v["16"], v["17"]
				steps[got.Refused]++
				if differs(old, current) != "" {
					split++ // over what the specification has said since
				}
				if diff := differs(got, current); diff != "" && (differs(got, old) != "" || differs(old, current) == "") {
					if wrong++; wrong <= 10 {
						t.Errorf("seed %d: %s\nours: %s\n16:   %s\n17:   %s\n%s\n%v", *seed+uint64(i), diff, got, old, current, requests[i].Query, requests[i].Variables)
					}
				}
				if got.Refused == "coerce" {
					if diff := cmp.Diff(plain(old.Messages), plain(got.Messages)); diff != "" {
						t.Errorf("seed %d: other messages than graphql-js 16's:\n%s\n%s", *seed+uint64(i), diff, requests[i].Query)
					}
				}
				if got.Refused == "validate" && len(got.Messages) != len(current.Messages) {
					counts++
				}
			}
			t.Logf("%d requests: %d accepted, %d refused by the parser, %d by validation, %d by coercion; %d differ; graphql-js 16 and 17 disagree about %d; the number of errors is another for %d",
				len(requests), steps[""], steps["parse"], steps["validate"], steps["coerce"], wrong, split, counts)
			for _, step := range []string{"", "parse", "validate", "coerce"} {
				if steps[step] < *number/50 {
					t.Errorf("%d requests only have the verdict %q: is anything compared?", steps[step], step)
				}
			}
		})
	}
}

// What messages tell of a value again: graphql-js tells all of it, with its numbers as JavaScript writes them.
var (
	echoed = regexp.MustCompile(`got invalid value .*?( at "[^"]*")?; ([A-Z])`)
	value  = regexp.MustCompile(`(cannot represent.* value): .*$`)
)

// plain gives messages in an order of their own, without values, and without what graphql-js suggests.
func plain(messages []string) []string {
	list := make([]string, 0, len(messages))
	for _, m := range messages {
		m, _, _ = strings.Cut(m, " Did you mean")
		list = append(list, value.ReplaceAllString(echoed.ReplaceAllString(m, "got$1; $2"), "$1"))
	}
	slices.Sort(list)
	return list
}
