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
		{"Traces", []Metric{TracesKept, TracesForgotten, SpansWaiting, SpansCapacity, SpansProcessed, SpansExported}},
		{"Sources", []Metric{SourceCallDuration, SourceActions, SourceRunning, SourceWaiting, SourceLimit, SourceBreaker}},
		{"Workflows, events and storage", []Metric{
			WorkflowsStarted, WorkflowsEnded, WorkflowsStuck, WorkflowRuns, WorkflowsOldest, WorkflowStepDuration, WorkflowStepRetries,
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
	return []Span{RequestSpan, OperationSpan, EventSpan, StepSpan, BatchSpan, SourceCallSpan, AttemptSpan, StreamSpan, RefreshSpan, WorkflowStepSpan}
}

// The parts of a trace, as they are one below the other.
var (
	RequestSpan = Span{
		Name: "<method> <route>", Kind: "server", Says: "A request. Where the path is none of the gateway's, the method is all of its name.",
		Attributes: []Attribute{Method, Route, Status, Scheme, URLPath, ErrorType},
	}
	OperationSpan = Span{
		Name: "<type> <operation>", Kind: "internal", Says: "An operation, until its answer, or with @defer the last part of it: without variables or arguments. One that is refused and cannot be read is `GraphQL Operation`. One that was answered along with an equal one is linked to it. One of many over a connection has a trace of its own, linked to the request that has opened it.",
		Attributes: []Attribute{OperationType, OperationName, DocumentHash, ErrorCount, ErrorCodes, How},
	}
	EventSpan = Span{
		Name: "subscription <operation> event", Kind: "internal", Says: "One event of a subscription, from when it has come, or the error in place of any: a trace of its own, linked to the operation.",
		Attributes: []Attribute{OperationType, OperationName, DocumentHash, ErrorCount, ErrorCodes},
	}
	StepSpan = Span{
		Name: "<type>.<field>", Kind: "internal", Says: "A step of the compiled executor, for all objects that have the field.",
		Attributes: []Attribute{FieldObject, FieldName, FieldPath, FieldSources, Objects, ErrorCode},
	}
	BatchSpan = Span{
		Name: "batch <loader>", Kind: "internal", Says: "What several steps ask of a source at the same time, below the operation, and linked to the steps.",
		Attributes: []Attribute{Loader, Source, Keys},
	}
	SourceCallSpan = Span{
		Name: "<source> <operation>", Kind: "internal",
		Says:       "A call of a source, its attempts and waits included; it may be answered without any. What policies do is among its events: `retry`, `hedge`, `refuse`, `budget`, `late`, `stale`, `breaker` and `wait`. One that joined another's flight is linked to that call.",
		Attributes: []Attribute{Source, SourceOperation, Keys, ErrorCode, How, Action, Breaker, Waited, Queue},
	}
	AttemptSpan = Span{
		Name: "<method>, or <service>/<method> of gRPC", Kind: "client",
		Says:       "One attempt at a call, on the wire: the service's own spans are below it.",
		Attributes: []Attribute{Method, Status, Resends, RPC, RPCCall, RPCStatus, Retries, Address, Port, Hedge, ErrorType},
	}
	StreamSpan = Span{
		Name: "<service>/<method> of gRPC", Kind: "client",
		Says:       "A stream of events from a source, from its opening to its end: a trace of its own, linked to what has opened it; the service's own spans are below it. One whose opener was not sampled is told only if it fails. Messages have no spans.",
		Attributes: []Attribute{Source, SourceOperation, Keys, RPC, RPCCall, RPCStatus, Address, Port, ErrorType},
	}
	RefreshSpan = Span{
		Name: "refresh <source>", Kind: "internal", Says: "A kept answer is fetched again for later callers: a trace of its own, linked to the call that it was given to.",
		Attributes: []Attribute{Source},
	}
	WorkflowStepSpan = Span{
		Name: "workflow step <step>", Kind: "internal", Says: "A step of a workflow with its retries: a trace of its own, linked to the request that started the run.",
		Attributes: []Attribute{Workflow, WorkflowStep, WorkflowRun},
	}
)
