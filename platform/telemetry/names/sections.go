package names

// Section is metrics that belong together.
type Section struct {
	Title   string
	Metrics []Metric
}

// Sections gives all metrics.
func Sections() []Section {
	return []Section{
		{"Requests and operations", []Metric{
			Operations, OperationErrors, OperationDuration, OperationsShared, OperationsDeclined, LimitRefusals, AuthRefusals,
			Subscriptions, SubscriptionEvents, Streams, HTTPDuration,
		}},
		{"Inside of the executor", []Metric{StepDuration, BatchSize, CacheLookups, CacheEntries, PersistedRequests, PersistedRegistrations, PersistedDocuments}},
		{"Sources", []Metric{SourceCallDuration, SourceActions, SourceRunning, SourceWaiting, SourceLimit, SourceBreaker}},
		{"Workflows, events and storage", []Metric{
			WorkflowsStarted, WorkflowsEnded, WorkflowsStuck, WorkflowRuns, WorkflowStepDuration, WorkflowStepRetries,
			EventsLast, EventsAge, EventsFollowers, EventsDelivered, EventsUndelivered, EventsLag, StorageTransactions, StorageSize,
		}},
		{"The process", []Metric{
			ProcessCPU, ProcessMemory, ProcessFiles, ProcessUptime,
			GoMemory, GoMemoryLimit, GoAllocated, GoAllocations, GoGoal, GoGoroutines, GoProcessors, GoGOGC,
		}},
	}
}

// Spans gives all parts of traces.
func Spans() []Span {
	return []Span{RequestSpan, OperationSpan, EventSpan, StepSpan, BatchSpan, SourceCallSpan, WorkflowStepSpan}
}

// The parts of a trace, as they are one below the other.
var (
	RequestSpan = Span{
		Name: "<method> <route>", Kind: "server", Says: "A request. Where the path is none of the gateway's, the method is all of its name.",
		Attributes: []Attribute{Method, Route, Status, Scheme, URLPath},
	}
	OperationSpan = Span{
		Name: "<type> <operation>", Kind: "internal", Says: "An operation, until its first answer: without variables or arguments.",
		Attributes: []Attribute{OperationType, OperationName, DocumentHash, ErrorCount, ErrorCodes},
	}
	EventSpan = Span{
		Name: "subscription <operation> event", Kind: "internal", Says: "One event of a subscription.",
		Attributes: []Attribute{OperationType, OperationName, DocumentHash, ErrorCount, ErrorCodes},
	}
	StepSpan = Span{
		Name: "<type>.<field>", Kind: "internal", Says: "A step of the compiled executor, for all objects that have the field.",
		Attributes: []Attribute{FieldObject, FieldName, FieldPath},
	}
	BatchSpan = Span{
		Name: "batch <loader>", Kind: "internal", Says: "What several steps ask of a source at the same time.",
		Attributes: []Attribute{Keys},
	}
	SourceCallSpan = Span{
		Name: "<source> <operation>", Kind: "client", Says: "A call of a source, its attempts and waits included. What policies do is among its events.",
		Attributes: []Attribute{Source, SourceOperation, Keys, ErrorCode, How, Action},
	}
	WorkflowStepSpan = Span{
		Name: "workflow step <step>", Kind: "internal", Says: "A step of a workflow with its retries: a trace of its own, linked to the request that started the run.",
		Attributes: []Attribute{Workflow, WorkflowStep, WorkflowRun},
	}
)
