package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Problems gives what is wrong with a document for people: each error with its place in the text, and an excerpt from it. The name is the document's, such as
// that of a file.
func Problems(name, text string, errs gqlerror.List) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var b strings.Builder
	for i, err := range errs {
		if i > 0 {
			b.WriteString("\n")
		}
		place := name
		if len(err.Locations) > 0 {
			place += fmt.Sprintf(":%d:%d", err.Locations[0].Line, err.Locations[0].Column)
		} else if len(err.Path) > 0 {
			place += ": " + err.Path.String()
		}
		says := place + ": " + err.Message
		if code, ok := err.Extensions["code"].(string); ok {
			says += " (" + code + ")"
		}
		for _, line := range split(says, width) {
			b.WriteString(line + "\n")
		}
		for _, l := range err.Locations {
			excerpt(&b, lines, l)
		}
	}
	return b.String()
}

// excerpt prints a line of the text, or what there is room for, and marks a place in it.
func excerpt(b *strings.Builder, lines []string, at gqlerror.Location) {
	if at.Line < 1 || at.Line > len(lines) {
		return
	}
	head := fmt.Sprintf("%5d | ", at.Line)
	line := []rune(strings.ReplaceAll(lines[at.Line-1], "\t", " "))
	column := min(max(at.Column-1, 0), len(line))
	room := width - utf8.RuneCountInString(head) - 2
	if from := column - room/2; len(line) > room && from > 0 {
		line, column = line[from:], column-from+1
		line = append([]rune("…"), line...)
	}
	if len(line) > room {
		line = append(line[:room:room], '…')
	}
	fmt.Fprintf(b, "%s%s\n      | %s^\n", head, string(line), strings.Repeat(" ", column))
}
