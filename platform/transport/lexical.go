package transport

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// lexical refuses what gqlparser's lexer takes in a document and GraphQL has not: bytes that are no text, numbers with names behind them,
// halves of characters in strings, and quotes behind block strings. Everything else that is wrong is for the parser to say.
func lexical(text string) error {
	if !utf8.ValidString(text) {
		return gqlerror.Errorf("Invalid character: the document is not UTF-8.")
	}
	s := scanner{text: text}
	s.scan()
	if s.wrong == "" {
		return nil
	}
	before := text[:s.at]
	line, start := 1, 0
	for i := range len(before) {
		if c := before[i]; c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			line, start = line+1, i+1
		}
	}
	return gqlerror.ErrorLocf("", line, utf8.RuneCountInString(before[start:])+1, "%s", s.wrong)
}

// blockStrings gives the values of a document's block strings (https://spec.graphql.org/September2025/#BlockStringValue()), which gqlparser
// indents by their first line too. The key is where gqlparser says that the string starts.
func blockStrings(text string) map[int]string {
	s := scanner{text: text, blocks: map[int]string{}}
	s.scan()
	return s.blocks
}

// scanner reads the tokens of a document that lexical and blockStrings are about, and passes over others.
type scanner struct {
	text   string
	at     int // a byte
	wrong  string
	blocks map[int]string // nil if nobody wants them

	counted, runes int // up to which byte characters are counted, and how many
}

func (s *scanner) scan() {
	for s.at < len(s.text) && s.wrong == "" {
		switch c := s.text[s.at]; {
		case c == '#':
			s.skipTo("\n\r")
		case c == '"' && strings.HasPrefix(s.text[s.at:], `"""`):
			s.block()
		case c == '"':
			s.string()
		case c == '-' || c >= '0' && c <= '9':
			s.number()
		case isName(c):
			s.skip(isNameOrDigit)
		default:
			s.at++
		}
	}
}

func (s *scanner) skip(accepted func(byte) bool) {
	for s.at < len(s.text) && accepted(s.text[s.at]) {
		s.at++
	}
}

func (s *scanner) skipTo(any string) {
	if i := strings.IndexAny(s.text[s.at:], any); i >= 0 {
		s.at += i
	} else {
		s.at = len(s.text)
	}
}

func isName(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameOrDigit(c byte) bool { return isName(c) || isDigit(c) }

// number passes over a number, and refuses one that goes over into something else.
func (s *scanner) number() {
	s.at++ // the sign, or a digit
	s.skip(isDigit)
	if s.next("..") { // of a spread
		return
	}
	if s.next(".") {
		s.at++
		s.skip(isDigit)
	}
	if s.next("e") || s.next("E") {
		s.at++
		if s.next("+") || s.next("-") {
			s.at++
		}
		s.skip(isDigit)
	}
	if s.at < len(s.text) && (isName(s.text[s.at]) || s.text[s.at] == '.') {
		s.wrong = fmt.Sprintf("Invalid number, expected digit but got: %q.", s.text[s.at:s.at+1])
	}
}

func (s *scanner) next(text string) bool { return strings.HasPrefix(s.text[s.at:], text) }

// string passes over a string, and refuses an escape that is half a character.
func (s *scanner) string() {
	s.at++
	for {
		s.skipTo("\"\\\n\r")
		switch {
		case !s.next(`\`): // the end, or a line's, which the parser refuses
			s.at = min(s.at+1, len(s.text))
			return
		case !s.next(`\u`) || s.next(`\u{`):
			s.at = min(s.at+2, len(s.text))
		case s.half(0xdc00):
			s.wrong = "Invalid Unicode escape sequence: " + s.escape() + "."
			return
		case s.half(0xd800):
			lead := s.escape()
			s.at += len(lead)
			if !s.half(0xdc00) {
				s.at -= len(lead)
				s.wrong = "Invalid Unicode escape sequence: " + lead + "."
				return
			}
			s.at += len(lead)
		default:
			s.at += 2
		}
	}
}

// escape gives an escape of four digits that is next.
func (s *scanner) escape() string { return s.text[s.at:min(s.at+6, len(s.text))] }

// half says whether an escape of the first or the second half of a character is next, by the number of the first of these halves.
func (s *scanner) half(first uint64) bool {
	text := s.escape()
	if len(text) < 6 || text[:2] != `\u` {
		return false
	}
	r, err := strconv.ParseUint(text[2:], 16, 16)
	return err == nil && r >= first && r < first+0x400
}

// block passes over a block string, and keeps its value.
func (s *scanner) block() {
	start := s.position()
	s.at += 3
	var raw strings.Builder
	for from := s.at; ; {
		s.skipTo("\"\\\r")
		if s.at == len(s.text) {
			return // without an end, which the parser refuses
		}
		switch {
		case s.next(`\"""`):
			raw.WriteString(s.text[from:s.at] + `"""`)
			s.at += 4
			from = s.at
		case s.next("\r"):
			raw.WriteString(s.text[from:s.at] + "\n")
			if s.next("\r\n") {
				s.at++
			}
			s.at++
			from = s.at
		case s.next(`"""`):
			raw.WriteString(s.text[from:s.at])
			s.at += 3
			if s.next(`"`) {
				s.wrong = "Unexpected quote after a block string."
			}
			if s.blocks != nil {
				s.blocks[start] = blockString(raw.String())
			}
			return
		default:
			s.at++
		}
	}
}

// position gives how many characters are before the next one, which is how gqlparser says where something stands.
func (s *scanner) position() int {
	if s.blocks != nil {
		s.runes += utf8.RuneCountInString(s.text[s.counted:s.at])
		s.counted = s.at
	}
	return s.runes
}

// blockString gives the value of a block string whose lines end in line feeds: without the indentation that all lines but the first share,
// and without blank lines around.
func blockString(raw string) string {
	lines := strings.Split(raw, "\n")
	indent := math.MaxInt
	for _, line := range lines[1:] {
		if text := strings.TrimLeft(line, " \t"); text != "" {
			indent = min(indent, len(line)-len(text))
		}
	}
	for i := 1; i < len(lines); i++ {
		lines[i] = lines[i][min(indent, len(lines[i])):]
	}
	blank := func(line string) bool { return strings.Trim(line, " \t") == "" }
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}
