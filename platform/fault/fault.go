package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Error is a fault: what a source, a resolver or the gateway itself fails with. Its fields are set before it is shared; from
// then on it is read only, and safe for concurrent use.
type Error struct {
	Code       Code
	Source     string        // the source that failed; empty where none was asked
	Operation  string        // the source's operation, as its contract names it
	RetryAfter time.Duration // how long to wait before asking again; zero if not known
	Limit      string        // with LimitExceeded: the limit's name
	Violations []Violation   // the fields that a service refused
	Reason     string        // the service's own name for why it refused, for the gateway's code; clients do not see it

	keyless bool         // see Keyless
	detail  string       // safe for clients; empty for the code's own sentence
	cause   error        // for the log alone
	seen    *atomic.Bool // shared by copies: see MarkSeen
}

// Violation is a field that a service refused. Clients learn the field; the service's words for it go to the log.
type Violation struct {
	Field   string `json:"field"`
	Message string `json:"-"`
}

// New makes a fault whose detail a client may read.
func New(code Code, detail string) *Error {
	return &Error{Code: code, detail: detail, seen: new(atomic.Bool)}
}

// Newf is New with a format. Everything formatted into the detail reaches clients.
func Newf(code Code, format string, args ...any) *Error {
	return New(code, fmt.Sprintf(format, args...))
}

// Wrap makes a fault with the code's own sentence. The cause goes to the log and nowhere else.
func Wrap(code Code, cause error) *Error {
	return &Error{Code: code, cause: cause, seen: new(atomic.Bool)}
}

// At gives a copy of the fault that names the source and the operation that failed.
func (e *Error) At(source, operation string) *Error {
	c := *e
	c.Source, c.Operation = source, operation
	return &c
}

// RenameViolations gives err with the fields of its violations named in other words: names has those words by a service's own. An error
// that is no fault, or has no violations, stays as it is.
func RenameViolations(err error, names map[string]string) error {
	f, ok := errors.AsType[*Error](err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	c := *f
	c.Violations = slices.Clone(f.Violations)
	for i, v := range c.Violations {
		if name, ok := names[v.Field]; ok {
			c.Violations[i].Field = name
		}
	}
	return &c
}

// Message gives the sentence that clients read.
func (e *Error) Message() string {
	if e.detail != "" {
		return e.detail
	}
	return e.Code.Doc().Message
}

// Error describes the fault for the log, cause included.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Source != "" {
		fmt.Fprintf(&b, " %s.%s", e.Source, e.Operation)
	}
	b.WriteString(": ")
	b.WriteString(e.Message())
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// MarkSeen marks this fault and all copies of it as seen, and says whether they had not been seen before. Who logs faults asks it, so
// that one failed batch is one line in the log and not one for each field.
func (e *Error) MarkSeen() bool { return e.seen == nil || !e.seen.Swap(true) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Retryable says whether a client may send the same request again: it can help, and it cannot do something twice.
func (e *Error) Retryable() bool {
	switch e.Code.Doc().Retry {
	case RetryYes:
		return true
	case RetryReads:
		return !e.keyless
	default:
		return false
	}
}

// Keyless gives a copy of the fault as that of a command without an idempotency key: it may have been done, and asking again may do it twice.
func (e *Error) Keyless() *Error {
	c := *e
	c.keyless = true
	return &c
}

// RetryAfterSeconds rounds up to whole seconds, as clients are told; zero stays zero.
func (e *Error) RetryAfterSeconds() int {
	return int((e.RetryAfter + time.Second - 1) / time.Second)
}

// Items are the faults of single items of a plural read, by the item's key. The other items were read: a source returns
// Items beside its results.
type Items[K comparable] map[K]*Error

// Error describes one of the faults for the log.
func (i Items[K]) Error() string {
	for key, f := range i {
		return fmt.Sprintf("%d items failed, among them %v: %v", len(i), key, f)
	}
	return "no item failed"
}

// Any gives one of the faults, nil if there are none.
func (i Items[K]) Any() *Error {
	for _, f := range i {
		return f
	}
	return nil
}

// OrNil gives the faults as an error, nil if there are none.
func (i Items[K]) OrNil() error {
	if len(i) == 0 {
		return nil
	}
	return i
}

// From gives err as a fault. A context's end is DeadlineExceeded; whatever is not a fault is Internal.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Wrap(DeadlineExceeded, err)
	}
	return Wrap(Internal, err)
}
