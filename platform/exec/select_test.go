package exec_test

import (
	"context"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// menagerie has one being of each kind, by value and by pointer, and none.
func menagerie(context.Context, int) ([]model.Being, error) {
	return []model.Being{
		&model.Lion{Body: model.Body{Legs: 4, Diet: "grass"}}, model.Owl{ID: "o1", Legs: must(2)}, &model.Owl{ID: "o2"}, nil,
		&model.Stone{Name: "granite", Home: &model.Site{Depth: 7, Size: model.Small}}, &model.Keeper{},
	}, nil
}

// cage has exhibits that are in no other union or interface together.
func cage(context.Context, int) ([]model.Exhibit, error) {
	return []model.Exhibit{model.Sign{Text: "by value"}, &model.Sign{Text: "by pointer", Lion: &model.Lion{Body: model.Body{Legs: 3}}}, &model.Stone{Name: "slate"}}, nil
}

// lionItself has each lion be his own friend.
func lionItself(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
	return each(objs, func(l *model.Lion) model.Being { return l }), nil
}

func keepers(_ context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
	return each(objs, func(*model.Lion) *model.Keeper { return &model.Keeper{} }), nil
}

func TestSelections(t *testing.T) {
	t.Parallel()
	f := fakes{
		lion: oneLion, lions: nLions, beings: menagerie, exhibits: cage, friend: lionItself, owner: keepers, boss: bosses, keeper: oneKeeper,
		name: func(_ context.Context, objs []*model.Keeper) ([]string, error) {
			return each(objs, func(*model.Keeper) string { return "Ann" }), nil
		},
	}
	for reason, test := range map[string]struct {
		query string
		want  string
	}{
		"the same field twice is one, where it came first": {
			`{ lion(key: 1) { legs diet legs } lion(key: 1) { diet kind: __typename } }`, `{"lion":{"legs":1,"diet":"grass","kind":"Lion"}}`,
		},
		"fields merge over fragments, at each depth": {
			`{ ...A ... on Query { lion(key: 1) { friend { ... on Lion { friend { ... on Animal { legs } } } } } } ...B }
			fragment A on Query { lion(key: 1) { friend { ... on Animal { friend { __typename } } } } }
			fragment B on Query { lion(key: 1) { ...C legs } } fragment C on Lion { friend { ...D } diet }
			fragment D on Being { ... on Lion { diet friend { ... on Lion { diet } } } }`,
			`{"lion":{"friend":{"friend":{"__typename":"Lion","legs":1,"diet":"grass"},"diet":"grass"},"diet":"grass","legs":1}}`,
		},
		"each type has its own": {
			`{ beings { __typename ... on Animal { legs } ... on Lion { diet } ... on Owl { id } ... on Tagged { ... on Stone { name home { depth } } } ... on Owned { t: __typename } } }`,
			`{"beings":[{"__typename":"Lion","legs":4,"diet":"grass","t":"Lion"},{"__typename":"Owl","legs":2,"id":"o1","t":"Owl"},` +
				`{"__typename":"Owl","legs":null,"id":"o2","t":"Owl"},null,{"__typename":"Stone","name":"granite","home":{"depth":7}},{"__typename":"Keeper"}]}`,
		},
		"a response key has another field for each type": {
			`{ beings { ... on Lion { it: diet } ... on Stone { it: name } ... on Keeper { it: name } } }`,
			`{"beings":[{"it":"grass"},{},{},null,{"it":"granite"},{"it":"Ann"}]}`,
		},
		"unions, by value and by pointer": {
			`{ exhibits { __typename ... on Sign { text lion { legs friend { ... on Animal { legs } } } } ... on Being { ... on Stone { name } } } }`,
			`{"exhibits":[{"__typename":"Sign","text":"by value","lion":null},{"__typename":"Sign","text":"by pointer","lion":{"legs":3,"friend":{"legs":3}}},` +
				`{"__typename":"Stone","name":"slate"}]}`,
		},
		"a fragment that fits no type of the field selects nothing": {
			`{ lion(key: 1) { legs ... on Owned { ... on Owl { id } } friend { ... on Keeper { boss { name } } } } }`, `{"lion":{"legs":1,"friend":{}}}`,
		},
		"nothing at all": {`{ ... on Query @skip(if: true) { lion(key: 1) { legs } } }`, `{}`},
		"typename everywhere, at the root too": {
			`{ a: __typename ...F lions(first: 2) { __typename friend { t: __typename __typename } owner { __typename boss { __typename } } } z: __typename } fragment F on Query { b: __typename }`,
			`{"a":"Query","b":"Query","lions":[{"__typename":"Lion","friend":{"t":"Lion","__typename":"Lion"},"owner":{"__typename":"Keeper","boss":{"__typename":"Keeper"}}},` +
				`{"__typename":"Lion","friend":{"t":"Lion","__typename":"Lion"},"owner":{"__typename":"Keeper","boss":{"__typename":"Keeper"}}}],"z":"Query"}`,
		},
		"typename alone, in mutations too": {`mutation { __typename }`, `{"__typename":"Mutation"}`},
		"aliases of a field with other arguments": {
			`{ a: lion(key: 1) { legs } b: lion(key: 2) { legs b: legs } }`, `{"a":{"legs":1},"b":{"legs":2,"b":2}}`,
		},
		"more fields than are looked up one by one": {
			`{ lion(key: 5) { a:legs b:legs c:legs d:legs e:legs f:legs g:legs h:legs i:legs j:legs k:legs l:legs m:legs n:legs o:legs p:legs q:legs r:legs a:legs q:legs owner { boss { id2: __typename } } owner { boss { id3: __typename } } } }`,
			`{"lion":{"a":5,"b":5,"c":5,"d":5,"e":5,"f":5,"g":5,"h":5,"i":5,"j":5,"k":5,"l":5,"m":5,"n":5,"o":5,"p":5,"q":5,"r":5,"owner":{"boss":{"id2":"Keeper","id3":"Keeper"}}}}`,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g := compile(f, exec.Options{})
			for range 2 { // the second time by a plan that is worked out
				check(t, g.ask(t, test.query), test.want)
			}
			if n := g.compiled.Declined(); n != 0 {
				t.Errorf("%d were declined", n)
			}
		})
	}
}

// TestConditions has all outcomes of two variables.
func TestConditions(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, friend: lionItself}, exec.Options{})
	for reason, test := range map[string]struct {
		selections string
		want       [4]string // with neither, with $a, with $b, with both
	}{
		"skip before include": {
			`legs @skip(if: $a) @include(if: $b) diet`, [4]string{`"diet":"grass"`, `"diet":"grass"`, `"legs":1,"diet":"grass"`, `"diet":"grass"`},
		},
		"include before skip": {
			`legs @include(if: $b) @skip(if: $a) diet`, [4]string{`"diet":"grass"`, `"diet":"grass"`, `"legs":1,"diet":"grass"`, `"diet":"grass"`},
		},
		"the same variable in both": {
			`legs @include(if: $a) @skip(if: $a) diet`, [4]string{`"diet":"grass"`, `"diet":"grass"`, `"diet":"grass"`, `"diet":"grass"`},
		},
		"one occurrence is enough": {
			`legs @include(if: $a) legs @include(if: $b)`, [4]string{``, `"legs":1`, `"legs":1`, `"legs":1`},
		},
		"the first that is included says where": {
			`legs @include(if: $a) diet legs @include(if: $b)`,
			[4]string{`"diet":"grass"`, `"legs":1,"diet":"grass"`, `"diet":"grass","legs":1`, `"legs":1,"diet":"grass"`},
		},
		"of fragments": {
			`... on Lion @include(if: $a) { legs } ...D @skip(if: $b)`, [4]string{`"diet":"grass"`, `"legs":1,"diet":"grass"`, ``, `"legs":1`},
		},
		"a spread that is skipped does not keep another one from being taken": {
			`...D @include(if: $a) legs ...D @include(if: $b)`,
			[4]string{`"legs":1`, `"diet":"grass","legs":1`, `"legs":1,"diet":"grass"`, `"diet":"grass","legs":1`},
		},
		"of steps, and of what is below them": {
			`friend @skip(if: $a) { ... on Lion { legs @include(if: $b) } __typename }`,
			[4]string{`"friend":{"__typename":"Lion"}`, ``, `"friend":{"legs":1,"__typename":"Lion"}`, ``},
		},
		"literals": {
			`legs @skip(if: true) diet @include(if: true) a: legs @include(if: false) b: legs @skip(if: false)`,
			[4]string{`"diet":"grass","b":1`, `"diet":"grass","b":1`, `"diet":"grass","b":1`, `"diet":"grass","b":1`},
		},
		"of typename": {
			`__typename @skip(if: $a) t: __typename @include(if: $b)`, [4]string{`"__typename":"Lion"`, ``, `"__typename":"Lion","t":"Lion"`, `"t":"Lion"`},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			query := `query($a: Boolean!, $b: Boolean!) { lion(key: 1) { ` + test.selections + ` ...N } }
				fragment N on Lion { ... @skip(if: true) { a1: legs @skip(if: $a) b1: legs @skip(if: $b) ...D } } fragment D on Lion { diet }`
			for i, want := range test.want {
				a, b := i&1 != 0, i&2 != 0
				r := request{query: query, variables: map[string]any{"a": a, "b": b}, level: model.KeeperLevel}
				check(t, g.answer(t.Context(), t, r), `{"lion":{`+want+`}}`)
			}
		})
	}
}

// TestSkippedFieldsAreNotCalled, nor are their arguments looked at.
func TestSkippedFieldsAreNotCalled(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, friend: func(context.Context, []*model.Lion) ([]model.Being, error) {
		t.Error("a field that is skipped is called")
		return nil, nil
	}}, exec.Options{})
	check(t, g.ask(t, `{ lion(key: 1) { legs friend @skip(if: true) { id } ... @include(if: false) { friend { id } } } }`), `{"lion":{"legs":1}}`)
}

// TestWhatIsSharedIsNotWrittenTo: a resolver may hand out what it keeps.
func TestWhatIsSharedIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	kept := []string{"a", "b", "c"}
	faults := graphql.BatchErrorList{nil, gqlerror.Errorf("not this one"), nil}
	g := compile(fakes{lions: nLions, tag: func(context.Context, []*model.Lion) ([]string, error) { return kept, faults }}, exec.Options{})
	for range 3 {
		check(t, g.ask(t, `{ lions(first: 3) { tag } }`), `null`, `lions[1].tag 1:21 not this one`)
	}
	if !slices.Equal(kept, []string{"a", "b", "c"}) {
		t.Errorf("the resolver's values are now %q", kept)
	}
}
