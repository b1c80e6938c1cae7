package exec_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// visitor is a caller at random: who, what for, when, and when he goes, if he does.
type visitor struct {
	caller, query string
	key           int
	comes, stays  time.Duration
	deadline      bool // that he goes by
}

func visitors(t *rapid.T) []visitor {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visitor {
		return visitor{
			caller:   rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "caller"),
			query:    rapid.SampledFrom([]string{`lions(first: $key) { where }`, `all: lions(first: $key) { where }`, `lions(first: $key) { where again: where }`}).Draw(t, "query"),
			key:      rapid.IntRange(1, 3).Draw(t, "key"),
			comes:    time.Duration(rapid.IntRange(0, 8).Draw(t, "comes")) * 300 * time.Millisecond,
			stays:    time.Duration(rapid.SampledFrom([]int{0, 0, 0, 3, 7, 12}).Draw(t, "stays")) * 100 * time.Millisecond,
			deadline: rapid.Bool().Draw(t, "deadline"),
		}
	}), 2, 12).Draw(t, "visitors")
}

// context gives the context of the visitor's request.
func (v visitor) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(from(ctx, v.caller), passKey{}, v.key)
	switch {
	case v.stays == 0:
		return context.WithCancel(ctx)
	case v.deadline:
		return context.WithTimeout(ctx, v.stays)
	default:
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(v.stays, cancel)
		return ctx, cancel
	}
}

// TestNobodyGetsAnothersAnswer has callers come and go at random. Each answer names the caller for whom it was made, and what he asked for.
func TestNobodyGetsAnothersAnswer(t *testing.T) {
	t.Parallel()
	var shared atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		list := visitors(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int64
			g := compileFor(declaring(t, "Query.lions"), fakes{
				lions: func(ctx context.Context, n int) ([]model.Lion, error) {
					calls.Add(1)
					select {
					case <-time.After(time.Second):
						return prides(n), nil
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				},
				where: func(ctx context.Context, _ *model.Lion) (*string, error) {
					return must(fmt.Sprintf("%s %v", callerOf(ctx), ctx.Value(passKey{}))), nil
				},
			}, model.Faults{}, exec.Options{Share: byCaller})
			answers := make([]chan *graphql.Response, len(list))
			for i, v := range list {
				answers[i] = make(chan *graphql.Response, 1)
				go func() {
					time.Sleep(v.comes)
					ctx, cancel := v.context(t.Context())
					defer cancel()
					next, _ := g.begin(ctx, t, request{query: "query($key: Int!) { " + v.query + " }", variables: map[string]any{"key": v.key}})
					answers[i] <- next()
				}()
			}
			for i, v := range list {
				if why := v.wrong(<-answers[i]); why != "" {
					wrong = append(wrong, fmt.Sprintf("%+v: %s", v, why))
				}
			}
			shared.Add(max(0, int64(len(list))-calls.Load()))
			time.Sleep(time.Minute) // what is left ends
		})
		if wrong != nil {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
	})
	if shared.Load() == 0 && !testing.Short() {
		t.Error("nothing was shared")
	}
}

// wrong says what is wrong with the visitor's answer; empty if nothing is.
func (v visitor) wrong(got *graphql.Response) string {
	alias := "lions"
	if strings.HasPrefix(v.query, "all") {
		alias = "all"
	}
	one := fmt.Sprintf(`{"where":"%s %d"}`, v.caller, v.key)
	if strings.Contains(v.query, "again") {
		one = fmt.Sprintf(`{"where":"%s %d","again":"%[1]s %[2]d"}`, v.caller, v.key)
	}
	whole := fmt.Sprintf(`{"%s":[%s]}`, alias, strings.TrimSuffix(strings.Repeat(one+",", v.key), ","))
	switch {
	case got == nil:
		return "there is no answer"
	case string(got.Data) == whole && got.Errors == nil:
		return ""
	case v.stays == 0:
		return fmt.Sprintf("%s, %v", got.Data, got.Errors)
	}
	for _, mark := range marks.FindAllString(string(got.Data), -1) { // he, or whom he joined, has gone before all was ready
		if mark != fmt.Sprintf(`"%s %d"`, v.caller, v.key) {
			return fmt.Sprintf("%s, %v", got.Data, got.Errors)
		}
	}
	return ""
}

// marks are what fields say of the caller and of what he asked for.
var marks = regexp.MustCompile(`"[a-z]* [0-9]"`)
