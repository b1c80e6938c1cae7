// Package live keeps what a gateway is doing at the moment: its requests, streams and operations, and of each operation the steps and the calls of
// services that run for it. The access log and /debug/requests tell of it, and operations that are slow or fail are logged with it.
package live

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
)

// Options are what a Registry is made of.
type Options struct {
	Log  *slog.Logger  // nobody is told if nil
	Slow time.Duration // from which on an operation is logged with its steps; 0 for none
}

// Registry knows the operations and streams that are under way. Make it by New. It is safe for concurrent use.
type Registry struct {
	log  *slog.Logger
	slow time.Duration

	operations list[*Operation]
	streams    list[*Request]
}

// New makes a registry of a gateway that does nothing yet.
func New(o Options) *Registry {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{log: o.Log, slow: o.Slow}
}

// Operation is one that is under way.
type Operation struct {
	registry *Registry
	request  *Request // that it belongs to; nil if nobody has made one
	oc       *graphql.OperationContext
	began    time.Time
	deadline time.Time // zero if it has none
	cost     int64
	priced   bool
	link     link[*Operation]
	document struct {
		once sync.Once
		hash string
	}

	mu      sync.Mutex
	over    bool
	round   int // of a subscription's events: what runs for one is not to be told of the next
	entries []entry
	more    int // entries that there was no room for
	calls   int
	answers int
	codes   codes
	failed  bool // whether there is an error that is not the caller's; of a subscription, in an event
	awaited []*awaited
	room    [firstEntries]entry
}

const (
	firstEntries = 12  // for which there is room without asking for memory
	maxEntries   = 200 // of an operation
)

// entry is a step or a call.
type entry struct {
	field             *exec.Field // of a step; nil for a call
	source, operation string      // of a call
	objects           int         // of a step
	attempts          int
	how               string // a call was answered, if not by the service
	code              fault.Code
	began, took       time.Duration // since the operation began; took is less than nothing while it runs
}

type operationKey struct{}

// operationOf gives the operation that a context belongs to; nil for none.
func operationOf(ctx context.Context) *Operation {
	op, _ := ctx.Value(operationKey{}).(*Operation)
	return op
}

// place is where an entry is.
type place struct{ index, round int }

// note keeps an entry that begins.
func (op *Operation) note(e entry) place {
	e.began, e.took = time.Since(op.began), -1
	op.mu.Lock()
	defer op.mu.Unlock()
	if e.field == nil {
		op.calls++
	}
	if len(op.entries) >= maxEntries {
		op.more++
		return place{index: -1}
	}
	if op.entries == nil {
		op.entries = op.room[:0]
	}
	op.entries = append(op.entries, e)
	return place{len(op.entries) - 1, op.round}
}

// done keeps what came of an entry.
func (op *Operation) done(at place, attempts int, how string, code fault.Code) {
	if at.index < 0 {
		return
	}
	now := time.Since(op.began)
	op.mu.Lock()
	defer op.mu.Unlock()
	if at.round != op.round {
		return
	}
	e := &op.entries[at.index]
	e.took, e.attempts, e.how, e.code = now-e.began, attempts, how, code
}

// StepFunc is exec.Options.Step.
type StepFunc = func(ctx context.Context, f *exec.Field, objects int) (context.Context, func(error))

// Steps gives what notes the steps of operations, and tells next of them.
func Steps(next StepFunc) StepFunc {
	return func(ctx context.Context, f *exec.Field, objects int) (context.Context, func(error)) {
		op := operationOf(ctx)
		inner, ended := next(ctx, f, objects)
		if op == nil {
			return inner, ended
		}
		at := op.note(entry{field: f, objects: objects})
		return inner, func(err error) {
			var code fault.Code
			if err != nil {
				code = fault.From(err).Code
			}
			op.done(at, 0, "", code)
			ended(err)
		}
	}
}

// Call notes a call of a service for the operation of a context, if there is one. What it gives is to be told how often it was tried, how it was answered if
// not by a call of its own, and with what fault it has ended, or "".
func Call(ctx context.Context, source, operation string) (ended func(attempts int, how string, code fault.Code)) {
	op := operationOf(ctx)
	if op == nil {
		return nobody
	}
	at := op.note(entry{source: source, operation: operation})
	return func(attempts int, how string, code fault.Code) { op.done(at, attempts, how, code) }
}

func nobody(int, string, fault.Code) {}

// awaited is a run of a workflow that an operation waits for.
type awaited struct {
	workflow string
	at       func() (step string, since time.Time)
}

// Await notes that the operation of a context, if there is one, waits for a run of a workflow. Whoever looks at the operation is told what at gives: which step is
// under way, and since when; "" where that is not known. What Await gives is to be called once nobody waits any more.
func Await(ctx context.Context, workflow string, at func() (step string, since time.Time)) (ended func()) {
	op := operationOf(ctx)
	if op == nil {
		return func() {}
	}
	a := &awaited{workflow, at}
	op.mu.Lock()
	defer op.mu.Unlock()
	op.awaited = append(op.awaited, a)
	return func() {
		op.mu.Lock()
		defer op.mu.Unlock()
		op.awaited = slices.DeleteFunc(op.awaited, func(other *awaited) bool { return other == a })
	}
}

// list is of what is under way, in the order in which it has begun.
type list[T any] struct {
	mu          sync.Mutex
	first, last *link[T]
	length      int
}

type link[T any] struct {
	of         T
	prev, next *link[T]
	in         bool
}

func (l *list[T]) add(k *link[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.in, k.prev = true, l.last
	if l.last == nil {
		l.first = k
	} else {
		l.last.next = k
	}
	l.last = k
	l.length++
}

func (l *list[T]) remove(k *link[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !k.in {
		return
	}
	k.in = false
	if k.prev == nil {
		l.first = k.next
	} else {
		k.prev.next = k.next
	}
	if k.next == nil {
		l.last = k.prev
	} else {
		k.next.prev = k.prev
	}
	k.prev, k.next = nil, nil
	l.length--
}

// oldest gives at most so many, and how many there are.
func (l *list[T]) oldest(most int) (found []T, length int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found = make([]T, 0, min(most, l.length))
	for k := l.first; k != nil && len(found) < most; k = k.next {
		found = append(found, k.of)
	}
	return found, l.length
}
