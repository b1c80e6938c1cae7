package grafana

func workflows() Dashboard {
	const chosen = `job=~"$job",mainstem_workflow=~"$workflow"`
	const transactions = `mainstem_storage_transaction_duration_seconds`
	return Dashboard{
		UID: "mainstem-workflows", Title: "Mainstem / Workflows", Says: "Operations that change several services, the log of events, and the storage of both.",
		Variables: []Variable{job, {"workflow", "Workflow", "mainstem_workflows_started_total", "mainstem_workflow"}},
		Rows: []Row{
			{"What waits for somebody", []Panel{
				{Title: "Stuck", Says: "mainstem workflows list --stuck", Kind: Number, Width: 6, Steps: nothing,
					Queries: []Query{{`max(mainstem_workflows_runs{job=~"$job",mainstem_workflow_state="STUCK"})`, ""}}},
				{Title: "Being undone", Says: "", Kind: Number, Width: 6, Steps: []Step{{1, "yellow"}},
					Queries: []Query{{`max(mainstem_workflows_runs{job=~"$job",mainstem_workflow_state="UNDOING"})`, ""}}},
				{Title: "Running", Says: "", Kind: Number, Width: 6,
					Queries: []Query{{`max(mainstem_workflows_runs{job=~"$job",mainstem_workflow_state="RUNNING"})`, ""}}},
				{Title: "The oldest under way", Says: "Running or being undone.", Kind: Number, Unit: "s", Width: 6, Steps: []Step{{600, "yellow"}, {3600, "red"}},
					Queries: []Query{{`max(mainstem_workflows_oldest_seconds{job=~"$job"})`, ""}}},
			}},
			{"Runs", []Panel{
				{Title: "Started", Says: "", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate("mainstem_workflows_started_total{"+chosen+"}", "mainstem_workflow"), "{{mainstem_workflow}}"},
				}},
				{Title: "Ended, by state", Says: "FAILED runs were undone; ABANDONED ones an operator gave up.", Kind: Lines, Unit: "reqps", Stacked: true, Queries: []Query{
					{rate("mainstem_workflows_ended_total{"+chosen+"}", "mainstem_workflow, mainstem_workflow_state"), "{{mainstem_workflow}} {{mainstem_workflow_state}}"},
					{rate("mainstem_workflows_stuck_total{"+chosen+"}", "mainstem_workflow"), "{{mainstem_workflow}} got stuck"},
				}},
				{Title: "Under way", Says: "In the storage: what ended is not shown.", Kind: Lines, Unit: "short", Stacked: true, Queries: []Query{
					{`max by (mainstem_workflow_state) (mainstem_workflows_runs{job=~"$job",mainstem_workflow_state=~"RUNNING|UNDOING|STUCK"})`, "{{mainstem_workflow_state}}"},
				}},
			}},
			{"Steps", []Panel{
				{Title: "p95", Says: "With their retries; undo- before a name is its undoing.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.95", "mainstem_workflow_step_duration_seconds_bucket{"+chosen+"}", "mainstem_workflow, mainstem_workflow_step"), "{{mainstem_workflow}} {{mainstem_workflow_step}}"},
				}},
				{Title: "Faults", Says: "", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate("mainstem_workflow_step_duration_seconds_count{"+chosen+`,mainstem_code!=""}`, "mainstem_workflow, mainstem_workflow_step, mainstem_code"), "{{mainstem_workflow}} {{mainstem_workflow_step}} {{mainstem_code}}"},
				}},
				{Title: "Retries", Says: "They come before runs fail.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate("mainstem_workflow_step_retries_total{"+chosen+"}", "mainstem_workflow, mainstem_workflow_step"), "{{mainstem_workflow}} {{mainstem_workflow_step}}"},
				}},
			}},
			{"The log of events", []Panel{
				{Title: "Written, and delivered", Says: "Delivered is each to each.", Kind: Lines, Unit: "short", Queries: []Query{
					{`max(deriv(mainstem_events_last{job=~"$job"}[5m]))`, "written a second"},
					{rate(`mainstem_events_delivered_total{job=~"$job"}`, ""), "delivered a second"},
				}},
				{Title: "Late by", Says: "How old events are when followers get them.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.5", `mainstem_events_lag_seconds_bucket{job=~"$job"}`, ""), "p50"},
					{quantile("0.99", `mainstem_events_lag_seconds_bucket{job=~"$job"}`, ""), "p99"},
				}},
				{Title: "Followers", Says: "If undelivered ones grow, subscribers are too slow for what happens.", Kind: Lines, Unit: "short", Queries: []Query{
					{`sum(mainstem_events_followers{job=~"$job"})`, "followers"},
					{`sum(mainstem_events_undelivered{job=~"$job"})`, "read, and not taken yet"},
				}},
				{Title: "The newest event is so old", Says: "It should be as young as the last workflow.", Kind: Lines, Unit: "s", Queries: []Query{
					{`min(mainstem_events_age_seconds{job=~"$job"})`, "age"},
				}},
			}},
			{"Storage", []Panel{
				{Title: "Transactions", Says: "refused: the caller changed its mind; failed: the storage did.", Kind: Lines, Unit: "reqps", Stacked: true, Queries: []Query{
					{rate(transactions+`_count{job=~"$job"}`, "mainstem_result"), "{{mainstem_result}}"},
				}},
				{Title: "How long they take", Says: "With SQLite one writes at a time.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.5", transactions+`_bucket{job=~"$job"}`, ""), "p50"},
					{quantile("0.99", transactions+`_bucket{job=~"$job"}`, ""), "p99"},
				}},
				{Title: "The SQLite file", Says: "wal is what is not yet in the database itself. Nothing, with PostgreSQL.", Kind: Lines, Unit: "bytes", Stacked: true, Queries: []Query{
					{`max by (mainstem_storage_file) (mainstem_storage_size_bytes{job=~"$job"})`, "{{mainstem_storage_file}}"},
				}},
			}},
		},
	}
}
