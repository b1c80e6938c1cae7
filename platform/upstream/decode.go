package upstream

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/mainstem/mainstem/platform/fault"
)

// Decode reads an answer into a type of the contract. It fails with SOURCE_CONTRACT_VIOLATION if the answer is not JSON of that
// type or lacks a required member; members that the contract does not know are passed over.
func Decode[T any](a Answer) (*T, error) {
	v := new(T)
	if err := decode(a.body, v, nil, nil); err != nil {
		return nil, a.violation(err)
	}
	return v, nil
}

// DecodeItems is Decode for an answer with one list of Items. An item that does not fit the contract is a zero value in v and has
// a fault under its index; the others are read all the same.
func DecodeItems[T, Item any](a Answer) (v *T, faults map[int]*fault.Error, err error) {
	v = new(T)
	n := 0
	items := json.UnmarshalFromFunc(func(dec *jsontext.Decoder, item *Item) error {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := decode(raw, item, nil, nil); err != nil {
			if faults == nil {
				faults = map[int]*fault.Error{}
			}
			faults[n] = a.violation(fmt.Errorf("item %d: %w", n, err))
			*item = *new(Item)
		}
		n++
		return nil
	})
	if err := decode(a.body, v, shapeOf[Item](), json.WithUnmarshalers(items)); err != nil {
		return nil, nil, a.violation(err)
	}
	return v, faults, nil
}

// Violation is the package's Violation, naming the answer's source and operation.
func (a Answer) Violation(format string, args ...any) *fault.Error {
	return Violation(format, args...).At(a.source, a.operation)
}

func (a Answer) violation(err error) *fault.Error {
	return fault.Wrap(fault.SourceContractViolation, err).At(a.source, a.operation)
}

// decode checks that what the contract requires is there, which Go types cannot tell once they are filled, and fills v. A value of
// the shape opaque is left to options.
func decode[T any](body []byte, v *T, opaque *shape, options json.Options) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if err := shapeOf[T]().check(dec, opaque); err != nil {
		return err
	}
	if options == nil {
		return json.Unmarshal(body, v)
	}
	return json.Unmarshal(body, v, options)
}
