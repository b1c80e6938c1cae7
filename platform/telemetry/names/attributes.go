package names

import semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

// Other stands in place of values beyond the bound of their number.
const Other = "_other"

// Attributes of operations. Those without "mainstem." are OpenTelemetry's.
var (
	OperationName = Attribute{
		semconv.GraphQLOperationNameKey, "the operation's name; left out of one without a name",
		"every name in trusted documents; of others, as many as `telemetry.metrics.operationNames` says, then `_other`: see below",
	}
	OperationType = Attribute{semconv.GraphQLOperationTypeKey, "what the operation does", "`query`, `mutation`, `subscription`; left out where the document cannot be read"}
	Outcome       = Attribute{
		"mainstem.outcome", "how the operation ended",
		"`ok`; `partial`: data with errors; `failed`: no data, and not for the caller's fault; `refused`: no data, for the caller's fault alone; `cancelled`: the client has gone",
	}
	ErrorCode = Attribute{"mainstem.code", "the code of the error", "the codes of [errors.md](errors.md), and `_other`"}
	Limit     = Attribute{"mainstem.limit", "the limit that was exceeded", "the limits of [limits.md](limits.md), and `_other`"}
	Field     = Attribute{"mainstem.field", "a field of the schema that asks a source, such as `Product.stock`", "those fields of the schema"}
	Cache     = Attribute{"mainstem.cache", "what is kept", "`documents`: parsed and valid; `scans`: what the executor knows of them; `plans`: how they are executed"}
	Result    = Attribute{"mainstem.result", "what came of it", "said with each metric"}
	Transport = Attribute{"mainstem.transport", "how the client is connected", "`websocket`, `sse`, `multipart`"}
	Method    = Attribute{semconv.HTTPRequestMethodKey, "the method", "HTTP's, and `_OTHER`"}
	Route     = Attribute{semconv.HTTPRouteKey, "the path, if it is one of the gateway's", "`/graphql`, `/healthz`, `/readyz`, `/metrics`, `/`"}
	Status    = Attribute{semconv.HTTPResponseStatusCodeKey, "the status", "those that the gateway sends"}
	Scheme    = Attribute{semconv.URLSchemeKey, "the scheme", "`http`, `https`"}
)

// Attributes of the way to sources.
var (
	Source          = Attribute{"mainstem.source", "the source", "those of the configuration"}
	SourceOperation = Attribute{"mainstem.operation", "the operation of the source's contract", "those of the contracts"}
	How             = Attribute{
		"mainstem.how", "how a call was answered; left out if the service was called",
		"`shared`: by an equal call under way; `fresh`, `revalidated`, `stale`: by what is kept; on metrics also `abandoned`: by nobody, as the caller had gone before the service had half of its timeout",
	}
	Action = Attribute{
		"mainstem.action", "what a policy did",
		"`retry`; `hedge`: a second call beside a slow one; `refuse`: too many wait; `budget`: no retry, as too many were; `stale`: what is kept stands in",
	}
	Breaker = Attribute{"mainstem.breaker", "the state of the breaker that the call has come to, unless it is closed", "`open`, `half-open`"}
	Waited  = Attribute{"mainstem.waited", "for how many seconds the call has waited for its turn", "not on metrics"}
	Queue   = Attribute{"mainstem.queue", "how many calls waited before it", "not on metrics"}
	Hedge   = Attribute{"mainstem.hedge", "whether it is the second attempt beside one that is slow", "`true`, or left out"}
	Resends = Attribute{semconv.HTTPRequestResendCountKey, "how many attempts of the call came before", "left out of the first"}
	Retries = Attribute{"mainstem.resend_count", "the same of a gRPC call, for which there is no convention", "left out of the first"}
	Address = Attribute{semconv.ServerAddressKey, "the service's host", "those of the configuration"}
	Port    = Attribute{semconv.ServerPortKey, "the service's port", "those of the configuration"}
	RPC     = Attribute{semconv.RPCSystemNameKey, "what is spoken, where it is not plain HTTP", "`grpc`"}
	RPCCall = Attribute{semconv.RPCMethodKey, "the service and the method of the contract", "those of the contracts"}

	RPCStatus = Attribute{semconv.RPCResponseStatusCodeKey, "the status of a gRPC call; left out if none came", "gRPC's"}
	ErrorType = Attribute{
		semconv.ErrorTypeKey, "how it failed; left out if it did not",
		"of attempts the codes of [errors.md](errors.md); of requests the status, from 500 on; of spans that are lost `queue_full`, `rejected`, `_OTHER`",
	}

	Loader = Attribute{"mainstem.loader", "the loader of the batch", "those of the resolvers"}
	Keys   = Attribute{"mainstem.keys", "for how many keys a batch or a call is", "not on metrics"}
)

// Attributes of workflows and of the storage.
var (
	Workflow      = Attribute{"mainstem.workflow", "the workflow", "those of the program; left out where it is not known"}
	WorkflowState = Attribute{"mainstem.workflow.state", "the run's state", "`RUNNING`, `UNDOING`, `STUCK`, `COMPLETED`, `REFUSED`, `FAILED`, `ABANDONED`"}
	WorkflowStep  = Attribute{"mainstem.workflow.step", "the step; `undo-` before its name is its undoing", "those of the program"}
	WorkflowRun   = Attribute{"mainstem.workflow.id", "the run", "not on metrics"}
	StorageFile   = Attribute{"mainstem.storage.file", "which of the files", "`database`, `wal`: what is not yet in the database itself"}
)

// Attributes of the process.
var (
	CPUMode    = Attribute{semconv.CPUModeKey, "whose code ran", "`user`, `system`"}
	MemoryType = Attribute{semconv.GoMemoryTypeKey, "what for", "`stack`, `other`"}
)

// Attributes of what sends spans.
var (
	ComponentType = Attribute{semconv.OTelComponentTypeKey, "the part of OpenTelemetry's SDK", "`batching_span_processor`, `otlp_grpc_span_exporter`, `otlp_http_span_exporter`"}
	ComponentName = Attribute{semconv.OTelComponentNameKey, "which of these", "the type and `/0`: there is one of each"}
)

// Attributes of spans alone.
var (
	DocumentHash = Attribute{"graphql.document.hash", "the document's SHA-256, in hexadecimal", "not on metrics"}
	ErrorCount   = Attribute{"graphql.error.count", "how many errors the answer has", "not on metrics"}
	ErrorCodes   = Attribute{"graphql.error.codes", "their codes, each once", "not on metrics"}
	FieldObject  = Attribute{"graphql.field.object", "the type that has the field", "not on metrics"}
	FieldName    = Attribute{"graphql.field.name", "the field", "not on metrics"}
	FieldSources = Attribute{"graphql.field.sources", "the sources that the field declares", "not on metrics"}
	Objects      = Attribute{"mainstem.objects", "how many objects have the field", "not on metrics"}
	FieldPath    = Attribute{"graphql.field.path", "where it stands in the answer, without indices", "not on metrics"}
	URLPath      = Attribute{semconv.URLPathKey, "the path, without what follows a question mark", "not on metrics"}
)

// Limits are the names of limits: the values of Limit, beside Other.
var Limits = []string{
	"bytes", "tokens", "depth", "rootFields", "aliases", "directives", "fields", "validationSteps", "validationTime", "cost", "calls", "streams", "operations",
}
