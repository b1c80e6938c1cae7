// Package ledger makes a demo service's commands idempotent, and keeps what they did for tests to audit.
package ledger

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Entry is one command that succeeded, one undoing, or an opening balance.
type Entry struct {
	At      time.Time `json:"at"`
	Command string    `json:"command"`          // the contract's operation, such as "reserve"; or Opening
	Key     string    `json:"key,omitempty"`    // its idempotency key; the opening balance alone has none
	Undoes  string    `json:"undoes,omitempty"` // the key of the command that it undoes
	Caller  string    `json:"caller,omitempty"` // who is behind it, if the request said so
	Changed bool      `json:"changed"`          // whether it moved anything: calling off what is called off does not
	Input   any       `json:"input,omitempty"`  // what it asked for
	Detail  any       `json:"detail,omitempty"` // what it did, in the service's own terms: what run gave
}

// Opening is what stands for the command in the entry of an opening balance.
const Opening = "openingBalance"

// Command is a command as a request brings it.
type Command struct {
	Name   string
	Key    string // never empty: services refuse a command without one
	Caller string
	Input  any // what the command asks for, as JSON can have it: the same key with another input is refused
}

// The refusals of Do and Undo.
var (
	ErrKeyReused = errors.New("the idempotency key was used with another input")
	ErrUndone    = errors.New("the command was undone, or its undoing came before it")
)

// Target is a command that an undoing names.
type Target struct {
	Name string // the command's, such as "reserve"
	Key  string
}

// Ledger keeps the commands of one service. It is safe for concurrent use; commands run one at a time.
type Ledger struct {
	mu      sync.Mutex
	done    map[string]outcome // by key
	undone  map[Target]bool    // what Undo was told to undo, and did
	entries []Entry
}

type outcome struct {
	name   string
	input  [sha256.Size]byte
	result any // a pointer to what run gave
	err    error
}

// New makes an empty ledger.
func New() *Ledger {
	return &Ledger{done: map[string]outcome{}, undone: map[Target]bool{}}
}

// Open writes down what a service starts with, so that the entries after it can be balanced.
func (l *Ledger) Open(detail any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, Entry{At: time.Now(), Command: Opening, Changed: true, Detail: detail})
}

// Entries gives what was done so far, oldest first.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry{}, l.entries...)
}

// Locked runs a read, or a change that no command makes, while no command runs.
func (l *Ledger) Locked(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// Do runs a command once: the same key and input give the first outcome again, refusals included. It fails with ErrKeyReused or
// ErrUndone without running it. run must not use the ledger. It gives a result and whether it moved anything. The result is kept
// and given again, so nobody may change it afterwards; a refusal that run gives must be one that lasts.
func Do[T any](l *Ledger, c Command, run func() (result T, changed bool, err error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.undone[Target{c.Name, c.Key}] {
		var none T
		return none, ErrUndone
	}
	return once(l, c, "", run)
}

// Undo runs an undoing once, as Do runs a command. Once run has undone the target, and also if there is nothing to undo, Do
// refuses the target from now on. An undoing that run refuses leaves the target as it is. If the target's key was used for
// another command, that one is not meant: it stays as it is, and run finds nothing to undo.
func Undo[T any](l *Ledger, c Command, target Target, run func() (result T, changed bool, err error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return once(l, c, target.Key, func() (T, bool, error) {
		first, seen := l.done[target.Key]
		effective := seen && first.err == nil && !l.undone[target]
		result, changed, err := run()
		if another := seen && first.name != target.Name; !another && (err == nil || !effective) {
			l.undone[target] = true
		}
		return result, changed, err
	})
}

func once[T any](l *Ledger, c Command, undoes string, run func() (T, bool, error)) (T, error) {
	input := fingerprint(c, undoes)
	if first, ok := l.done[c.Key]; ok {
		result, fits := first.result.(*T)
		if first.input != input || !fits {
			var none T
			return none, ErrKeyReused
		}
		return *result, first.err
	}
	result, changed, err := run()
	l.done[c.Key] = outcome{name: c.Name, input: input, result: &result, err: err}
	if err == nil {
		l.entries = append(l.entries, Entry{
			At: time.Now(), Command: c.Name, Key: c.Key, Undoes: undoes, Caller: c.Caller,
			Changed: changed, Input: c.Input, Detail: result,
		})
	}
	return result, err
}

// fingerprint tells commands apart that have the same key.
func fingerprint(c Command, undoes string) [sha256.Size]byte {
	b, err := json.Marshal([]any{c.Name, undoes, c.Input})
	if err != nil {
		panic(fmt.Sprintf("a command's input must be JSON: %v", err))
	}
	return sha256.Sum256(b)
}
