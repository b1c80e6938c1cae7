package strictjson

import (
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// scanner goes through a document by the grammar of RFC 8259. A misfit that it finds means that the document is no JSON.
type scanner struct {
	data  string
	at    int
	depth int // of objects and lists
}

// maxDepth bounds what a hostile answer can make of the stack. No contract comes near.
const maxDepth = 1000

// next passes over white space and gives the byte after it, 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.data) && s.data[s.at] > ' ' {
		return s.data[s.at]
	}
	return s.afterSpace()
}

func (s *scanner) afterSpace() byte {
	for i := s.at; i < len(s.data); i++ {
		switch c := s.data[i]; c {
		case ' ', '\n', '\t', '\r':
		default:
			s.at = i
			return c
		}
	}
	s.at = len(s.data)
	return 0
}

// unexpected says what is wrong with the byte that the scanner is at, or that there is none.
func (s *scanner) unexpected(why string) *misfit {
	if s.at >= len(s.data) {
		return misfitf("unexpected EOF")
	}
	return misfitf("invalid character %q %s (byte %d)", s.data[s.at], why, s.at)
}

// enter begins an object or a list, and says whether something is in it.
func (s *scanner) enter(end byte) (some bool, noJSON *misfit) {
	s.at++
	if s.next() == end {
		s.at++
		return false, nil
	}
	if s.depth++; s.depth > maxDepth {
		return false, misfitf("nested deeper than %d", maxDepth)
	}
	return true, nil
}

// more comes after a member or an element, and says whether there is another one.
func (s *scanner) more(end byte) (another bool, noJSON *misfit) {
	switch s.next() {
	case ',':
		s.at++
		s.next()
		return true, nil
	case end:
		s.at++
		s.depth--
		return false, nil
	default:
		return false, s.unexpected("after a value")
	}
}

func (s *scanner) colon() *misfit {
	if s.next() != ':' {
		return s.unexpected("after a name")
	}
	s.at++
	return nil
}

// skip passes over a value. It holds the value to the grammar, but not its objects' names to being unique: nobody reads them.
func (s *scanner) skip() *misfit {
	switch c := s.next(); c {
	case '"':
		_, noJSON := s.skipString()
		return noJSON
	case '{', '[':
		return s.skipNested(c)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		_, noJSON := s.longNumber()
		return noJSON
	}
}

func (s *scanner) skipNested(begin byte) *misfit {
	end := begin + 2 // as it happens to be in ASCII
	another, noJSON := s.enter(end)
	for another {
		if begin == '{' {
			if s.next() != '"' {
				return s.unexpected("where a name should be")
			}
			if _, noJSON := s.skipString(); noJSON != nil {
				return noJSON
			}
			if noJSON := s.colon(); noJSON != nil {
				return noJSON
			}
		}
		if noJSON := s.skip(); noJSON != nil {
			return noJSON
		}
		another, noJSON = s.more(end)
	}
	return noJSON
}

// literal reads true, false or null.
func (s *scanner) literal(word string) *misfit {
	for i := range len(word) {
		if s.at == len(s.data) || s.data[s.at] != word[i] {
			return s.unexpected("in a literal")
		}
		s.at++
	}
	return nil
}

// shortInteger reads a number, if it is one of at most 18 digits and nothing else.
func (s *scanner) shortInteger() (n int64, ok bool) {
	i := s.at
	for i < len(s.data) && s.data[i]-'0' <= 9 && i-s.at <= 18 {
		n = 10*n + int64(s.data[i]-'0')
		i++
	}
	length := i - s.at
	if length == 0 || length > 18 || length > 1 && s.data[s.at] == '0' || i == len(s.data) {
		return 0, false
	}
	if c := s.data[i]; c == '.' || c|0x20 == 'e' {
		return 0, false
	}
	s.at = i
	return n, true
}

// longNumber reads any number.
func (s *scanner) longNumber() (string, *misfit) {
	start := s.at
	s.oneOf('-', '-')
	if !s.oneOf('0', '0') && !s.digits() {
		return "", s.unexpected("at the beginning of a value")
	}
	if s.oneOf('.', '.') && !s.digits() {
		return "", s.unexpected("in a number")
	}
	if s.oneOf('e', 'E') {
		s.oneOf('-', '+')
		if !s.digits() {
			return "", s.unexpected("in a number")
		}
	}
	return s.data[start:s.at], nil
}

// oneOf passes over a byte, if it is a or b.
func (s *scanner) oneOf(a, b byte) bool {
	if s.at == len(s.data) || s.data[s.at] != a && s.data[s.at] != b {
		return false
	}
	s.at++
	return true
}

// digits passes over digits, and says whether there are any.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && s.data[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > start
}

// skipString passes over a string, and says whether something in it is escaped.
func (s *scanner) skipString() (escaped bool, noJSON *misfit) {
	i := s.at + 1
	for {
		i = plainUntil(s.data, i)
		s.at = i
		if i >= len(s.data) {
			return false, s.unexpected("")
		}
		switch c := s.data[i]; {
		case c == '"':
			s.at++
			return escaped, nil
		case c == '\\':
			n := escape(s.data[i:])
			if n == 0 {
				return false, s.unexpected("without what it escapes")
			}
			escaped = true
			i += n
		case c < ' ':
			return false, s.unexpected("in a string")
		default:
			r, n := utf8.DecodeRuneInString(s.data[i:])
			if r == utf8.RuneError && n == 1 {
				return false, s.unexpected("that is not UTF-8")
			}
			i += n
		}
	}
}

// escape gives the length of the escape at the beginning of s: 0 if it is none, or half a surrogate pair.
func escape(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	}
	switch r := codeUnit(s); {
	case r < 0 || r >= 0xdc00 && r < 0xe000:
		return 0
	case r < 0xd800 || r >= 0xe000:
		return 6
	}
	if low := codeUnit(s[6:]); low < 0xdc00 || low >= 0xe000 {
		return 0
	}
	return 12
}

// codeUnit gives the number in an escape such as \u00df at the beginning of s: -1 if there is none.
func codeUnit(s string) int {
	if len(s) < 6 || s[:2] != `\u` {
		return -1
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// plainUntil gives the first place from i on where a string has something else than a character of ASCII that stands for itself, which is a
// quote, a backslash, a control character or a part of a longer character. It looks at eight bytes at once: subtracting what is looked
// for brings up the top bit of the first byte that is it or, for control characters, below it; bytes with a top bit of their own count too.
func plainUntil(s string, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := word(s[i:])
		found := (w ^ ones*'"' - ones) | (w ^ ones*'\\' - ones) | (w - ones*' ') | w
		if found &= tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// word gives the first eight bytes of s, the first one lowest. The compiler makes one load of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
