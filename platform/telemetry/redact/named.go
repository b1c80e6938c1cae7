package redact

import "strings"

// withoutNamed hides the values that stand behind the name of a secret: as in `token=…`, `"password": "…"` and `Authorization: …`.
func withoutNamed(text string) string {
	safe := hiding{text: text}
	for i := 0; i < len(text); i++ {
		width := assigns(text[i:])
		if width == 0 {
			continue
		}
		name := nameBefore(text[safe.from:i])
		if !Name(name) {
			continue
		}
		start, end := valueAfter(text, i+width, isHeader(name))
		if start == end || text[start:end] == Hidden {
			continue
		}
		safe.hide(start, end)
		i = end - 1
	}
	return safe.String()
}

// assigns gives how long the sign is that a text begins with and that stands between a name and its value; 0 if it begins with none.
func assigns(text string) int {
	switch {
	case text[0] == ':' || text[0] == '=':
		return 1
	case text[0] == '%' && len(text) > 2 && text[1] == '3' && (lower(text[2]) == 'd' || lower(text[2]) == 'a'):
		return len("%3D")
	default:
		return 0
	}
}

// nameBefore gives the words that a text ends in.
func nameBefore(text string) string {
	text = strings.TrimRight(text, " \t\"'\\]")
	begin := len(text)
	for begin > 0 {
		c := lower(text[begin-1])
		if !isSpacing(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			break
		}
		begin--
	}
	return text[begin:]
}

// isHeader says whether a secret has spaces in it, as those of headers have.
func isHeader(name string) bool {
	return endsIn(name, "authorization") || endsIn(name, "cookie") || endsIn(name, "cookies")
}

// valueAfter gives where the value is that stands at a place of the text or behind it: of a list or an object, what is in it.
func valueAfter(text string, at int, header bool) (start, end int) {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	quote := at
	for quote < len(text) && text[quote] == '\\' {
		quote++
	}
	if quote < len(text) && (text[quote] == '"' || text[quote] == '\'') {
		return quote + 1, quote + 1 + quoted(text[quote+1:], text[quote], quote-at)
	}
	rest := at
	switch {
	case strings.HasPrefix(text[at:], Hidden): // and what may stand behind it
		rest += len(Hidden)
	case strings.HasPrefix(text[at:], "["), strings.HasPrefix(text[at:], "{"):
		return at + 1, at + 1 + bracketed(text[at+1:])
	}
	stops := " \t\r\n\"'<>&"
	if header {
		stops = "\r\n\"]"
	}
	if length := strings.IndexAny(text[rest:], stops); length >= 0 {
		return at, rest + length
	}
	return at, len(text)
}

// bracketed gives how long a text is until what has opened before it is closed.
func bracketed(text string) int {
	open, backslashes := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			backslashes++
			continue
		case '"':
			i += 1 + quoted(text[i+1:], '"', backslashes)
		case '[', '{':
			open++
		case ']', '}':
			if open--; open == 0 {
				return i
			}
		}
		backslashes = 0
	}
	return len(text)
}

// quoted gives how long a value is that ends with a quote behind so many backslashes, as it began.
func quoted(text string, quote byte, backslashes int) int {
	before := 0
	for i := range len(text) {
		switch {
		case text[i] == '\\':
			before++
			continue
		case text[i] == quote && before <= backslashes:
			return i - before
		}
		before = 0
	}
	return len(text)
}
