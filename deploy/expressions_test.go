package deploy_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/deploy/grafana"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// series are the labels of everything that can be asked for: what the catalogue declares, as Prometheus has it, what the rules record, and what Prometheus itself
// knows.
func series(t *testing.T) map[string][]string {
	t.Helper()
	scraped := []string{"job", "instance"}
	known := map[string][]string{"up": scraped, "ALERTS": {"alertname", "alertstate", "severity"}}
	for _, section := range names.Sections() {
		for _, m := range section.Metrics {
			labels := slices.Clone(scraped)
			for _, a := range m.Attributes {
				labels = append(labels, names.PrometheusLabel(string(a.Key)))
			}
			name := m.Prometheus()
			if m.Kind != names.Histogram {
				known[name] = labels
				continue
			}
			known[name+"_sum"], known[name+"_count"], known[name+"_bucket"] = labels, labels, append(slices.Clone(labels), "le")
		}
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			known[r.Record] = []string{"job"}
		}
	}
	return known
}

// token is one of: a string, a range in brackets, a name, a number, and signs.
var token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:$][a-zA-Z0-9_:]*|[0-9.]+[a-z]*|[=!<>~]+|[^\s]`)

// words of PromQL that are followed by labels, and those that are not.
var (
	grouping  = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	operators = []string{"and", "or", "unless", "bool", "offset"}
)

// wrong says what an expression asks for that there is not.
func wrong(known map[string][]string, expr string) []string {
	var said, metrics, labels []string
	tokens := token.FindAllString(expr, -1)
	at := func(i int) string {
		if i < len(tokens) {
			return tokens[i]
		}
		return ""
	}
	for i := 0; i < len(tokens); i++ {
		word := tokens[i]
		switch {
		case slices.Contains(grouping, word):
			for i += 2; at(i) != ")"; i++ {
				if at(i) != "," {
					labels = append(labels, at(i))
				}
			}
		case word == "{":
			for i++; at(i) != "}"; i += 3 {
				if at(i) == "," {
					i++
				}
				if last := metrics[len(metrics)-1]; !slices.Contains(known[last], at(i)) {
					said = append(said, fmt.Sprintf("%s has no label %s", last, at(i)))
				}
			}
		case slices.Contains(operators, word) || !regexp.MustCompile(`^[a-zA-Z_:]`).MatchString(word) || regexp.MustCompile(`^[0-9]`).MatchString(word):
		case at(i+1) == "(" || slices.Contains(grouping, at(i+1)): // a function
		default:
			metrics = append(metrics, word)
			if known[word] == nil {
				said = append(said, "there is no "+word)
			}
		}
	}
	for _, label := range labels {
		if !slices.ContainsFunc(metrics, func(m string) bool { return slices.Contains(known[m], label) }) {
			said = append(said, "nothing in it has the label "+label)
		}
	}
	if len(metrics) == 0 && !strings.HasPrefix(expr, "vector(") {
		said = append(said, "it asks for nothing")
	}
	return said
}

func TestWrong(t *testing.T) {
	t.Parallel()
	known := map[string][]string{"a_total": {"job", "code"}, "b_bucket": {"job", "le"}, "job:c:rate5m": {"job"}}
	cases := map[string]struct {
		expr string
		want []string
	}{
		"all is there":           {`sum by (job) (rate(a_total{code=~"x|y",job="z"}[5m])) / 1024 ^ 2 > 0.5`, nil},
		"labels after":           {`sum(rate(b_bucket[1h] offset 1d)) by (le) unless on (job) job:c:rate5m`, nil},
		"a variable":             {`topk(10, rate(a_total{job=~"$job"}[$__rate_interval]))`, nil},
		"no such metric":         {`rate(b_total[5m])`, []string{"there is no b_total"}},
		"not a histogram's":      {`b`, []string{"there is no b"}},
		"no such label":          {`a_total{name="x"}`, []string{"a_total has no label name"}},
		"a label of another one": {`a_total{le="1"} or b_bucket{le="1"}`, []string{"a_total has no label le"}},
		"grouped by nothing":     {`sum by (le) (a_total)`, []string{"nothing in it has the label le"}},
		"nothing":                {`1 > 2`, []string{"it asks for nothing"}},
	}
	for reason, c := range cases {
		if got := wrong(known, c.expr); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", reason, got, c.want)
		}
	}
}

// TestExpressionsAskForWhatThereIs: rules, dashboards and runbooks use metrics and labels of the catalogue.
func TestExpressionsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	known := series(t)
	asked := map[string]bool{}
	check := func(where, expr string) {
		for _, problem := range wrong(known, expr) {
			t.Errorf("%s: %s, in\n%s", where, problem, expr)
		}
		for _, word := range token.FindAllString(expr, -1) {
			asked[word] = true
		}
	}
	for _, r := range rules(t) {
		check(r.Record+r.Alert, r.Expr)
	}
	for _, d := range grafana.All() {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for _, q := range p.Queries {
					check(d.Title+", "+p.Title, q.Expr)
				}
			}
		}
		for _, v := range d.Variables {
			check(d.Title+", "+v.Name, v.Metric+"{"+v.Label+`="x"}`)
		}
	}
	for name, page := range runbooks(t) {
		for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(page, -1) {
			for line := range strings.Lines(block[1]) {
				if expr, _, _ := strings.Cut(line, "#"); strings.TrimSpace(expr) != "" {
					check(name, expr)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) { // what nobody shows is not seen
		if strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count") || asked[name] || strings.HasPrefix(name, "go_config") {
			continue
		}
		t.Errorf("nothing asks for %s", name)
	}
}
