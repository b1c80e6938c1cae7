package exec_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
)

// partial is what a plural resolver gives that fails for single objects.
func partial[V any](values []V, errs ...error) ([]V, error) {
	return values, graphql.BatchErrorList(errs)
}

type friends = func(ctx context.Context, objs []*model.Lion) ([]model.Being, error)

// TestErrorsOfPluralResolvers asks three lions for their friends.
func TestErrorsOfPluralResolvers(t *testing.T) {
	t.Parallel()
	two := errors.New("the second")
	some := func(n int) []model.Being {
		return each(make([]int, n), func(int) model.Being { return &model.Lion{} })
	}
	const friend, null = `{"friend":{"__typename":"Lion"}}`, `{"friend":null}`
	all := func(message string) []string {
		return []string{"lions[0].friend 1:21 " + message, "lions[1].friend 1:21 " + message, "lions[2].friend 1:21 " + message}
	}
	for reason, test := range map[string]struct {
		friend friends
		data   [3]string
		errors []string
	}{
		"one for all": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return nil, two },
			[3]string{null, null, null}, all("the second"),
		},
		"one for all, though there are values": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return some(3), fmt.Errorf("not %w", two) },
			[3]string{null, null, null}, all("not the second"),
		},
		"a fault": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return nil, fault.New(fault.NotFound, "") },
			[3]string{null, null, null}, all("NOT_FOUND"),
		},
		"single ones": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return partial(some(3), nil, two, nil) },
			[3]string{friend, null, friend}, all("the second")[1:2],
		},
		"single ones, none of which is an error": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return partial(some(3), nil, nil, nil) },
			[3]string{friend, friend, friend}, nil,
		},
		"single ones, each a list of several": {
			func(context.Context, []*model.Lion) ([]model.Being, error) {
				return partial(some(3), gqlerror.List{gqlerror.Errorf("a"), gqlerror.Errorf("b")}, nil, gqlerror.List{gqlerror.Errorf("c")})
			},
			[3]string{null, friend, null}, []string{"lions[0].friend 1:21 a", "lions[0].friend 1:21 b", "lions[2].friend 1:21 c"},
		},
		"single ones, too few": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return partial(some(3), nil, two) },
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 3 results and 2 errors for 3 objects"),
		},
		"single ones, too many": {
			func(context.Context, []*model.Lion) ([]model.Being, error) {
				return partial(some(3), nil, two, nil, nil)
			},
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 3 results and 4 errors for 3 objects"),
		},
		"single ones, without values": {
			func(context.Context, []*model.Lion) ([]model.Being, error) {
				return partial[model.Being](nil, nil, two, nil)
			},
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 0 results and 3 errors for 3 objects"),
		},
		"too few values": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return some(2), nil },
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 2 results for 3 objects"),
		},
		"too many values": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return some(4), nil },
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 4 results for 3 objects"),
		},
		"nothing": {
			func(context.Context, []*model.Lion) ([]model.Being, error) { return nil, nil },
			[3]string{null, null, null}, all("the resolver of Lion.friend gave 0 results for 3 objects"),
		},
		"reported beside the values": {
			func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
				graphql.AddErrorf(ctx, "number %d", 1)
				graphql.AddError(ctx, two)
				return some(3), nil
			},
			[3]string{friend, friend, friend}, []string{"lions[0].friend 1:21 number 1", "lions[0].friend 1:21 the second"},
		},
		"reported before one is given": {
			func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
				graphql.AddErrorf(ctx, "number 1")
				return partial(some(3), nil, two, nil)
			},
			[3]string{friend, null, friend}, []string{"lions[0].friend 1:21 number 1", "lions[1].friend 1:21 the second"},
		},
		"reported with the path of something below": {
			func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
				graphql.AddError(ctx, gqlerror.ErrorPathf(append(graphql.GetPath(ctx), ast.PathName("id")), "no id"))
				return some(3), nil
			},
			[3]string{friend, friend, friend}, []string{"lions[0].friend.id 1:21 no id"},
		},
		"reported with a path that says which": {
			func(ctx context.Context, _ []*model.Lion) ([]model.Being, error) {
				graphql.AddError(ctx, gqlerror.ErrorPathf(ast.Path{ast.PathName("lions"), ast.PathIndex(2), ast.PathName("friend")}, "this one"))
				return some(3), nil
			},
			[3]string{friend, friend, friend}, []string{"lions[2].friend 1:21 this one"},
		},
		"with a path of its own, and a location": {
			func(context.Context, []*model.Lion) ([]model.Being, error) {
				own := gqlerror.ErrorPathf(ast.Path{ast.PathName("elsewhere")}, "own")
				own.Locations = []gqlerror.Location{{Line: 7, Column: 8}}
				return partial(some(3), nil, own, nil)
			},
			[3]string{friend, null, friend}, []string{"elsewhere 7:8 own"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := compile(fakes{lions: nLions, friend: test.friend}, exec.Options{}).ask(t, `{ lions(first: 3) { friend { __typename } } }`)
			check(t, got, `{"lions":[`+test.data[0]+`,`+test.data[1]+`,`+test.data[2]+`]}`, test.errors...)
		})
	}
}

// TestErrorsOfSingularResolvers asks two lions where they are.
func TestErrorsOfSingularResolvers(t *testing.T) {
	t.Parallel()
	type where = func(ctx context.Context, l *model.Lion) (*string, error)
	for reason, test := range map[string]struct {
		where  where
		data   [2]string
		errors []string
	}{
		"of one": {
			func(_ context.Context, l *model.Lion) (*string, error) {
				if l.Legs == 1 {
					return must("here"), errors.New("no place")
				}
				return must("here"), nil
			},
			[2]string{`"here"`, `null`}, []string{"lions[1].where 1:21 no place"},
		},
		"a list": {
			func(context.Context, *model.Lion) (*string, error) {
				return nil, gqlerror.List{gqlerror.Errorf("a"), gqlerror.Errorf("b")}
			},
			[2]string{`null`, `null`}, []string{"lions[0].where 1:21 a", "lions[0].where 1:21 b", "lions[1].where 1:21 a", "lions[1].where 1:21 b"},
		},
		"reported beside values, several, each at its object": {
			func(ctx context.Context, l *model.Lion) (*string, error) {
				graphql.AddErrorf(ctx, "first of %d", l.Legs)
				graphql.AddError(ctx, fault.New(fault.NotFound, ""))
				graphql.AddError(ctx, nil)
				return must("here"), nil
			},
			[2]string{`"here"`, `"here"`},
			[]string{"lions[0].where 1:21 first of 0", "lions[0].where 1:21 NOT_FOUND", "lions[1].where 1:21 first of 1", "lions[1].where 1:21 NOT_FOUND"},
		},
		"reported before one is given": {
			func(ctx context.Context, _ *model.Lion) (*string, error) {
				graphql.AddErrorf(ctx, "first")
				return nil, errors.New("then")
			},
			[2]string{`null`, `null`}, []string{"lions[0].where 1:21 first", "lions[0].where 1:21 then", "lions[1].where 1:21 first", "lions[1].where 1:21 then"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := compile(fakes{lions: nLions, where: test.where}, exec.Options{}).ask(t, `{ lions(first: 2) { where } }`)
			check(t, got, `{"lions":[{"where":`+test.data[0]+`},{"where":`+test.data[1]+`}]}`, test.errors...)
		})
	}
}

// TestDirectivesThatGiveSomethingElse than the field has.
func TestDirectivesThatGiveSomethingElse(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		gives  any
		data   string
		errors []string
	}{
		"another type":   {7, `null`, []string{"owls[0].song 1:20 a directive gave int in place of *string"}},
		"nothing":        {nil, `null`, nil},
		"a nil pointer":  {(*string)(nil), `null`, nil},
		"what is wanted": {must("la"), `"la"`, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(fakes{shout: func(context.Context, graphql.Resolver) (any, error) { return test.gives, nil }}, exec.Options{})
			check(t, g.ask(t, `{ owls(first: 1) { song } }`), `{"owls":[{"song":`+test.data+`}]}`, test.errors...)
		})
	}
}

// TestErrorsOfListElements: a singular resolver says which of its elements failed, by the path that it knows and an index.
func TestErrorsOfListElements(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions, cubs: func(_ context.Context, objs []*model.Lion, _ int) ([][]model.Lion, error) {
		return each(objs, func(*model.Lion) []model.Lion { return prides(2) }), nil
	}, pride: func(ctx context.Context, l *model.Lion) ([]*model.Lion, error) {
		if l.Legs == 1 {
			graphql.AddError(ctx, gqlerror.ErrorPathf(append(slices.Clone(graphql.GetPath(ctx)), ast.PathIndex(1)), "the second"))
		}
		return []*model.Lion{l, nil}, nil
	}}, exec.Options{})
	const element = `{"pride":[{"legs":0},null]},{"pride":[{"legs":1},null]}`
	check(t, g.ask(t, `{ lions(first: 2) { cubs { pride { legs } } } }`), `{"lions":[{"cubs":[`+element+`]},{"cubs":[`+element+`]}]}`,
		"lions[0].cubs[1].pride[1] 1:28 the second", "lions[1].cubs[1].pride[1] 1:28 the second")
}

// TestErrorsThatAreShared are not written to: each field that fails with one has a path of its own, in each operation.
func TestErrorsThatAreShared(t *testing.T) {
	t.Parallel()
	shared := &gqlerror.Error{Message: "shared", Extensions: map[string]any{"code": "SHARED"}}
	wrapped := fmt.Errorf("wrapped: %w", shared)
	g := compile(fakes{
		lions: nLions,
		friend: func(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
			return partial(make([]model.Being, len(objs)), shared, wrapped)
		},
		where: func(_ context.Context, l *model.Lion) (*string, error) { return nil, []error{shared, wrapped}[l.Legs] },
	}, exec.Options{})
	g.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		own := graphql.DefaultErrorPresenter(ctx, err)
		if own.Extensions == nil {
			own.Extensions = map[string]any{}
		}
		own.Extensions["path"] = own.Path.String() // as presenters do that know nothing of sharing
		return own
	})
	const query = `{ lions(first: 2) { friend { id } where } others: lions(first: 2) { friend { id } } }`
	want := []string{
		"lions[0].friend 1:21 shared", "lions[0].where 1:35 shared", "lions[1].friend 1:21 wrapped: input: shared", "lions[1].where 1:35 wrapped: input: shared",
		"others[0].friend 1:69 shared", "others[1].friend 1:69 wrapped: input: shared",
	}
	done := make(chan *graphql.Response)
	for range 4 {
		go func() { done <- g.ask(t, query) }()
	}
	for range 4 {
		got := <-done
		if list := shown(got.Errors); !slices.Equal(list, want) {
			t.Errorf("got %q", list)
		}
		for _, err := range got.Errors {
			if err.Extensions["path"] != err.Path.String() {
				t.Errorf("%v says that it is %v", err, err.Extensions["path"])
			}
		}
	}
	if shared.Path != nil || len(shared.Extensions) != 1 || shared.Locations != nil {
		t.Errorf("the resolver's error has become %#v", shared)
	}
}
