package redact

import (
	"regexp"
)

// phone is a telephone number as one dials it from abroad: a plus, and 7 to 15 digits, in groups or not. Without the plus, any number may be one.
var phone = regexp.MustCompile(`(?i)(?:\+|%2b)[1-9](?:(?:[ ()/\-\x{a0}]|%20){0,3}[0-9]){6,14}`)

// withoutPhones hides telephone numbers.
func withoutPhones(text string) string {
	safe := hiding{text: text}
	for _, at := range phone.FindAllStringIndex(text, -1) {
		if at[0] > 0 && isWord(text[at[0]-1]) || at[1] < len(text) && isWord(text[at[1]]) { // a sum, a part of something else, or no number
			continue
		}
		safe.hide(at[0], at[1])
	}
	return safe.String()
}
