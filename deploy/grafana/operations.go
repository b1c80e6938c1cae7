package grafana

func operations() Dashboard {
	const chosen = `{job=~"$job",graphql_operation_name=~"$operation"}`
	const failed = `{job=~"$job",graphql_operation_name=~"$operation",mainstem_outcome="failed"}`
	const duration = `mainstem_operation_duration_seconds_bucket` + chosen
	return Dashboard{
		UID: "mainstem-operations", Title: "Mainstem / Operations", Says: "What clients ask, by the names of their operations, and what of it costs time.",
		Variables: []Variable{job, {"operation", "Operation", "mainstem_operations_total", "graphql_operation_name"}},
		Rows: []Row{
			{"All operations", []Panel{
				{Title: "By name", Says: "_other is what is beyond telemetry.metrics.operationNames; the one without a name has none.", Kind: Table, Width: 24, Queries: []Query{
					{rate("mainstem_operations_total"+chosen, "graphql_operation_name, graphql_operation_type"), "a second"},
					{"(" + rate("mainstem_operations_total"+failed, "graphql_operation_name, graphql_operation_type") + " or 0 * " +
						rate("mainstem_operations_total"+chosen, "graphql_operation_name, graphql_operation_type") + ") / " +
						rate("mainstem_operations_total"+chosen, "graphql_operation_name, graphql_operation_type"), "failing"},
					{quantile("0.5", duration, "graphql_operation_name, graphql_operation_type"), "p50"},
					{quantile("0.99", duration, "graphql_operation_name, graphql_operation_type"), "p99"},
				}},
			}},
			{"Rate, errors, duration", []Panel{
				{Title: "Rate: the ten most frequent", Says: "", Kind: Lines, Unit: "reqps", Queries: []Query{
					{"topk(10, " + rate("mainstem_operations_total"+chosen, "graphql_operation_name") + ")", "{{graphql_operation_name}}"},
				}},
				{Title: "Errors by code", Says: "docs/errors.md explains them.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{"topk(20, " + rate("mainstem_operation_errors_total"+chosen, "graphql_operation_name, mainstem_code") + ")", "{{graphql_operation_name}} {{mainstem_code}}"},
				}},
				{Title: "p99: the ten slowest", Says: "Its exemplars name traces.", Kind: Lines, Unit: "s", Queries: []Query{
					{"topk(10, " + quantile("0.99", duration, "graphql_operation_name") + ")", "{{graphql_operation_name}}"},
				}},
				{Title: "Outcomes", Says: "", Kind: Lines, Unit: "reqps", Stacked: true, Queries: []Query{
					{rate("mainstem_operations_total"+chosen, "mainstem_outcome"), "{{mainstem_outcome}}"},
				}},
				{Title: "Refused for limits", Says: "docs/limits.md explains them.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate(`mainstem_limit_refusals_total{job=~"$job"}`, "mainstem_limit"), "{{mainstem_limit}}"},
				}},
				{Title: "Requests until all was sent: p99", Says: "By path. What is above that of operations is sending, and what goes before GraphQL. Streams are among them.", Kind: Lines, Unit: "s", Queries: []Query{
					{quantile("0.99", `http_server_request_duration_seconds_bucket{job=~"$job"}`, "http_route"), "{{http_route}}"},
				}},
			}},
			{"Inside of the executor", []Panel{
				{Title: "Steps: the ten that take most of all time", Says: "By the schema's fields. 1 is one step under way at any time.", Kind: Lines, Unit: "short", Queries: []Query{
					{"topk(10, " + rate(`mainstem_step_duration_seconds_sum{job=~"$job"}`, "mainstem_field") + ")", "{{mainstem_field}}"},
				}},
				{Title: "Steps: the ten slowest, p99", Says: "", Kind: Lines, Unit: "s", Queries: []Query{
					{"topk(10, " + quantile("0.99", `mainstem_step_duration_seconds_bucket{job=~"$job"}`, "mainstem_field") + ")", "{{mainstem_field}}"},
				}},
				{Title: "Documents and plans that were at hand", Says: "The share of lookups. A low one is clients who put values into documents.", Kind: Lines, Unit: "percentunit", Queries: []Query{
					{rate(`mainstem_cache_lookups_total{job=~"$job",mainstem_result="hit"}`, "mainstem_cache") + " / " + rate(`mainstem_cache_lookups_total{job=~"$job"}`, "mainstem_cache"), "{{mainstem_cache}}"},
				}},
				{Title: "What is kept of documents", Says: "", Kind: Lines, Unit: "short", Queries: []Query{
					{`max by (mainstem_cache) (mainstem_cache_entries{job=~"$job"})`, "{{mainstem_cache}}"},
					{`max by (mainstem_result) (mainstem_persisted_documents{job=~"$job"})`, "persisted: {{mainstem_result}}"},
				}},
				{Title: "Persisted operations", Says: "forbidden: in no manifest; missing that never ends: a client that does not register.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate(`mainstem_persisted_requests_total{job=~"$job"}`, "mainstem_result"), "{{mainstem_result}}"},
					{rate(`mainstem_persisted_registrations_total{job=~"$job"}`, ""), "new"},
				}},
				{Title: "Shared, and left to gqlgen's executor", Says: "joined: answered by an equal operation under way.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate(`mainstem_operations_shared_total{job=~"$job"}`, "mainstem_result"), "{{mainstem_result}}"},
					{rate(`mainstem_operations_declined_total{job=~"$job"}`, ""), "left to gqlgen's"},
				}},
			}},
			{"Subscriptions", []Panel{
				{Title: "Open", Says: "", Kind: Lines, Unit: "short", Queries: []Query{
					{"sum by (graphql_operation_name) (mainstem_subscriptions_open" + chosen + ")", "{{graphql_operation_name}}"},
				}},
				{Title: "Events sent", Says: "Each to each.", Kind: Lines, Unit: "reqps", Queries: []Query{
					{rate("mainstem_subscription_events_total"+chosen, "graphql_operation_name"), "{{graphql_operation_name}}"},
				}},
				{Title: "Streams", Says: "Connections over which more than one answer goes.", Kind: Lines, Unit: "short", Stacked: true, Queries: []Query{
					{`sum by (mainstem_transport) (mainstem_streams_open{job=~"$job"})`, "{{mainstem_transport}}"},
				}},
			}},
		},
	}
}
