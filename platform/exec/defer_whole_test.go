package exec_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestWholeFragments have in one part what they select, though others have it too: clients of the format of 2022 find it by label and path alone.
func TestWholeFragments(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query string
		want  []string
	}{
		"what has come before comes again": {
			`{ lion(key: 1) { legs friend { ... on Lion { legs } } ... @defer(label: "l") { legs friend { __typename ... on Lion { tag } } } } }`,
			[]string{`{"lion":{"legs":1,"friend":{"legs":1}}} +1 lion:l …`, `1.={"legs":1,"friend":{"__typename":"Lion","tag":"t1"}} -1`},
		},
		"in elements of lists": {
			`{ lions(first: 2) { legs } ... @defer { lions(first: 2) { tag } } }`,
			[]string{`{"lions":[{"legs":0},{"legs":1}]} +1 : …`, `1.={"lions":[{"tag":"t0"},{"tag":"t1"}]} -1`},
		},
		"all of it": {
			`{ lion(key: 1) { legs ... @defer { legs } } }`, []string{`{"lion":{"legs":1}} +1 lion: …`, `1.={"legs":1} -1`},
		},
		"two want the same": {
			`{ lion(key: 1) { ... @defer(label: "a") { tag legs } ... @defer(label: "b") { tag __typename } } }`,
			[]string{`{"lion":{}} +1 lion:a +2 lion:b …`, `1.={"tag":"t1","legs":1} 2.={"tag":"t1","__typename":"Lion"} -1 -2`},
		},
		"one in another": {
			`{ lion(key: 1) { legs ... @defer(label: "a") { legs friend { ... on Lion { legs ... @defer(label: "b") { legs tag } } } } friend { ... on Lion { diet } } } }`,
			[]string{
				`{"lion":{"legs":1,"friend":{"diet":"grass"}}} +1 lion:a …`, `1.={"legs":1,"friend":{"legs":1}} -1 +2 lion.friend:b …`,
				`2.={"legs":1,"tag":"t1"} -2`,
			},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			g := compile(fakes{lion: oneLion, lions: nLions, friend: lionItself, tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
				calls.Add(1)
				return tags(ctx, objs)
			}}, exec.Options{})
			for round := range int64(2) {
				next := g.streamInto(t.Context(), t, request{query: test.query, level: model.KeeperLevel}, &exec.Incremental{Whole: true})
				var got []string
				for line := next(); line != ""; line = next() {
					got = append(got, line)
				}
				wantLines(t, got, test.want...)
				if n := calls.Load(); n > round+1 {
					t.Errorf("there were %d calls", n)
				}
			}
		})
	}
}
