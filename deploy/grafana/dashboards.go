package grafana

// All gives the dashboards, by the names of their files.
func All() map[string]Dashboard {
	return map[string]Dashboard{"overview": overview(), "sources": sources(), "operations": operations(), "workflows": workflows()}
}

// job is at the top of every dashboard.
var job = Variable{"job", "Job", "mainstem_source_calls_limit", "job"}

// quantile asks for a quantile of a histogram, by labels.
func quantile(q, histogram, by string) string {
	labels := "le"
	if by != "" {
		labels = by + ", le"
	}
	return "histogram_quantile(" + q + ", sum by (" + labels + ") (rate(" + histogram + "[$__rate_interval])))"
}

// rate asks for the rate of a counter, by labels.
func rate(counter, by string) string {
	if by == "" {
		return "sum(rate(" + counter + "[$__rate_interval]))"
	}
	return "sum by (" + by + ") (rate(" + counter + "[$__rate_interval]))"
}

// Colours of numbers that should be low.
var (
	lowShare  = []Step{{0.001, "yellow"}, {0.01, "orange"}, {0.05, "red"}}
	nothing   = []Step{{1, "red"}}
	remaining = []Step{{0, "orange"}, {0.25, "green"}}
)

func overview() Dashboard {
	return Dashboard{
		UID: "mainstem-overview", Title: "Mainstem / Overview", Says: "Whether users are hurt, and where to look next. Read it from top to bottom.",
		Variables: []Variable{job},
		Rows: []Row{
			{"Are users hurt?", []Panel{
				{Title: "Failed, last hour", Says: "Requests that got no data for a reason that is not the caller's.", Kind: Number, Unit: "percentunit", Width: 4, Steps: lowShare,
					Queries: []Query{{`max(job:mainstem_requests_failed:ratio_rate1h{job=~"$job"})`, ""}}},
				{Title: "Slow, last hour", Says: "Operations that took longer than promised.", Kind: Number, Unit: "percentunit", Width: 4, Steps: []Step{{0.01, "yellow"}, {0.05, "red"}},
					Queries: []Query{{`max(job:mainstem_operations_slow:ratio_rate1h{job=~"$job"})`, ""}}},
				{Title: "Availability: allowance left", Says: "Of 28 days. Below zero, the promise is broken.", Kind: Number, Unit: "percentunit", Width: 4, Steps: remaining,
					Queries: []Query{{`min(job:mainstem_availability:budget_left28d{job=~"$job"})`, ""}}},
				{Title: "Latency: allowance left", Says: "Of 28 days. Below zero, the promise is broken.", Kind: Number, Unit: "percentunit", Width: 4, Steps: remaining,
					Queries: []Query{{`min(job:mainstem_latency:budget_left28d{job=~"$job"})`, ""}}},
				{Title: "Alerts: pages", Says: "Each has a page in docs/runbooks.", Kind: Number, Width: 4, Steps: nothing,
					Queries: []Query{{`count(ALERTS{alertname=~"Mainstem.+",alertstate="firing",severity="page"}) or vector(0)`, ""}}},
				{Title: "Alerts: tickets", Says: "Each has a page in docs/runbooks.", Kind: Number, Width: 4, Steps: []Step{{1, "yellow"}},
					Queries: []Query{{`count(ALERTS{alertname=~"Mainstem.+",alertstate="firing",severity="ticket"}) or vector(0)`, ""}}},
			}},
			{"Rate", []Panel{
				{Title: "Operations by outcome", Says: "partial: data with errors; failed: none, and not for the caller's fault; refused: none, for the caller's fault.", Kind: Lines, Unit: "reqps", Width: 12, Stacked: true,
					Queries: []Query{{rate(`mainstem_operations_total{job=~"$job"}`, "mainstem_outcome"), "{{mainstem_outcome}}"}}},
				{Title: "Requests by status", Says: "Of all paths; what is refused before GraphQL is among them.", Kind: Lines, Unit: "reqps", Width: 12, Stacked: true,
					Queries: []Query{{rate(`http_server_request_duration_seconds_count{job=~"$job"}`, "http_response_status_code, http_route"), "{{http_response_status_code}} {{http_route}}"}}},
			}},
			{"Errors", []Panel{
				{Title: "Errors by code", Says: "docs/errors.md says whose fault each is.", Kind: Lines, Unit: "reqps", Stacked: true,
					Queries: []Query{{rate(`mainstem_operation_errors_total{job=~"$job"}`, "mainstem_code"), "{{mainstem_code}}"}}},
				{Title: "How fast the allowance burns", Says: "1 uses it up in 30 days; above 14.4 over an hour somebody is woken.", Kind: Lines, Unit: "short",
					Queries: []Query{
						{`max(job:mainstem_requests_failed:ratio_rate1h{job=~"$job"}) / (1 - max(mainstem:availability:target))`, "availability, 1h"},
						{`max(job:mainstem_requests_failed:ratio_rate6h{job=~"$job"}) / (1 - max(mainstem:availability:target))`, "availability, 6h"},
						{`max(job:mainstem_operations_slow:ratio_rate1h{job=~"$job"}) / (1 - max(mainstem:latency:target))`, "latency, 1h"},
						{`max(job:mainstem_operations_slow:ratio_rate6h{job=~"$job"}) / (1 - max(mainstem:latency:target))`, "latency, 6h"},
					}},
				{Title: "Refused: limits and tokens", Says: "Codes are of tokens: other than UNAUTHENTICATED, the issuer's keys are missing.", Kind: Lines, Unit: "reqps",
					Queries: []Query{
						{rate(`mainstem_limit_refusals_total{job=~"$job"}`, "mainstem_limit"), "limit {{mainstem_limit}}"},
						{rate(`mainstem_auth_refusals_total{job=~"$job"}`, "mainstem_code"), "token {{mainstem_code}}"},
					}},
			}},
			{"Duration", []Panel{
				{Title: "Operations", Says: "Its exemplars name traces.", Kind: Lines, Unit: "s", Width: 12, Queries: []Query{
					{quantile("0.5", `mainstem_operation_duration_seconds_bucket{job=~"$job"}`, ""), "p50"},
					{quantile("0.9", `mainstem_operation_duration_seconds_bucket{job=~"$job"}`, ""), "p90"},
					{quantile("0.99", `mainstem_operation_duration_seconds_bucket{job=~"$job"}`, ""), "p99"},
					{`max(mainstem:latency:threshold_seconds)`, "promised"},
				}},
				{Title: "p99 by source", Says: "Which source makes operations slow.", Kind: Lines, Unit: "s", Width: 12, Queries: []Query{
					{quantile("0.99", `mainstem_source_call_duration_seconds_bucket{job=~"$job",mainstem_how=""}`, "mainstem_source"), "{{mainstem_source}}"},
				}},
			}},
			{"Sources", []Panel{
				{Title: "Calls that fail", Says: "The share of each source's calls. See the dashboard of sources.", Kind: Lines, Unit: "percentunit", Width: 12, Queries: []Query{
					{failing("mainstem_source", ""), "{{mainstem_source}}"},
				}},
				breakers(12, ""),
			}},
			{"Saturation", saturation()},
			{"Workflows and storage", []Panel{
				{Title: "Stuck workflows", Says: "mainstem workflows list --stuck", Kind: Number, Width: 4, Steps: nothing,
					Queries: []Query{{`max(mainstem_workflows_runs{job=~"$job",mainstem_workflow_state="STUCK"})`, ""}}},
				{Title: "Oldest workflow under way", Says: "", Kind: Number, Unit: "s", Width: 4, Steps: []Step{{600, "yellow"}, {3600, "red"}},
					Queries: []Query{{`max(mainstem_workflows_oldest_seconds{job=~"$job"})`, ""}}},
				{Title: "Events are late by (p99)", Says: "", Kind: Number, Unit: "s", Width: 4, Steps: []Step{{2.5, "yellow"}, {5, "red"}},
					Queries: []Query{{quantile("0.99", `mainstem_events_lag_seconds_bucket{job=~"$job"}`, ""), ""}}},
				{Title: "Transactions that fail", Says: "A second.", Kind: Number, Unit: "short", Width: 4, Steps: []Step{{0.001, "red"}},
					Queries: []Query{{`sum(rate(mainstem_storage_transaction_duration_seconds_count{job=~"$job",mainstem_result="failed"}[5m])) or vector(0)`, ""}}},
				{Title: "Transactions (p99)", Says: "", Kind: Number, Unit: "s", Width: 4, Steps: []Step{{0.25, "yellow"}, {1, "red"}},
					Queries: []Query{{quantile("0.99", `mainstem_storage_transaction_duration_seconds_bucket{job=~"$job"}`, ""), ""}}},
				{Title: "SQLite file", Says: "Nothing, with PostgreSQL.", Kind: Number, Unit: "bytes", Width: 4, Steps: []Step{{10 << 30, "red"}},
					Queries: []Query{{`max(sum by (instance) (mainstem_storage_size_bytes{job=~"$job"}))`, ""}}},
			}},
			{"Runtime", runtime()},
			{"Traces", traces()},
		},
	}
}

func saturation() []Panel {
	return []Panel{
		{Title: "Processors at work", Says: "The share of those that the program may use.", Kind: Lines, Unit: "percentunit", Width: 6, Queries: []Query{
			{`sum by (instance) (rate(process_cpu_time_seconds_total{job=~"$job"}[$__rate_interval])) / max by (instance) (go_processor_limit{job=~"$job"})`, "{{instance}}"},
		}},
		{Title: "Memory", Says: "What the kernel counts, and where there is one, the limit.", Kind: Lines, Unit: "bytes", Width: 6, Queries: []Query{
			{`process_memory_usage_bytes{job=~"$job"}`, "{{instance}}"},
			{`go_memory_limit_bytes{job=~"$job"}`, "limit of {{instance}}"},
		}},
		{Title: "Calls that wait for their turn", Says: "Anything above zero for long is a source that is too slow for its traffic.", Kind: Lines, Unit: "short", Width: 6, Queries: []Query{
			{`sum by (mainstem_source) (mainstem_source_calls_waiting{job=~"$job"})`, "{{mainstem_source}}"},
		}},
		{Title: "Streams", Says: "streams.max bounds them.", Kind: Lines, Unit: "short", Width: 6, Stacked: true, Queries: []Query{
			{`sum by (mainstem_transport) (mainstem_streams_open{job=~"$job"})`, "{{mainstem_transport}}"},
		}},
	}
}

func runtime() []Panel {
	return []Panel{
		{Title: "For how long it has run", Says: "A saw is a process that is killed and started again.", Kind: Lines, Unit: "s", Queries: []Query{
			{`process_uptime_seconds{job=~"$job"}`, "{{instance}}"},
		}},
		{Title: "Goroutines, open files", Says: "If one only grows, something waits for ever.", Kind: Lines, Unit: "short", Queries: []Query{
			{`go_goroutine_count{job=~"$job"}`, "goroutines, {{instance}}"},
			{`process_unix_file_descriptor_count{job=~"$job"}`, "files, {{instance}}"},
		}},
		{Title: "Go's memory", Says: "", Kind: Lines, Unit: "bytes", Queries: []Query{
			{`sum by (instance) (go_memory_used_bytes{job=~"$job"})`, "used, {{instance}}"},
			{`go_memory_gc_goal_bytes{job=~"$job"}`, "collected at, {{instance}}"},
		}},
		{Title: "Allocated", Says: "Much allocation is much collection.", Kind: Lines, Unit: "Bps", Queries: []Query{
			{`rate(go_memory_allocated_bytes_total{job=~"$job"}[$__rate_interval])`, "{{instance}}"},
		}},
		{Title: "Allocations", Says: "", Kind: Lines, Unit: "short", Queries: []Query{
			{`rate(go_memory_allocations_total{job=~"$job"}[$__rate_interval])`, "{{instance}}"},
		}},
	}
}

func traces() []Panel {
	return []Panel{
		{Title: "Spans that are lost", Says: "queue_full: too many waited; rejected: the collector has taken others; _OTHER: the log says why.", Kind: Lines, Unit: "short", Queries: []Query{
			{rate(`otel_sdk_processor_span_processed_total{job=~"$job",error_type!=""}`, "instance, error_type"), "{{error_type}}, {{instance}}"},
			{rate(`otel_sdk_exporter_span_exported_total{job=~"$job",error_type!=""}`, "instance, error_type"), "{{error_type}}, {{instance}}"},
		}},
		{Title: "Spans that wait until they are sent", Says: "The share of those that may: at 1, further ones are dropped.", Kind: Lines, Unit: "percentunit", Queries: []Query{
			{`max by (instance) (otel_sdk_processor_span_queue_size{job=~"$job"} / otel_sdk_processor_span_queue_capacity{job=~"$job"})`, "{{instance}}"},
		}},
		{Title: "Traces that were not sampled", Says: "Kept all the same, or forgotten before it was known.", Kind: Lines, Unit: "short", Queries: []Query{
			{rate(`mainstem_traces_kept_total{job=~"$job"}`, "mainstem_result"), "kept: {{mainstem_result}}"},
			{rate(`mainstem_traces_forgotten_total{job=~"$job"}`, "mainstem_result"), "forgotten: {{mainstem_result}}"},
		}},
	}
}
