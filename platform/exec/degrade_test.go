package exec_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// down is what calls of the shop fail with.
var down = fault.New(fault.SourceUnavailable, "").At("shop", "list")

// outage says for which lions, by their legs, the shop is down, and of which it has kept something, which has a hundred legs more.
type outage struct {
	lost, kept []int
	whole      bool // whether a call fails for all, if for one
}

// of gives what the shop has of a lion.
func (o outage) of(ctx context.Context, l *model.Lion) (*model.Lion, error) {
	switch {
	case !upstream.Kept(ctx) && !slices.Contains(o.lost, l.Legs):
		return l, nil
	case upstream.Kept(ctx) && slices.Contains(o.kept, l.Legs):
		return &model.Lion{Body: model.Body{Legs: l.Legs + 100}}, nil
	}
	return nil, down
}

// plural resolves a plural field of lions.
func plural[V any](o outage, value func(l *model.Lion) V) func(ctx context.Context, objs []*model.Lion) ([]V, error) {
	return func(ctx context.Context, objs []*model.Lion) ([]V, error) {
		values, errs := make([]V, len(objs)), make(graphql.BatchErrorList, len(objs))
		for i, l := range objs {
			found, err := o.of(ctx, l)
			if errs[i] = err; err == nil {
				values[i] = value(found)
			}
		}
		switch {
		case !slices.ContainsFunc(errs, func(err error) bool { return err != nil }):
			return values, nil
		case o.whole:
			return nil, down
		}
		return values, errs
	}
}

// singular resolves a singular field of lions.
func singular[V any](o outage, value func(l *model.Lion) V) func(ctx context.Context, l *model.Lion) (V, error) {
	return func(ctx context.Context, l *model.Lion) (v V, err error) {
		found, err := o.of(ctx, l)
		if err != nil {
			return v, err
		}
		return value(found), nil
	}
}

func asBeing(l *model.Lion) model.Being { return l }
func asTag(l *model.Lion) string {
	return strings.Repeat("t", 1+l.Legs%100) + strings.Repeat("!", l.Legs/100)
}
func asText(l *model.Lion) *string        { return must(asTag(l)) }
func asPride(l *model.Lion) []*model.Lion { return []*model.Lion{l, nil, l} }
func asCubs(l *model.Lion) []model.Lion   { return []model.Lion{*l, *l} }

func looseLions(context.Context) ([]*model.Lion, error) {
	return []*model.Lion{{Body: model.Body{Legs: 0}}, {Body: model.Body{Legs: 1}}}, nil
}

func cubsOf(o outage) func(context.Context, []*model.Lion, int) ([][]model.Lion, error) {
	of := plural(o, asCubs)
	return func(ctx context.Context, objs []*model.Lion, _ int) ([][]model.Lion, error) { return of(ctx, objs) }
}

// degrading gives a gateway whose fields are degraded.
func degrading(t testing.TB, f fakes, o exec.Options) *gateway {
	t.Helper()
	if f.lions == nil {
		f.lions = nLions
	}
	return compileFor(declaring(t, slices.Collect(maps.Keys(o.Degrade))...), f, model.Faults{}, o)
}

// degraded gives an answer's extensions.degraded as lines of path, source, how, and how many more.
func degraded(t testing.TB, got *graphql.Response) []string {
	t.Helper()
	text, err := json.Marshal(got.Extensions["degraded"])
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Path        []any
		Source, How string
		Age         *float64
		More        int
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range list {
		path, err := json.Marshal(d.Path)
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Join([]string{string(path), d.Source, d.How}, " ")
		if (d.Age != nil) != (d.How == exec.Stale) {
			line += " with the wrong age"
		}
		if d.More > 0 {
			line = "more"
		}
		lines = append(lines, line)
	}
	return lines
}

var (
	some1     = outage{lost: []int{1}, kept: []int{0, 1, 2}}
	all       = outage{lost: []int{0, 1, 2}, kept: []int{0, 2}}
	wholly    = outage{lost: []int{1}, kept: []int{0, 1, 2}, whole: true}
	forgotten = outage{lost: []int{0, 1, 2}, whole: true}

	staleField   = exec.Degradation{How: exec.Stale, MaxAge: time.Minute}
	omittedField = exec.Degradation{How: exec.Omit}
)

func defaultField(literal string) exec.Degradation {
	return exec.Degradation{How: exec.Default, Default: literal}
}

// degradation is a query some of whose fields are degraded.
type degradation struct {
	query    string
	degrade  exec.Degradations
	fakes    fakes
	data     string
	errors   []string
	degraded []string
}

func (test degradation) run(t *testing.T) {
	t.Parallel()
	got := degrading(t, test.fakes, exec.Options{Degrade: test.degrade}).ask(t, test.query)
	check(t, got, test.data, test.errors...)
	if lines := degraded(t, got); !slices.Equal(lines, test.degraded) {
		t.Errorf("got degraded\n\t%s\nwant degraded\n\t%s", strings.Join(lines, "\n\t"), strings.Join(test.degraded, "\n\t"))
	}
}

// cub is a lion with a friend that it is itself.
func cub(legs string) string { return `{"legs":` + legs + `,"friend":{"legs":` + legs + `}}` }

func TestStale(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]degradation{
		"a plural field, of some": {
			`{ lions(first: 3) { friend { ... on Lion { legs } } } }`, exec.Degradations{"Lion.friend": staleField}, fakes{friend: plural(some1, asBeing)},
			`{"lions":[{"friend":{"legs":0}},{"friend":{"legs":101}},{"friend":{"legs":2}}]}`, nil, []string{`["lions",1,"friend"] shop stale`},
		},
		"a plural field, of all, of which one is not kept": {
			`{ lions(first: 3) { friend { ... on Lion { legs } } } }`, exec.Degradations{"Lion.friend": staleField}, fakes{friend: plural(all, asBeing)},
			`{"lions":[{"friend":{"legs":100}},{"friend":null},{"friend":{"legs":102}}]}`, []string{"lions[1].friend 1:21 SOURCE_UNAVAILABLE"},
			[]string{`["lions",0,"friend"] shop stale`, `["lions",2,"friend"] shop stale`},
		},
		"a plural field that fails as a whole": {
			`{ lions(first: 2) { friend { ... on Lion { legs } } } }`, exec.Degradations{"Lion.friend": staleField}, fakes{friend: plural(wholly, asBeing)},
			`{"lions":[{"friend":{"legs":100}},{"friend":{"legs":101}}]}`, nil, []string{`["lions",0,"friend"] shop stale`, `["lions",1,"friend"] shop stale`},
		},
		"nothing is kept": {
			`{ lions(first: 2) { friend { id } where } }`, exec.Degradations{"Lion.friend": staleField, "Lion.where": staleField},
			fakes{friend: plural(forgotten, asBeing), where: singular(forgotten, asText)}, `{"lions":[{"friend":null,"where":null},{"friend":null,"where":null}]}`,
			[]string{"lions[0].friend 1:21 SOURCE_UNAVAILABLE", "lions[0].where 1:35 SOURCE_UNAVAILABLE", "lions[1].friend 1:21 SOURCE_UNAVAILABLE", "lions[1].where 1:35 SOURCE_UNAVAILABLE"}, nil,
		},
		"nothing is kept, and there is a literal": {
			`{ lions(first: 2) { where } }`, exec.Degradations{"Lion.where": {How: exec.Stale, MaxAge: 1, Default: `"somewhere"`}},
			fakes{where: singular(outage{lost: []int{0, 1}, kept: []int{1}}, asText)}, `{"lions":[{"where":"somewhere"},{"where":"tt!"}]}`, nil,
			[]string{`["lions",0,"where"] shop default`, `["lions",1,"where"] shop stale`},
		},
		"a plural field that may not be null": {
			`{ lions(first: 3) { tag } }`, exec.Degradations{"Lion.tag": staleField}, fakes{tag: plural(some1, asTag)},
			`{"lions":[{"tag":"t"},{"tag":"tt!"},{"tag":"ttt"}]}`, nil, []string{`["lions",1,"tag"] shop stale`},
		},
		"a singular field, of some": {
			`{ lions(first: 3) { where } }`, exec.Degradations{"Lion.where": staleField}, fakes{where: singular(some1, asText)},
			`{"lions":[{"where":"t"},{"where":"tt!"},{"where":"ttt"}]}`, nil, []string{`["lions",1,"where"] shop stale`},
		},
		"a singular field, of all, of which one is not kept": {
			`{ lions(first: 3) { where } }`, exec.Degradations{"Lion.where": staleField}, fakes{where: singular(all, asText)},
			`{"lions":[{"where":"t!"},{"where":null},{"where":"ttt!"}]}`, []string{"lions[1].where 1:21 SOURCE_UNAVAILABLE"},
			[]string{`["lions",0,"where"] shop stale`, `["lions",2,"where"] shop stale`},
		},
		"a singular field of one object": {
			`{ lion(key: 1) { where } }`, exec.Degradations{"Lion.where": staleField}, fakes{lion: oneLion, where: singular(some1, asText)},
			`{"lion":{"where":"tt!"}}`, nil, []string{`["lion","where"] shop stale`},
		},
		"a plain field behind a directive": {
			`{ lions(first: 2) { diet } }`, exec.Degradations{"Lion.diet": staleField}, fakes{members: func(ctx context.Context, next graphql.Resolver) (any, error) {
				if !upstream.Kept(ctx) {
					return nil, down
				}
				return next(ctx)
			}}, `{"lions":[{"diet":"grass"},{"diet":"grass"}]}`, nil, []string{`["lions",0,"diet"] shop stale`, `["lions",1,"diet"] shop stale`},
		},
		"a plain field behind a directive that refuses it the second time": {
			`{ lionsLoose { diet } }`, exec.Degradations{"Lion.diet": staleField}, fakes{lionsLoose: looseLions, members: func(ctx context.Context, _ graphql.Resolver) (any, error) {
				if !upstream.Kept(ctx) {
					return nil, down
				}
				return nil, fault.New(fault.Forbidden, "")
			},
			}, `{"lionsLoose":[null,null]}`, []string{"lionsLoose[0].diet 1:16 SOURCE_UNAVAILABLE", "lionsLoose[1].diet 1:16 SOURCE_UNAVAILABLE"}, nil,
		},
		"a root field": {
			`{ l: lion(key: 1) { legs friend { ... on Lion { legs } } } }`, exec.Degradations{"Query.lion": staleField},
			fakes{friend: lionItself, lion: func(ctx context.Context, key int) (*model.Lion, error) {
				return some1.of(ctx, &model.Lion{Body: model.Body{Legs: key}})
			}}, `{"l":{"legs":101,"friend":{"legs":101}}}`, nil, []string{`["l"] shop stale`},
		},
		"a root field that is a list": {
			`{ lions(first: 2) { legs where } }`, exec.Degradations{"Query.lions": staleField},
			fakes{where: singular(outage{}, asText), lions: func(ctx context.Context, n int) ([]model.Lion, error) {
				if !upstream.Kept(ctx) {
					return nil, down
				}
				return prides(n), nil
			}}, `{"lions":[{"legs":0,"where":"t"},{"legs":1,"where":"tt"}]}`, nil, []string{`["lions"] shop stale`},
		},
		"lists by value, with steps below all of them": {
			`{ lions(first: 3) { cubs { legs friend { ... on Lion { legs } } } } }`, exec.Degradations{"Lion.cubs": staleField},
			fakes{friend: lionItself, cubs: cubsOf(outage{lost: []int{1, 2}, kept: []int{1, 2}})},
			`{"lions":[{"cubs":[` + cub("0") + `,` + cub("0") + `]},{"cubs":[` + cub("101") + `,` + cub("101") + `]},{"cubs":[` + cub("102") + `,` + cub("102") + `]}]}`, nil,
			[]string{`["lions",1,"cubs"] shop stale`, `["lions",2,"cubs"] shop stale`},
		},
		"lists by pointer, with steps below all of them": {
			`{ lions(first: 3) { pride { where } } }`, exec.Degradations{"Lion.pride": staleField},
			fakes{where: singular(outage{lost: []int{}}, asText), pride: singular(outage{lost: []int{0, 1}, kept: []int{1}}, asPride)},
			`{"lions":[{"pride":null},{"pride":[{"where":"tt!"},null,{"where":"tt!"}]},{"pride":[{"where":"ttt"},null,{"where":"ttt"}]}]}`,
			[]string{"lions[0].pride 1:21 SOURCE_UNAVAILABLE"}, []string{`["lions",1,"pride"] shop stale`},
		},
		"below lists, by an alias and fragments": {
			`{ lions(first: 2) { cubs { ...F } } } fragment F on Being { ... on Lion { f: friend { __typename ... on Lion { legs } } } }`,
			exec.Degradations{"Lion.friend": staleField}, fakes{cubs: cubsOf(outage{}), friend: plural(some1, asBeing)},
			`{"lions":[{"cubs":[{"f":{"__typename":"Lion","legs":0}},{"f":{"__typename":"Lion","legs":0}}]},{"cubs":[{"f":{"__typename":"Lion","legs":101}},{"f":{"__typename":"Lion","legs":101}}]}]}`,
			nil, []string{`["lions",1,"cubs",0,"f"] shop stale`, `["lions",1,"cubs",1,"f"] shop stale`},
		},
		"what is below a stale value is not stale for that": {
			`{ lions(first: 2) { friend { ... on Lion { where } } } }`, exec.Degradations{"Lion.friend": staleField, "Lion.where": staleField},
			fakes{friend: plural(some1, asBeing), where: singular(outage{lost: []int{0}, kept: []int{0}}, asText)},
			`{"lions":[{"friend":{"where":"t!"}},{"friend":{"where":"tt!"}}]}`, nil,
			[]string{`["lions",0,"friend","where"] shop stale`, `["lions",1,"friend"] shop stale`},
		},
		"null propagation takes a stale value back": {
			`{ lionsLoose { where tag } }`, exec.Degradations{"Lion.where": staleField},
			fakes{where: singular(outage{lost: []int{0, 1}, kept: []int{0, 1}}, asText), tag: plural(some1, asTag), lionsLoose: looseLions},
			`{"lionsLoose":[{"where":"t!","tag":"t"},null]}`, []string{"lionsLoose[1].tag 1:22 SOURCE_UNAVAILABLE"}, []string{`["lionsLoose",0,"where"] shop stale`},
		},
		"null propagation stops at a stale value": {
			`{ lions(first: 2) { friend { ... on Lion { tag } } where } }`, exec.Degradations{"Lion.friend": staleField, "Lion.where": omittedField},
			fakes{friend: plural(some1, asBeing), tag: plural(outage{lost: []int{101}}, asTag), where: singular(some1, asText)},
			`{"lions":[{"friend":{"tag":"t"},"where":"t"},{"friend":null,"where":null}]}`,
			[]string{"lions[1].friend.tag 1:44 SOURCE_UNAVAILABLE", "lions[1].where 1:52 SOURCE_UNAVAILABLE"}, []string{`["lions",1,"where"] shop omit`},
		},
		"a field that is there more than once": {
			`{ lions(first: 2) { a: where b: where } }`, exec.Degradations{"Lion.where": staleField}, fakes{where: singular(some1, asText)},
			`{"lions":[{"a":"t","b":"t"},{"a":"tt!","b":"tt!"}]}`, nil, []string{`["lions",1,"a"] shop stale`, `["lions",1,"b"] shop stale`},
		},
		"a mutation may have changed what is kept": {
			`mutation { step { lion { where } } }`, exec.Degradations{"Lion.where": staleField},
			fakes{where: singular(some1, asText), step: func(context.Context, *int) (*model.Step, error) { return &model.Step{}, nil }, stepLion: func(context.Context, []*model.Step) ([]*model.Lion, error) {
				return []*model.Lion{{Body: model.Body{Legs: 1}}}, nil
			}}, `{"step":{"lion":{"where":null}}}`, []string{"step.lion.where 1:26 SOURCE_UNAVAILABLE"}, nil,
		},
	} {
		t.Run(reason, test.run)
	}
}
