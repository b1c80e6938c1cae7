package redact

import (
	"regexp"
	"strings"
)

// phone is a telephone number as one dials it from abroad: a plus, and 7 to 15 digits, in groups or not. Without the plus, any number may be one.
var phone = regexp.MustCompile(`(?i)(?:\+|%2b)[1-9](?:(?:[ ()/\-\x{a0}]|%20){0,3}[0-9]){6,14}`)

// withoutPhones hides telephone numbers.
func withoutPhones(text string) string {
	var safe strings.Builder
	from := 0
	for _, at := range phone.FindAllStringIndex(text, -1) {
		if at[0] > 0 && isWord(text[at[0]-1]) || at[1] < len(text) && isWord(text[at[1]]) { // a sum, a part of something else, or no number
			continue
		}
		safe.WriteString(text[from:at[0]])
		safe.WriteString(Hidden)
		from = at[1]
	}
	if from == 0 {
		return text
	}
	safe.WriteString(text[from:])
	return safe.String()
}
