package upstream

import (
	"fmt"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream/internal/strictjson"
)

// Origin says which source and which of its operations something came from, for the faults that are found in it.
type Origin struct{ Source, Operation string }

// Answer is the body of an answer: of a successful one to be read by Decode or DecodeItems, of a refusal by Refusal.
type Answer struct {
	Origin
	body    string // a string, so that what is read can be parts of it
	refusal string // the body of a 4xx that is JSON
	drop    func() // has it forgotten where it is kept; nil if it is not
}

// Decode reads an answer into a type of the contract. It fails with SOURCE_CONTRACT_VIOLATION, which says where, if the answer is not JSON of
// that type, lacks a required member or has one twice; members that the contract does not know are passed over. Strings are parts of the answer:
// who keeps a few of them for longer than a request clones them, or keeps all of it.
func Decode[T any](a Answer) (*T, error) {
	v := new(T)
	if err := strictjson.Unmarshal(a.body, v); err != nil {
		return nil, a.spoiled(err)
	}
	return v, nil
}

// Refusal reads what a service said when it refused a call, for contracts that say more in it than fault.FromHTTP understands. It
// gives nil if the service said nothing of that type: the call has failed with its status either way. It is for the gateway's code,
// and no part of it may reach a client that the contract does not mean for users.
func Refusal[T any](a Answer) *T {
	v := new(T)
	if strictjson.Unmarshal(a.refusal, v) != nil {
		return nil
	}
	return v
}

// DecodeItems is Decode for an answer with one list of Items. An item that does not fit the contract has a fault under its index, and
// in v as much as could be read of it; the others are read all the same. An item with a member twice spoils the answer: it may be the key.
func DecodeItems[T, Item any](a Answer) (v *T, faults map[int]*fault.Error, err error) {
	v = new(T)
	err = strictjson.UnmarshalItems[T, Item](a.body, v, func(n int, err error) {
		if faults == nil {
			faults = map[int]*fault.Error{}
		}
		faults[n] = a.violation(fmt.Errorf("item %d: %w", n, err))
	})
	if err != nil {
		return nil, nil, a.spoiled(err)
	}
	return v, faults, nil
}

// spoiled gives the fault of an answer that cannot be read, and sees to it that the next call does not have the same.
func (a Answer) spoiled(err error) *fault.Error {
	if a.drop != nil {
		a.drop()
	}
	return a.violation(err)
}

func (o Origin) violation(err error) *fault.Error {
	return fault.Wrap(fault.SourceContractViolation, err).At(o.Source, o.Operation)
}

// Convert turns an item of an answer into the canonical type by convert, whose errors are those of Violation. broken is the fault that
// was found in the item before, nil for none.
func Convert[Item, V any](o Origin, broken *fault.Error, item *Item, convert func(*Item) (V, error)) (V, *fault.Error) {
	var none V
	if broken != nil {
		return none, broken
	}
	v, err := convert(item)
	if err != nil {
		return none, fault.From(err).At(o.Source, o.Operation)
	}
	return v, nil
}

// ByKey arranges the items of a batch by their keys, converting them as Convert does; broken holds the faults that DecodeItems found. What
// comes back is what a source's plural read returns. The fault of an item that does not even have a key that was asked for is that of
// every key without an answer, since it may have been any of theirs.
func ByKey[K comparable, Item, V any](
	o Origin, keys []K, items []Item, broken map[int]*fault.Error, keyOf func(*Item) K, convert func(*Item) (V, error),
) (map[K]V, error) {
	open := make(map[K]struct{}, len(keys))
	for _, key := range keys {
		open[key] = struct{}{}
	}
	found := make(map[K]V, len(items))
	failed := fault.Items[K]{}
	var nobodys *fault.Error
	for i := range items {
		v, f := Convert(o, broken[i], &items[i], convert)
		key := keyOf(&items[i])
		_, asked := open[key]
		switch {
		case asked && f == nil:
			found[key] = v
		case asked:
			failed[key] = f
		case f != nil:
			nobodys = f
		}
		delete(open, key)
	}
	if nobodys != nil {
		for key := range open {
			failed[key] = nobodys
		}
	}
	return found, failed.OrNil()
}
