package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/demo"
)

// matrixQueries are what is asked while a service is broken, by source and by how much of the query the service has: one field of ten that
// need a service, or the page of the README.
var matrixQueries = map[string]map[string]string{
	"catalog":   {oneOfTen: tenWithCategory, wholePage: readmePage},
	"inventory": {oneOfTen: tenWithStock, wholePage: readmePage},
}

const (
	oneOfTen  = "one field of ten"
	wholePage = "whole page"
)

const tenWithCategory = `{
	category(id: "${Category:CAT-21}") { name }
	order(id: "${Order:ord-000028}") {
		number payment { status order { number } } shipment { status } customer { displayName orders(first: 2) { totalCount } }
	}
	customer(id: "${Customer:cus-00002}") { displayName reviews(first: 2) { totalCount } }
	review(id: "${Review:rev-0000110}") { title }
}`

const tenWithStock = `{
	product(id: "${Product:SKU-000001}") { name category { name } stock { available } rating { count } reviews(first: 1) { totalCount } }
	order(id: "${Order:ord-000028}") { number payment { status } shipment { status } customer { displayName } }
	review(id: "${Review:rev-0000110}") { title }
}`

const readmePage = `query ProductPage { products(first: 20) { nodes { id name price { amount currency } category { name } stock { available }
  reviews(first: 2) { nodes { rating body author { displayName } } } } pageInfo { hasNextPage endCursor } } }`

// TestFaultMatrix: whatever is wrong with a service or the way to it, its fields are lost with the code that says so, after no more calls than
// promise something, and what other services have is there. With -v it prints the table of docs/resilience.md.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	runMatrix(t)
}

func runMatrix(t *testing.T) {
	t.Helper()
	m := newMatrix(t)
	var rows []matrixRow
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, matrixSlots)
	for source, queries := range matrixQueries {
		for _, c := range matrixOf(source) {
			for size, query := range queries {
				all.Go(func() { // subtests that are in parallel would share the processors with all other tests, and mostly wait
					slots <- struct{}{}
					defer func() { <-slots }()
					t.Run(source+"/"+c.fault+"/"+size, func(t *testing.T) {
						row := m.run(t, source, query, c)
						row.source, row.size = source, size
						mu.Lock()
						defer mu.Unlock()
						rows = append(rows, row)
					})
				})
			}
		}
	}
	all.Wait()
	if testing.Verbose() {
		fmt.Print(matrixTable(rows))
	}
}

// matrix is what the cases share: a healthy demo, and its answers.
type matrix struct {
	demo    *demo.Demo
	healthy map[string]map[string]any // by query
	fields  map[string]ast.SelectionSet
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	s := start(t, options{})
	m := &matrix{demo: s.demo, healthy: map[string]map[string]any{}, fields: map[string]ast.SelectionSet{}}
	for source, queries := range matrixQueries {
		for size, query := range queries {
			m.healthy[query] = must[map[string]any](t, s, "support", query, nil)
			m.fields[query] = parse(t, query)
			needs := map[string]int{}
			countSources(m.fields[query], needs)
			total := 0
			for _, n := range needs {
				total += n
			}
			if size == oneOfTen && (total != 10 || needs[source] != 1) {
				t.Errorf("of %d fields of the query, %d are of %s: %v", total, needs[source], source, needs)
			}
		}
	}
	return m
}

// countSources counts the fields that need each source.
func countSources(set ast.SelectionSet, needs map[string]int) {
	for _, s := range set {
		f := s.(*ast.Field)
		for _, source := range sourcesOf(f.Definition) {
			needs[source]++
		}
		countSources(f.SelectionSet, needs)
	}
}

// run asks a query of a fresh gateway while a source has a fault.
func (m *matrix) run(t *testing.T, source, query string, c matrixCase) matrixRow {
	t.Helper()
	f := newFront(t, m.demo.URL(source), c.front)
	address := f.address
	if c.network != nil {
		address = c.network.through(t, address)
	}
	deadline, timeout := c.limits(source)
	s := gatewayBefore(t, m.demo, fmt.Sprintf("requestTimeout: %s\nsources: {%s: {%s, timeout: %s}}", deadline, source, f.source(address), timeout))
	began := time.Now()
	got, errs := ask[map[string]any](t, s, "support", query, nil)
	row := matrixRow{fault: c.fault, took: time.Since(began), calls: f.tries()}
	for _, e := range errs {
		row.code, row.lost = e.Extensions.Code, row.lost+1
	}
	m.check(t, source, query, c, got, errs)
	if fewer := c.timed && row.calls < c.calls && !matrixExact; row.calls != c.calls && !fewer {
		t.Errorf("%d calls came, want %d", row.calls, c.calls)
	}
	if row.took > deadline+matrixSlack {
		t.Errorf("it took %s, where the deadline is %s", row.took, deadline)
	}
	if sent := f.sent.Load(); sent > 64<<20 {
		t.Errorf("%d bytes of the answer were taken", sent)
	}
	return row
}

// check compares an answer with the healthy one: the source's fields are lost with the case's code, and nothing else is.
func (m *matrix) check(t *testing.T, source, query string, c matrixCase, got map[string]any, errs []problem) {
	t.Helper()
	if c.timed && !matrixExact {
		m.checkFinished(t, source, query, c, got, errs)
		return
	}
	lost := &loss{service: source, must: map[string]bool{}, may: map[string]bool{}}
	var want any = m.healthy[query]
	if c.code != "" {
		want = lost.of(m.fields[query], m.healthy[query], nil)
	}
	if diff := gocmp.Diff(want, any(got)); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	for _, e := range errs {
		if e.Extensions.Code != c.code || e.Extensions.Source != source {
			t.Errorf("%v: got %+v, want %s of %s", e.Path, e.Extensions, c.code, source)
		}
		if !lost.must[e.at()] && !lost.may[e.at()] {
			t.Errorf("%v is not the service's, or has two errors: %+v", e.Path, e)
		}
		delete(lost.must, e.at())
		delete(lost.may, e.at())
	}
	for at := range lost.must {
		t.Errorf("%s is lost without an error", at)
	}
}

// checkFinished is check where a machine that does a lot else may have left some of the other fields no time.
func (m *matrix) checkFinished(t *testing.T, source, query string, c matrixCase, got map[string]any, errs []problem) {
	t.Helper()
	open := map[string]bool{}
	for _, e := range errs {
		if e.Extensions.Code != "DEADLINE_EXCEEDED" && (e.Extensions.Code != c.code || e.Extensions.Source != source) {
			t.Errorf("%v: got %+v, want %s of %s", e.Path, e.Extensions, c.code, source)
		}
		open[steps(e.Path)] = true
	}
	if len(errs) == 0 {
		t.Error("nothing is lost")
	}
	finished(t, m.healthy[query], got, open, nil)
	for at := range open {
		t.Errorf("%s has an error, and is not null", at)
	}
}
