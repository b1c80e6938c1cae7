package slo

import "strings"

func workflowAlerts() []Alert {
	return []Alert{
		{
			Name: "MainstemWorkflowStuck", Severity: Ticket, For: "5m",
			Expr:    `max by (job) (mainstem_workflows_runs{mainstem_workflow_state="STUCK"}) > 0`,
			Summary: "{{ $value }} workflows are stuck",
			Says:    "What has to be done or undone fails round after round: a customer's money or stock is held meanwhile. It is tried on, and needs an operator if its cause does not go away.",
		},
		{
			Name: "MainstemWorkflowOld", Severity: Ticket, For: "5m",
			Expr:    `max by (job) (mainstem_workflows_oldest_seconds) > 3600`,
			Summary: "A workflow is under way for {{ $value | humanizeDuration }}",
			Says:    "A run neither ends nor counts as stuck for an hour: a service that it waits for is away, or nobody works on it.",
		},
		{
			Name: "MainstemEventsLate", Severity: Ticket, For: "10m",
			Expr:    `histogram_quantile(0.99, sum by (job, le) (rate(mainstem_events_lag_seconds_bucket[10m]))) > 5`,
			Summary: "Subscribers get events {{ $value | humanizeDuration }} late",
			Says:    "What happens reaches followers of the log late; a gateway sees what another one wrote within a second or so.",
		},
	}
}

func storageAlerts() []Alert {
	return []Alert{
		{
			Name: "MainstemStorageFails", Severity: Page, For: "5m",
			Expr: `sum by (job) (rate(mainstem_storage_transaction_duration_seconds_count{mainstem_result="failed"}[5m])) > 0
or count by (job) (mainstem_operations_declined_total unless on (job, instance) mainstem_workflows_oldest_seconds)`, // every gateway has both, unless its storage does not answer
			Summary: "The storage fails, or does not answer",
			Says:    "Transactions fail, or do not end, so that no workflow begins or goes on: the disk is full, the file damaged, or PostgreSQL away. Queries are answered.",
		},
		{
			Name: "MainstemStorageSlow", Severity: Ticket, For: "10m",
			Expr:    `histogram_quantile(0.99, sum by (job, le) (rate(mainstem_storage_transaction_duration_seconds_bucket[10m]))) > 1`,
			Summary: "One of a hundred transactions takes {{ $value | humanizeDuration }} or longer",
			Says:    "The storage is slow, and with it every step of workflows. With SQLite, one transaction waits for the other.",
		},
		{
			Name: "MainstemStorageLarge", Severity: Ticket, For: "15m",
			Expr:    `max by (job, instance) (mainstem_storage_size_bytes{mainstem_storage_file="database"}) > 10 * 1024 ^ 3`,
			Summary: "The SQLite file has {{ $value | humanize1024 }}B",
			Says:    "The file is larger than 10 GiB: more is kept than SQLite is for, or the disk will be full one day. It does not shrink by itself.",
		},
		{
			Name: "MainstemStorageWALLarge", Severity: Ticket, For: "15m",
			Expr:    `max by (job, instance) (mainstem_storage_size_bytes{mainstem_storage_file="wal"}) > 1024 ^ 3`,
			Summary: "SQLite's log of changes has {{ $value | humanize1024 }}B",
			Says:    "Changes are not carried over into the database file: somebody reads for very long (a backup, a tool), or the disk is full.",
		},
	}
}

// processAlerts are of what many programs have: they ask for the gateways' job by its name.
func (o Options) processAlerts() []Alert {
	all := []Alert{
		{
			Name: "MainstemDown", Severity: Page, For: "2m",
			Expr:    `sum by (job) (up{JOB}) == 0 or absent(up{JOB})`,
			Summary: "No gateway runs",
			Says:    "Prometheus reaches no gateway: none runs, or it looks in the wrong place.",
		},
		{
			Name: "MainstemInstanceDown", Severity: Ticket, For: "5m",
			Expr:    `up{JOB} == 0 and on (job) sum by (job) (up{JOB}) > 0`,
			Summary: "The gateway {{ $labels.instance }} is gone",
			Says:    "One gateway of several cannot be reached; the others serve.",
		},
		{
			Name: "MainstemRestarts", Severity: Ticket,
			Expr:    `resets(process_uptime_seconds{JOB}[30m]) >= 3`,
			Summary: "The gateway {{ $labels.instance }} has been restarted {{ $value }} times within half an hour",
			Says:    "A gateway dies and is started again: it is killed for its memory, or it crashes, or its probe fails.",
		},
		{
			Name: "MainstemGoroutinesGrow", Severity: Ticket, For: "30m",
			Expr: `min_over_time(go_goroutine_count{JOB}[1h]) > 2 * min_over_time(go_goroutine_count{JOB}[1h] offset 1d)
and min_over_time(go_goroutine_count{JOB}[1h]) > 5000`,
			Summary: "The gateway {{ $labels.instance }} has {{ $value }} goroutines and more, twice as many as yesterday",
			Says:    "Goroutines are more than twice as many as a day ago at this hour: something waits for ever, or there are more streams.",
		},
		{
			Name: "MainstemMemoryGrows", Severity: Ticket, For: "30m",
			Expr: `min_over_time(process_memory_usage_bytes{JOB}[1h]) > 1.5 * min_over_time(process_memory_usage_bytes{JOB}[1h] offset 1d)
and min_over_time(process_memory_usage_bytes{JOB}[1h]) > 512 * 1024 ^ 2`,
			Summary: "The gateway {{ $labels.instance }} has {{ $value | humanize1024 }}B of memory, and had two thirds of it yesterday",
			Says:    "Memory is half as much again as a day ago at this hour: something is kept that should not be, or there is more to keep.",
		},
		{
			Name: "MainstemMemoryShort", Severity: Page, For: "10m",
			Expr: `sum by (job, instance) (go_memory_used_bytes{JOB})
/ sum by (job, instance) (go_memory_limit_bytes{JOB}) > 0.95`,
			Summary: "The gateway {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit",
			Says:    "Memory is nearly up (`GOMEMLIMIT`): the processor is busy collecting it, then the kernel kills the process. There is no such series without a limit.",
		},
		{
			Name: "MainstemProcessorBusy", Severity: Ticket, For: "15m",
			Expr: `sum by (job, instance) (rate(process_cpu_time_seconds_total{JOB}[5m]))
/ max by (job, instance) (go_processor_limit{JOB}) > 0.9`,
			Summary: "The gateway {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its processors",
			Says:    "The processors that the gateway may use are nearly all at work: everything gets slower with each further request.",
		},
		{
			Name: "MainstemSpansLost", Severity: Ticket, For: "15m",
			Expr: `sum by (job, instance) (rate(otel_sdk_processor_span_processed_total{JOB,error_type!=""}[5m]))
+ sum by (job, instance) (rate(otel_sdk_exporter_span_exported_total{JOB,error_type!=""}[5m])) > 0`,
			Summary: "The gateway {{ $labels.instance }} loses {{ $value | humanize }} spans a second",
			Says:    "Spans do not come to the collector, so that traces are missing or have gaps: it is away, refuses them, or is too slow for so many. Requests do not wait for it.",
		},
	}
	for i := range all {
		all[i].Expr = strings.ReplaceAll(all[i].Expr, "JOB", o.matcher())
	}
	return all
}
