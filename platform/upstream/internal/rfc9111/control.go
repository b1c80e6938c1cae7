// Package rfc9111 says what HTTP's rules of caching make of an answer: RFC 9111, and RFC 5861 for answers that are not fresh. It does no
// I/O and has no clock: times are arguments. Where a service says something that nobody can read, or two things that contradict each other,
// it counts as what has less kept for less long.
package rfc9111

import (
	"strings"
	"time"
)

// Control is what an answer's Cache-Control says, of what matters here. Of "public" and "immutable" nothing follows: what is kept is kept
// apart by caller, and a client who wants to know what the service says now is not told that it cannot have changed.
type Control struct {
	NoStore        bool
	NoCache        bool // also if it is said of some fields only: no field is kept that could be left out
	Private        bool // likewise
	MustRevalidate bool // or proxy-revalidate

	MaxAge          Seconds
	SharedMaxAge    Seconds
	WhileRevalidate Seconds
	IfError         Seconds
}

// Seconds is a number of seconds that may not be given.
type Seconds struct {
	Given bool
	Value time.Duration
}

// maxSeconds is what larger numbers count as (section 1.2.2).
const maxSeconds = 1 << 31

// ParseControl reads the values of the Cache-Control fields of an answer. Directives that it does not know mean nothing. Of what is given
// twice, the less counts; a number that is none is 0; and what ends within quotes is not to be stored.
func ParseControl(fields []string) Control {
	var c Control
	for _, field := range fields {
		for {
			name, value, rest, ok := directive(field)
			if !ok {
				c.NoStore = true
			}
			if !ok || name == "" && rest == "" {
				break
			}
			c.add(name, value)
			field = rest
		}
	}
	return c
}

func (c *Control) add(name, value string) {
	switch strings.ToLower(name) {
	case "no-store":
		c.NoStore = true
	case "no-cache":
		c.NoCache = true
	case "private":
		c.Private = true
	case "must-revalidate", "proxy-revalidate":
		c.MustRevalidate = true
	case "max-age":
		c.MaxAge.lower(value)
	case "s-maxage":
		c.SharedMaxAge.lower(value)
	case "stale-while-revalidate":
		c.WhileRevalidate.lower(value)
	case "stale-if-error":
		c.IfError.lower(value)
	}
}

// lower notes a number if it is the first or less than the one before.
func (s *Seconds) lower(value string) {
	n := parseSeconds(value)
	if !s.Given || n < s.Value {
		*s = Seconds{true, n}
	}
}

const space = " \t"

// directive cuts the first directive off a field. Its value is without quotes, empty if there is none. It is not ok if the quotes do not end.
func directive(field string) (name, value, rest string, ok bool) {
	field = strings.TrimLeft(field, space+",")
	end := strings.IndexAny(field, "=,")
	if end < 0 {
		return strings.TrimRight(field, space), "", "", true
	}
	name, rest = field[:end], field[end+1:]
	if field[end] == ',' {
		return strings.TrimRight(name, space), "", rest, true
	}
	if strings.HasPrefix(rest, `"`) {
		if value, rest, ok = quoted(rest[1:]); !ok {
			return "", "", "", false
		}
	}
	more, rest, _ := strings.Cut(rest, ",")
	value += strings.TrimRight(more, space)
	if trimmed := strings.TrimRight(name, space); trimmed != name {
		name, value = trimmed, " "+value // no space belongs around "=": it is no number then
	}
	return name, value, rest, true
}

// quoted reads up to the quote that ends a string, and takes its escapes away.
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// parseSeconds reads a number of seconds, of nothing but digits. What is none is 0.
func parseSeconds(s string) time.Duration {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = min(n*10+int(s[i]-'0'), maxSeconds)
	}
	return time.Duration(n) * time.Second
}
