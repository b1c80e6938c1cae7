package exec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// nobody is a literal for a being, whose boss has a name too.
const nobody = `{"__typename": "Keeper", "id": 7, "name": "Nobody \u00e9", "level": "MEMBER", "boss": {"id": "b", "name": "Boss"}, "animals": [null, {"__typename": "Owl",
	"id": "o", "mood": "CALM", "note": {"text": "t", "lines": []}, "owner": {"id": "k", "name": "K"}, "hoots": ["SMALL"],
	"home": {"mood": "WILD", "guests": [], "eggs": [[1, 2], null]}}]}`

func TestDefault(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]degradation{
		"a plural field, of some": {
			`{ lions(first: 3) { friend { __typename id } } }`, exec.Degradations{"Lion.friend": defaultField(`{"__typename":"Keeper","id":"k","name":""}`)},
			fakes{friend: plural(outage{lost: []int{0, 2}}, asBeing)},
			`{"lions":[{"friend":{"__typename":"Keeper","id":"k"}},{"friend":{"__typename":"Lion","id":"lion 464"}},{"friend":{"__typename":"Keeper","id":"k"}}]}`,
			nil, []string{`["lions",0,"friend"] shop default`, `["lions",2,"friend"] shop default`},
		},
		"a plural field that fails as a whole": {
			`{ lions(first: 2) { tag } }`, exec.Degradations{"Lion.tag": defaultField(`"none"`)}, fakes{tag: plural(wholly, asTag)},
			`{"lions":[{"tag":"none"},{"tag":"none"}]}`, nil, []string{`["lions",0,"tag"] shop default`, `["lions",1,"tag"] shop default`},
		},
		"a singular field, of some": {
			`{ lions(first: 2) { where } }`, exec.Degradations{"Lion.where": defaultField(`"nowhere"`)}, fakes{where: singular(some1, asText)},
			`{"lions":[{"where":"t"},{"where":"nowhere"}]}`, nil, []string{`["lions",1,"where"] shop default`},
		},
		"a singular field of one object": {
			`{ lion(key: 1) { where } }`, exec.Degradations{"Lion.where": defaultField(`"nowhere"`)}, fakes{lion: oneLion, where: singular(some1, asText)},
			`{"lion":{"where":"nowhere"}}`, nil, []string{`["lion","where"] shop default`},
		},
		"a plain field behind a directive": {
			`{ lions(first: 1) { diet } }`, exec.Degradations{"Lion.diet": defaultField(`"air"`)},
			fakes{members: func(context.Context, graphql.Resolver) (any, error) { return nil, down }},
			`{"lions":[{"diet":"air"}]}`, nil, []string{`["lions",0,"diet"] shop default`},
		},
		"null, without its error": {
			`{ lions(first: 1) { where } }`, exec.Degradations{"Lion.where": defaultField(` null `)}, fakes{where: singular(all, asText)},
			`{"lions":[{"where":null}]}`, nil, []string{`["lions",0,"where"] shop default`},
		},
		"lists of lists, in the order of the answer": {
			`{ b: numbers lions(first: 1) { where } a: numbers }`, exec.Degradations{"Query.numbers": defaultField(`[[1, 2], null, []]`), "Lion.where": defaultField(`""`)},
			fakes{where: singular(all, asText), numbers: func(context.Context) ([][]int, error) { return nil, down }},
			`{"b":[[1,2],null,[]],"lions":[{"where":""}],"a":[[1,2],null,[]]}`, nil, []string{`["b"] shop default`, `["lions",0,"where"] shop default`, `["a"] shop default`},
		},
		"a scalar of the gateway's own, and an enum": {
			`{ lions(first: 1) { weight mood } }`, exec.Degradations{"Lion.weight": defaultField(`{"grams": [1, 2.50]}`), "Lion.mood": defaultField(`"\u0057ILD"`)},
			fakes{weight: func(context.Context, []*model.Lion) ([]*model.Weight, error) { return nil, down }, mood: func(context.Context, []*model.Lion) ([]*model.Mood, error) { return nil, down }},
			`{"lions":[{"weight":{"grams":[1,2.50]},"mood":"WILD"}]}`, nil, []string{`["lions",0,"weight"] shop default`, `["lions",0,"mood"] shop default`},
		},
		"a root field, with what is below it, by aliases and fragments": {
			`query($yes: Boolean = true) { me: keeper { ...K kind: __typename title: name name boss { ...K boss { name } } years l: level
				animals { __typename ... on Lion { legs } ... on Animal { pet: id home { ... on Nest { eggs guests { id } n: __typename } } } } animals { mood } } }
			fragment K on Keeper { id ... on Being @include(if: $yes) { n: name } ... on Being @skip(if: $yes) { no: name } finds { __typename } }`,
			exec.Degradations{"Query.keeper": defaultField(strings.Replace(nobody, `"__typename": "Keeper",`, "", 1))},
			fakes{keeper: func(context.Context, *string) (*model.Keeper, error) { return nil, down }},
			`{"me":{"id":"7","n":"Nobody \u00e9","finds":null,"kind":"Keeper","title":"Nobody \u00e9","name":"Nobody \u00e9",` +
				`"boss":{"id":"b","n":"Boss","finds":null,"boss":null},"years":null,"l":"MEMBER",` +
				`"animals":[null,{"__typename":"Owl","pet":"o","home":{"eggs":[[1,2],null],"guests":[],"n":"Nest"},"mood":"CALM"}]}}`,
			nil, []string{`["me"] shop default`},
		},
		"null propagation takes a default back": {
			`{ lionsLoose { where tag } }`, exec.Degradations{"Lion.where": defaultField(`""`)},
			fakes{where: singular(all, asText), tag: plural(some1, asTag), lionsLoose: looseLions},
			`{"lionsLoose":[{"where":"","tag":"t"},null]}`, []string{"lionsLoose[1].tag 1:22 SOURCE_UNAVAILABLE"}, []string{`["lionsLoose",0,"where"] shop default`},
		},
		"below a mutation": {
			`mutation { step { lion { where } } }`, exec.Degradations{"Lion.where": defaultField(`"w"`)},
			fakes{where: singular(all, asText), step: func(context.Context, *int) (*model.Step, error) { return &model.Step{}, nil }, stepLion: func(_ context.Context, objs []*model.Step) ([]*model.Lion, error) {
				return each(objs, func(*model.Step) *model.Lion { return &model.Lion{} }), nil
			}}, `{"step":{"lion":{"where":"w"}}}`, nil, []string{`["step","lion","where"] shop default`},
		},
		"errors that are reported beside a value stay": {
			`{ lions(first: 1) { where } }`, exec.Degradations{"Lion.where": defaultField(`""`)}, fakes{where: func(ctx context.Context, _ *model.Lion) (*string, error) {
				graphql.AddErrorf(ctx, "by the way")
				return nil, down
			}}, `{"lions":[{"where":""}]}`, []string{"lions[0].where 1:21 by the way"}, []string{`["lions",0,"where"] shop default`},
		},
	} {
		t.Run(reason, test.run)
	}
}

func TestOmit(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]degradation{
		"a plural field, of some": {
			`{ lions(first: 2) { f: friend { id } } }`, exec.Degradations{"Lion.friend": omittedField}, fakes{friend: plural(outage{lost: []int{0, 1}}, asBeing)},
			`{"lions":[{"f":null},{"f":null}]}`, []string{"lions[0].f 1:21 SOURCE_UNAVAILABLE", "lions[1].f 1:21 SOURCE_UNAVAILABLE"},
			[]string{`["lions",0,"f"] shop omit`, `["lions",1,"f"] shop omit`},
		},
		"one that may not be null takes its object along, and is no degraded value": {
			`{ lionsLoose { tag } failing }`, exec.Degradations{"Lion.tag": omittedField, "Query.failing": omittedField},
			fakes{lionsLoose: looseLions, tag: plural(some1, asTag), failing: func(context.Context) (*int, error) { return nil, down }},
			`{"lionsLoose":[{"tag":"t"},null],"failing":null}`, []string{"lionsLoose[1].tag 1:16 SOURCE_UNAVAILABLE", "failing 1:22 SOURCE_UNAVAILABLE"}, []string{`["failing"] shop omit`},
		},
		"the answer has no data": {
			`{ failing failingMust }`, exec.Degradations{"Query.failing": omittedField},
			fakes{failing: func(context.Context) (*int, error) { return nil, down }, failingMust: func(context.Context) (int, error) { return 0, errors.New("no") }},
			`null`, []string{"failing 1:3 SOURCE_UNAVAILABLE", "failingMust 1:11 no"}, nil,
		},
	} {
		t.Run(reason, test.run)
	}
}

// TestWhatIsNoFaultOfASourceIsNotDegraded: refusals, defects, and what is null without an error.
func TestWhatIsNoFaultOfASourceIsNotDegraded(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.Forbidden, "")
	errs := map[string]error{
		"any error": errors.New("any"), "a list with a refusal": gqlerror.List{gqlerror.Wrap(down), gqlerror.Wrap(refused)}, "an empty list": gqlerror.List{}, "null": exec.ErrNull,
	}
	for _, d := range fault.Codes {
		if !d.Code.Degradable() {
			errs[string(d.Code)] = fmt.Errorf("wrapped: %w", fault.New(d.Code, ""))
		}
	}
	for reason, err := range errs {
		f := fakes{
			where: func(ctx context.Context, _ *model.Lion) (*string, error) {
				if upstream.Kept(ctx) {
					t.Errorf("%s: it is asked for again", reason)
				}
				return nil, err
			},
			friend: func(context.Context, []*model.Lion) ([]model.Being, error) { return nil, err },
		}
		const query = `{ lions(first: 2) { where friend { id } } }`
		want := compile(fakes{lions: nLions, where: f.where, friend: f.friend}, exec.Options{}).ask(t, query)
		for _, d := range []exec.Degradations{
			{"Lion.where": staleField, "Lion.friend": staleField}, {"Lion.where": omittedField, "Lion.friend": omittedField},
			{"Lion.where": defaultField("null"), "Lion.friend": defaultField("null")},
		} {
			got := degrading(t, f, exec.Options{Degrade: d}).ask(t, query)
			check(t, got, string(want.Data), shown(want.Errors)...)
			if len(got.Extensions) > 0 {
				t.Errorf("%s, %v: got %v", reason, d, got.Extensions)
			}
		}
	}
	for _, err := range []error{gqlerror.List{gqlerror.Wrap(down), gqlerror.Wrap(down)}, gqlerror.Wrap(down), fmt.Errorf("wrapped: %w", context.DeadlineExceeded)} {
		got := degrading(t, fakes{where: func(context.Context, *model.Lion) (*string, error) { return nil, err }}, exec.Options{Degrade: exec.Degradations{"Lion.where": defaultField(`"w"`)}}).
			ask(t, `{ lions(first: 1) { where } }`)
		check(t, got, `{"lions":[{"where":"w"}]}`)
	}
}

// TestWhatIsDegradedIsPresentedOnce, and so gets into the log, though clients have no error.
func TestWhatIsDegradedIsPresentedOnce(t *testing.T) {
	t.Parallel()
	for reason, d := range map[string]exec.Degradation{"stale": staleField, "default": defaultField("null")} {
		lost := fault.Wrap(fault.SourceFailed, errors.New("the cause")).At("shop", "list")
		var presented atomic.Int64
		var log bytes.Buffer
		present := fault.Presenter(slog.New(slog.NewTextHandler(&log, nil)))
		g := degrading(t, fakes{friend: func(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
			if upstream.Kept(ctx) {
				return lionItself(ctx, objs)
			}
			return nil, lost
		}}, exec.Options{Degrade: exec.Degradations{"Lion.friend": d}})
		g.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
			presented.Add(1)
			return present(ctx, err)
		})
		got := g.ask(t, `{ lions(first: 50) { friend { __typename } } }`)
		if len(got.Errors) != 0 || presented.Load() != 1 || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: %d errors, %d presented, log %s", reason, len(got.Errors), presented.Load(), &log)
		}
		if want := `level=WARN msg=fault code=SOURCE_FAILED source=shop operation=list path=lions[0].friend cause="the cause"`; !strings.Contains(log.String(), want) {
			t.Errorf("%s: the log is %s, want %s", reason, &log, want)
		}
	}
}

// TestMoreIsDegradedThanIsSaid: a thousand entries, and how many there are beside them.
func TestMoreIsDegradedThanIsSaid(t *testing.T) {
	t.Parallel()
	g := degrading(t, fakes{where: func(context.Context, *model.Lion) (*string, error) { return nil, down }}, exec.Options{Degrade: exec.Degradations{"Lion.where": defaultField(`"w"`)}})
	for n, last := range map[int]string{1000: `["lions",999,"where"] shop default`, 1001: "more", 3000: "more"} {
		got := g.answer(t.Context(), t, request{query: fmt.Sprintf(`{ lions(first: %d) { where } }`, n)})
		lines := degraded(t, got)
		if want := min(n, 1001); len(got.Errors) != 0 || len(lines) != want || lines[len(lines)-1] != last || lines[999] != `["lions",999,"where"] shop default` {
			t.Errorf("%d: got %d entries, the last of which is %s", n, len(lines), lines[len(lines)-1])
		}
	}
}

// TestDegradedAtTheDeadline has the shop not answer in time.
func TestDegradedAtTheDeadline(t *testing.T) {
	t.Parallel()
	wait := func(ctx context.Context) { <-ctx.Done(); time.Sleep(time.Nanosecond) }
	text := defaultField(`"w"`)
	for reason, test := range map[string]degradation{
		"a plural field": {
			`{ lions(first: 2) { tag } }`, exec.Degradations{"Lion.tag": text},
			fakes{tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) { wait(ctx); return tags(ctx, objs) }},
			`{"lions":[{"tag":"w"},{"tag":"w"}]}`, nil, []string{`["lions",0,"tag"] shop default`, `["lions",1,"tag"] shop default`},
		},
		"a singular field, of some": {
			`{ lions(first: 2) { where } }`, exec.Degradations{"Lion.where": {How: exec.Stale, MaxAge: 1, Default: `"w"`}},
			fakes{where: func(ctx context.Context, l *model.Lion) (*string, error) {
				if l.Legs == 1 {
					wait(ctx)
				}
				return must("here"), nil
			}}, `{"lions":[{"where":"here"},{"where":"w"}]}`, nil, []string{`["lions",1,"where"] shop default`},
		},
		"below what is not ready itself": {
			`{ lions(first: 1) { home { lion { __typename } } } lion(key: 1) { where } }`, exec.Degradations{"Query.lion": defaultField("null"), "Den.lion": defaultField("null")},
			fakes{lion: func(ctx context.Context, _ int) (*model.Lion, error) { wait(ctx); return nil, nil },
				where: singular(outage{}, asText), home: func(_ context.Context, l *model.Lion) (*model.Den, error) { return &model.Den{Depth: l.Legs}, nil }},
			`{"lions":[{"home":{"lion":{"__typename":"Lion"}}}],"lion":null}`, nil, []string{`["lion"] shop default`},
		},
		"nothing stale comes then": {
			`{ lions(first: 1) { where } }`, exec.Degradations{"Lion.where": staleField},
			fakes{where: func(ctx context.Context, _ *model.Lion) (*string, error) { wait(ctx); return must("late"), nil }},
			`{"lions":[{"where":null}]}`, []string{"lions[0].where 1:21 DEADLINE_EXCEEDED"}, nil,
		},
		"what had failed before is known, though what is kept comes too late": {
			`{ lions(first: 2) { where friend { id } owner { __typename } } lion(key: 1) { where } }`,
			exec.Degradations{"Lion.where": staleField, "Lion.friend": staleField, "Lion.owner": omittedField},
			fakes{lion: oneLion, where: func(ctx context.Context, l *model.Lion) (*string, error) {
				if upstream.Kept(ctx) && l.Legs == 1 {
					wait(ctx)
				}
				return singular(outage{lost: []int{0, 1}, kept: []int{0, 1}}, asText)(ctx, l)
			}, friend: func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
				if upstream.Kept(ctx) {
					wait(ctx)
				}
				return nil, down
			}, owner: func(ctx context.Context, _ []*model.Lion) ([]*model.Keeper, error) { wait(ctx); return nil, nil }},
			`{"lions":[{"where":"t!","friend":null,"owner":null},{"where":null,"friend":null,"owner":null}],"lion":{"where":null}}`,
			[]string{
				"lions[0].friend 1:27 SOURCE_UNAVAILABLE", "lions[0].owner 1:41 DEADLINE_EXCEEDED", "lions[1].where 1:21 SOURCE_UNAVAILABLE",
				"lions[1].friend 1:27 SOURCE_UNAVAILABLE", "lions[1].owner 1:41 DEADLINE_EXCEEDED", "lion.where 1:79 SOURCE_UNAVAILABLE",
			},
			[]string{`["lions",0,"where"] shop stale`, `["lions",0,"owner"] shop omit`, `["lions",1,"owner"] shop omit`},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begun := time.Now()
				got := degrading(t, test.fakes, exec.Options{Degrade: test.degrade}).answer(ctx, t, request{query: test.query})
				if took := time.Since(begun); took > time.Second {
					t.Errorf("the answer took %s", took)
				}
				check(t, got, test.data, test.errors...)
				if lines := degraded(t, got); fmt.Sprint(lines) != fmt.Sprint(test.degraded) {
					t.Errorf("got degraded %q, want %q", lines, test.degraded)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}
