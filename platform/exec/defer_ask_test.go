package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// stream begins an operation for a client that takes incremental answers, and gives what waits for the next one: a line, empty after the last.
//
// In a line stands the first answer's data; what is pending, as +ID path:label; what is delivered, as ID.subPath=data; what is completed, as
// -ID; and an ellipsis if there is more to come. Errors are behind what they belong to, in brackets.
func (g *gateway) stream(ctx context.Context, t testing.TB, r request) func() string {
	t.Helper()
	return g.streamInto(ctx, t, r, new(exec.Incremental))
}

// streamInto is stream for one who has said how she wants fragments.
func (g *gateway) streamInto(ctx context.Context, t testing.TB, r request, into *exec.Incremental) func() string {
	t.Helper()
	next, _ := g.begin(exec.WithIncremental(ctx, into), t, r)
	return func() string {
		response := next()
		if response == nil {
			return ""
		}
		line := told(*into)
		if response.Data != nil || response.Errors != nil {
			line = slices.Insert(line, 0, string(response.Data)+bracketed(response.Errors))
		}
		return strings.Join(line, " ")
	}
}

func told(i exec.Incremental) []string {
	var line []string
	for _, p := range i.Parts {
		line = append(line, fmt.Sprintf("%s.%s=%s%s", p.ID, p.SubPath, p.Data, bracketed(p.Errors)))
	}
	for _, c := range i.Completed {
		line = append(line, "-"+c.ID+bracketed(c.Errors))
	}
	for _, p := range i.Pending {
		line = append(line, fmt.Sprintf("+%s %s:%s", p.ID, p.Path, p.Label))
	}
	if i.HasNext {
		line = append(line, "…")
	}
	return line
}

func bracketed(list gqlerror.List) string {
	if list == nil {
		return ""
	}
	return "[" + strings.Join(shown(list), ", ") + "]"
}

// streamed gives all answers to a keeper's operation.
func (g *gateway) streamed(t testing.TB, r request) []string {
	t.Helper()
	r.level = model.KeeperLevel
	next := g.stream(t.Context(), t, r)
	var all []string
	for line := next(); line != ""; line = next() {
		all = append(all, line)
	}
	return all
}

func wantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// broken gives a resolver of a plural field that fails for lions with so many legs.
func broken[V any](legs int, value func(l *model.Lion) V) func(ctx context.Context, objs []*model.Lion) ([]V, error) {
	return plural(outage{lost: []int{legs}}, value)
}
