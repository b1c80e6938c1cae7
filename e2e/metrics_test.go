package e2e

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// shown is what /metrics shows of one metric.
type shown struct {
	kind, help string
	labels     map[string]bool
	series     []string
}

// scrape reads /metrics as Prometheus does, by the names of metrics; those of a histogram's series are its own.
func scrape(t *testing.T, s *stack) map[string]*shown {
	t.Helper()
	resp, err := s.client.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %d and %s", err, resp.StatusCode, text)
	}
	all := map[string]*shown{}
	var last *shown
	for _, line := range lines(strings.TrimSpace(string(text))) {
		if comment, ok := strings.CutPrefix(line, "# "); ok {
			part := strings.SplitN(comment, " ", 3)
			if all[part[1]] == nil {
				last = &shown{labels: map[string]bool{}}
				all[part[1]] = last
			}
			if part[0] == "TYPE" {
				last.kind = part[2]
			} else {
				last.help = part[2]
			}
			continue
		}
		for _, label := range labelPattern.FindAllStringSubmatch(line, -1) {
			if label[1] != "le" {
				last.labels[label[1]] = true
			}
		}
		last.series = append(last.series, line)
	}
	delete(all, "target_info") // of the resource
	return all
}

var labelPattern = regexp.MustCompile(`[{,]([a-z_]+)="`)

// TestMetricsAreCatalogued: a gateway of which everything is used shows what the catalogue says, and nothing else.
func TestMetricsAreCatalogued(t *testing.T) {
	t.Parallel()
	_, sending := collect(t, "otlp-grpc")
	s := start(t, options{
		broken: map[string]breaking.Break{"reviews": {Down: true}},
		config: signing(t) + "telemetry: {prometheus: true, " + sending + "}\n",
	})
	useEverything(t, s)
	got := scrape(t, s)
	for _, want := range []string{
		`mainstem_operations_total{graphql_operation_name="Page",graphql_operation_type="query",mainstem_outcome="partial"} 1`,
		`mainstem_operation_errors_total{graphql_operation_name="Page",mainstem_code="SOURCE_UNAVAILABLE"} 5`,
		`mainstem_step_duration_seconds_count{mainstem_field="Product.stock"} 1`,
		`mainstem_batch_size_sum{mainstem_loader="stock",mainstem_source="inventory"} 5`,
		`mainstem_limit_refusals_total{mainstem_limit="depth"} 1`,
		`mainstem_auth_refusals_total{mainstem_code="UNAUTHENTICATED"} 1`,
		`mainstem_workflows_stuck_total{mainstem_workflow="placeOrder"} 0`,
		`mainstem_workflows_runs{mainstem_workflow_state="STUCK"} 0`,
		`mainstem_workflow_step_retries_total{mainstem_workflow="placeOrder",mainstem_workflow_step="reserve"} 0`,
		`otel_sdk_processor_span_processed_total{error_type="queue_full",otel_component_name="batching_span_processor/0",otel_component_type="batching_span_processor"} 0`,
		`otel_sdk_exporter_span_exported_total{error_type="rejected",otel_component_name="otlp_grpc_span_exporter/0",otel_component_type="otlp_grpc_span_exporter"} 0`,
	} {
		name, _, _ := strings.Cut(want, "{")
		m := got[name]
		for _, part := range []string{"_count", "_sum"} {
			if m == nil {
				m = got[strings.TrimSuffix(name, part)]
			}
		}
		if m == nil || !slices.Contains(m.series, want) {
			t.Errorf("there is no %s in %+v", want, m)
		}
	}
	for _, section := range names.Sections() {
		for _, m := range section.Metrics {
			found := got[m.Prometheus()]
			delete(got, m.Prometheus())
			linux := strings.HasPrefix(m.Name, "process.") && m.Name != names.ProcessUptime.Name
			switch {
			case found == nil && (m.Name == names.GoMemoryLimit.Name || linux && runtime.GOOS != "linux"):
			case found == nil:
				t.Errorf("%s is in the catalogue, and %s is not shown", m.Name, m.Prometheus())
			case found.kind != string(m.Kind):
				t.Errorf("%s is shown as a %s, and is a %s in the catalogue", m.Name, found.kind, m.Kind)
			case m.Foreign == "" && found.help != m.Says:
				t.Errorf("%s: it is shown as %q, and the catalogue says %q", m.Name, found.help, m.Says)
			default:
				for label := range found.labels {
					if !slices.ContainsFunc(m.Attributes, func(a names.Attribute) bool { return names.PrometheusLabel(string(a.Key)) == label }) {
						t.Errorf("%s: the catalogue knows no label %s of it", m.Name, label)
					}
				}
			}
		}
	}
	if len(got) > 0 {
		t.Errorf("not in the catalogue: %v", slices.Sorted(maps.Keys(got)))
	}
}

// useEverything has each part of a gateway do what it has a metric for.
func useEverything(t *testing.T, s *stack) {
	t.Helper()
	owner := signed(t, "cus-00001", "")
	for reason, q := range map[string]question{
		"batches, and retries of what is down": {query: `query Page { products(first: 5) { nodes { name stock { available } reviews(first: 1) { totalCount } } } }`},
		"a limit":                              {query: "{" + strings.Repeat("a{", 50) + "b" + strings.Repeat("}", 51)},
		"a token that nobody has signed":       {caller: "bad-token", query: `{ __typename }`},
		"a document by its hash alone":         {query: ""},
	} {
		if o := <-q.begin(t.Context(), t, s); o.err != nil {
			t.Fatalf("%s: %v", reason, o.err)
		}
	}
	told := make(chan event)
	go func() {
		defer close(told)
		for e := range s.follow(t, owner, `subscription Following { orderChanged { kind } }`) {
			told <- e
			return
		}
	}()
	for i, waits := 0, true; waits; i++ { // nothing tells when it is being followed
		placed(t, s, owner, fmt.Sprintf("to-be-measured-%d", i))
		select {
		case <-told:
			waits = false
		default:
		}
	}
}

// TestMetricsAreBounded: whatever clients send, the number of series has an end, and the names of trusted documents are told all the same.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	manifest := filepath.Join(t.TempDir(), "operations.json")
	const trusted = `query Trusted { __typename }`
	if err := os.WriteFile(manifest, []byte(`{"trusted": "`+trusted+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, options{config: "telemetry: {prometheus: true, metrics: {operationNames: 20}}\npersisted: {trusted: {mode: log, manifest: '" + manifest + "'}}\nlogLevel: error\n"})
	const load = 10_000
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range load / 4 {
				if err := makeUp(t, s, worker*load+i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for range 2 {
		(<-question{query: trusted}.begin(t.Context(), t, s)).good(t)
	}
	got := scrape(t, s)
	total := 0
	for name, m := range got {
		total += len(m.series)
		if len(m.series) > 1_500 {
			t.Errorf("%s has %d series", name, len(m.series))
		}
	}
	if total > 4_000 {
		t.Errorf("there are %d series", total)
	}
	series := strings.Join(got[names.Operations.Prometheus()].series, "\n")
	for _, want := range []string{
		`mainstem_operations_total{graphql_operation_name="Trusted",graphql_operation_type="query",mainstem_outcome="ok"} 2`,
		`mainstem_operations_total{graphql_operation_name="_other",graphql_operation_type="query",mainstem_outcome="ok"}`,
	} {
		if !strings.Contains(series, want) {
			t.Errorf("there is no %s in\n%s", want, series)
		}
	}
	if n := strings.Count(series, `graphql_operation_name="M`); n != 20 {
		t.Errorf("%d names that were made up are told apart, want 20", n)
	}
}

// makeUp sends what nobody has sent before, in one of the ways in which a client can: the names of operations, paths, methods, documents that are
// refused, hashes and limits.
func makeUp(t *testing.T, s *stack, i int) error {
	name := fmt.Sprintf("M%d", i)
	q := question{query: "query " + name + " { __typename }"}
	switch i % 10 {
	case 0:
		q.query = "query " + name + " { " + name + " }" // which is not valid
	case 1:
		q.query = "mutation " + name + " { x" + name // which cannot be parsed
	case 2:
		q = question{query: "query A { __typename } query B { __typename }", operation: name}
	case 3:
		q.query = "query " + name + " {" + strings.Repeat("a{", 50) + "b" + strings.Repeat("}", 51)
	case 4:
		q.header = http.Header{"Authorization": {"Bearer " + name}}
	case 5:
		r, err := http.NewRequestWithContext(t.Context(), "M"+name, s.url+"/"+name, http.NoBody)
		if err != nil {
			return err
		}
		_, err = s.exchange(r)
		return err
	case 6:
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(registration("", name))))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		_, err = s.exchange(r)
		return err
	default:
	}
	return (<-q.begin(t.Context(), t, s)).err
}
