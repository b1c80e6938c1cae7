package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/breaking"
)

// story gives what became of a call, without its times: its attempts, what its policies did, and what it found of cache, breaker and limit.
func (c explainedCall) story() string {
	words := []string{c.Source, c.Operation + ":"}
	for _, a := range c.Attempts {
		words = append(words, strings.TrimSpace(a.Status+" "+a.Code))
		if a.Hedge {
			words = append(words, "(hedge)")
		}
		if a.Abandoned {
			words = append(words, "(abandoned)")
		}
	}
	for _, d := range c.Decisions {
		words = append(words, d.Action+"!")
	}
	for name, value := range map[string]string{"cache": c.Cache, "breaker": c.Breaker} {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	return strings.Join(append(words, c.Code), " ")
}

// TestTraceTellsOfCalls: what the policies of a source did with a call.
func TestTraceTellsOfCalls(t *testing.T) {
	t.Parallel()
	const off = "breaker: {enabled: false}"
	stock := question{query: `{ product(id: "${Product:SKU-000003}") { name stock { available } } }`}
	category := question{query: `{ categories { name } }`}
	for reason, test := range map[string]struct {
		question
		config string
		broken map[string]breaking.Break // from the second time on
		asked  int                       // how often it was asked before
		want   []string
	}{
		"a retry, in vain": {
			stock, "sources: {catalog: {" + off + "}, inventory: {retry: {max: 2, base: 1ms}, " + off + "}}", map[string]breaking.Break{"inventory": {Down: true}}, 0,
			[]string{"catalog batchGetProducts: 200", "inventory BatchGetStock: Unavailable SOURCE_UNAVAILABLE Unavailable SOURCE_UNAVAILABLE Unavailable SOURCE_UNAVAILABLE retry! retry! SOURCE_UNAVAILABLE"},
		},
		"a kept answer": {
			category, "sources: {catalog: {cache: {enabled: true}, " + off + "}}", nil, 1, []string{"catalog listCategories: cache=hit"},
		},
		"an answer that is to be kept": {
			category, "sources: {catalog: {cache: {enabled: true}, " + off + "}}", nil, 0, []string{"catalog listCategories: 200 cache=miss"},
		},
		"a breaker that has opened": {
			category, "sources: {catalog: {retry: {max: 0}, breaker: {enabled: true, failureRate: 0.1, minCalls: 1, delay: 1m}}}", map[string]breaking.Break{"catalog": {Down: true}}, 3,
			[]string{"catalog listCategories: breaker=open SOURCE_UNAVAILABLE"},
		},
		"a breaker that is closed": {
			category, "", nil, 0, []string{"catalog listCategories: 200 breaker=closed"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := start(t, options{config: test.config + "\ntraceScope: '*'\n", broken: test.broken})
			for range test.asked {
				<-test.begin(t.Context(), t, s)
			}
			test.header = wantsTrace
			got := test.explain(t, s)
			var stories []string
			for _, c := range got.Calls {
				stories = append(stories, strings.TrimSpace(c.story()))
				if c.Left <= 0 || c.Left > milliseconds(patience) {
					t.Errorf("%v ms are left", c.Left)
				}
				for i, a := range c.Attempts {
					if a.Start < c.Start || a.Start+a.Duration > c.Start+c.Duration+0.01 || i > 0 && a.Start < c.Attempts[i-1].Start {
						t.Errorf("the attempt %+v of %+v", a, c.moment)
					}
				}
			}
			if diff := cmp.Diff(test.want, stories); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTraceTellsOfAHedge: the call, and what was called beside it when it took longer than most.
func TestTraceTellsOfAHedge(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'\nsources: {catalog: {hedge: {enabled: true, quantile: 0.5, minCalls: 1, budget: 1}, retry: {max: 0}, breaker: {enabled: false}}}\n"})
	q := question{query: `{ categories { name } }`, header: wantsTrace}
	for range 20 {
		q.explain(t, s)
	}
	if err := s.demo.Break("catalog", breaking.Break{Latency: 500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	got := q.explain(t, s).Calls[0]
	if len(got.Attempts) != 2 || !got.Attempts[1].Hedge || got.Attempts[0].Hedge || len(got.Decisions) != 1 || got.Decisions[0].Action != "hedge" {
		t.Errorf("%+v", got)
	}
	if abandoned := got.Attempts[0].Abandoned; abandoned == got.Attempts[1].Abandoned {
		t.Errorf("one is answered, and the other is abandoned: %+v", got.Attempts)
	}
}

// TestTraceTellsWhoAsked: steps name the step above them, batches the steps that are in them, and calls their batch or their step.
func TestTraceTellsWhoAsked(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'"})
	q := question{header: wantsTrace, query: `query Page { products(first: 3) { nodes { stock { available } again: stock { status } reviews(first: 1) { nodes { author { displayName } } } } } }`}
	for _, kept := range []string{"miss", "hit"} {
		got := q.explain(t, s)
		if got.Document != kept || got.Plan != kept || got.Persisted != "" {
			t.Errorf("document %q, plan %q, persisted %q; want %q", got.Document, got.Plan, got.Persisted, kept)
		}
		paths := map[int]string{}
		for _, step := range got.Steps {
			paths[step.ID] = step.Path
		}
		lines := map[string]int{}
		for _, step := range got.Steps {
			lines[step.Path+" of "+paths[step.Parent]]++
		}
		batches := map[int]string{}
		for _, b := range got.Batches {
			batches[b.ID] = b.Loader
			for _, step := range b.Steps {
				lines[b.Loader+" for "+paths[step]]++
			}
		}
		for _, c := range got.Calls {
			lines[strings.TrimSpace(c.Source+" by "+batches[c.Batch]+paths[c.Step])] = 1
		}
		want := map[string]int{
			"products of ": 1, "products.nodes of products": 1, "products.nodes.stock of products.nodes": 1, "products.nodes.again of products.nodes": 1,
			"products.nodes.reviews of products.nodes": 1, "products.nodes.reviews.nodes of products.nodes.reviews": 1,
			"products.nodes.reviews.nodes.author of products.nodes.reviews.nodes": 1,
			"stock for products.nodes.stock":                                      1, "stock for products.nodes.again": 1, "pages of reviews for products.nodes.reviews": 1,
			"customers for products.nodes.reviews.nodes.author": 1,
			"catalog by products":                               1, "inventory by stock": 1, "reviews by pages of reviews": 1, "customers by customers": 1,
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestTraceOfParts: what @defer has come later is a part, and its steps say so.
func TestTraceOfParts(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'"})
	query, err := expand(`{ product(id: "${Product:SKU-000003}") { name ... @defer(label: "slow") { reviews(first: 1) { totalCount } } } }`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := queryRequest(s.url, query, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "multipart/mixed;incrementalSpec=v0.2, application/json")
	r.Header.Set("Mainstem-Trace", "1")
	answer, err := s.exchange(r)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndex(string(answer.body), `"trace":`)
	if at < 0 {
		t.Fatalf("there is no trace in %s", answer.body)
	}
	var got explained
	if err := json.NewDecoder(bytes.NewReader(answer.body[at+len(`"trace":`):])).Decode(&got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range got.Parts {
		lines = append(lines, fmt.Sprint(p.Label, " at ", p.Path, " of ", p.Objects, " ", p.Code))
	}
	for _, step := range got.Steps {
		lines = append(lines, fmt.Sprint(step.Path, " ", step.Parts))
	}
	if diff := cmp.Diff([]string{"slow at product of 1 ", "product []", "product.reviews [1]"}, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTraceOfAWorkflow: a mutation names the run that it has started.
func TestTraceOfAWorkflow(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "traceScope: '*'"})
	q := question{caller: "customer", header: http.Header{"Mainstem-Trace": {"1"}}, query: `mutation { placeOrder(input: {
		lines: [{productId: "${Product:SKU-000003}", quantity: 1}], payment: {card: {brand: "visa", last4: "4242", expiryMonth: 12, expiryYear: 2030}}, idempotencyKey: "traced-order"
	}) { checkout { state } } }`}
	first, again := q.explain(t, s), q.explain(t, s)
	if len(first.Workflows) != 1 || first.Workflows[0].Workflow != "placeOrder" || first.Workflows[0].Run == "" || first.Workflows[0].Step != 1 {
		t.Errorf("%+v", first.Workflows)
	}
	if diff := cmp.Diff(first.Workflows, again.Workflows); diff != "" {
		t.Errorf("the same key is the same run (-first +again):\n%s", diff)
	}
}
