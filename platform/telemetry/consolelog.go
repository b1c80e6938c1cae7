package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/redact"
)

// NewConsoleLogger gives a logger for people who look on: a line for each record, with the time of day and the first letters of the trace's id,
// and without secrets, as NewLogger has them. Of records that say the same again and again it writes a few in each second, and then how
// many more there were. It is safe for concurrent use.
func NewConsoleLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	out := &consoleOutput{w: w, seen: map[string]int{}}
	return slog.New(consoleHandler{slog.NewTextHandler(&out.line, &slog.HandlerOptions{Level: level, ReplaceAttr: readable}), out})
}

// consoleHandler writes what a record says in front of its attributes, which it leaves to slog.
type consoleHandler struct {
	slog.Handler
	out *consoleOutput
}

// readable leaves out what stands in front already, and what says nothing.
func readable(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	a = redact.Attr(groups, a)
	if a.Value.Kind() == slog.KindString && (a.Value.String() == "" || a.Value.String() == "[]") {
		return slog.Attr{}
	}
	return a
}

// WithAttrs gives a handler whose records have these attributes too.
func (h consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return consoleHandler{h.Handler.WithAttrs(attrs), h.out}
}

// WithGroup gives a handler whose records' attributes are in a group.
func (h consoleHandler) WithGroup(name string) slog.Handler {
	return consoleHandler{h.Handler.WithGroup(name), h.out}
}

// Handle writes a record.
func (h consoleHandler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	if h.out.often(r) {
		return nil
	}
	h.out.begin(r.Time, r.Level, oneLine(redact.Text(r.Message)))
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace", sc.TraceID().String()[:shownOfTrace]))
	}
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	return h.out.end()
}

const (
	shownOfTrace = 8 // letters of its id
	linesAtOnce  = 3 // of records that say the same, in each second
)

// consoleOutput is where lines are written to.
type consoleOutput struct {
	mu    sync.Mutex
	w     io.Writer
	line  bytes.Buffer
	seen  map[string]int // how often a record was in this second, by what it says
	order []string       // of those that were too often
	timer *time.Timer    // ends the second; nil before its first record
}

// often notes a record, and says whether there were enough of its like.
func (o *consoleOutput) often(r slog.Record) bool {
	if o.timer == nil {
		o.timer = time.AfterFunc(time.Second, o.recap)
	}
	says := kindOfRecord(r)
	o.seen[says]++
	if o.seen[says] == linesAtOnce+1 {
		o.order = append(o.order, says)
	}
	return o.seen[says] > linesAtOnce
}

// kindOfRecord is what a record says, without its numbers.
func kindOfRecord(r slog.Record) string {
	var b strings.Builder
	b.WriteString(oneLine(redact.Text(r.Message)))
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindString && a.Value.String() != "" && a.Value.String() != "[]" && !redact.Name(a.Key) {
			fmt.Fprintf(&b, " %s=%s", a.Key, oneLine(redact.Text(a.Value.String())))
		}
		return true
	})
	return b.String()
}

// oneLine gives a text without line breaks.
func oneLine(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

// recap writes how many records were left out, once their second is over.
func (o *consoleOutput) recap() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, says := range o.order {
		o.begin(time.Now(), slog.LevelInfo, fmt.Sprintf("and %d more: %s", o.seen[says]-linesAtOnce, says))
		_ = o.end() // there is nobody to tell
	}
	clear(o.seen)
	o.order, o.timer = nil, nil
}

func (o *consoleOutput) begin(at time.Time, level slog.Level, message string) {
	o.line.Reset()
	fmt.Fprintf(&o.line, "%s %-5s %s ", at.Format(time.TimeOnly), level, message)
}

// end writes the line at once, so that it stays whole beside those of others.
func (o *consoleOutput) end() error {
	_, err := o.w.Write(append(bytes.TrimRight(o.line.Bytes(), " \n"), '\n'))
	return err
}
