package exec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

var (
	nothing []int
	nowhere map[string]int
)

// panics are ways to panic.
var panics = map[string]func(){
	"an error":              func() { panic(io.ErrUnexpectedEOF) },
	"text":                  func() { panic("all is lost") },
	"nothing":               func() { panic(nil) },
	"a value":               func() { panic(struct{ a []int }{}) },
	"a nil pointer":         func() { var l *model.Lion; _ = l.Legs },
	"an index out of range": func() { _ = nothing[len(nowhere)] },
	"a nil map":             func() { nowhere["a"] = 1 },
}

// unspeakable panics when it is written.
type unspeakable struct{ how func() }

func (u unspeakable) MarshalJSON() ([]byte, error) {
	u.how()
	return nil, nil
}

// placeOf gives a place at which a field of the zoo has an outcome.
func placeOf(field string, o model.Outcome) model.Place {
	faults := model.Faults{OneIn: 1}
	for i := 0; ; i++ {
		if p := model.Root(faults, "any", i); p.Outcome(field) == o {
			return p
		}
	}
}

// TestPanics cost the field, of those objects for which it panicked.
func TestPanics(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query  string
		fakes  func(how func()) fakes
		data   string
		errors []string
	}{
		"of a root field": {
			`{ failing lion(key: 1) { legs } }`,
			func(how func()) fakes {
				return fakes{failing: func(context.Context) (*int, error) { how(); return nil, nil }}
			},
			`{"failing":null,"lion":{"legs":1}}`, []string{"failing 1:3 INTERNAL_SERVER_ERROR"},
		},
		"of a plural field": {
			`{ lions(first: 2) { legs friend { id friend: __typename } owner { name } } }`,
			func(how func()) fakes {
				return fakes{owner: keepers, name: unnamed, friend: func(context.Context, []*model.Lion) ([]model.Being, error) { how(); return nil, nil }}
			},
			`{"lions":[{"legs":0,"friend":null,"owner":{"name":""}},{"legs":1,"friend":null,"owner":{"name":""}}]}`,
			[]string{"lions[0].friend 1:26 INTERNAL_SERVER_ERROR", "lions[1].friend 1:26 INTERNAL_SERVER_ERROR"},
		},
		"of a singular field, for one object": {
			`{ lions(first: 3) { where } }`,
			func(how func()) fakes {
				return fakes{where: func(_ context.Context, l *model.Lion) (*string, error) {
					if l.Legs == 1 {
						how()
					}
					return must("here"), nil
				}}
			},
			`{"lions":[{"where":"here"},{"where":null},{"where":"here"}]}`, []string{"lions[1].where 1:21 INTERNAL_SERVER_ERROR"},
		},
		"of a directive, around a plural field": {
			`{ lions(first: 2) { legs secret } }`,
			func(how func()) fakes { return fakes{members: panicking(how)} },
			`{"lions":[{"legs":0,"secret":null},{"legs":1,"secret":null}]}`,
			[]string{"lions[0].secret 1:26 INTERNAL_SERVER_ERROR", "lions[1].secret 1:26 INTERNAL_SERVER_ERROR"},
		},
		"of a directive, around a singular field": {
			`{ lions(first: 2) { legs chip } }`,
			func(how func()) fakes { return fakes{members: panicking(how)} },
			`{"lions":[{"legs":0,"chip":null},{"legs":1,"chip":null}]}`,
			[]string{"lions[0].chip 1:26 INTERNAL_SERVER_ERROR", "lions[1].chip 1:26 INTERNAL_SERVER_ERROR"},
		},
		"of a directive, around a member that may not be null": {
			`{ lion(key: 1) { pride { legs diet } } }`,
			func(how func()) fakes {
				return fakes{members: panicking(how), pride: func(_ context.Context, l *model.Lion) ([]*model.Lion, error) {
					return []*model.Lion{l, nil, l}, nil
				}}
			},
			`{"lion":{"pride":[null,null,null]}}`,
			[]string{"lion.pride[0].diet 1:31 INTERNAL_SERVER_ERROR", "lion.pride[2].diet 1:31 INTERNAL_SERVER_ERROR"},
		},
		"of a directive, around one object's value": {
			`{ owls(first: 1) { a: __typename song } }`,
			func(how func()) fakes { return fakes{shout: panicking(how)} },
			`{"owls":[{"a":"Owl","song":null}]}`, []string{"owls[0].song 1:34 INTERNAL_SERVER_ERROR"},
		},
		"of a directive of an argument": {
			`{ a: echo(number: 1) lion(key: 3) { legs } }`,
			func(how func()) fakes { return fakes{atMost: panicking(how)} },
			`{"a":null,"lion":{"legs":3}}`, []string{"a 1:3 INTERNAL_SERVER_ERROR"},
		},
		"of a marshaler": {
			`{ values { int any again: any } lion(key: 1) { legs } }`,
			func(how func()) fakes {
				return fakes{values: func(context.Context, int) (*model.Values, error) {
					return &model.Values{Any: map[string]any{"a": 1, "b": unspeakable{how}}}, nil
				}}
			},
			`{"values":{"int":0,"any":null,"again":null},"lion":{"legs":1}}`,
			[]string{"values.any 1:16 INTERNAL_SERVER_ERROR", "values.again 1:20 INTERNAL_SERVER_ERROR"},
		},
		"while others wait for the same batch of workers": {
			`{ lions(first: 40) { where } }`,
			func(how func()) fakes {
				return fakes{where: func(_ context.Context, l *model.Lion) (*string, error) {
					if l.Legs != 39 {
						how()
					}
					return must("here"), nil
				}}
			},
			`{"lions":[` + strings.Repeat(`{"where":null},`, 39) + `{"where":"here"}]}`, numbered(39, "lions[%d].where 1:22 INTERNAL_SERVER_ERROR"),
		},
	} {
		for what, how := range panics {
			t.Run(reason+": "+what, func(t *testing.T) {
				t.Parallel()
				f := test.fakes(how)
				f.lion, f.lions = oneLion, nLions
				check(t, compile(f, exec.Options{}).ask(t, test.query), test.data, test.errors...)
			})
		}
	}
}

func panicking(how func()) func(context.Context, graphql.Resolver) (any, error) {
	return func(context.Context, graphql.Resolver) (any, error) { how(); return nil, nil }
}

func unnamed(_ context.Context, objs []*model.Keeper) ([]string, error) {
	return make([]string, len(objs)), nil
}

// numbered gives as many lines.
func numbered(n int, format string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(format, i)
	}
	return lines
}

// TestPanicsOfMethods cost the field of the object whose method it is.
func TestPanicsOfMethods(t *testing.T) {
	t.Parallel()
	bad := placeOf("Lion.name", model.Panicked)
	g := compile(fakes{lions: func(context.Context, int) ([]model.Lion, error) {
		return []model.Lion{{Body: model.Body{Legs: 1}}, {Body: model.Body{Place: bad, Legs: 2}}, {Body: model.Body{Legs: 3}}}, nil
	}}, exec.Options{})
	got := g.ask(t, `{ lions { legs name n: name } }`)
	if list := shown(got.Errors); len(list) != 2 || list[0] != "lions[1].name 1:16 INTERNAL_SERVER_ERROR" || list[1] != "lions[1].n 1:21 INTERNAL_SERVER_ERROR" {
		t.Errorf("got errors %q", list)
	}
	if !strings.Contains(string(got.Data), `{"legs":2,"name":null,"n":null}`) || !strings.Contains(string(got.Data), `{"legs":3,"name":"name `) {
		t.Errorf("got %s", got.Data)
	}
}

// TestStepsThatPanicAreSeenToEnd by who watches steps, as what ends with an error.
func TestStepsThatPanicAreSeenToEnd(t *testing.T) {
	t.Parallel()
	for _, query := range []string{`{ lions(first: 2) { friend { id } } }`, `{ lions(first: 2) { where } }`, `{ lions(first: 2) { secret } }`, `{ lions(first: 2) { chip } }`, `{ failing }`} {
		panics := func() { panic("lost") }
		var seen watch
		g := compile(fakes{
			lions: nLions, members: panicking(panics),
			friend:  func(context.Context, []*model.Lion) ([]model.Being, error) { panics(); return nil, nil },
			where:   func(context.Context, *model.Lion) (*string, error) { panics(); return nil, nil },
			failing: func(context.Context) (*int, error) { panics(); return nil, nil },
		}, exec.Options{Step: seen.step})
		g.ask(t, query)
		if ended := seen.all(); len(ended) == 0 || !strings.Contains(ended[len(ended)-1], "panic: lost") {
			t.Errorf("%s: steps ended with %q", query, ended)
		}
	}
}

// TestAResolverThatEndsItsGoroutine, as a failing test's does, has the operation end before its deadline.
func TestAResolverThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`{ lions(first: 2) { legs friend { id } } }`: `{"lions":[{"legs":0,"friend":null},{"legs":1,"friend":null}]}`,
		`{ lions(first: 2) { legs where } }`:         `{"lions":[{"legs":0,"where":null},{"legs":1,"where":null}]}`,
		`{ failing }`:                                `{"failing":null}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			g := compile(fakes{
				lions:   nLions,
				friend:  func(context.Context, []*model.Lion) ([]model.Being, error) { runtime.Goexit(); return nil, nil },
				where:   func(context.Context, *model.Lion) (*string, error) { runtime.Goexit(); return nil, nil },
				failing: func(context.Context) (*int, error) { runtime.Goexit(); return nil, nil },
			}, exec.Options{})
			got := g.ask(t, query)
			if string(got.Data) != want || len(got.Errors) == 0 {
				t.Errorf("got %s, %v", got.Data, got.Errors)
			}
		})
	}
}

// TestPanicsAreTheOperations: who turns panics into errors is asked in the step's context, and its error is what is reported.
func TestPanicsAreTheOperations(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions, friend: func(context.Context, []*model.Lion) ([]model.Being, error) { panic("x") }}, exec.Options{})
	g.SetRecoverFunc(func(ctx context.Context, panicked any) error {
		return errors.New(graphql.GetFieldContext(ctx).Field.Name + " " + panicked.(string))
	})
	check(t, g.ask(t, `{ lions(first: 1) { f: friend { id } } }`), `{"lions":[{"f":null}]}`, "lions[0].f 1:21 friend x")
}
