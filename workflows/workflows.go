// Package workflows runs operations that change several services: each finishes or is undone, even if the process dies in its middle.
//
// An operation is a Workflow: steps and what undoes them, declared side by side in a folder of its own below this one. A step is a command
// that may be carried out twice under its idempotency key. What happens when is in saga.go; the engine below it is DBOS Transact
// (https://docs.dbos.dev), which keeps in storage how far a workflow is. See docs/workflows.md.
package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
)

// Workflow declares an operation. Its state S begins as the operation's input and learns of each step; it must survive JSON.
type Workflow[S any] struct {
	Name    string            // such as "placeOrder"; it is kept with each run, so it must not change while there are any
	Steps   []Step[S]         // in their order; they are told apart by their names, which are kept too
	Subject func(s S) string  // what the run made or changed, such as "Order:o-12"; empty for nothing yet. Nil: nothing ever
	Events  func(s S) []Event // what the log tells of a run that is COMPLETED, beside that it is. Nil: nothing
}

// Step is a command, and what undoes it.
type Step[S any] struct {
	Name string // lower case letters and hyphens

	// Do carries the step out and gives the state with what it learned. It may be called again under the same key after it was done: if its
	// answer was lost, or the process died. It fails with ErrRefused, and a state that says why, for what the caller is to know; with
	// a fault for anything else: a retryable one is tried again, any other ends the run.
	Do func(ctx context.Context, key string, s S) (S, error)

	// Undo takes back what Do did, or sees to it that it is never done: doKey is the key that Do had, which may still be on its way. That
	// there is nothing to undo is a success. Nil is for a step that changes nothing.
	Undo func(ctx context.Context, key, doKey string, s S) error

	// Must says that the run cannot turn back from here on: the step is tried until it is done, and so are all after it.
	Must bool

	// Calls and UndoCalls are what Do and Undo may call, such as "inventory Reserve", for who asks what an operation would do. workflowstest checks that
	// nothing else is called.
	Calls, UndoCalls []string

	Done   func(s S) []Event // what the log tells once the step is done. Nil: nothing but that it is
	Undone func(s S) []Event // what it tells once the step is undone
}

// Event is something that happened to somebody or something, for the event log.
type Event struct {
	Kind    string // such as "order.created"
	Topic   string // such as "customer/c-3": who follows it is told
	Payload any    // JSON can hold it
}

// ErrRefused is what a step fails with that was refused for a reason that the caller is to know: its state says which.
var ErrRefused = errors.New("refused")

// The states of a run.
const (
	Running   = storage.Running   // it goes forward
	Undoing   = storage.Undoing   // it takes back what it did
	Stuck     = storage.Stuck     // something that has to be done or undone keeps failing; it is tried ever more rarely
	Completed = storage.Completed // all is done
	Refused   = storage.Refused   // it was refused, and all is undone
	Failed    = storage.Failed    // it failed, and all is undone
	Abandoned = storage.Abandoned // it ended, but an operator gave up what was stuck
)

// Run is a workflow's run as it is now.
type Run[S any] struct {
	ID    string
	Owner storage.Actor
	State storage.WorkflowState
	Value S      // the workflow's state
	Fault *Fault // why it failed, or is stuck; nil if it did not and is not
	Steps []StepRun

	CreatedAt, UpdatedAt time.Time
	EndedAt              time.Time // zero: it has not
}

// Ended says whether nothing more will happen to the run.
func (r *Run[S]) Ended() bool { return r.State.Ended() }

// StepRun is a step that was tried, or an undoing.
type StepRun struct {
	Name      string
	Undo      bool
	State     storage.StepState
	Attempts  int // how often it was tried, as far as this is known: a process that died has not counted
	StartedAt time.Time
	EndedAt   time.Time
	Fault     *Fault // nil unless it failed
}

// Fault is why a step failed, as it is kept.
type Fault struct {
	Code      fault.Code `json:"code"`
	Message   string     `json:"message"` // fit for clients
	Source    string     `json:"source,omitempty"`
	Operation string     `json:"operation,omitempty"`
	Reason    string     `json:"reason,omitempty"` // the service's own name for why
	Cause     string     `json:"cause,omitempty"`  // for operators
}

// maxCause bounds the cause that is kept of a fault.
const maxCause = 500

// kept gives a fault as it is kept.
func kept(f *fault.Error) *Fault {
	cause := ""
	if f.Unwrap() != nil {
		cause = f.Unwrap().Error()
		cause = cause[:min(len(cause), maxCause)]
	}
	return &Fault{Code: f.Code, Message: f.Message(), Source: f.Source, Operation: f.Operation, Reason: f.Reason, Cause: cause}
}

// Error gives the fault as one.
func (f *Fault) Error() *fault.Error {
	e := fault.New(f.Code, f.Message).At(f.Source, f.Operation)
	e.Reason = f.Reason
	return e
}

func decodeFault(kept json.RawMessage) *Fault {
	if len(kept) == 0 {
		return nil
	}
	var f Fault
	if json.Unmarshal(kept, &f) != nil {
		return nil
	}
	return &f
}
