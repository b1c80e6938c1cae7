package exec_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// suite gives each maze two rows of rooms: 11 and 12, 21 and 22.
func suite(_ context.Context, objs []*model.Maze) ([][][]model.Room, error) {
	return each(objs, func(*model.Maze) [][]model.Room {
		return [][]model.Room{{{Number: 11}, {Number: 12}}, {}, {{Number: 21}, {Number: 22}}}
	}), nil
}

// withoutTitle has no title for the rooms that failed says.
func withoutTitle(failed ...int) func(context.Context, *model.Room) (string, error) {
	return func(_ context.Context, r *model.Room) (string, error) {
		for _, n := range failed {
			if r.Number == n {
				return "", fmt.Errorf("room %d", n)
			}
		}
		return fmt.Sprint(r.Number), nil
	}
}

// noGuests has no guest in the rooms that are said, which the schema does not allow.
func noGuests(missing ...int) func(context.Context, []*model.Room) ([]model.Being, error) {
	return func(_ context.Context, objs []*model.Room) ([]model.Being, error) {
		return each(objs, func(r *model.Room) model.Being {
			for _, n := range missing {
				if r.Number == n {
					return nil
				}
			}
			return &model.Keeper{}
		}), nil
	}
}

// TestNullsThatAreNotAllowed take with them what is around, and no more.
func TestNullsThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	oneMaze := func(context.Context, int) (*model.Maze, error) { return &model.Maze{}, nil }
	failing := func(context.Context) (int, error) { return 0, errors.New("must not fail") }
	for reason, test := range map[string]struct {
		query  string
		fakes  fakes
		data   string
		errors []string
	}{
		"none": {
			`{ maze { rooms { title } } }`, fakes{maze: oneMaze, rooms: suite, title: withoutTitle()},
			`{"maze":{"rooms":[[{"title":"11"},{"title":"12"}],[],[{"title":"21"},{"title":"22"}]]}}`, nil,
		},
		"through lists of lists that must not be null, to the next object that may": {
			`{ a: numbers maze { rooms { number title } } }`,
			fakes{maze: oneMaze, rooms: suite, title: withoutTitle(12, 21), numbers: func(context.Context) ([][]int, error) { return [][]int{{1}, nil}, nil }},
			`{"a":[[1],null],"maze":null}`, []string{"maze.rooms[0][1].title 1:36 room 12", "maze.rooms[2][0].title 1:36 room 21"},
		},
		"through lists of lists, to the root": {
			`{ a: __typename mazes { rooms { number title } } }`, fakes{rooms: suite, title: withoutTitle(22)},
			`null`, []string{"mazes[0].rooms[2][1].title 1:40 room 22", "mazes[1].rooms[2][1].title 1:40 room 22"},
		},
		"of an interface that gives nil, each reported once": {
			`{ maze { rooms { guest { id } } } }`, fakes{maze: oneMaze, rooms: suite, guest: noGuests(11, 22)},
			`{"maze":null}`, []string{
				"maze.rooms[0][0].guest 1:18 Room.guest gave null, which the schema does not allow",
				"maze.rooms[2][1].guest 1:18 Room.guest gave null, which the schema does not allow",
			},
		},
		"of an object, when an error was reported for another": {
			`{ maze { rooms { guest { id } } } }`,
			fakes{maze: oneMaze, rooms: suite, guest: func(ctx context.Context, objs []*model.Room) ([]model.Being, error) {
				graphql.AddErrorf(ctx, "something")
				return noGuests(12, 21)(ctx, objs)
			}},
			`{"maze":null}`, []string{
				"maze.rooms[0][0].guest 1:18 something",
				"maze.rooms[0][1].guest 1:18 Room.guest gave null, which the schema does not allow",
				"maze.rooms[2][0].guest 1:18 Room.guest gave null, which the schema does not allow",
			},
		},
		"of an object for which an error was reported": {
			`{ maze { rooms { guest { id } } } }`,
			fakes{maze: oneMaze, rooms: suite, guest: func(ctx context.Context, objs []*model.Room) ([]model.Being, error) {
				graphql.AddErrorf(ctx, "something")
				return noGuests(11)(ctx, objs)
			}},
			`{"maze":null}`, []string{"maze.rooms[0][0].guest 1:18 something"},
		},
		"at the root": {`{ a: __typename failingMust }`, fakes{failingMust: failing}, `null`, []string{"failingMust 1:17 must not fail"}},
		"what is beside is still written, for its errors": {
			`{ failingMust maze { rooms { title } } failing }`,
			fakes{
				failingMust: failing, maze: oneMaze, rooms: suite, title: withoutTitle(11),
				failing: func(context.Context) (*int, error) { return nil, errors.New("may fail") },
			},
			`null`, []string{"failingMust 1:3 must not fail", "maze.rooms[0][0].title 1:30 room 11", "failing 1:40 may fail"},
		},
		"only to the element of a list that may be null": {
			`{ lionsLoose { tag friend { __typename } } }`,
			fakes{
				lionsLoose: func(context.Context) ([]*model.Lion, error) {
					return []*model.Lion{{}, nil, {Body: model.Body{Legs: 1}}, {}}, nil
				},
				tag: func(_ context.Context, objs []*model.Lion) ([]string, error) {
					if len(objs) != 3 {
						return nil, errors.New("nil is an object") // as under gqlgen's executor
					}
					return partial([]string{"a", "b", "c"}, nil, errors.New("no tag"), nil)
				},
				friend: func(_ context.Context, _ []*model.Lion) ([]model.Being, error) {
					return []model.Being{&model.Keeper{}, &model.Keeper{}, (*model.Stone)(nil)}, nil
				},
			},
			`{"lionsLoose":[{"tag":"a","friend":{"__typename":"Keeper"}},null,null,{"tag":"c","friend":null}]}`, []string{"lionsLoose[2].tag 1:16 no tag"},
		},
		"a nil pointer in an interface is null": {
			`{ beings { id } }`,
			fakes{beings: func(context.Context, int) ([]model.Being, error) {
				return []model.Being{(*model.Stone)(nil), (*model.Owl)(nil), (*model.Lion)(nil)}, nil
			}},
			`{"beings":[null,null,null]}`, nil,
		},
		"a list that must not be null, and whose elements must not, is empty for nil": {
			`{ maze { rooms { title } } }`,
			fakes{maze: oneMaze, rooms: func(_ context.Context, objs []*model.Maze) ([][][]model.Room, error) {
				return make([][][]model.Room, len(objs)), nil
			}},
			`{"maze":{"rooms":[]}}`, nil,
		},
		"an object below one that was taken away is still in its place": {
			`{ lions(first: 3) { cubs(first: 2) { legs owner { name } friend { ... on Lion { legs } } } } again: lions(first: 1) { legs } }`,
			fakes{
				lions: nLions, friend: lionItself, owner: keepers,
				cubs: func(_ context.Context, objs []*model.Lion, _ int) ([][]model.Lion, error) {
					return each(objs, func(l *model.Lion) []model.Lion {
						return []model.Lion{{Body: model.Body{Legs: 10 * l.Legs}}, {Body: model.Body{Legs: 10*l.Legs + 1}}}
					}), nil
				},
				name: func(_ context.Context, objs []*model.Keeper) ([]string, error) {
					errs := make([]error, len(objs))
					errs[1] = errors.New("no name")
					return partial(make([]string, len(objs)), errs...)
				},
			},
			`{"lions":[{"cubs":[{"legs":0,"owner":{"name":""},"friend":{"legs":0}},{"legs":1,"owner":null,"friend":{"legs":1}}]},` +
				`{"cubs":[{"legs":10,"owner":{"name":""},"friend":{"legs":10}},{"legs":11,"owner":{"name":""},"friend":{"legs":11}}]},` +
				`{"cubs":[{"legs":20,"owner":{"name":""},"friend":{"legs":20}},{"legs":21,"owner":{"name":""},"friend":{"legs":21}}]}],"again":[{"legs":0}]}`,
			[]string{"lions[0].cubs[1].owner.name 1:51 no name"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			check(t, compile(test.fakes, exec.Options{}).ask(t, test.query), test.data, test.errors...)
		})
	}
}

// TestErrorsAreTheSameEachTime asks a zoo where much fails, a hundred times.
func TestErrorsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	const query = `{
		lionsLoose { name tag pride { name tag } home { depth guests { id } lion { tag } } rivals { ... on Owl { song kin { legs } } ... on Lion { tag } } }
		maze { rooms { keeper { name boss { name years } } title doors { title number } guest { id name } } exhibits { ... on Stone { owner { name } } } }
		beings(first: 4) { id name ... on Owl { home { mood guests { id } } flights { song owner { name } } } ... on Lion { where owner { animals { name } } } }
		values { risky riskyMust moments codes perhaps } failing failingMust tagged { tag owner { finds { ... on Stone { mass owner { name } } } } }
	}`
	seen := map[string]bool{}
	for seed := range uint64(20) {
		g := compileFor(nil, fakes{}, model.Faults{Seed: seed, OneIn: 6}, exec.Options{})
		first := g.ask(t, query)
		for _, err := range first.Errors {
			seen[err.Path.String()] = true
			if len(err.Path) == 0 || len(err.Locations) != 1 {
				t.Errorf("%v has the path %v and the locations %v", err, err.Path, err.Locations)
			}
		}
		for range 100 {
			check(t, g.ask(t, query), string(first.Data), shown(first.Errors)...)
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d fields failed", len(seen))
	}
}
