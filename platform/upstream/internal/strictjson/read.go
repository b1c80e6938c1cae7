package strictjson

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// reader fills values with what a document says. It uses reflection for the places that values are put into, and for nothing else; what it puts
// there has the place's own kind.
type reader struct {
	scanner
	unquoted []byte       // what an escaped string is unquoted into
	hints    []uint16     // which member came after which, the last time: objects of one kind mostly have one order
	item     reflect.Type // nil without items, and within one
	items    int          // so far
	misfits  int          // items that did not fit, so far
	broken   func(n int, err error)
}

// maxMisfits bounds what a hostile answer can make of items that do not fit: each costs more than it is long.
const maxMisfits = 1000

// value reads one value into v, which is zero.
func (r *reader) value(to slot, v reflect.Value) *misfit {
	begin := r.next()
	if begin == 'n' && to.nullable {
		return r.literal("null")
	}
	if to.pointer {
		p := reflect.New(to.shape.typ)
		v.Set(p)
		v = p.Elem()
	}
	if to.shape.typ == r.item {
		return r.itemValue(begin, to.shape, v)
	}
	return r.notNull(begin, to.shape, v)
}

// itemValue reads an item. Of one that does not fit, it reads what the library can read.
func (r *reader) itemValue(begin byte, s *shape, v reflect.Value) *misfit {
	n, start, depth := r.items, r.at, r.depth
	r.items++
	r.item = nil
	wrong := r.notNull(begin, s, v)
	r.item = s.typ
	if wrong == nil || wrong.spoils {
		return wrong
	}
	if r.misfits++; r.misfits > maxMisfits {
		return &misfit{what: "too many items do not fit: " + wrong.what, where: wrong.where, spoils: true}
	}
	r.at, r.depth = start, depth
	if noJSON := r.skip(); noJSON != nil {
		return noJSON
	}
	v.SetZero()
	_ = json.Unmarshal([]byte(r.data[start:r.at]), v.Addr().Interface()) // for its key, if it has one
	r.broken(n, wrong)
	return nil
}

// notNull reads a value that must not be null. begin is its first byte.
func (r *reader) notNull(begin byte, s *shape, v reflect.Value) *misfit {
	switch s.kind {
	case text:
		if begin == '"' {
			str, wrong := r.str()
			v.SetString(str)
			return wrong
		}
	case object:
		if begin == '{' {
			return r.object(s, v)
		}
	case list:
		if begin == '[' {
			return r.list(s, v)
		}
	case dictionary:
		if begin == '{' {
			return r.dictionary(s, v)
		}
	case integer, unsigned, decimal:
		if begin == '-' || begin-'0' <= 9 {
			return r.number(s, v)
		}
	case boolean:
		if begin == 't' || begin == 'f' {
			v.SetBool(begin == 't')
			return r.skip()
		}
	case moment, wording:
		if begin == '"' {
			return r.wording(s, v)
		}
	case foreign:
		if begin != 'n' {
			return r.foreign(s, v)
		}
	}
	return r.otherType(begin, s)
}

// otherType says what is wrong with a value that does not begin as one of its type does.
func (r *reader) otherType(begin byte, s *shape) *misfit {
	if noJSON := r.skip(); noJSON != nil {
		return noJSON
	}
	if begin == 'n' {
		return misfitf("null is not allowed")
	}
	return misfitf("not a value of %s", s.typ)
}

// str reads a string.
func (r *reader) str() (string, *misfit) {
	start := r.at
	escaped, wrong := r.skipString()
	if wrong != nil {
		return "", wrong
	}
	if !escaped {
		return r.data[start+1 : r.at-1], nil
	}
	var err error
	if r.unquoted, err = appendUnquoted(r.unquoted[:0], r.data[start:r.at]); err != nil {
		return "", misfitf("%.200s", err)
	}
	return string(r.unquoted), nil
}

// letters are what the short escapes stand for (RFC 8259, section 7).
var letters = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendUnquoted appends what a string that is JSON says. Strings with escapes by number are the library's.
func appendUnquoted(b []byte, quoted string) ([]byte, error) {
	start, rest := len(b), quoted[1:len(quoted)-1]
	for {
		i := strings.IndexByte(rest, '\\')
		if i < 0 {
			return append(b, rest...), nil
		}
		letter := letters[rest[i+1]]
		if letter == 0 {
			return jsontext.AppendUnquote(b[:start], quoted)
		}
		b = append(append(b, rest[:i]...), letter)
		rest = rest[i+2:]
	}
}

// wording reads what reads itself from a string.
func (r *reader) wording(s *shape, v reflect.Value) *misfit {
	str, wrong := r.str()
	if wrong != nil {
		return wrong
	}
	var err error
	if s.kind == moment {
		err = v.Addr().Interface().(*time.Time).UnmarshalText([]byte(str)) // here the compiler sees that no memory is needed
	} else {
		err = v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(str))
	}
	if err != nil {
		return misfitf("not a value of %s: %.200s", s.typ, err)
	}
	return nil
}

func (r *reader) number(s *shape, v reflect.Value) *misfit {
	if s.kind == integer {
		start := r.at
		if n, ok := r.shortInteger(); ok && !v.OverflowInt(n) {
			v.SetInt(n)
			return nil
		}
		r.at = start
	}
	digits, wrong := r.longNumber()
	if wrong != nil {
		return wrong
	}
	var err error
	switch s.kind {
	case integer:
		var n int64
		n, err = strconv.ParseInt(digits, 10, s.bits)
		v.SetInt(n)
	case unsigned:
		var n uint64
		n, err = strconv.ParseUint(digits, 10, s.bits)
		v.SetUint(n)
	default:
		var n float64
		n, err = strconv.ParseFloat(digits, s.bits)
		v.SetFloat(n)
	}
	if err != nil {
		return misfitf("%.40s is not a value of %s", digits, s.typ)
	}
	return nil
}

// foreign leaves a value to the library.
func (r *reader) foreign(s *shape, v reflect.Value) *misfit {
	start := r.at
	if noJSON := r.skip(); noJSON != nil {
		return noJSON
	}
	if err := json.Unmarshal([]byte(r.data[start:r.at]), v.Addr().Interface()); err != nil {
		return misfitf("not a value of %s: %.200s", s.typ, err)
	}
	return nil
}

func (r *reader) list(s *shape, v reflect.Value) *misfit {
	start, n := r.at, 0
	another, wrong := r.enter(']')
	for another {
		if n == v.Len() {
			v.Grow(r.room(n, start))
			v.SetLen(v.Cap())
		}
		if wrong := r.value(s.elem, v.Index(n)); wrong != nil {
			return wrong.in(strconv.Itoa(n))
		}
		n++
		another, wrong = r.more(']')
	}
	if n == 0 {
		v.Set(reflect.MakeSlice(s.typ, 0, 0)) // nil is for a list that is absent
	}
	v.SetLen(n)
	return wrong
}

// room says for how many more elements a list that began at start, and has n, is to have room. The list that a document is about, which is
// not within others, mostly goes on to the end with elements as long as the first ones.
func (r *reader) room(n, start int) int {
	if n == 0 || r.depth > 2 {
		return 1 // which doubles it
	}
	rest := int64(n) * int64(len(r.data)-r.at) / int64(r.at-start)
	return int(min(rest+rest/8+1, 256))
}

func (r *reader) object(s *shape, v reflect.Value) *misfit {
	var few [2]uint64
	seen := set(few[:])
	if len(s.required) > len(few) {
		seen = make(set, len(s.required))
	}
	hint := s.hints
	another, wrong := r.enter('}')
	for another {
		i, noJSON := r.memberName(s, hint)
		switch {
		case noJSON != nil:
			return noJSON
		case i < 0:
			wrong = r.skip()
		case seen.has(i):
			return duplicate(s.members[i].name)
		default:
			seen.add(i)
			hint = s.hints + 1 + i
			m := &s.members[i]
			wrong = r.value(m.slot, v.Field(m.field)).in(m.name)
		}
		if wrong != nil {
			return wrong
		}
		another, wrong = r.more('}')
	}
	if wrong != nil {
		return wrong
	}
	if missing := s.required.firstNotIn(seen); missing >= 0 {
		return misfitf("%q is required and missing", s.members[missing].name)
	}
	return nil
}

// memberName reads a member's name and the colon, and gives the member's number: -1 for one that the type does not know.
func (r *reader) memberName(s *shape, hint int) (int, *misfit) {
	if i := int(r.hints[hint]); i < len(s.members) && strings.HasPrefix(r.data[r.at:], s.members[i].quoted) {
		r.at += len(s.members[i].quoted)
		return i, r.colon()
	}
	name, wrong := r.name()
	if wrong != nil {
		return 0, wrong
	}
	i, known := s.byName[name]
	if !known {
		return -1, nil
	}
	r.hints[hint] = uint16(i) //nolint:gosec // no struct has so many fields
	return i, nil
}

// name reads any member's name and the colon.
func (r *reader) name() (string, *misfit) {
	if r.next() != '"' {
		return "", r.unexpected("where a name should be")
	}
	name, wrong := r.str()
	if wrong != nil {
		return "", wrong
	}
	return name, r.colon()
}

func (r *reader) dictionary(s *shape, v reflect.Value) *misfit {
	v.Set(reflect.MakeMap(s.typ))
	another, wrong := r.enter('}')
	for another {
		name, noJSON := r.name()
		if noJSON != nil {
			return noJSON
		}
		key, elem := reflect.ValueOf(name), reflect.New(s.typ.Elem()).Elem()
		if v.MapIndex(key).IsValid() {
			return duplicate(name)
		}
		if wrong := r.value(s.elem, elem); wrong != nil {
			return wrong.in(name)
		}
		v.SetMapIndex(key, elem)
		another, wrong = r.more('}')
	}
	return wrong
}
