package exec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// Write appends what a marshaler writes.
func (w *Writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// WriteString appends what a marshaler writes.
func (w *Writer) WriteString(s string) (int, error) {
	w.buf = append(w.buf, s...)
	return len(s), nil
}

// Raw writes JSON that is known to be right, and gives true.
func (w *Writer) Raw(json string) bool {
	w.buf = append(w.buf, json...)
	return true
}

// Bool writes a boolean and gives true.
func (w *Writer) Bool(v bool) bool {
	w.buf = strconv.AppendBool(w.buf, v)
	return true
}

// Int writes a number and gives true.
func (w *Writer) Int(v int64) bool {
	w.buf = strconv.AppendInt(w.buf, v, 10)
	return true
}

// Uint writes a number and gives true.
func (w *Writer) Uint(v uint64) bool {
	w.buf = strconv.AppendUint(w.buf, v, 10)
	return true
}

// Float writes a number and gives true; infinities and what is no number fail, and give false.
func (w *Writer) Float(f *Field, v float64) bool {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		w.Fail(f, errors.New("an infinite number, or none, cannot be written"))
		return false
	}
	w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
	return true
}

// plain are the bytes that stand in a JSON string as they are.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return table
}()

// plainWord says the same of eight bytes at once. Each difference has the highest bit of a byte set where that byte is below the bound, or
// of a byte before it that borrows, in which case there is one that is not plain too.
func plainWord(word uint64) bool {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^'"'*ones, word^'\\'*ones
	special := word | (word-' '*ones)&^word | (quote-ones)&^quote | (backslash-ones)&^backslash
	return special&highest == 0
}

const hexadecimal = "0123456789abcdef"

// String writes a string and gives true. What is no UTF-8 in it is replaced by U+FFFD, since JSON is UTF-8 (RFC 8259, section 8.1).
func (w *Writer) String(s string) bool {
	b := w.buf
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		for i+8 <= len(s) && plainWord(binary.LittleEndian.Uint64([]byte(s[i:i+8]))) {
			i += 8
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			b = append(append(b, s[from:i]...), "\uFFFD"...)
			i++
			from = i
			continue
		}
		b = append(append(b, s[from:i]...), '\\')
		switch c {
		case '"', '\\':
			b = append(b, c)
		case '\n':
			b = append(b, 'n')
		case '\r':
			b = append(b, 'r')
		case '\t':
			b = append(b, 't')
		default:
			b = append(b, 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&0xf])
		}
		i++
		from = i
	}
	w.buf = append(append(b, s[from:]...), '"')
	return true
}

// Marshal writes what a marshaler gives, and says whether it did: null, nothing and a panic count as nothing, of which the latter two are
// reported.
func (w *Writer) Marshal(f *Field, m graphql.Marshaler) bool {
	w.failed = false
	if m == graphql.Null || m == nil {
		return false
	}
	return Marshal(w, f, m)
}

// MarshalContext is Marshal for marshalers that may fail.
func (w *Writer) MarshalContext(f *Field, m graphql.ContextMarshaler) bool {
	w.failed = false
	if m == nil || m == graphql.ContextMarshaler(graphql.Null) {
		return false
	}
	return MarshalContext(w, f, m)
}

// Marshal is Writer.Marshal for values that marshal themselves.
func Marshal[M graphql.Marshaler](w *Writer, f *Field, m M) bool {
	return w.marshal(f, func() error {
		m.MarshalGQL(w)
		return nil
	})
}

// MarshalContext is Writer.MarshalContext for values that marshal themselves.
func MarshalContext[M graphql.ContextMarshaler](w *Writer, f *Field, m M) bool {
	return w.marshal(f, func() error {
		return m.MarshalGQLContext(graphql.WithFieldContext(w.ctx, &graphql.FieldContext{Object: f.objectName(), Field: f.collected}), w)
	})
}

func (w *Writer) marshal(f *Field, write func() error) (good bool) {
	w.failed = false
	start, depth := len(w.buf), len(w.indices)
	defer func() {
		if p := recover(); p != nil {
			w.buf, w.indices = w.buf[:start], w.indices[:depth]
			w.Fail(f, w.run.panicked(w.ctx, p))
			good = false
		}
	}()
	err := write()
	switch {
	case err != nil:
		w.buf = w.buf[:start]
		w.Fail(f, err)
		return false
	case len(w.buf) == start:
		w.Fail(f, fmt.Errorf("the scalar of %s wrote nothing", f.name()))
		return false
	case string(w.buf[start:]) == "null":
		w.buf = w.buf[:start]
		return false
	}
	return true
}
