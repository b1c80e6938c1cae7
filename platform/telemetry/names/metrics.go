package names

// What histograms count by: seconds, and keys.
var (
	seconds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	fine    = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}
	minutes = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
	// OpenTelemetry's for HTTP, and two below its first, which most answers are faster than.
	request  = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	keyCount = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}
)

// Requests and operations.
var (
	HTTPDuration = Metric{
		Name: "http.server.request.duration", Kind: Histogram, Unit: "s", Buckets: request, Attributes: []Attribute{Method, Route, Status, Scheme, ErrorType},
		Says: "How long requests took, until all was sent. Streams are among them, except WebSockets.",
		Look: "To tell what clients see from what operations take: the difference is sending, and what refuses requests before GraphQL.",
	}
	Operations = Metric{
		Name: "mainstem.operations", Kind: Counter, Unit: "{operation}", Attributes: []Attribute{OperationName, OperationType, Outcome},
		Says: "Operations that have ended, refused ones too; of subscriptions, that have begun.",
		Look: "First, always: the rate of traffic, and which part of it fails. Availability is made of it.",
	}
	OperationErrors = Metric{
		Name: "mainstem.operation.errors", Kind: Counter, Unit: "{error}", Attributes: []Attribute{OperationName, ErrorCode},
		Says: "Errors in answers, by their code.",
		Look: "When operations are partial, failed or refused: the code says whose fault it is.",
	}
	OperationDuration = Metric{
		Name: "mainstem.operation.duration", Kind: Histogram, Unit: "s", Buckets: seconds, Attributes: []Attribute{OperationName, OperationType},
		Says: "How long queries and mutations that were executed took until their answer, with @defer the first part of it.",
		Look: "When users find pages slow. Its exemplars name traces.",
	}
	OperationsShared = Metric{
		Name: "mainstem.operations.shared", Kind: Counter, Unit: "{operation}", Attributes: []Attribute{Result},
		Says: "Queries that could be executed once for several callers, by result: `led` was executed, `joined` was answered by it.",
		Look: "To see what sharing saves, and after a change to what sources pass on.",
	}
	OperationsDeclined = Metric{
		Name: "mainstem.operations.declined", Kind: Counter, Unit: "{operation}",
		Says: "Operations that the compiled executor has left to gqlgen's.",
		Look: "When the processor is busier than traffic explains: gqlgen's executor is slower.",
	}
	LimitRefusals = Metric{
		Name: "mainstem.limit.refusals", Kind: Counter, Unit: "{request}", Attributes: []Attribute{Limit},
		Says: "Requests refused for being above a limit.",
		Look: "After a client's release, and when somebody tries what the gateway bears.",
	}
	AuthRefusals = Metric{
		Name: "mainstem.auth.refusals", Kind: Counter, Unit: "{request}", Attributes: []Attribute{ErrorCode},
		Says: "Requests and connections refused for their token: UNAUTHENTICATED for a bad one, SOURCE_UNAVAILABLE and DEADLINE_EXCEEDED where the issuer's keys could not be had.",
		Look: "When users are signed out, and after keys have been changed.",
	}
	Subscriptions = Metric{
		Name: "mainstem.subscriptions.open", Kind: Gauge, Unit: "{subscription}", Attributes: []Attribute{OperationName},
		Says: "Subscriptions that are running.",
		Look: "To see who follows what, and whether all come back after a restart.",
	}
	SubscriptionEvents = Metric{
		Name: "mainstem.subscription.events", Kind: Counter, Unit: "{event}", Attributes: []Attribute{OperationName},
		Says: "Events sent to subscribers, each to each.",
		Look: "When subscribers miss something: whether anything is sent at all.",
	}
	Streams = Metric{
		Name: "mainstem.streams.open", Kind: Gauge, Unit: "{stream}", Attributes: []Attribute{Transport},
		Says: "Connections over which more than one answer goes, reserved ones too.",
		Look: "When new streams are refused: `streams.max` bounds all of them.",
	}
)

// Inside of the executor.
var (
	StepDuration = Metric{
		Name: "mainstem.step.duration", Kind: Histogram, Unit: "s", Buckets: fine, Attributes: []Attribute{Field},
		Says: "How long the steps of the compiled executor took: one for all objects that have the field.",
		Look: "When an operation is slow: which of its fields is.",
	}
	BatchSize = Metric{
		Name: "mainstem.batch.size", Kind: Histogram, Unit: "{key}", Buckets: keyCount, Attributes: []Attribute{Loader, Source},
		Says: "For how many keys a source was asked at once.",
		Look: "When a source has more calls than pages explain: many batches of one key are a resolver that does not batch.",
	}
	CacheLookups = Metric{
		Name: "mainstem.cache.lookups", Kind: Counter, Unit: "{lookup}", Attributes: []Attribute{Cache, Result},
		Says: "Lookups in what is kept of documents, by result: `hit` or `miss`.",
		Look: "When the processor is busier than traffic explains: clients who put values into documents, and not into variables, have each parsed.",
	}
	CacheEntries = Metric{
		Name: "mainstem.cache.entries", Kind: Gauge, Unit: "{entry}", Attributes: []Attribute{Cache},
		Says: "How many documents, or plans of them, are kept.",
		Look: "Beside the lookups: a full cache with misses is too many different documents.",
	}
	PersistedRequests = Metric{
		Name: "mainstem.persisted.requests", Kind: Counter, Unit: "{request}", Attributes: []Attribute{Result},
		Says: "Requests that name their document, or are checked against the manifest, by result: `trusted` and `registered` were found there, `missing` and `unsupported` were not, `mismatch` is not what it is named, `forbidden` is in no manifest.",
		Look: "After a client's release: `forbidden` is a manifest that was not deployed, `missing` that never ends is a client that does not register.",
	}
	PersistedRegistrations = Metric{
		Name: "mainstem.persisted.registrations", Kind: Counter, Unit: "{document}",
		Says: "Documents that clients have registered.",
		Look: "If it keeps growing: documents that differ each time push out those that do not.",
	}
	PersistedDocuments = Metric{
		Name: "mainstem.persisted.documents", Kind: Gauge, Unit: "{document}", Attributes: []Attribute{Result},
		Says: "Documents that are known, by where: `trusted` are in the manifest, `registered` are clients'.",
		Look: "After the manifest has changed: whether it was read.",
	}
)

// Traces.
var (
	TracesKept = Metric{
		Name: "mainstem.traces.kept", Kind: Counter, Unit: "{trace}", Attributes: []Attribute{Result},
		Says: "Traces that were not sampled, and were kept all the same, by result: the operation `failed`, or was `slow`.",
		Look: "When a collector gets more than the sampled part: how many are kept beside it.",
	}
	TracesForgotten = Metric{
		Name: "mainstem.traces.forgotten", Kind: Counter, Unit: "{drop}", Attributes: []Attribute{Result},
		Says: "What was forgotten of traces that were not sampled, before it was known whether they are kept, by the bound of `telemetry.tail` that was reached: whole traces by `traces`, single spans by `spans` and `bytes`.",
		Look: "When the trace of a slow or failed operation is missing, or has gaps.",
	}
	SpansWaiting = Metric{
		Name: "otel.sdk.processor.span.queue.size", Kind: Gauge, Unit: "{span}", Attributes: []Attribute{ComponentType, ComponentName}, Additive: true,
		Says: "Spans that wait until they are sent.",
		Look: "Against the capacity: whether the collector keeps up.",
	}
	SpansCapacity = Metric{
		Name: "otel.sdk.processor.span.queue.capacity", Kind: Gauge, Unit: "{span}", Attributes: []Attribute{ComponentType, ComponentName}, Additive: true,
		Says: "How many spans may wait until they are sent: OTEL_BSP_MAX_QUEUE_SIZE.",
		Look: "Beside the spans that wait.",
	}
	SpansProcessed = Metric{
		Name: "otel.sdk.processor.span.processed", Kind: Counter, Unit: "{span}", Attributes: []Attribute{ComponentType, ComponentName, ErrorType},
		Says: "Spans of traces that are kept: given to what sends them, or with `queue_full` dropped, as too many waited already.",
		Look: "When traces have gaps: with an error type they are lost.",
	}
	SpansExported = Metric{
		Name: "otel.sdk.exporter.span.exported", Kind: Counter, Unit: "{span}", Attributes: []Attribute{ComponentType, ComponentName, ErrorType},
		Says: "Spans that were sent to the collector, or were not: `rejected`, it has taken others that came with them; `_OTHER`, the log says why.",
		Look: "When traces are missing: with an error type they are lost.",
	}
)

// Sources.
var (
	SourceCallDuration = Metric{
		Name: "mainstem.source.call.duration", Kind: Histogram, Unit: "s", Buckets: seconds, Attributes: []Attribute{Source, SourceOperation, ErrorCode, How},
		Says: "How long calls of a source took, attempts and waits included. Without a code they succeeded.",
		Look: "When operations are slow or fail: which source is the reason. The share of calls with `mainstem_how` is what cache and sharing save.",
	}
	SourceActions = Metric{
		Name: "mainstem.source.actions", Kind: Counter, Unit: "{action}", Attributes: []Attribute{Source, SourceOperation, Action},
		Says: "What policies did with calls of a source.",
		Look: "Retries and hedges are load that clients have not asked for; `refuse` and `budget` are the gateway protecting itself.",
	}
	SourceRunning = Metric{
		Name: "mainstem.source.calls.running", Kind: Gauge, Unit: "{call}", Attributes: []Attribute{Source},
		Says: "Calls of a source that are under way.",
		Look: "Beside the limit: whether a source is full.",
	}
	SourceWaiting = Metric{
		Name: "mainstem.source.calls.waiting", Kind: Gauge, Unit: "{call}", Attributes: []Attribute{Source},
		Says: "Calls of a source that wait for their turn.",
		Look: "Anything above zero for long is a source that is too slow for its traffic.",
	}
	SourceLimit = Metric{
		Name: "mainstem.source.calls.limit", Kind: Gauge, Unit: "{call}", Attributes: []Attribute{Source},
		Says: "How many calls of a source may be under way; 0 for any number.",
		Look: "With an adaptive limit: it sinks where a source gets slower.",
	}
	SourceBreaker = Metric{
		Name: "mainstem.source.breaker.state", Kind: Gauge, Unit: "{state}", Attributes: []Attribute{Source, SourceOperation},
		Says: "Whether a source is called: 0 closed, it is; 1 open, it is not; 2 half open, a few calls try.",
		Look: "When fields are null with SOURCE_UNAVAILABLE at once.",
	}
)

// Workflows, events and the storage.
var (
	WorkflowsStarted = Metric{
		Name: "mainstem.workflows.started", Kind: Counter, Unit: "{run}", Attributes: []Attribute{Workflow},
		Says: "Runs that were started by this process.",
		Look: "The traffic of workflows.",
	}
	WorkflowsEnded = Metric{
		Name: "mainstem.workflows.ended", Kind: Counter, Unit: "{run}", Attributes: []Attribute{Workflow, WorkflowState},
		Says: "Runs that have ended in this process, by their last state.",
		Look: "FAILED runs were undone after an outage; ABANDONED ones an operator gave up.",
	}
	WorkflowsStuck = Metric{
		Name: "mainstem.workflows.stuck", Kind: Counter, Unit: "{run}", Attributes: []Attribute{Workflow},
		Says: "How often a run got stuck.",
		Look: "Any: `mainstem workflows list --stuck` says which.",
	}
	WorkflowRuns = Metric{
		Name: "mainstem.workflows.runs", Kind: Gauge, Unit: "{run}", Attributes: []Attribute{WorkflowState},
		Says: "Runs in the storage, by their state. All gateways that share it say the same.",
		Look: "STUCK above zero is a customer's order that waits for an operator.",
	}
	WorkflowsOldest = Metric{
		Name: "mainstem.workflows.oldest", Kind: Gauge, Unit: "s",
		Says: "For how long the oldest run has been under way that is RUNNING or UNDOING; 0 if there is none. All gateways that share the storage say the same.",
		Look: "When mutations answer PENDING: whether what they began goes on.",
	}
	WorkflowStepDuration = Metric{
		Name: "mainstem.workflow.step.duration", Kind: Histogram, Unit: "s", Buckets: minutes, Attributes: []Attribute{Workflow, WorkflowStep, ErrorCode},
		Says: "How long steps took, with their retries. With a code they failed; one that was refused has none.",
		Look: "When mutations answer PENDING: which step keeps them.",
	}
	WorkflowStepRetries = Metric{
		Name: "mainstem.workflow.step.retries", Kind: Counter, Unit: "{attempt}", Attributes: []Attribute{Workflow, WorkflowStep},
		Says: "Attempts at steps after their first.",
		Look: "Before runs fail: retries come first.",
	}
	EventsLast = Metric{
		Name: "mainstem.events.last", Kind: Gauge, Unit: "{event}",
		Says: "The number of the newest event in the log.",
		Look: "If it stands still while workflows run, nothing is written.",
	}
	EventsAge = Metric{
		Name: "mainstem.events.age", Kind: Gauge, Unit: "s",
		Says: "How old the newest event in the log is; 0 if there is none.",
		Look: "Beside the traffic of workflows: it should be as young as the last of them.",
	}
	EventsFollowers = Metric{
		Name: "mainstem.events.followers", Kind: Gauge, Unit: "{follower}",
		Says: "How many follow the log: subscriptions, mostly.",
		Look: "To know for how many an event is read.",
	}
	EventsDelivered = Metric{
		Name: "mainstem.events.delivered", Kind: Counter, Unit: "{event}",
		Says: "Events given to followers, each to each.",
		Look: "Beside the newest event: whether what is written is delivered.",
	}
	EventsUndelivered = Metric{
		Name: "mainstem.events.undelivered", Kind: Gauge, Unit: "{event}",
		Says: "Events that were read for followers who have not taken them yet.",
		Look: "If it grows, subscribers are too slow for what happens.",
	}
	EventsLag = Metric{
		Name: "mainstem.events.lag", Kind: Histogram, Unit: "s", Buckets: seconds,
		Says: "How old events are when a follower who waits for them gets them.",
		Look: "When subscribers see changes late: 1 s is what another process's change takes with SQLite.",
	}
	StorageTransactions = Metric{
		Name: "mainstem.storage.transaction.duration", Kind: Histogram, Unit: "s", Buckets: seconds, Attributes: []Attribute{Result},
		Says: "How long transactions that may write took, by result: `committed`; `refused`, the caller changed its mind; `failed`, the storage did.",
		Look: "When mutations are slow: with SQLite one writes at a time, and the disk says how fast.",
	}
	StorageSize = Metric{
		Name: "mainstem.storage.size", Kind: Gauge, Unit: "By", Attributes: []Attribute{StorageFile},
		Says: "The size of the SQLite file.",
		Look: "Against the room on the disk. `storage.retention` bounds it.",
	}
)

// The process. OpenTelemetry has names for all of it.
var (
	ProcessCPU = Metric{
		Name: "process.cpu.time", Kind: Counter, Unit: "s", Attributes: []Attribute{CPUMode},
		Says: "The time that processors have worked for the process.",
		Look: "Against how many processors there are.",
	}
	ProcessMemory = Metric{
		Name: "process.memory.usage", Kind: Gauge, Unit: "By", Additive: true,
		Says: "How much memory the process has (RSS); on Linux.",
		Look: "Against what it may have.",
	}
	ProcessFiles = Metric{
		Name: "process.unix.file_descriptor.count", Kind: Gauge, Unit: "{file_descriptor}", Additive: true,
		Says: "How many files and connections are open; on Linux.",
		Look: "When connections are refused: `ulimit -n` bounds them.",
	}
	ProcessUptime = Metric{
		Name: "process.uptime", Kind: Gauge, Unit: "s",
		Says: "For how long the gateway has run.",
		Look: "A saw is a process that is killed and started again.",
	}
	GoMemory      = goMetric("go.memory.used", Gauge, "By", "Memory that the Go runtime uses.", "If it only grows, something is kept.", MemoryType)
	GoMemoryLimit = goMetric("go.memory.limit", Gauge, "By", "The runtime's memory limit, if there is one.", "Against the memory used.")
	GoAllocated   = goMetric("go.memory.allocated", Counter, "By", "Memory allocated on the heap.", "When the processor is busy: much allocation is much collection.")
	GoAllocations = goMetric("go.memory.allocations", Counter, "{allocation}", "How many allocations there were.", "Beside the memory allocated.")
	GoGoal        = goMetric("go.memory.gc.goal", Gauge, "By", "How large the heap may be before it is collected.", "Beside the memory used.")
	GoGoroutines  = goMetric("go.goroutine.count", Gauge, "{goroutine}", "How many goroutines there are.", "If it only grows, something waits for ever.")
	GoProcessors  = goMetric("go.processor.limit", Gauge, "{thread}", "How many processors the program uses at once.", "Against what the machine gives it.")
	GoGOGC        = goMetric("go.config.gogc", Gauge, "%", "GOGC: how much the heap may grow between collections.", "When memory is traded for time.")
)

func goMetric(name string, kind Kind, unit, says, look string, attributes ...Attribute) Metric {
	return Metric{Name: name, Kind: kind, Unit: unit, Says: says, Look: look, Attributes: attributes, Foreign: "go.opentelemetry.io/contrib/instrumentation/runtime"}
}
