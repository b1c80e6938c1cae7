package strictjson

import (
	"encoding"
	stdjson "encoding/json"
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// kind is how a value is read.
type kind uint8

const (
	foreign    kind = iota // by the library: what has methods of its own, and everything that contracts do not become
	text                   // a string
	integer                // a signed number of any size
	unsigned               // an unsigned one
	decimal                // a float
	boolean                // true or false
	moment                 // a time.Time
	wording                // what reads itself from a string, such as a UUID
	list                   // a slice
	object                 // a struct
	dictionary             // a map by strings
)

// shape is a type, seen as JSON. Generated types say it by their tags: a member without "omitempty" is required, and one that is no pointer
// is not null.
type shape struct {
	kind     kind
	typ      reflect.Type
	bits     int            // of a number
	elem     slot           // of a list or a dictionary
	members  []member       // of an object, as are the following
	byName   map[string]int // the members' numbers
	required set            // of the members' numbers
	hints    int            // where a reader's hints about it begin
}

// slot is what a value is put into.
type slot struct {
	shape    *shape
	pointer  bool
	nullable bool
}

type member struct {
	slot
	name     string
	quoted   string // as it mostly stands in an answer
	field    int    // its index in the struct
	required bool
}

// plan is how a type and everything in it is read.
type plan struct {
	root  slot
	hints []uint16 // what a reader starts with: that members come in the struct's order
}

var plans sync.Map // of *plan, by reflect.Type

func planOf[T any]() *plan {
	t := reflect.TypeFor[T]()
	known, ok := plans.Load(t)
	if !ok {
		b := builder{made: map[reflect.Type]*shape{}}
		root := b.slot(t)
		known, _ = plans.LoadOrStore(t, &plan{root: root, hints: b.hints})
	}
	return known.(*plan)
}

// builder makes the shapes of one plan.
type builder struct {
	made  map[reflect.Type]*shape
	hints []uint16
}

func (b *builder) slot(t reflect.Type) slot {
	if t.Kind() == reflect.Pointer {
		return slot{shape: b.shape(t.Elem()), pointer: true, nullable: true}
	}
	return slot{shape: b.shape(t)}
}

var (
	unmarshaler     = reflect.TypeFor[stdjson.Unmarshaler]()
	unmarshalerFrom = reflect.TypeFor[json.UnmarshalerFrom]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (b *builder) shape(t reflect.Type) *shape {
	if s, ok := b.made[t]; ok {
		return s
	}
	s := &shape{typ: t}
	b.made[t] = s // before it is complete: types may be recursive
	switch p := reflect.PointerTo(t); {
	case t == reflect.TypeFor[time.Time]():
		s.kind = moment
	case p.Implements(unmarshaler) || p.Implements(unmarshalerFrom):
		s.kind = foreign
	case p.Implements(textUnmarshaler):
		s.kind = wording
	default:
		b.fill(s)
	}
	return s
}

// fill makes the shape of a type without methods that matter.
func (b *builder) fill(s *shape) {
	switch t := s.typ; t.Kind() {
	case reflect.String:
		s.kind = text
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.kind, s.bits = integer, t.Bits()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.kind, s.bits = unsigned, t.Bits()
	case reflect.Float32, reflect.Float64:
		s.kind, s.bits = decimal, t.Bits()
	case reflect.Bool:
		s.kind = boolean
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 { // bytes are a string, in base64
			s.kind, s.elem = list, b.slot(t.Elem())
		}
	case reflect.Map:
		if t.Key() == reflect.TypeFor[string]() {
			s.kind, s.elem = dictionary, b.slot(t.Elem())
		}
	case reflect.Struct:
		b.fillObject(s)
	default: // foreign
	}
}

func (b *builder) fillObject(s *shape) {
	var members []member
	for f := range s.typ.Fields() {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous, strings.HasPrefix(name, "'"), options != "" && options != "omitempty" && options != "omitzero":
			return // foreign: contracts do not become such
		case name == "":
			name = f.Name
		}
		m := member{slot: b.slot(f.Type), name: name, quoted: `"` + name + `"`, field: f.Index[0], required: options == ""}
		m.nullable = m.nullable || !m.required // null is as good as absent
		members = append(members, m)
	}
	s.kind, s.members, s.byName = object, members, make(map[string]int, len(members))
	s.required = make(set, (len(members)+63)/64)
	s.hints = len(b.hints)
	for i, m := range members {
		s.byName[m.name] = i
		if m.required {
			s.required.add(i)
		}
		b.hints = append(b.hints, uint16(i))
	}
	b.hints = append(b.hints, 0) // after the last one
}

// set is a set of small numbers.
type set []uint64

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

// firstNotIn gives the first number in s that is not in other, or -1. other is as long as s at least.
func (s set) firstNotIn(other set) int {
	for i, word := range s {
		if word &^= other[i]; word != 0 {
			return i*64 + bits.TrailingZeros64(word)
		}
	}
	return -1
}
