package exectest

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
)

// Ask executes an operation and gives all answers: one, or each event's of a subscription. A request that is refused has one answer too.
func Ask(ctx context.Context, e *executor.Executor, o Operation) []*graphql.Response {
	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := e.CreateOperationContext(ctx, &graphql.RawParams{
		Query: o.Query, OperationName: o.OperationName, Variables: sent(o.Variables),
	})
	if errs != nil {
		return []*graphql.Response{{Errors: errs}}
	}
	respond, ctx := e.DispatchOperation(ctx, operation)
	var answers []*graphql.Response
	for {
		answer := respond(ctx)
		if answer == nil {
			return answers
		}
		answer.Data = slices.Clone(answer.Data) // gqlgen's executor writes the next event to the same bytes
		answers = append(answers, answer)
		if operation.Operation.Operation != ast.Subscription {
			return answers
		}
	}
}

// sent gives variables as a server gets them: executors may write into what they are given.
func sent(variables map[string]any) map[string]any {
	text, err := json.Marshal(variables)
	if err != nil {
		panic(err) // they are JSON
	}
	var read map[string]any
	if err := decode(text, &read); err != nil {
		panic(err)
	}
	return read
}

// Examination compares what two executors answer to random operations.
type Examination struct {
	Schema *ast.Schema
	Limits Limits
	// Want and Got answer an operation; Want is taken to be right. The seed says what else the answer depends on, such as what fails.
	Want, Got func(ctx context.Context, seed uint64, o Operation) []*graphql.Response
	// Departures are what Want is known to do wrong.
	Departures []Departure
	// Folder has the cases that are examined first, each a file; those that fail are added. None if it is empty.
	Folder string
}

// Departure is something that the wanted answers are known to have wrong.
type Departure struct {
	Name string // what is wrong
	// Right gives the answers as they should be, nil if they cannot be wrong for this reason. It sees what the other executor answers.
	Right func(ctx context.Context, c Case, want, got []*graphql.Response) []*graphql.Response
}

// Case is an operation and what else its answer depends on.
type Case struct {
	Seed      uint64
	Operation Operation
}

// String gives the case as a file has it.
func (c Case) String() string { return fmt.Sprintf("# seed: %d\n%s", c.Seed, c.Operation) }

// ParseCase reads what String gives. Other comments may stand before the operation.
func ParseCase(text string) (Case, error) {
	var c Case
	for line := range strings.Lines(text) {
		if number, ok := strings.CutPrefix(line, "# seed: "); ok {
			seed, err := strconv.ParseUint(strings.TrimSpace(number), 10, 64)
			if err != nil {
				return Case{}, err
			}
			c.Seed = seed
		}
	}
	var err error
	c.Operation, err = Parse(text)
	return c, err
}

// Check says how the answers to a case differ, nil if they do not.
func (x *Examination) Check(ctx context.Context, c Case) error {
	want, got := x.Want(ctx, c.Seed, c.Operation), x.Got(ctx, c.Seed, c.Operation)
	err := CompareAll(want, got)
	for _, d := range x.Departures {
		if err == nil {
			return nil
		}
		if right := d.Right(ctx, c, want, got); right != nil {
			want = right
			err = CompareAll(want, got)
		}
	}
	return err
}

// Find examines n random operations and gives the first whose answers differ, minimized, and how they do; nil if none was found. The seed
// decides everything. Some operations are asked once more with other values of Boolean variables, which may be what an executor has planned
// them by.
func (x *Examination) Find(ctx context.Context, n int, seed uint64) (*Case, error) {
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // nothing is to be kept secret
		c := Case{Seed: r.Uint64() % 1000, Operation: Generate(r, x.Schema, x.Limits)}
		err := x.Check(ctx, c)
		if other, ok := otherwise(c.Operation); ok && err == nil {
			c.Operation = other
			err = x.Check(ctx, c)
		}
		if err != nil {
			return x.minimized(ctx, c, err)
		}
	}
	return nil, nil
}

// otherwise gives the operation with the opposite of each Boolean variable's value, and whether there are any.
func otherwise(o Operation) (Operation, bool) {
	other, found := maps.Clone(o.Variables), false
	for name, value := range o.Variables {
		if is, ok := value.(bool); ok {
			other[name], found = !is, true
		}
	}
	o.Variables = other
	return o, found
}

// minimized gives the least operation whose answers still differ, and how. An executor that remembers may answer it as is right by now.
func (x *Examination) minimized(ctx context.Context, c Case, differ error) (*Case, error) {
	less := Case{Seed: c.Seed, Operation: Minimize(x.Schema, c.Operation, func(o Operation) bool {
		return x.Check(ctx, Case{Seed: c.Seed, Operation: o}) != nil
	})}
	if err := x.Check(ctx, less); err != nil {
		return &less, err
	}
	return &c, differ
}

// Run examines the cases of the folder and then n random operations. The first whose answers differ is reported, minimized, and added to the
// folder.
func (x *Examination) Run(t *testing.T, n int, seed uint64) {
	t.Helper()
	x.runFolder(t)
	t.Logf("%d random operations from seed %d", n, seed)
	c, err := x.Find(t.Context(), n, seed)
	if c == nil {
		return
	}
	t.Errorf("answers differ: %v\n%s", err, c)
	if x.Folder != "" {
		if err := x.keep(*c, err); err != nil {
			t.Error(err)
		}
	}
}

// keep adds a case to the folder, under a name that is to be replaced by one which says what the case is about.
func (x *Examination) keep(c Case, differ error) error {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(c.String())) // which does not fail
	text := "# " + strings.ReplaceAll(differ.Error(), "\n", "\n# ") + "\n" + c.String()
	if err := os.MkdirAll(x.Folder, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(x.Folder, fmt.Sprintf("found-%08x.graphql", hash.Sum32())), []byte(text), 0o600)
}

// runFolder examines the cases of the folder.
func (x *Examination) runFolder(t *testing.T) {
	t.Helper()
	if x.Folder == "" {
		return
	}
	files, err := filepath.Glob(filepath.Join(x.Folder, "*.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			text, err := os.ReadFile(file) //nolint:gosec // it is one of the test's own files
			if err != nil {
				t.Fatal(err)
			}
			c, err := ParseCase(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Operation.Validate(x.Schema); err != nil {
				t.Fatal(err)
			}
			if err := x.Check(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}
