package zoo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// sourced gives the zoo's schema in which every field declares a source.
func sourced(t *testing.T) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../testdata/zoo/schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)}, &ast.Source{Input: "directive @source(name: String!) repeatable on FIELD_DEFINITION"})
	if err != nil {
		t.Fatal(err)
	}
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			f.Directives = append(f.Directives, &ast.Directive{
				Name: "source", Arguments: ast.ArgumentList{{Name: "name", Value: &ast.Value{Raw: "shop", Kind: ast.StringValue}}},
			})
		}
	}
	return schema
}

// TestDegradingChangesNothingElse asks random operations where all fields are degraded in a way that the data does not show, and compares
// with what is answered without it.
func TestDegradingChangesNothingElse(t *testing.T) {
	t.Parallel()
	schema := sourced(t)
	compiled := func(ds exec.Degradations) *side {
		return &side{schema: func(faults model.Faults) graphql.ExecutableSchema {
			cfg := zoo.Config(faults)
			cfg.Schema = schema
			return graph.NewCompiledSchema(cfg, exec.Options{Degrade: ds})
		}}
	}
	plain := compiled(nil)
	for how, test := range map[string]struct {
		degradation exec.Degradation
		hides       bool // faults that have something in their place
		says        bool // what is degraded
	}{
		"stale, and nothing is kept": {exec.Degradation{How: exec.Stale, MaxAge: time.Minute}, false, false},
		"omit":                       {exec.Degradation{How: exec.Omit}, false, true},
		"default, which is null":     {exec.Degradation{How: exec.Default, Default: "null"}, true, true},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			all := exec.Degradations{}
			for name, def := range schema.Types {
				for _, f := range def.Fields {
					one := exec.Degradations{name + "." + f.Name: test.degradation}
					if one.Check(schema) == nil { // else no query reaches it, or it may not be null
						all[name+"."+f.Name] = test.degradation
					}
				}
			}
			degrading := compiled(all)
			said := 0
			x := &exectest.Examination{
				Schema: schema, Want: plain.ask, Limits: exectest.Limits{Mutations: true, Subscriptions: true, Values: values, Without: declined},
				Got: func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
					want, got := plain.ask(ctx, seed, o), degrading.ask(ctx, seed, o)
					for i := range got {
						if i < len(want) {
							said += len(fmt.Sprint(got[i].Extensions["degraded"]))
							if wrong := unlike(want[i], got[i], test.hides, test.says); wrong != "" {
								t.Errorf("%s: %s\n%s", how, wrong, exectest.Case{Seed: seed, Operation: o})
							}
							got[i].Errors = want[i].Errors
						}
					}
					return got
				},
			}
			x.Run(t, *operations/10, *seed)
			if test.says && said == 0 {
				t.Error("nothing was degraded")
			}
		})
	}
}

// unlike says in what an answer is not like another one, except for what degradation is for.
func unlike(want, got *graphql.Response, hides, says bool) string {
	if string(want.Data) != string(got.Data) {
		return fmt.Sprintf("got %s, want %s", got.Data, want.Data)
	}
	left := got.Errors
	for _, err := range want.Errors {
		f, _ := errors.AsType[*fault.Error](err)
		switch {
		case len(left) > 0 && line(left[0]) == line(err):
			left = left[1:]
		case !hides || f == nil || !f.Code.Degradable():
			return fmt.Sprintf("there is no error like %s", line(err))
		}
	}
	if len(left) > 0 {
		return fmt.Sprintf("nobody wants the error %s", line(left[0]))
	}
	extension := got.Extensions["degraded"]
	if !says && extension != nil {
		return fmt.Sprintf("got %v", extension)
	}
	return ""
}

func line(err *gqlerror.Error) string {
	return fmt.Sprint(err.Path, err.Locations, err.Message, err.Extensions)
}

// TestWhatIsNotAskedForIsNotDegraded: an operation without the fields that are degraded is answered as if none were.
func TestWhatIsNotAskedForIsNotDegraded(t *testing.T) {
	t.Parallel()
	schema := sourced(t)
	nullable := exec.Degradation{How: exec.Stale, MaxAge: time.Minute, Default: "null"}
	var names []string
	for name, def := range schema.Types {
		for _, f := range def.Fields {
			if (exec.Degradations{name + "." + f.Name: nullable}).Check(schema) == nil {
				names = append(names, name+"."+f.Name)
			}
		}
	}
	slices.Sort(names)
	ask := func(ctx context.Context, seed uint64, o exectest.Operation, ds exec.Degradations) []*graphql.Response {
		s := &side{schema: func(faults model.Faults) graphql.ExecutableSchema {
			cfg := zoo.Config(faults)
			cfg.Schema = schema
			return graph.NewCompiledSchema(cfg, exec.Options{Degrade: ds})
		}}
		return s.ask(ctx, seed, o)
	}
	x := &exectest.Examination{
		Schema: schema, Limits: exectest.Limits{Subscriptions: true, Values: values, Without: declined, Fields: 20},
		Want: func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
			return ask(ctx, seed, o, nil)
		},
		Got: func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
			others := exec.Degradations{}
			for _, name := range names {
				if _, field, _ := strings.Cut(name, "."); !strings.Contains(o.Query, field) {
					others[name] = nullable
				}
			}
			want, got := ask(ctx, seed, o, nil), ask(ctx, seed, o, others)
			for i := range min(len(want), len(got)) {
				if wrong := unlike(want[i], got[i], false, false); wrong != "" {
					t.Errorf("%s\n%s", wrong, exectest.Case{Seed: seed, Operation: o})
				}
			}
			return got
		},
	}
	x.Run(t, *operations/20, *seed)
}
