package upstream

import (
	"encoding"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// shape is what presence of members can be checked by: a contract's type, seen as JSON. Generated types say it by their tags: a
// member without "omitempty" is required, and one that is no pointer is not null.
type shape struct {
	fields   map[string]field // of an object
	required uint64           // the bits of the required fields
	elem     *field           // of an array's items or a map's values
}

type field struct {
	shape    *shape
	bit      uint64 // of a required field; 0 for others
	nullable bool
}

// shapes holds each type's shape once made, so that a shape is known by its address.
var (
	shapesMu sync.Mutex
	shapes   = map[reflect.Type]*shape{}
)

func shapeOf[T any]() *shape {
	shapesMu.Lock()
	defer shapesMu.Unlock()
	return makeShape(reflect.TypeFor[T]())
}

var (
	unmarshaler     = reflect.TypeFor[stdjson.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// makeShape gives a type's shape, with shapesMu held.
func makeShape(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := shapes[t]; ok {
		return s
	}
	s := &shape{}
	shapes[t] = s // before its fields are known: types may be recursive
	if p := reflect.PointerTo(t); p.Implements(unmarshaler) || p.Implements(textUnmarshaler) {
		return s // such as time.Time: a leaf
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		s.elem = &field{shape: makeShape(t.Elem()), nullable: t.Elem().Kind() == reflect.Pointer}
	case reflect.Struct:
		s.addFields(t)
	default: // a leaf
	}
	return s
}

func (s *shape) addFields(t reflect.Type) {
	s.fields = make(map[string]field, t.NumField())
	bit := uint64(1)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		fd := field{shape: makeShape(f.Type), nullable: f.Type.Kind() == reflect.Pointer}
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			fd.nullable = true // as good as absent
		} else {
			if bit == 0 {
				panic(fmt.Sprintf("%s has more than 64 required members", t))
			}
			fd.bit = bit
			s.required |= bit
			bit <<= 1
		}
		s.fields[name] = fd
	}
}

// check reads one value and fails if a required member is missing, or null where null is not allowed. Whether values have the
// right type is the decoder's to say.
func (s *shape) check(dec *jsontext.Decoder, opaque *shape) error {
	switch kind := dec.PeekKind(); {
	case s == opaque:
		return dec.SkipValue()
	case kind == 'n':
		return fmt.Errorf("null is not allowed at %q", dec.StackPointer())
	case kind == '{' && s.fields != nil:
		return s.checkObject(dec, opaque)
	case s.elem != nil && (kind == '[' || kind == '{'):
		return s.checkElements(dec, kind, opaque)
	default:
		return dec.SkipValue()
	}
}

func (f field) check(dec *jsontext.Decoder, opaque *shape) error {
	if f.nullable && dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return f.shape.check(dec, opaque)
}

func (s *shape) checkObject(dec *jsontext.Decoder, opaque *shape) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	var present uint64
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		f, known := s.fields[token.String()]
		if !known {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		present |= f.bit
		if err := f.check(dec, opaque); err != nil {
			return err
		}
	}
	if missing := s.required &^ present; missing != 0 {
		return fmt.Errorf("%q is required at %q and missing", s.nameOf(missing), dec.StackPointer())
	}
	_, err := dec.ReadToken()
	return err
}

func (s *shape) checkElements(dec *jsontext.Decoder, kind jsontext.Kind, opaque *shape) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' && dec.PeekKind() != '}' {
		if kind == '{' {
			if err := dec.SkipValue(); err != nil { // the name
				return err
			}
		}
		if err := s.elem.check(dec, opaque); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// nameOf gives the first, by name, of the fields whose bits are set.
func (s *shape) nameOf(bits uint64) string {
	first := ""
	for name, f := range s.fields {
		if f.bit&bits != 0 && (first == "" || name < first) {
			first = name
		}
	}
	return first
}
