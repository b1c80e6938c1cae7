// Package model has the zoo's types: bound to the schema in every way that gqlgen knows.
//
// Every object is made of its place alone: two that stand at equal places are equal, whoever asks for them, and in which order.
package model

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Place is where an object stands in the answer: what its values are made of. It is safe for concurrent use.
type Place struct {
	key    uint64
	faults Faults
}

// Faults says what fails. Its zero value is that nothing does.
type Faults struct {
	Seed  uint64 // with another one, other fields fail, and values differ
	OneIn int    // how rare faults are; none if zero

	Unwritable bool   // scalars cannot be written also where they may not be null
	Panics     string // a plural field that panics
	Shared     string // a field that fails with one error for all objects, the same *gqlerror.Error
}

// Outcome is how a field goes at a place.
type Outcome int

// The outcomes of a field.
const (
	Fine    Outcome = iota
	Missing         // it is null, whether or not it may be
	Failed          // it fails with any error
	Faulted         // it fails with a fault
	Panicked
)

// Root gives the place of a root field's value.
func Root(faults Faults, field string, args ...any) Place {
	return Place{key: faults.Seed, faults: faults}.Below(field, args...)
}

// Below gives the place of a field's value, which depends on its arguments.
func (p Place) Below(field string, args ...any) Place {
	text := field
	if len(args) > 0 {
		encoded, err := json.Marshal(args) // follows pointers
		if err != nil {
			panic(err) // arguments came as JSON
		}
		text += string(encoded)
	}
	return Place{key: mix(p.key, text), faults: p.faults}
}

// Number gives a number from 0 to n-1.
func (p Place) Number(of string, n int) int {
	return int(mix(p.key, of) % uint64(n)) //nolint:gosec // it is below n
}

// Rarely says yes at one place in so many.
func (p Place) Rarely(what string, oneIn int) bool { return p.Number(what, oneIn) == 0 }

// Outcome says how a field goes.
func (p Place) Outcome(field string) Outcome {
	if p.faults.OneIn == 0 {
		return Fine
	}
	q := Place{key: mix(p.key^p.faults.Seed, "faults of "+field)}
	if !q.Rarely("outcome", p.faults.OneIn) {
		return Fine
	}
	return []Outcome{Missing, Missing, Failed, Failed, Failed, Faulted, Faulted, Panicked}[q.Number("kind", 8)]
}

// WholeFails says whether a plural field fails as a whole, wherever it is asked for.
func (f Faults) WholeFails(field string) bool {
	return f.OneIn != 0 && mix(f.Seed, "all of "+field)%uint64(2*f.OneIn) == 0 //nolint:gosec // it is not negative
}

// Fail gives the error of a field, nil if it has none, and panics if that is what it does.
func (p Place) Fail(field string) error {
	if p.faults.Shared == field {
		return shared
	}
	switch p.Outcome(field) {
	case Failed:
		return fmt.Errorf("%s failed", field)
	case Faulted:
		code := []fault.Code{fault.SourceUnavailable, fault.NotFound, fault.SourceTimeout}[p.Number(field, 3)]
		return fault.New(code, field+" has a fault")
	case Panicked:
		panic(field + " panicked")
	case Fine, Missing:
	}
	return nil
}

var shared = &gqlerror.Error{Message: "shared"}

// Text gives a few words.
func (p Place) Text(of string) string { return of + " " + strconv.FormatUint(mix(p.key, of)%1000, 10) }

// OrNil gives a value by pointer, or nil.
func OrNil[T any](p Place, what string, value T) *T {
	if p.Rarely("whether "+what, 5) {
		return nil
	}
	return &value
}

// lengths are how long lists are: rarely empty.
var lengths = []int{0, 1, 1, 2, 2, 2, 3}

// List makes a list of up to three elements, each at a place of its own.
func List[T any](p Place, field string, element func(p Place) T) []T {
	return ListOf(p, field, lengths[p.Number("length of "+field, len(lengths))], element)
}

// ListOf makes a list of n elements, each at a place of its own.
func ListOf[T any](p Place, field string, n int, element func(p Place) T) []T {
	list := make([]T, max(n, 0))
	for i := range list {
		list[i] = element(p.Below(field + strconv.Itoa(i)))
	}
	return list
}

// mix hashes a text with a key: FNV-1a, and the last steps of splitmix64 for its low bits.
func mix(key uint64, text string) uint64 {
	h := 14695981039346656037 ^ key
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
