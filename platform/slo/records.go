package slo

import "fmt"

// record is a recording rule.
type record struct{ name, expr string }

// What is recorded. The level is job: gateways that are scraped by one job are one service.
const (
	requests       = "job:mainstem_requests:rate5m"
	requestsFailed = "job:mainstem_requests_failed:rate5m"
	operations     = "job:mainstem_operations_timed:rate5m"
	operationsSlow = "job:mainstem_operations_slow:rate5m"
)

// objective is one promise, by what is recorded of it.
type objective struct {
	all, bad string // rates of five minutes
	ratio    string // the bad part, with the window at its end
	target   float64
}

func (c Config) objectives() (availability, latency objective) {
	return objective{requests, requestsFailed, "job:mainstem_requests_failed:ratio_rate", c.Availability},
		objective{operations, operationsSlow, "job:mainstem_operations_slow:ratio_rate", c.Latency.Target}
}

// counted gives the rates that everything else is made of.
//
// What is refused for the caller's fault, or given up by clients, is neither good nor bad: a client that sends nonsense neither burns the allowance nor makes
// it larger. Callers whose token cannot be checked get nothing, so that these are failures, though they never become operations.
func (c Config) counted() []record {
	const keysMissing = `mainstem_auth_refusals_total{mainstem_code!="UNAUTHENTICATED"}`
	return []record{
		{requests, fmt.Sprintf(`sum by (job) (
  rate(mainstem_operations_total{mainstem_outcome=~"ok|partial|failed"}[5m])
  or rate(%s[5m])
)`, keysMissing)},
		{requestsFailed, fmt.Sprintf(`sum by (job) (
  rate(mainstem_operations_total{mainstem_outcome="failed"}[5m])
  or rate(%s[5m])
  or 0 * rate(mainstem_operations_total{mainstem_outcome=~"ok|partial"}[5m])
)`, keysMissing)},
		{operations, `sum by (job) (rate(mainstem_operation_duration_seconds_count[5m]))`},
		{operationsSlow, fmt.Sprintf(`sum by (job) (rate(mainstem_operation_duration_seconds_count[5m]))
-
sum by (job) (rate(mainstem_operation_duration_seconds_bucket{%s}[5m]))`, bucket(c.Latency.Threshold))},
	}
}

// ratios gives the bad part of both objectives over each window. Longer ones are made of the rates of five minutes, which cost Prometheus little to read: they
// reach five minutes further back than they say.
func (c Config) ratios() []record {
	var all []record
	for _, window := range []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"} {
		availability, latency := c.objectives()
		for _, o := range []objective{availability, latency} {
			expr := fmt.Sprintf("%s / %s", o.bad, o.all)
			if window != "5m" {
				expr = fmt.Sprintf("sum_over_time(%s[%s]) / sum_over_time(%s[%s])", o.bad, window, o.all, window)
			}
			all = append(all, record{o.ratio + window, expr})
		}
	}
	return all
}

// promised gives the objectives as series, and what is left of the allowance of 28 days: dashboards show them.
func (c Config) promised() []record {
	all := []record{
		{"mainstem:availability:target", fmt.Sprintf("vector(%s)", number(c.Availability))},
		{"mainstem:latency:target", fmt.Sprintf("vector(%s)", number(c.Latency.Target))},
		{"mainstem:latency:threshold_seconds", fmt.Sprintf("vector(%s)", number(c.Latency.Threshold.Std().Seconds()))},
	}
	availability, latency := c.objectives()
	for i, o := range []objective{availability, latency} {
		all = append(all, record{
			[]string{"job:mainstem_availability:budget_left28d", "job:mainstem_latency:budget_left28d"}[i],
			fmt.Sprintf("1 - sum_over_time(%s[28d]) / sum_over_time(%s[28d]) / %s", o.bad, o.all, number(1-o.target)),
		})
	}
	return all
}
