package slo

import (
	"bytes"
	"fmt"
	"strings"
)

// Options are of the rules, and no promise.
type Options struct {
	Job      string // that Prometheus scrapes gateways by
	Runbooks string // the URL that pages are below of
}

// DefaultOptions gives the job mainstem, and the repository's own pages.
func DefaultOptions() Options {
	return Options{Job: "mainstem", Runbooks: "https://github.com/mainstem/mainstem/blob/main/docs/runbooks"}
}

func (o Options) matcher() string { return fmt.Sprintf("job=%q", o.Job) }

// interval is how often rules are evaluated, in seconds. Windows of days are made of what is recorded so often.
const interval = 30

// Rules gives the file of rules for Prometheus. It is the same for the same objectives and options.
func (c Config) Rules(o Options) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Written by `mainstem rules` from slo in mainstem.yaml: %s %% do not fail, %s %% take %s at most. Change it there, and write this anew.\n",
		number(100*c.Availability), number(100*c.Latency.Target), c.Latency.Threshold)
	out.WriteString("groups:\n")
	recordGroup(&out, "rates", interval, append(c.counted(), c.ratios()...))
	recordGroup(&out, "promised", 60, c.promised())
	for _, g := range c.Alerts(o) {
		fmt.Fprintf(&out, "  - name: mainstem-%s\n    rules:\n", g.Name)
		for _, a := range g.Alerts {
			a.write(&out, o)
		}
	}
	return out.Bytes()
}

func recordGroup(out *bytes.Buffer, name string, seconds int, records []record) {
	fmt.Fprintf(out, "  - name: mainstem-%s\n    interval: %ds\n    rules:\n", name, seconds)
	for _, r := range records {
		fmt.Fprintf(out, "      - record: %s\n%s", r.name, block("expr", r.expr))
	}
}

func (a Alert) write(out *bytes.Buffer, o Options) {
	fmt.Fprintf(out, "      - alert: %s\n%s", a.Name, block("expr", a.Expr))
	if a.For != "" {
		fmt.Fprintf(out, "        for: %s\n", a.For)
	}
	fmt.Fprintf(out, "        labels:\n          severity: %s\n", a.Severity)
	for _, l := range a.Labels {
		fmt.Fprintf(out, "          %s: %s\n", l[0], quoted(l[1]))
	}
	fmt.Fprintf(out, "        annotations:\n          summary: %s\n          description: %s\n          runbook_url: %s/%s.md\n",
		quoted(a.Summary), quoted(a.Says), strings.TrimSuffix(o.Runbooks, "/"), a.Name)
}

// block writes a text below its key, as it is.
func block(key, text string) string {
	return "        " + key + ": |-\n          " + strings.ReplaceAll(text, "\n", "\n          ") + "\n"
}

// quoted writes a text of one line.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
