package exec_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

type callerKey struct{}

// from gives the context of a caller. One whose name is empty does not share.
func from(ctx context.Context, caller string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

func callerOf(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}

// byCaller shares what one caller asks for.
var byCaller = &exec.Sharing{Identity: func(ctx context.Context, _ []string) (string, bool) {
	caller := callerOf(ctx)
	return caller, caller != ""
}}

// slow is a gateway whose resolvers take a second, and count.
type slow struct {
	*gateway

	calls atomic.Int64
	ended atomic.Int64 // with their context
}

func newSlow(t testing.TB) *slow {
	s := &slow{}
	wait := func(ctx context.Context) error {
		s.calls.Add(1)
		select {
		case <-time.After(time.Second):
			return nil
		case <-ctx.Done():
			s.ended.Add(1)
			time.Sleep(time.Nanosecond)
			return ctx.Err()
		}
	}
	s.gateway = compileFor(declaring(t, "Query.lion", "Query.failing", "Query.failingMust", "Mutation.step"), fakes{
		lion: func(ctx context.Context, key int) (*model.Lion, error) {
			if err := wait(ctx); err != nil {
				return nil, err
			}
			return oneLion(ctx, key)
		},
		failing: func(ctx context.Context) (*int, error) {
			graphql.RegisterExtension(ctx, "ext", "shared")
			return nil, errors.Join(wait(ctx), errors.New("no"))
		},
		failingMust: func(ctx context.Context) (int, error) {
			_ = wait(ctx)
			panic("shared panic")
		},
		step: func(ctx context.Context, _ *int) (*model.Step, error) { return &model.Step{}, wait(ctx) },
	}, model.Faults{}, exec.Options{Share: byCaller})
	return s
}

// send asks in a goroutine, and gives where the answer comes.
func (s *slow) send(ctx context.Context, t *testing.T, r request) <-chan *graphql.Response {
	answer := make(chan *graphql.Response, 1)
	next, _ := s.begin(ctx, t, r)
	go func() { answer <- next() }()
	return answer
}

// TestWhatIsShared asks twice at the same time, and sees how often it was executed.
func TestWhatIsShared(t *testing.T) {
	t.Parallel()
	const lion = `{ lion(key: 1) { legs } }`
	const variable = `query A($k: Int) { lion(key: $k) { legs } } query B($k: Int) { lion(key: $k) { legs } }`
	key := func(k any) map[string]any { return map[string]any{"k": k} }
	for reason, test := range map[string]struct {
		callers  [2]string
		requests [2]request
		traced   bool
		calls    int64
	}{
		"the same":                {callers: [2]string{"a", "a"}, requests: [2]request{{query: lion}, {query: lion}}, calls: 1},
		"the same, with an error": {callers: [2]string{"a", "a"}, requests: [2]request{{query: `{ failing }`}, {query: `{ failing }`}}, calls: 1},
		"the same, with a panic":  {callers: [2]string{"a", "a"}, requests: [2]request{{query: `{ failingMust }`}, {query: `{ failingMust }`}}, calls: 1},
		"another caller's":        {callers: [2]string{"a", "b"}, requests: [2]request{{query: lion}, {query: lion}}, calls: 2},
		"of callers who do not share": {
			callers: [2]string{"", ""}, requests: [2]request{{query: lion}, {query: lion}}, calls: 2,
		},
		"another document, though it means the same": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: lion}, {query: lion + " "}}, calls: 2,
		},
		"the same variables": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: variable, operation: "A", variables: key(1)}, {query: variable, operation: "A", variables: key(1)}}, calls: 1,
		},
		"other variables": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: variable, operation: "A", variables: key(1)}, {query: variable, operation: "A", variables: key(2)}}, calls: 2,
		},
		"a variable that is left out": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: variable, operation: "A", variables: key(1)}, {query: variable, operation: "A"}}, calls: 2,
		},
		"another operation": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: variable, operation: "A", variables: key(1)}, {query: variable, operation: "B", variables: key(1)}}, calls: 2,
		},
		"of callers who want to see how it came about": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: lion}, {query: lion}}, traced: true, calls: 2,
		},
		"mutations": {
			callers: [2]string{"a", "a"}, requests: [2]request{{query: `mutation { step { number } }`}, {query: `mutation { step { number } }`}}, calls: 2,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSlow(t)
				var answers [2]<-chan *graphql.Response
				for i, r := range test.requests {
					ctx := from(t.Context(), test.callers[i])
					if test.traced {
						ctx = exec.WithTrace(ctx)
					}
					answers[i] = s.send(ctx, t, r)
					time.Sleep(time.Second / 4)
				}
				var got [2]*graphql.Response
				for i, answer := range answers {
					got[i] = <-answer
					alone := newSlow(t).answer(from(t.Context(), ""), t, test.requests[i])
					check(t, got[i], string(alone.Data), shown(alone.Errors)...)
					if !test.traced && fmt.Sprint(got[i].Extensions) != fmt.Sprint(alone.Extensions) {
						t.Errorf("got extensions %v, want %v", got[i].Extensions, alone.Extensions)
					}
				}
				if n := s.calls.Load(); n != test.calls {
					t.Errorf("%d calls, want %d", n, test.calls)
				}
				if again := s.send(from(t.Context(), "a"), t, test.requests[0]); <-again == nil || s.calls.Load() != test.calls+1 {
					t.Error("what is over was shared")
				}
			})
		})
	}
}

// TestWhoGoes while others wait for the same.
func TestWhoGoes(t *testing.T) {
	t.Parallel()
	const query = `{ lion(key: 1) { legs } }`
	const whole, open = `{"lion":{"legs":1}} []`, `{"lion":null} [lion 1:3 DEADLINE_EXCEEDED]`
	cancelled, timed := func(ctx context.Context, d time.Duration) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(d, cancel)
		return ctx
	}, func(ctx context.Context, d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(ctx, d)
		context.AfterFunc(ctx, cancel)
		return ctx
	}
	for reason, test := range map[string]struct {
		leader, other func(ctx context.Context, d time.Duration) context.Context
		gone          [2]time.Duration
		answers       [2]string // nil if nobody reads it
		calls, ended  int64
		took          time.Duration // until all have gone or have their answers
	}{
		"nobody":               {nil, nil, [2]time.Duration{}, [2]string{whole, whole}, 1, 0, time.Second},
		"the first":            {cancelled, nil, [2]time.Duration{time.Second / 2}, [2]string{"", whole}, 1, 0, time.Second},
		"the second":           {nil, cancelled, [2]time.Duration{0, time.Second / 2}, [2]string{whole, ""}, 1, 0, time.Second},
		"both":                 {cancelled, cancelled, [2]time.Duration{time.Second / 2, time.Second / 4}, [2]string{"", ""}, 1, 1, time.Second / 2},
		"the first's deadline": {timed, nil, [2]time.Duration{time.Second / 2}, [2]string{open, whole}, 2, 1, time.Second * 3 / 2},
		"the second's deadline, which is earlier": {
			timed, timed, [2]time.Duration{2 * time.Second, time.Second / 2}, [2]string{whole, open}, 1, 0, time.Second,
		},
		"the deadlines of both": {
			timed, timed, [2]time.Duration{time.Second / 2, time.Second * 3 / 4}, [2]string{open, open}, 2, 2, time.Second * 3 / 4,
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSlow(t)
				begun := time.Now()
				var answers [2]<-chan *graphql.Response
				for i, ends := range []func(context.Context, time.Duration) context.Context{test.leader, test.other} {
					ctx := from(t.Context(), "a")
					if ends != nil {
						ctx = ends(ctx, test.gone[i])
					}
					answers[i] = s.send(ctx, t, request{query: query})
					synctest.Wait() // so that it is the first, and the other the second
				}
				for i, want := range test.answers {
					got := <-answers[i]
					if want == "" {
						continue
					}
					if got == nil {
						t.Errorf("caller %d has no answer", i)
					} else if text := fmt.Sprintf("%s %v", got.Data, shown(got.Errors)); text != want {
						t.Errorf("caller %d got %s, want %s", i, text, want)
					}
				}
				if took := time.Since(begun); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				time.Sleep(time.Hour)
				if s.calls.Load() != test.calls || s.ended.Load() != test.ended {
					t.Errorf("%d calls, %d of which ended with their context, want %d and %d", s.calls.Load(), s.ended.Load(), test.calls, test.ended)
				}
			})
		})
	}
}

// TestSharedAnswersAreEachCallersOwn: what one does to his errors and extensions, the others do not see.
func TestSharedAnswersAreEachCallersOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t)
		s.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			got := next(ctx)
			for _, err := range got.Errors {
				if err.Extensions == nil {
					err.Extensions = map[string]any{}
				}
				err.Extensions["request"] = ctx.Value(passKey{})
				err.Message += " " + fmt.Sprint(ctx.Value(passKey{}))
			}
			graphql.RegisterExtension(ctx, "request", ctx.Value(passKey{}))
			return got
		})
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				name := fmt.Sprint("request ", i)
				ctx := context.WithValue(from(t.Context(), "a"), passKey{}, name)
				next, _ := s.begin(ctx, t, request{query: `{ failing }`})
				got := next()
				if len(got.Errors) != 1 || got.Errors[0].Extensions["request"] != name || strings.Count(got.Errors[0].Message, "request") != 1 || got.Extensions["request"] != name {
					t.Errorf("%s got %v, %v", name, got.Errors, got.Extensions)
				}
			})
		}
		all.Wait()
		if n := s.calls.Load(); n != 1 {
			t.Errorf("%d calls, want one", n)
		}
	})
}

// TestSharingKnowsTheSources that an operation can reach. One that reaches none is not shared: there is nothing to save.
func TestSharingKnowsTheSources(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`{ lion(key: 1) { legs } }`:                    "",
		`{ lions(first: 0) { owner { id } } }`:         "[shop]",
		`{ beings { ... on Owned { owner { id } } } }`: "[shop]",
		`{ beings { ... on Stone { owner { id } } } }`: "",
	} {
		var seen string
		g := compileFor(declaring(t, "Lion.owner", "Lion.where"), fakes{lion: oneLion, lions: nLions}, model.Faults{}, exec.Options{
			Share: &exec.Sharing{Identity: func(_ context.Context, sources []string) (string, bool) {
				seen = fmt.Sprint(sources)
				return "", true
			}},
		})
		g.ask(t, query)
		if seen != want {
			t.Errorf("%s reaches %s, want %s", query, seen, want)
		}
	}
}
