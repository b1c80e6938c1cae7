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

// Entry is one command that took effect, or one undoing.
type Entry struct {
	At      time.Time `json:"at"`
	Command string    `json:"command"`          // the contract's operation, such as "reserve"
	Key     string    `json:"key"`              // its idempotency key
	Undoes  string    `json:"undoes,omitempty"` // the key of the command that it undoes
	Caller  string    `json:"caller,omitempty"` // who is behind it, if the request said so
	Detail  any       `json:"detail,omitempty"` // what it did, in the service's own terms: what run gave
}

// Command is a command as a request brings it.
type Command struct {
	Name   string
	Key    string // never empty: services refuse a command without one
	Caller string
	Input  any // what the command asks for: the same key with another input is refused
}

// The refusals of Do and Undo.
var (
	ErrKeyReused = errors.New("the idempotency key was used with another input")
	ErrUndone    = errors.New("the command was undone before it arrived")
)

// Ledger keeps the commands of one service. It is safe for concurrent use; commands run one at a time.
type Ledger struct {
	mu      sync.Mutex
	done    map[string]outcome // by key
	undone  map[string]bool    // keys that Undo was told to undo, and did
	entries []Entry
}

type outcome struct {
	input  [sha256.Size]byte
	result any // a pointer to what run gave
	err    error
}

// New makes an empty ledger.
func New() *Ledger {
	return &Ledger{done: map[string]outcome{}, undone: map[string]bool{}}
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
// ErrUndone without running it. run must not use the ledger. What it gives is kept and given again, so nobody may change it
// afterwards; a refusal that it gives must be one that lasts.
func Do[T any](l *Ledger, c Command, run func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.undone[c.Key] {
		var none T
		return none, ErrUndone
	}
	return once(l, c, "", run)
}

// Undo runs an undoing once, as Do runs a command. run is told whether the command with the key target took effect and still
// has it; if there is nothing to undo, there never will be: from now on Do refuses that command. The same holds once run has
// undone it. An undoing that run refuses leaves the command as it is.
func Undo[T any](l *Ledger, c Command, target string, run func(done bool) (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return once(l, c, target, func() (T, error) {
		first, seen := l.done[target]
		effective := seen && first.err == nil && !l.undone[target]
		result, err := run(effective)
		if err == nil || !effective {
			l.undone[target] = true
		}
		return result, err
	})
}

func once[T any](l *Ledger, c Command, undoes string, run func() (T, error)) (T, error) {
	input := fingerprint(c, undoes)
	if first, ok := l.done[c.Key]; ok {
		result, fits := first.result.(*T)
		if first.input != input || !fits {
			var none T
			return none, ErrKeyReused
		}
		return *result, first.err
	}
	result, err := run()
	l.done[c.Key] = outcome{input: input, result: &result, err: err}
	if err == nil {
		l.entries = append(l.entries, Entry{
			At: time.Now(), Command: c.Name, Key: c.Key, Undoes: undoes, Caller: c.Caller, Detail: result,
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
