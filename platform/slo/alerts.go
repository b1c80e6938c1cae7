package slo

import "fmt"

// Severity says how soon somebody has to look.
type Severity string

// The severities.
const (
	Page   Severity = "page"   // now, at night too: users are hurt, or will be within hours
	Ticket Severity = "ticket" // within the working day
)

// Alert is one alerting rule. Several may have one name, and so one page in docs/runbooks: they say the same of different windows.
type Alert struct {
	Name     string
	Severity Severity
	For      string // how long the expression has to hold; empty if it says so itself
	Expr     string
	Labels   [][2]string // beside the severity
	Summary  string      // in one line, with Prometheus' templates
	Says     string      // what it means
}

// burn is a pair of windows over which the allowance is used up so many times faster than it would be used up in 30 days. The long one says that it matters, the
// short one that it goes on. See "Alerting on SLOs" in Google's Site Reliability Workbook.
type burn struct {
	factor      float64
	long, short string
	severity    Severity
	used        string // what of the allowance of 30 days is gone when it fires
}

var burns = []burn{
	{14.4, "1h", "5m", Page, "2 %"},
	{6, "6h", "30m", Page, "5 %"},
	{3, "1d", "2h", Ticket, "10 %"},
	{1, "3d", "6h", Ticket, "10 %"},
}

// leastBad is how many requests have to be bad within the long window before anybody is told: one failure of three requests at night is no outage.
const leastBad = 10

// burning gives the alerts of an objective.
func (o objective) burning(name, summary, says string) []Alert {
	var all []Alert
	for _, b := range burns {
		limit := number(b.factor * (1 - o.target))
		all = append(all, Alert{
			Name: name, Severity: b.severity, Labels: [][2]string{{"window", b.long}},
			Expr: fmt.Sprintf(`%[1]s%[2]s > %[4]s
and %[1]s%[3]s > %[4]s
and sum_over_time(%[5]s[%[2]s]) * %[6]d >= %[7]d`, o.ratio, b.long, b.short, limit, o.bad, interval, leastBad),
			Summary: fmt.Sprintf(summary, b.long),
			Says:    fmt.Sprintf("%s That is at least %s times what %s %% allow, over %s and over %s: %s of the allowance of 30 days.", says, number(b.factor), number(100*o.target), b.long, b.short, b.used),
		})
	}
	return all
}

// Alerts gives all alerts, the most urgent first within each group.
func (c Config) Alerts(o Options) []Group {
	availability, latency := c.objectives()
	return []Group{
		{"objectives", append(
			availability.burning("MainstemAvailabilityBurn", "{{ $value | humanizePercentage }} of requests failed within %s",
				"Requests fail, or are refused since tokens cannot be checked."),
			latency.burning("MainstemLatencyBurn", "{{ $value | humanizePercentage }} of operations were slower than "+c.Latency.Threshold.String()+" within %s",
				"Operations are slower than promised.")...)},
		{"requests", requestAlerts()},
		{"sources", sourceAlerts()},
		{"workflows", workflowAlerts()},
		{"storage", storageAlerts()},
		{"process", o.processAlerts()},
	}
}

// Group is alerts that belong together.
type Group struct {
	Name   string
	Alerts []Alert
}

// happened asks for what matters even if it has happened once within ten minutes: a series begins with its first error, of which no rate tells.
func happened(by, series string) string {
	return fmt.Sprintf(`sum by (%[1]s) (rate(%[2]s[10m])) > 0
or sum by (%[1]s) (%[2]s unless last_over_time(%[2]s[10m] offset 10m)) / 600`, by, series)
}

func requestAlerts() []Alert {
	return []Alert{
		{
			Name: "MainstemTokenKeysMissing", Severity: Page, For: "5m",
			Expr:    `sum by (job) (rate(mainstem_auth_refusals_total{mainstem_code!="UNAUTHENTICATED"}[5m])) > 0`,
			Summary: "Tokens cannot be checked: {{ $value | humanize }} requests a second are refused",
			Says:    "The issuer's keys cannot be had (`auth.jwksUrl`), so that whoever is signed in with a key that is not known yet is refused.",
		},
		{
			Name: "MainstemTokensRefused", Severity: Ticket, For: "10m",
			Expr: `sum by (job) (rate(mainstem_auth_refusals_total{mainstem_code="UNAUTHENTICATED"}[10m]))
/ sum by (job) (rate(http_server_request_duration_seconds_count{http_route="/graphql"}[10m])) > 0.2
and sum by (job) (rate(mainstem_auth_refusals_total{mainstem_code="UNAUTHENTICATED"}[10m])) > 0.1`,
			Summary: "{{ $value | humanizePercentage }} of requests come with a bad token",
			Says:    "More than a fifth of requests are refused for their token: keys, issuer or audience have changed on one side alone, or somebody tries tokens.",
		},
		{
			Name: "MainstemInternalErrors", Severity: Ticket, For: "5m",
			Expr:    happened("job", `mainstem_operation_errors_total{mainstem_code="INTERNAL_SERVER_ERROR"}`),
			Summary: "The gateway has a defect: {{ $value | humanize }} errors a second",
			Says:    "Answers have INTERNAL_SERVER_ERROR, which only a defect of the gateway gives. The log has the stack under the error's trace id.",
		},
		{
			Name: "MainstemLimitFlood", Severity: Ticket, For: "10m",
			Expr:    `sum by (job, mainstem_limit) (rate(mainstem_limit_refusals_total[5m])) > 1`,
			Summary: "{{ $value | humanize }} requests a second are above the limit {{ $labels.mainstem_limit }}",
			Says:    "Requests are refused with LIMIT_EXCEEDED, more than one a second: a client's release asks for too much, or somebody tries what the gateway bears.",
		},
	}
}

// calls counts calls of sources.
const calls = `mainstem_source_call_duration_seconds_count`

// ours are the faults that a source has given cause for. The others are answers.
const ours = `SOURCE_UNAVAILABLE|SOURCE_TIMEOUT|SOURCE_FAILED|SOURCE_CONTRACT_VIOLATION|OVERLOADED|RATE_LIMITED|DEADLINE_EXCEEDED`

// failing gives the rate of a source's calls that fail, and asked that of all; but for those whose callers have gone soon, which say nothing of the source.
func failing(window string) string {
	return fmt.Sprintf(`sum by (job, mainstem_source) (rate(%s{mainstem_code=~"%s",mainstem_how!="abandoned"}[%s]))`, calls, ours, window)
}

func asked(window string) string {
	return fmt.Sprintf(`sum by (job, mainstem_source) (rate(%s{mainstem_how!="abandoned"}[%s]))`, calls, window)
}

func sourceAlerts() []Alert {
	return []Alert{
		{
			Name: "MainstemNoSourceAnswers", Severity: Page, For: "2m",
			Expr: `count by (job) (` + failing("2m") + ` > 0) > 1
unless sum by (job) (rate(` + calls + `{mainstem_code!~"` + ours + `",mainstem_how!~"shared|fresh|stale|abandoned"}[2m])) > 0`,
			Summary: "No source answers any more",
			Says:    "Calls of several sources fail, and none is answered: it is the network, the names' resolution, or the gateway itself rather than all services at once. `/readyz` is 503 where none can be reached.",
		},
		{
			Name: "MainstemSourceUnavailable", Severity: Page, For: "5m",
			Expr: failing("5m") + `
/ ` + asked("5m") + ` > 0.5
and ` + asked("5m") + ` > 0.02`,
			Summary: "{{ $value | humanizePercentage }} of calls of {{ $labels.mainstem_source }} fail",
			Says:    "Most calls of a source fail, so that its fields are null for users, and workflows that need it wait. Requests without those fields are answered as ever, so that the objective of availability does not show it.",
		},
		{
			Name: "MainstemSourceFaults", Severity: Ticket, For: "15m",
			Expr: failing("10m") + `
/ ` + asked("10m") + ` > 0.05
and ` + failing("10m") + ` > 0.02`,
			Summary: "{{ $value | humanizePercentage }} of calls of {{ $labels.mainstem_source }} fail",
			Says:    "More than one of twenty calls of a source fail, and most do not: one of its instances is sick, one gateway does not reach it, or one of its operations fails. Answers are partial, so that the objective of availability does not show it.",
		},
		{
			Name: "MainstemBreakerOpen", Severity: Ticket, For: "15m",
			Expr: `max by (job, mainstem_source, mainstem_operation) (min_over_time(mainstem_source_breaker_state[2m])) > 0
and on (job, mainstem_source) ` + asked("15m") + ` > 0`,
			Summary: "The breaker of {{ $labels.mainstem_source }}{{ with $labels.mainstem_operation }} {{ . }}{{ end }} does not close",
			Says:    "A source is asked for, and not called, or only tried, for a quarter of an hour. A breaker that nobody asks stays as it is.",
		},
		{
			Name: "MainstemRetryBudgetSpent", Severity: Ticket, For: "5m",
			Expr:    `sum by (job, mainstem_source) (rate(mainstem_source_actions_total{mainstem_action="budget"}[5m])) > 0`,
			Summary: "Retries of {{ $labels.mainstem_source }} are used up",
			Says:    "So many calls fail that the budget for retries is spent, and faults stand which a retry would have mended.",
		},
		{
			Name: "MainstemSourceQueueFull", Severity: Ticket, For: "5m",
			Expr:    `sum by (job, mainstem_source) (rate(mainstem_source_actions_total{mainstem_action="refuse"}[5m])) > 0`,
			Summary: "{{ $value | humanize }} calls of {{ $labels.mainstem_source }} a second are refused: too many wait",
			Says:    "A source has as many calls as it may have, and as many wait as may: further ones fail with OVERLOADED at once.",
		},
		{
			Name: "MainstemSourceSlow", Severity: Ticket, For: "15m",
			Expr: `histogram_quantile(0.99, sum by (job, mainstem_source, le) (rate(mainstem_source_call_duration_seconds_bucket{mainstem_how=""}[10m]))) > 1
and sum by (job, mainstem_source) (rate(mainstem_source_call_duration_seconds_count{mainstem_how=""}[10m])) > 0.1`,
			Summary: "One of a hundred calls of {{ $labels.mainstem_source }} takes {{ $value | humanizeDuration }} or longer",
			Says:    "A source is slow for one of a hundred calls, waits and retries included.",
		},
		{
			Name: "MainstemContractViolation", Severity: Ticket, For: "5m",
			Expr:    happened("job, mainstem_source, mainstem_operation", calls+`{mainstem_code="SOURCE_CONTRACT_VIOLATION"}`),
			Summary: "{{ $labels.mainstem_source }} {{ $labels.mainstem_operation }} does not keep to its contract",
			Says:    "Answers of a source do not fit its contract: its service was changed, and what is pinned here was not. It does not go away by itself.",
		},
	}
}
