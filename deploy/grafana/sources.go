package grafana

// faults are the codes that a source has given cause for; the others are answers.
const faults = `mainstem_code=~"SOURCE_.+|OVERLOADED|RATE_LIMITED|DEADLINE_EXCEEDED"`

// failing asks for the share of calls that fail, of those that also fit a matcher.
func failing(by, also string) string {
	calls := func(matchers string) string {
		return rate(`mainstem_source_call_duration_seconds_count{job=~"$job",mainstem_how!="abandoned"`+also+matchers+`}`, by)
	}
	return "(" + calls(","+faults) + " or 0 * " + calls("") + ") / " + calls("")
}

func breakers(width int, also string) Panel {
	return Panel{
		Title: "Breakers", Says: "Open: the source is not called. Half open: a few calls try.", Kind: Timeline, Width: width,
		States:  map[string]State{"0": {"closed", "green"}, "1": {"open", "red"}, "2": {"half open", "yellow"}},
		Queries: []Query{{`max by (mainstem_source, mainstem_operation) (mainstem_source_breaker_state{job=~"$job"` + also + `})`, "{{mainstem_source}} {{mainstem_operation}}"}},
	}
}

func sources() Dashboard {
	const chosen = `,mainstem_source=~"$source"`
	const calls = `mainstem_source_call_duration_seconds`
	return Dashboard{
		UID: "mainstem-sources", Title: "Mainstem / Sources", Says: "What the services behind the gateway do, and what the gateway does about it.",
		Variables: []Variable{job, {"source", "Source", "mainstem_source_calls_limit", "mainstem_source"}},
		Rows: []Row{
			{"Rate", []Panel{
				{Title: "Calls", Says: "Those that were answered by what is kept or shared are among them.", Kind: Lines, Unit: "reqps", Width: 12, Queries: []Query{
					{rate(calls+`_count{job=~"$job"`+chosen+`}`, "mainstem_source"), "{{mainstem_source}}"},
				}},
				{Title: "How calls were answered", Says: "Without a word, by the service; shared, by an equal call under way; abandoned, not at all, as the caller had gone; else by what is kept.", Kind: Lines, Unit: "reqps", Width: 12, Stacked: true, Queries: []Query{
					{rate(calls+`_count{job=~"$job"`+chosen+`}`, "mainstem_source, mainstem_how"), "{{mainstem_source}} {{mainstem_how}}"},
				}},
			}},
			{"Errors", []Panel{
				{Title: "Calls that fail", Says: "The share of those that fail for the service's or the gateway's reasons.", Kind: Lines, Unit: "percentunit", Queries: []Query{
					{failing("mainstem_source", chosen), "{{mainstem_source}}"},
				}},
				{Title: "Faults", Says: "docs/errors.md explains them. Callers who have gone are not among them.", Kind: Lines, Unit: "reqps", Stacked: true, Queries: []Query{
					{rate(calls+`_count{job=~"$job"`+chosen+`,mainstem_code!="",mainstem_how!="abandoned"}`, "mainstem_source, mainstem_code"), "{{mainstem_source}} {{mainstem_code}}"},
				}},
				breakers(8, chosen),
			}},
			{"Duration", []Panel{
				{Title: "Half of calls", Says: "p50 of calls that the service was asked for, with retries and waits.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.5", calls+`_bucket{job=~"$job"`+chosen+`,mainstem_how=""}`, "mainstem_source"), "{{mainstem_source}}"},
				}},
				{Title: "99 of 100 calls", Says: "p99, as before.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.99", calls+`_bucket{job=~"$job"`+chosen+`,mainstem_how=""}`, "mainstem_source"), "{{mainstem_source}}"},
				}},
				{Title: "By operation", Says: "Of the service's contract.", Kind: Table, Queries: []Query{
					{rate(calls+`_count{job=~"$job"`+chosen+`}`, "mainstem_source, mainstem_operation"), "a second"},
					{failing("mainstem_source, mainstem_operation", chosen), "failing"},
					{quantile("0.99", calls+`_bucket{job=~"$job"`+chosen+`}`, "mainstem_source, mainstem_operation"), "p99"},
				}},
			}},
			{"What policies do", []Panel{
				{Title: "Retries, hedges, refusals", Says: "refuse: too many wait; budget: no retry, as too many were; stale: what is kept stands in.", Kind: Lines, Unit: "reqps", Width: 12, Queries: []Query{
					{rate(`mainstem_source_actions_total{job=~"$job"`+chosen+`}`, "mainstem_source, mainstem_action"), "{{mainstem_source}} {{mainstem_action}}"},
				}},
				{Title: "More load than was asked for", Says: "Retries and hedges for each call.", Kind: Lines, Unit: "percentunit", Width: 12, Queries: []Query{
					{rate(`mainstem_source_actions_total{job=~"$job"`+chosen+`,mainstem_action=~"retry|hedge"}`, "mainstem_source") + " / " +
						rate(calls+`_count{job=~"$job"`+chosen+`}`, "mainstem_source"), "{{mainstem_source}}"},
				}},
			}},
			{"Saturation", []Panel{
				{Title: "Calls under way, against the limit", Says: "1 is as many as there may be.", Kind: Lines, Unit: "percentunit", Queries: []Query{
					{`max by (mainstem_source) (mainstem_source_calls_running{job=~"$job"` + chosen + `} / (mainstem_source_calls_limit{job=~"$job"` + chosen + `} > 0))`, "{{mainstem_source}}"},
				}},
				{Title: "Calls that wait", Says: "For their turn.", Kind: Lines, Unit: "short", Queries: []Query{
					{`sum by (mainstem_source) (mainstem_source_calls_waiting{job=~"$job"` + chosen + `})`, "{{mainstem_source}}"},
				}},
				{Title: "Limits", Says: "An adaptive one sinks where a source gets slower.", Kind: Lines, Unit: "short", Queries: []Query{
					{`sum by (mainstem_source) (mainstem_source_calls_limit{job=~"$job"` + chosen + `})`, "{{mainstem_source}}"},
				}},
			}},
			{"Batches", []Panel{
				{Title: "Batches", Says: "", Kind: Lines, Unit: "reqps", Width: 12, Queries: []Query{
					{rate(`mainstem_batch_size_count{job=~"$job"`+chosen+`}`, "mainstem_loader"), "{{mainstem_loader}}"},
				}},
				{Title: "Keys of a batch", Says: "Many batches of one key are a resolver that does not batch.", Kind: Lines, Unit: "short", Width: 12, Queries: []Query{
					{rate(`mainstem_batch_size_sum{job=~"$job"`+chosen+`}`, "mainstem_loader") + " / " + rate(`mainstem_batch_size_count{job=~"$job"`+chosen+`}`, "mainstem_loader"), "{{mainstem_loader}}, mean"},
					{quantile("0.95", `mainstem_batch_size_bucket{job=~"$job"`+chosen+`}`, "mainstem_loader"), "{{mainstem_loader}}, p95"},
				}},
			}},
		},
	}
}
