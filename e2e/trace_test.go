package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/exec/wave"
)

// explained is extensions.trace.
type explained struct {
	Executor, Reason          string
	Document, Plan, Persisted string
	Duration                  float64
	Steps                     []struct {
		moment
		ID, Parent  int
		Path, Field string
		Objects     int
		Parts       []int
	}
	Batches []struct {
		moment
		ID             int
		Loader, Source string
		Keys           int
		Steps          []int
	}
	Calls []explainedCall
	Parts []struct {
		moment
		ID          int
		Label, Path string
		Objects     int
	}
	Workflows []struct {
		Workflow, Run, State string
		Step                 int
	}
	Degraded []struct {
		Path, How string
		Values    int
	}
}

// explainedCall is a call in extensions.trace.
type explainedCall struct {
	moment
	Source, Operation string
	Keys              int
	Step, Batch       int
	Cache, Breaker    string
	Shared            bool
	Left              float64
	Attempts          []struct {
		moment
		Status           string
		Hedge, Abandoned bool
	}
	Decisions []struct {
		Action string
		At     float64
	}
	Limiter *struct {
		Waited       float64
		Queue, Limit int
		Refused      bool
	}
}

// moment is when something ran, and how it ended.
type moment struct {
	Start, Duration float64
	Code            string
}

// lines gives all that was run, a line each, in the order of the alphabet.
func (e explained) lines() []string {
	var all []string
	for _, s := range e.Steps {
		all = append(all, fmt.Sprintf("step %s: %s of %d %s", s.Path, s.Field, s.Objects, s.Code))
	}
	for _, b := range e.Batches {
		all = append(all, fmt.Sprintf("batch of %s: %d %s %s", b.Source, b.Keys, b.Loader, b.Code))
	}
	for _, c := range e.Calls {
		all = append(all, fmt.Sprintf("call of %s: %s with %d keys %s", c.Source, c.Operation, c.Keys, c.Code))
	}
	for i, line := range all {
		all[i] = strings.TrimSpace(line)
	}
	slices.Sort(all)
	return all
}

// moments gives when each was run.
func (e explained) moments() []moment {
	var all []moment
	for _, s := range e.Steps {
		all = append(all, s.moment)
	}
	for _, b := range e.Batches {
		all = append(all, b.moment)
	}
	for _, c := range e.Calls {
		all = append(all, c.moment)
	}
	return all
}

var wantsTrace = http.Header{"Mainstem-Trace": {"1"}}

// explain asks, and gives the answer's trace; nil if it has none.
func (q question) explain(t *testing.T, s *stack) *explained {
	t.Helper()
	o := <-q.begin(t.Context(), t, s)
	if o.err != nil || o.status != http.StatusOK {
		t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
	}
	var answer struct{ Extensions struct{ Trace *explained } }
	if err := json.Unmarshal(o.body, &answer); err != nil {
		t.Fatalf("%v in %s", err, o.body)
	}
	return answer.Extensions.Trace
}

// TestWhoMayTrace: callers with the scope, if they ask for it.
func TestWhoMayTrace(t *testing.T) {
	t.Parallel()
	for scope, callers := range map[string]map[string]bool{
		"trace:read":    {"": false, "customer": false, "support": false},
		"payments:read": {"": false, "customer": true, "limited": false, "support": true},
		"*":             {"": true, "limited": true},
		"":              {"": false, "admin": false},
	} {
		t.Run("scope "+scope, func(t *testing.T) {
			t.Parallel()
			s := start(t, options{config: "traceScope: '" + scope + "'"})
			for caller, may := range callers {
				q := question{caller: caller, query: `{ categories { name } }`, header: wantsTrace}
				if got := q.explain(t, s); (got != nil) != may {
					t.Errorf("%q gets %+v", caller, got)
				}
				q.header = nil
				if got := q.explain(t, s); got != nil {
					t.Errorf("%q has not asked, and gets %+v", caller, got)
				}
			}
		})
	}
}

// TestTraceTellsWhatWasRun: by which executor, which steps for how many objects, which batches, which calls, and what failed of it.
func TestTraceTellsWhatWasRun(t *testing.T) {
	t.Parallel()
	page := question{query: `{ products(first: 3) { nodes { name stock { available } again: stock { status } reviews(first: 1) { totalCount } } } }`}
	for reason, test := range map[string]struct {
		question
		options
		executor string
		want     []string
	}{
		"a page": {page, options{}, "compiled", []string{
			"batch of inventory: 3 stock",
			"batch of reviews: 3 pages of reviews",
			"call of catalog: listProducts with 0 keys",
			"call of inventory: BatchGetStock with 3 keys",
			"call of reviews: BatchListReviews with 3 keys",
			"step products.nodes.again: Product.stock of 3",
			"step products.nodes.reviews: Product.reviews of 3",
			"step products.nodes.stock: Product.stock of 3",
			"step products.nodes: ProductConnection.nodes of 1",
			"step products: Query.products of 1",
		}},
		"a page without its reviews": {page, options{broken: map[string]breaking.Break{"reviews": {Down: true}}}, "compiled", []string{
			"batch of inventory: 3 stock",
			"batch of reviews: 3 pages of reviews SOURCE_UNAVAILABLE",
			"call of catalog: listProducts with 0 keys",
			"call of inventory: BatchGetStock with 3 keys",
			"call of reviews: BatchListReviews with 3 keys SOURCE_UNAVAILABLE",
			"step products.nodes.again: Product.stock of 3",
			"step products.nodes.reviews: Product.reviews of 3 SOURCE_UNAVAILABLE",
			"step products.nodes.stock: Product.stock of 3",
			"step products.nodes: ProductConnection.nodes of 1",
			"step products: Query.products of 1",
		}},
		"a page, by gqlgen's executor": {page, options{config: "executor: gqlgen\n"}, "gqlgen", []string{
			"batch of inventory: 3 stock",
			"batch of reviews: 3 pages of reviews",
			"call of catalog: listProducts with 0 keys",
			"call of inventory: BatchGetStock with 3 keys",
			"call of reviews: BatchListReviews with 3 keys",
		}},
		"a refusal": {question{query: `{ me { id } orders { totalCount } }`}, options{}, "compiled", []string{
			"step me: Query.me of 1 UNAUTHENTICATED",
			"step orders: Query.orders of 1 UNAUTHENTICATED",
		}},
		"introspection": {question{query: `{ __schema { queryType { name } } }`}, options{}, "gqlgen", nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			test.config += "traceScope: '*'"
			test.header = wantsTrace
			got := test.explain(t, start(t, test.options))
			if got == nil {
				t.Fatal("there is no trace")
			}
			if got.Executor != test.executor || (got.Reason != "") != (test.executor == "gqlgen") {
				t.Errorf("executor %s, reason %q", got.Executor, got.Reason)
			}
			if diff := cmp.Diff(test.want, got.lines()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, m := range got.moments() {
				if m.Start < 0 || m.Duration < 0 || m.Start+m.Duration > got.Duration+0.001 { // all are rounded
					t.Errorf("of %v ms, something takes %v ms from %v on", got.Duration, m.Duration, m.Start)
				}
			}
		})
	}
}

// TestTwoOrdersAreOneBatch: what aliases ask for at one level is one batch for each source, however often it is asked for.
func TestTwoOrdersAreOneBatch(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'"})
	q := question{caller: "support", header: wantsTrace, query: `{
		a: order(id: "${Order:ord-000004}") { customer { displayName } }
		b: order(id: "${Order:ord-000001}") { customer { displayName } }
	}`}
	want := []string{
		"batch of customers: 2 customers",
		"batch of orders: 2 orders",
		"call of customers: getCustomer with 1 keys",
		"call of customers: getCustomer with 1 keys",
		"call of orders: batchGetOrders with 2 keys",
		"step a.customer: Order.customer of 1",
		"step a: Query.order of 1",
		"step b.customer: Order.customer of 1",
		"step b: Query.order of 1",
	}
	seen := 0
	for i := range 500 {
		got := q.explain(t, s)
		if got.Duration >= milliseconds(wave.DefaultGuard) {
			continue // on a starved machine, a step can wait so long for its turn that it looks as if it were blocked
		}
		seen++
		if diff := cmp.Diff(want, got.lines()); diff != "" {
			t.Fatalf("time %d (-want +got):\n%s\n%+v", i, diff, got)
		}
	}
	if seen < 250 {
		t.Errorf("only %d of 500 were fast enough to be judged", seen)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
