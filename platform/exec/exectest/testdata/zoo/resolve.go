package zoo

import (
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// placed is an object that knows where it stands.
type placed interface{ At() model.Place }

// maker makes the value of a field for the parent at a place.
type maker[T any] = func(p model.Place) T

// one resolves a singular field. It fails, panics, or is null where a fault says so. Beside an error it gives a value, which nobody may see.
func one[T any](p model.Place, field string, value maker[T]) (T, error) {
	err := p.Fail(field)
	if p.Outcome(field) == model.Missing {
		var none T
		return none, err
	}
	return value(p), err
}

// all resolves a plural field: each parent by itself, with the faults of single ones in a graphql.BatchErrorList, and values beside them which
// nobody may see. Parents may be missing:
// gqlgen's executor hands nil elements of lists over.
func all[O, T any](r *Resolver, objs []*O, field string, value maker[T]) ([]T, error) {
	places := make([]*model.Place, len(objs))
	for i, obj := range objs {
		if obj != nil {
			p := any(obj).(placed).At()
			places[i] = &p
		}
	}
	return allAt(r, places, field, value)
}

// allAt is all for parents that are no pointers to structs.
func allAt[T any](r *Resolver, places []*model.Place, field string, value maker[T]) ([]T, error) {
	if r.Faults.Panics == field {
		panic(field + " panicked")
	}
	if r.Faults.WholeFails(field) {
		return nil, errors.New("all of " + field + " failed")
	}
	values := make([]T, len(places))
	var faults graphql.BatchErrorList
	for i, p := range places {
		if p == nil || p.Outcome(field) == model.Missing || p.Outcome(field) == model.Panicked {
			continue // plural fields do not panic for single objects: gqlgen's executor loses for which
		}
		if err := p.Fail(field); err != nil {
			if faults == nil {
				faults = make(graphql.BatchErrorList, len(places))
			}
			faults[i] = err
		}
		values[i] = value(*p)
	}
	if faults != nil {
		return values, faults
	}
	return values, nil
}

// orNil makes a value rarely nil.
func orNil[T any](what string, value maker[*T]) maker[*T] {
	return func(p model.Place) *T {
		if p.Rarely("no "+what, 7) {
			return nil
		}
		return value(p.Below(what))
	}
}

// orNone makes an interface rarely nil.
func orNone[T any](what string, value maker[T]) maker[T] {
	return func(p model.Place) T {
		if p.Rarely("no "+what, 7) {
			var none T
			return none
		}
		return value(p.Below(what))
	}
}

// some makes a list of up to four.
func some[T any](what string, value maker[T]) maker[[]T] {
	return func(p model.Place) []T { return model.List(p, what, value) }
}
