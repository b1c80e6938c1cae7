package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/breaking"
)

// question is what a client asks, and as whom.
type question struct {
	caller    string
	query     string
	variables map[string]any
	operation string // its name, of several in the query
	header    http.Header
}

// begin sends the question and goes on. What becomes of it comes by the channel.
func (q question) begin(ctx context.Context, t *testing.T, s *stack) <-chan outcome {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": q.query, "variables": q.variables, "operationName": q.operation})
	if err != nil {
		t.Fatal(err)
	}
	text, err := expand(string(body))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = q.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	if token := s.token(t, q.caller); token != "" {
		r.Header.Set("Authorization", token)
	}
	done := make(chan outcome, 1)
	go func() {
		answer, err := s.exchange(r)
		done <- outcome{answer, err}
	}()
	return done
}

// good gives the body of an answer that has no errors.
func (o outcome) good(t *testing.T) string {
	t.Helper()
	if o.err != nil || o.status != http.StatusOK || strings.Contains(string(o.body), `"errors"`) {
		t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
	}
	return string(o.body)
}

// waiting is the stack of a goroutine that waits for the answer of another's request.
var waiting = regexp.MustCompile(`\[select[^]]*\]:\n\S*exec\.\(\*Schema\)\.shared\(`)

// joined waits until so many requests wait for the answer of another.
func joined(t *testing.T, requests int) {
	t.Helper()
	goroutines(t, waiting, requests)
}

// goroutines waits until so many stacks are of a kind: nothing else tells of what they do. Tests that use it must not run beside others.
func goroutines(t *testing.T, kind *regexp.Regexp, want int) {
	t.Helper()
	stacks := make([]byte, 4<<20)
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		n := len(kind.FindAll(stacks[:runtime.Stack(stacks, true)], -1))
		if n == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are as %s, want %d", n, kind, want)
		}
	}
}

const aPage = `query Page($first: Int!) { products(first: $first) { nodes { name stock { available } reviews(first: 1) { nodes { author { displayName } } } } } }`

// TestEqualQueriesAreExecutedOnce: equal queries that are in flight at the same time make one set of calls, and have one answer.
func TestEqualQueriesAreExecutedOnce(t *testing.T) { // not in parallel: see joined
	s, g := gated(t, "catalog", options{})
	page := question{caller: "customer", query: aPage, variables: map[string]any{"first": 3}}
	asked := make([]<-chan outcome, 6)
	for i := range asked {
		page.header = http.Header{"Traceparent": {fmt.Sprintf("00-%032x-00f067aa0ba902b7-01", i+1)}}
		asked[i] = page.begin(t.Context(), t, s)
		if i == 0 {
			g.await(t)
		}
	}
	joined(t, len(asked)-1)
	g.open()
	var first string
	for i, answer := range asked {
		o := <-answer
		body := o.good(t)
		if i == 0 {
			first = body
		}
		if body != first || !strings.Contains(body, "displayName") {
			t.Errorf("the answers are %s and %s", first, body)
		}
		if got, want := o.header.Get("X-Trace-Id"), fmt.Sprintf("%032x", i+1); got != want {
			t.Errorf("the trace is %s, want the client's, %s", got, want)
		}
	}
	together := tally(s.spans.settled(t))

	page.header = nil
	if body := (<-page.begin(t.Context(), t, s)).good(t); body != first {
		t.Errorf("alone, the answer is %s, want %s", body, first)
	}
	if diff := cmp.Diff(tally(s.spans.settled(t)), together); diff != "" {
		t.Errorf("calls of one query, and of six together (-one +six):\n%s", diff)
	}
}

// TestErrorsOfASharedAnswer name the trace of the request that was executed, under which the log has their causes.
func TestErrorsOfASharedAnswer(t *testing.T) { // not in parallel: see joined
	s, g := gated(t, "catalog", options{broken: map[string]breaking.Break{"reviews": {Down: true}}})
	page := question{query: aPage, variables: map[string]any{"first": 3}}
	one := page.begin(t.Context(), t, s)
	g.await(t)
	other := page.begin(t.Context(), t, s)
	joined(t, 1)
	g.open()
	first, second := <-one, <-other
	if string(first.body) != string(second.body) || first.header.Get("X-Trace-Id") == second.header.Get("X-Trace-Id") {
		t.Errorf("got %s of %s and %s of %s", first.body, first.header, second.body, second.header)
	}
	if named := `"traceId":"` + first.header.Get("X-Trace-Id") + `"`; strings.Count(string(first.body), named) != 3 {
		t.Errorf("three errors should have %s: %s", named, first.body)
	}
}

// TestWhoHangsUpDoesNotFailOthers: neither who was first nor who came later.
func TestWhoHangsUpDoesNotFailOthers(t *testing.T) { // not in parallel: see joined
	s, g := gated(t, "catalog", options{})
	page := question{query: aPage, variables: map[string]any{"first": 3}}
	var hangUp [2]context.CancelFunc
	var gone [2]<-chan outcome
	for i := range gone {
		ctx, cancel := context.WithCancel(t.Context())
		hangUp[i] = cancel
		gone[i] = page.begin(ctx, t, s)
		if i == 0 {
			g.await(t)
		}
	}
	stays := page.begin(t.Context(), t, s)
	joined(t, 2)
	for i := range gone {
		hangUp[i]()
		if o := <-gone[i]; !errors.Is(o.err, context.Canceled) {
			t.Errorf("who hangs up got %v and %s", o.err, o.body)
		}
	}
	joined(t, 1) // the second has been let go; the first one's request goes on for the third
	g.open()
	if body := (<-stays).good(t); strings.Contains(body, "null") {
		t.Errorf("who stays got %s", body)
	}
	if len(g.came) > 0 || len(g.gone) > 0 {
		t.Errorf("the catalog was called %d times more, and %d calls were given up", len(g.came), len(g.gone))
	}
}

// TestWhenAllHangUp: nobody is asked for what nobody waits for, and who asks afterwards has an execution of her own.
func TestWhenAllHangUp(t *testing.T) { // not in parallel: see joined
	s, g := gated(t, "catalog", options{})
	page := question{query: aPage, variables: map[string]any{"first": 3}}
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	asked := []<-chan outcome{page.begin(ctx, t, s)}
	g.await(t)
	for range 3 {
		asked = append(asked, page.begin(ctx, t, s))
	}
	joined(t, 3)
	hangUp()
	for _, answer := range asked {
		if o := <-answer; !errors.Is(o.err, context.Canceled) {
			t.Errorf("who hangs up got %v and %s", o.err, o.body)
		}
	}
	await(t, g.gone, "the call to be given up")
	joined(t, 0)
	later := page.begin(t.Context(), t, s)
	g.await(t)
	g.open()
	(<-later).good(t)
}

// TestWhatIsNotShared: each of two requests makes calls of its own, though the other's are under way.
func TestWhatIsNotShared(t *testing.T) {
	t.Parallel()
	page := question{caller: "customer", query: aPage, variables: map[string]any{"first": 3}}
	as := func(caller string) question { return question{caller: caller, query: aPage, variables: page.variables} }
	with := func(name, value string) question {
		q := page
		q.header = http.Header{name: {value}}
		return q
	}
	two := func(operation string) question {
		return question{query: `query A { categories { name } } query B { categories { name } }`, operation: operation}
	}
	rename := question{caller: "customer", query: `mutation { updateCustomer(input: {displayName: "Wendy"}) { customer { id } } }`}
	for reason, test := range map[string]struct {
		config, source string
		one, other     question
	}{
		"other variables":               {"", "catalog", page, question{caller: "customer", query: aPage, variables: map[string]any{"first": 4}}},
		"another operation":             {"", "catalog", two("A"), two("B")},
		"somebody and nobody":           {"", "catalog", page, as("")},
		"another caller":                {"", "catalog", page, as("support")},
		"a caller with fewer scopes":    {"", "catalog", page, as("limited")},
		"whose answer is to be her own": {"", "catalog", page, with("Cache-Control", "no-cache")},
		"what is traced":                {"traceScope: '*'", "catalog", page, with("Mainstem-Trace", "1")},
		"a mutation":                    {"", "customers", rename, rename},
		"where nothing is shared":       {"shareOperations: false", "catalog", page, page},
		"by gqlgen's executor":          {"executor: gqlgen", "catalog", page, page},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, g := gated(t, test.source, options{config: test.config})
			one := test.one.begin(t.Context(), t, s)
			g.await(t)
			other := test.other.begin(t.Context(), t, s)
			g.await(t)
			g.open()
			(<-one).good(t)
			(<-other).good(t)
		})
	}
}
