package redact

import "strings"

// hiding makes a text of which parts are hidden, from its beginning to its end.
type hiding struct {
	text string
	safe strings.Builder
	from int // what is not in safe yet
}

// hide hides a part, which begins where the last one has ended, or later.
func (h *hiding) hide(begin, end int) {
	h.safe.WriteString(h.text[h.from:begin])
	h.safe.WriteString(Hidden)
	h.from = end
}

// String gives the text. Nothing is hidden of it later.
func (h *hiding) String() string {
	if h.from == 0 {
		return h.text
	}
	h.safe.WriteString(h.text[h.from:])
	return h.safe.String()
}
