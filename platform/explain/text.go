package explain

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The widths of what is printed, in columns.
const (
	width     = 100
	pathWidth = 46 // of the tree
)

// Text gives the plan for people, in lines of a hundred columns as long as names are not longer than that.
func (p *Plan) Text() string {
	var b strings.Builder
	p.head(&b)
	p.tree(&b)
	p.workflows(&b)
	p.access(&b)
	p.later(&b)
	p.lost(&b)
	return b.String()
}

func (p *Plan) head(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n\n", strings.TrimSpace(p.Type+" "+p.Name))
	executor := p.Executor
	switch {
	case p.Reason != "":
		executor += ": " + p.Reason
	case p.Shareable:
		executor += "; equal queries of equal callers at the same time are executed once"
	}
	wrapped(b, "  executor  ", executor)
	for _, name := range []string{"cost", "calls"} {
		u := p.Usage[name]
		says := strconv.Itoa(u.Requested)
		if name == "calls" {
			says += " of services at most"
		}
		if u.Limit > 0 {
			says += fmt.Sprintf("; %d allowed", u.Limit)
		}
		wrapped(b, fmt.Sprintf("  %-8s  ", name), says)
	}
	if p.Refused != "" {
		wrapped(b, "  refused   ", p.Refused)
	}
	if p.Cut {
		wrapped(b, "  more      ", "there are more fields than are told here")
	}
}

// tree prints the steps.
func (p *Plan) tree(b *strings.Builder) {
	switch {
	case len(p.Steps) == 0:
		b.WriteString("\nNothing is called.\n")
		return
	case p.Type == "mutation":
		b.WriteString("\nSteps: those at the root one after the other, each with what hangs on it\n\n")
	case p.Type == "subscription":
		b.WriteString("\nSteps: what hangs on another for each of its events, as soon as that is there\n\n")
	default:
		b.WriteString("\nSteps: what hangs on another begins when that is there, all else at the same time\n\n")
	}
	widest := 0
	for _, s := range p.Steps {
		widest = max(widest, s.widest("", 0))
	}
	for _, s := range p.Steps {
		s.print(b, "", "", "", min(widest, pathWidth))
	}
}

// name gives the step's place below another.
func (s *Step) name(above string) string {
	name := s.Path
	if above != "" {
		name = strings.TrimPrefix(name, above+".")
	}
	if s.On != "" {
		name += " (" + s.On + ")"
	}
	return name
}

func (s *Step) widest(above string, indent int) int {
	n := indent + utf8.RuneCountInString(s.name(above))
	for _, one := range s.Steps {
		n = max(n, one.widest(s.Path, indent+3))
	}
	return n
}

// print prints a step behind a branch, and those below it behind a stem.
func (s *Step) print(b *strings.Builder, above, branch, stem string, column int) {
	line := branch + s.name(above)
	rest := stem
	if len(s.Steps) > 0 {
		rest += "│"
	}
	if utf8.RuneCountInString(line) > column {
		b.WriteString(line + "\n")
		line = rest
	}
	first := line + strings.Repeat(" ", column-utf8.RuneCountInString(line)+2)
	next := rest + strings.Repeat(" ", column-utf8.RuneCountInString(rest)+2)
	for i, part := range split(s.says(), width-column-2) {
		if i == 0 {
			b.WriteString(strings.TrimRight(first+part, " ") + "\n")
		} else {
			b.WriteString(strings.TrimRight(next+part, " ") + "\n")
		}
	}
	for i, one := range s.Steps {
		if i == len(s.Steps)-1 {
			one.print(b, s.Path, stem+"└─ ", stem+"   ", column)
		} else {
			one.print(b, s.Path, stem+"├─ ", stem+"│  ", column)
		}
	}
}

// gateway stands for the source of what no service is called for.
const gateway = "the gateway itself"

// says gives what is called for a step.
func (s *Step) says() string {
	says := strings.Join(s.Sources, ", ")
	objects := "for " + count(s.Objects, "object")
	switch {
	case s.Workflow != nil:
		says = "the workflow " + s.Workflow.Name + ", all of it or nothing"
	case s.Stream:
		says = cmp.Or(says, gateway) + ": a stream of events"
	case len(s.Sources) == 0:
		says = gateway
	case s.With != "":
		says += ": in the same as " + s.With
	case s.Objects <= 1:
		says += ": " + count(s.Calls, "call")
	case s.Calls == s.Objects:
		says += ": " + count(s.Calls, "call") + ", one for each object"
	default:
		says += ": " + count(s.Calls, "call") + " " + objects
	}
	if s.Deferred {
		says += "; later"
		if s.Label != "" {
			says += " (" + s.Label + ")"
		}
	}
	return says
}

// workflows prints what the workflows do that are started.
func (p *Plan) workflows(b *strings.Builder) {
	told := map[string]bool{}
	for _, s := range p.Steps {
		if s.Workflow == nil || told[s.Workflow.Name] {
			continue
		}
		told[s.Workflow.Name] = true
		fmt.Fprintf(b, "\nThe workflow %s, one step after the other\n\n", s.Workflow.Name)
		rows := make([][2]string, len(s.Workflow.Steps))
		back := true
		for i, step := range s.Workflow.Steps {
			rows[i] = [2]string{step.Name, step.says(back)}
			back = back && !step.Must
		}
		table(b, rows)
	}
}

// says gives what a step calls. back says whether there was a way back until it.
func (s WorkflowStep) says(back bool) string {
	says := cmp.Or(strings.Join(s.Calls, ", "), gateway)
	if len(s.UndoCalls) > 0 {
		says += "; undone by " + strings.Join(s.UndoCalls, ", ")
	}
	if s.Must && back {
		says += "; from here on there is no way back"
	}
	return says
}

func (p *Plan) access(b *strings.Builder) {
	if len(p.Needs) == 0 {
		return
	}
	b.WriteString("\nCallers need, or get null with an error\n\n")
	var rows [][2]string
	for _, n := range p.Needs {
		needed := "to be signed in"
		if len(n.Scopes) > 0 {
			needed = "the scope " + strings.Join(n.Scopes, " and the scope ")
		}
		if n.Null != n.Path {
			needed += "; without it, " + n.Null + " is null"
		}
		rows = append(rows, [2]string{n.Path, needed})
	}
	table(b, rows)
}

func (p *Plan) later(b *strings.Builder) {
	if len(p.Later) == 0 {
		return
	}
	b.WriteString("\nWhat comes later, for clients that take incremental answers\n\n")
	var rows [][2]string
	for _, l := range p.Later {
		rows = append(rows, [2]string{l.Path, l.Label})
	}
	table(b, rows)
}

func (p *Plan) lost(b *strings.Builder) {
	if len(p.Losses) == 0 {
		return
	}
	b.WriteString("\nWhat is lost with a service\n\n")
	var rows [][2]string
	last := ""
	for _, l := range p.Losses {
		source := l.Source
		if source == last {
			source = ""
		}
		last = l.Source
		rows = append(rows, [2]string{source, l.says()})
	}
	table(b, rows)
}

// says gives what becomes of a field.
func (l Loss) says() string {
	is := "is"
	if l.Maybe {
		is = "may be"
	}
	switch {
	case l.Gives != "":
		return fmt.Sprintf("%s %s %s", l.Path, is, l.Gives)
	case l.Null == l.Path:
		return fmt.Sprintf("%s %s null", l.Path, is)
	case strings.HasSuffix(l.Null, "[]"):
		return fmt.Sprintf("%s is not there, and its element of %s %s null", l.Path, strings.TrimSuffix(l.Null, "[]"), is)
	default:
		return fmt.Sprintf("%s is not there, and %s %s null", l.Path, l.Null, is)
	}
}

// table prints rows of two columns.
func table(b *strings.Builder, rows [][2]string) {
	first := 0
	for _, r := range rows {
		first = max(first, min(utf8.RuneCountInString(r[0]), width-30))
	}
	for _, r := range rows {
		wrapped(b, fmt.Sprintf("  %-*s  ", first, r[0]), r[1])
	}
}

// wrapped prints a text behind a head, and what does not fit below it.
func wrapped(b *strings.Builder, head, text string) {
	indent := utf8.RuneCountInString(head)
	for i, part := range split(text, max(width-indent, 30)) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		b.WriteString(strings.TrimRight(head+part, " ") + "\n")
	}
}

// split divides a text into lines of so many columns, between words.
func split(text string, columns int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= columns:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return strconv.Itoa(n) + " " + of + "s"
}
