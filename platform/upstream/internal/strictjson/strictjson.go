// Package strictjson reads JSON into the Go types that contracts become, and fails where it does not fit them. In the same pass it tells
// what Go types cannot tell once they are filled: that a member is missing, is null, or is there twice.
package strictjson

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Unmarshal reads a document into v, which must be zero. It fails if the document is not JSON of that type, lacks a required member, has one
// twice, or has null where that is not allowed; its error says where, as a JSON pointer. Members that the type does not know are passed over.
// Strings in v are parts of data, so each of them keeps all of it in memory. It is safe for concurrent use.
func Unmarshal[T any](data string, v *T) error {
	return UnmarshalItems[T, T](data, v, nil)
}

// UnmarshalItems is Unmarshal for a document in which each Item may be broken by itself: broken is told its number, counted from 0, and what is
// wrong with it. As much of it as can be read is filled in, and reading goes on.
func UnmarshalItems[T, Item any](data string, v *T, broken func(n int, err error)) error {
	p := planOf[T]()
	r := reader{scanner: scanner{data: data}, hints: slices.Clone(p.hints)}
	if broken != nil {
		r.item, r.broken = reflect.TypeFor[Item](), broken
	}
	if wrong := r.value(p.root, reflect.ValueOf(v).Elem()); wrong != nil {
		return wrong
	}
	if r.next(); r.at < len(r.data) {
		return r.unexpected("after top-level value")
	}
	return nil
}

// misfit is what is wrong with a document.
type misfit struct {
	what   string
	where  string // as a JSON pointer
	spoils bool   // the whole document, and not just the item that it is in
}

// Error says what is wrong and where. It quotes little of the document.
func (m *misfit) Error() string { return fmt.Sprintf("%s at %.300q", m.what, m.where) }

func misfitf(format string, args ...any) *misfit {
	return &misfit{what: fmt.Sprintf(format, args...)}
}

func duplicate(name string) *misfit {
	return &misfit{what: fmt.Sprintf("duplicate %.100q", name), spoils: true} // nobody knows which one is meant, and it may be an item's key
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// in says of a misfit that it is in a member or an element.
func (m *misfit) in(name string) *misfit {
	if m != nil {
		m.where = "/" + pointerEscapes.Replace(name) + m.where
	}
	return m
}
