// Package fault defines the one error type of a gateway and the closed set of its codes.
//
// A fault has two audiences. Clients get a code, a sentence that is safe to show, and what to do; the cause is for the log and
// never leaves the process.
package fault

// Code names a kind of fault. The set is closed: Codes lists it.
type Code string

// The codes, each with when it is used. docs/errors.md is generated from Codes.
const (
	ParseFailed             Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed        Code = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput            Code = "BAD_USER_INPUT"
	Unauthenticated         Code = "UNAUTHENTICATED"
	Forbidden               Code = "FORBIDDEN"
	NotFound                Code = "NOT_FOUND"
	Conflict                Code = "CONFLICT"
	PreconditionFailed      Code = "PRECONDITION_FAILED"
	RateLimited             Code = "RATE_LIMITED"
	Overloaded              Code = "OVERLOADED"
	SourceUnavailable       Code = "SOURCE_UNAVAILABLE"
	SourceTimeout           Code = "SOURCE_TIMEOUT"
	DeadlineExceeded        Code = "DEADLINE_EXCEEDED"
	SourceFailed            Code = "SOURCE_FAILED"
	SourceContractViolation Code = "SOURCE_CONTRACT_VIOLATION"
	LimitExceeded           Code = "LIMIT_EXCEEDED"
	PersistedNotFound       Code = "PERSISTED_QUERY_NOT_FOUND"
	PersistedNotSupported   Code = "PERSISTED_QUERY_NOT_SUPPORTED"
	Internal                Code = "INTERNAL_SERVER_ERROR"
)

// Retry says whether a client may send the same request again.
type Retry string

// The answers to whether a client may send the same request again.
const (
	RetryNo    Retry = "no"
	RetryYes   Retry = "yes"
	RetryReads Retry = "reads, and writes with an idempotency key" // a write without one may have been done
)

// Doc documents a code.
type Doc struct {
	Code    Code
	When    string // when the code is used, for docs/errors.md
	Do      string // what the client should do, for docs/errors.md
	Message string // what a client reads unless the fault says more
	Retry   Retry
}

// Codes documents every code, in the order of docs/errors.md.
var Codes = []Doc{
	{ParseFailed, "The request is not a GraphQL request: its JSON or its document cannot be read.",
		"Correct the request; `locations` says where.", "The request could not be read.", RetryNo},
	{ValidationFailed, "The document asks for what the schema does not have, or in a way that the specification forbids.",
		"Correct the document; `locations` says where.", "The document does not fit the schema.", RetryNo},
	{BadUserInput, "A variable, an argument or an id has a value that is not accepted.",
		"Correct the value; the message names it, and `violations` names the fields that a service refused.", "A value was not accepted.", RetryNo},
	{Unauthenticated, "The field is for callers who have proved who they are, or the token is not valid.",
		"Send a valid token as `Authorization: Bearer …`.", "You must be signed in.", RetryNo},
	{Forbidden, "The caller is known and may not have this.",
		"Ask for the scope that the message names, or leave the field out.", "You may not do this.", RetryNo},
	{NotFound, "A service knows no such thing, where one was needed. Reads give null instead.",
		"Check the id.", "There is no such thing.", RetryNo},
	{Conflict, "A service refused because of what exists already, such as a duplicate.",
		"Read the current state and decide anew.", "This conflicts with what exists already.", RetryNo},
	{PreconditionFailed, "A service refused for the state that the thing is in.",
		"Read the current state and decide anew.", "The state of this does not allow it.", RetryNo},
	{RateLimited, "The caller, or the gateway at a service, asked too often.",
		"Wait `retryAfter` seconds.", "Too many requests.", RetryYes},
	{Overloaded, "The gateway or a service has too much to do.",
		"Wait `retryAfter` seconds.", "Too much is going on at the moment.", RetryYes},
	{SourceUnavailable, "A service cannot be reached, or says that it is not available.",
		"Show what is there and ask again later.", "A service is not available at the moment.", RetryReads},
	{SourceTimeout, "A service took longer than it is given.",
		"Show what is there and ask again later.", "A service took too long to answer.", RetryReads},
	{DeadlineExceeded, "The request's time was over before this field was ready.",
		"Ask for less, or allow more time.", "The request's time was over before this was ready.", RetryReads},
	{SourceFailed, "A service failed inside.",
		"Ask again later.", "A service failed.", RetryReads},
	{SourceContractViolation, "A service's answer does not fit its contract.",
		"Report it with the `traceId`.", "A service gave an answer that does not fit its contract.", RetryNo},
	{LimitExceeded, "The request is larger than a limit allows; `limit` names it.",
		"Ask for less.", "The request is too large.", RetryNo},
	{PersistedNotFound, "The hash names no document that the gateway knows.",
		"Send the document along with its hash.", "PersistedQueryNotFound", RetryNo},
	{PersistedNotSupported, "The gateway keeps no documents.",
		"Send the document.", "PersistedQueryNotSupported", RetryNo},
	{Internal, "A defect of the gateway.",
		"Report it with the `traceId`.", "Something went wrong on our side.", RetryNo},
}

// Doc gives the code's documentation. A code that is not in Codes is documented as Internal.
func (c Code) Doc() Doc {
	for _, d := range Codes {
		if d.Code == c {
			return d
		}
	}
	return Codes[len(Codes)-1]
}

// Degradable says whether a value that was lost to a fault of this code may have something else in its place: the source, or the time for it,
// has failed, and nobody has refused anything.
func (c Code) Degradable() bool {
	switch c {
	case SourceUnavailable, SourceTimeout, SourceFailed, SourceContractViolation, RateLimited, Overloaded, DeadlineExceeded:
		return true
	default:
		return false
	}
}
