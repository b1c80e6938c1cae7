package live

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// AccessRequest is what the line of the access log says that each request has.
const AccessRequest = "request"

// What the access log says of what goes on over a stream.
const (
	accessOperation = "operation"
	accessStream    = "stream"
)

// What is logged of operations that an operator may want to look at.
const (
	slowOperation   = "slow operation"
	failedOperation = "failed operation"
	failedEvent     = "failed event"
)

// IsAccess says whether a line of the log is one of the access log: one for each request, and for what goes on over a stream.
func IsAccess(message string) bool {
	return message == AccessRequest || message == accessOperation || message == accessStream
}

const maxName = 100

// name gives what the operation is called, and its type, as far as they are known.
func (op *Operation) name() (name, kind string) {
	if op.oc.Operation == nil {
		return "", ""
	}
	name = op.oc.Operation.Name
	return name[:min(len(name), maxName)], string(op.oc.Operation.Operation)
}

// hash gives the SHA-256 of the document; "" if there is none.
func (op *Operation) hash() string {
	op.document.once.Do(func() {
		if op.oc.RawQuery != "" {
			hash := sha256.Sum256([]byte(op.oc.RawQuery))
			op.document.hash = hex.EncodeToString(hash[:])
		}
	})
	return op.document.hash
}

// attrs adds what an operation is told apart by.
func (op *Operation) attrs(attrs []slog.Attr) []slog.Attr {
	name, kind := op.name()
	return texts(attrs, "operation_name", name, "operation_type", kind, "document_hash", op.hash())
}

// texts adds attributes that are not empty.
func texts(attrs []slog.Attr, namesAndValues ...string) []slog.Attr {
	for pair := range slices.Chunk(namesAndValues, 2) {
		if len(pair) == 2 && pair[1] != "" {
			attrs = append(attrs, slog.String(pair[0], pair[1]))
		}
	}
	return attrs
}

// Attrs adds to the attributes of a line what the context belongs to: the client and the operation.
func Attrs(ctx context.Context, attrs []slog.Attr) []slog.Attr {
	op := operationOf(ctx)
	r := requestOf(ctx)
	if op != nil {
		attrs = op.attrs(attrs)
		r = op.request
	}
	if r == nil {
		return attrs
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return texts(attrs, "client_name", r.client.name, "client_version", r.client.version)
}

// line adds what the access log tells of an operation that took so long; less than nothing if that is not to be told. Codes of others' are told with its own.
func (op *Operation) line(attrs []slog.Attr, took time.Duration, others codes) []slog.Attr {
	op.mu.Lock()
	defer op.mu.Unlock()
	if took >= 0 {
		attrs = append(attrs, milliseconds("duration_ms", took), slog.Int("answers", op.answers))
	}
	if op.priced {
		attrs = append(attrs, slog.Int64("cost", op.cost))
	}
	attrs = append(attrs, slog.Int("calls", op.calls))
	for _, code := range op.codes {
		others.addCode(code)
	}
	if len(others) > 0 {
		attrs = append(attrs, slog.Any("codes", others))
	}
	return attrs
}

// Line adds what the access log tells of a request that has ended.
func (r *Request) Line(attrs []slog.Attr) []slog.Attr {
	if r == nil {
		return attrs
	}
	r.mu.Lock()
	r.logged = true
	first, one, refusals := r.first, r.operations <= 1 && r.kind == "", slices.Clone(r.codes)
	transport := cmp.Or(r.kind, "http")
	if first == nil && len(refusals) == 0 && r.kind == "" {
		transport = "" // it is no GraphQL
	}
	attrs = texts(attrs, "transport", transport, "reason", r.reason)
	if first != nil || r.kind != "" {
		attrs = append(attrs, slog.Bool("signed_in", r.known))
	}
	if !one {
		attrs = append(attrs, slog.Int("operations", r.operations), slog.Int("events", r.events))
	}
	r.mu.Unlock()
	if first != nil && one {
		attrs = first.line(first.attrs(attrs), -1, refusals)
	} else if len(refusals) > 0 {
		attrs = append(attrs, slog.Any("codes", refusals))
	}
	return attrs
}

func milliseconds(key string, d time.Duration) slog.Attr {
	return slog.Float64(key, float64(d.Microseconds())/1000)
}

// tell gives what is logged of an operation that took so long, with what was run for it. op.mu is held.
func (op *Operation) tell(took time.Duration) []slog.Attr {
	attrs := []slog.Attr{milliseconds("duration_ms", took), slog.Int("calls", op.calls)}
	if op.priced {
		attrs = append(attrs, slog.Int64("cost", op.cost))
	}
	if len(op.codes) > 0 {
		attrs = append(attrs, slog.Any("codes", slices.Clone(op.codes)))
	}
	return append(attrs, slog.Any("steps", table{slices.Clone(op.entries), op.more}))
}

// table is what was run for an operation. It is made only if it is written.
type table struct {
	entries []entry
	more    int
}

// row is a line of the table: of a step or of a call; where it is shown what an operation waits for, also of a workflow. Times are milliseconds.
type row struct {
	Start     float64    `json:"start"`
	Duration  float64    `json:"ms"`
	Open      bool       `json:"open,omitzero"` // whether it had not ended
	Step      string     `json:"step,omitzero"` // aliases, without indices; of a workflow, its name
	Field     string     `json:"field,omitzero"`
	Objects   int        `json:"objects,omitzero"`
	Source    string     `json:"source,omitzero"`
	Operation string     `json:"operation,omitzero"`
	Workflow  string     `json:"workflow,omitzero"`
	Attempts  int        `json:"attempts,omitzero"`
	How       string     `json:"how,omitzero"` // it was answered, if not by the service
	Code      fault.Code `json:"code,omitzero"`
}

const (
	maxRows = 50 // of a line in the log: the longest
	maxPath = 200
)

// LogValue gives the rows, in the order in which they have begun.
func (t table) LogValue() slog.Value {
	if len(t.entries) > maxRows {
		slices.SortStableFunc(t.entries, func(a, b entry) int { return cmp.Compare(b.weight(), a.weight()) })
		t.more += len(t.entries) - maxRows
		t.entries = t.entries[:maxRows]
		slices.SortStableFunc(t.entries, func(a, b entry) int { return cmp.Compare(a.began, b.began) })
	}
	rows := make([]any, 0, len(t.entries)+1)
	for _, e := range t.entries {
		rows = append(rows, e.row(-1))
	}
	if t.more > 0 {
		rows = append(rows, map[string]int{"more": t.more})
	}
	return slog.AnyValue(rows)
}

// weight says how much an entry is worth telling.
func (e *entry) weight() time.Duration {
	if e.took < 0 || e.code != "" {
		return 1<<62 + e.took
	}
	return e.took
}

// row gives an entry as it is told; now is how long the operation has run, if it does.
func (e *entry) row(now time.Duration) row {
	took := e.took
	if took < 0 && now >= 0 {
		took = now - e.began
	}
	r := row{
		Start: float64(e.began.Microseconds()) / 1000, Duration: float64(max(took, 0).Microseconds()) / 1000, Open: e.took < 0,
		Objects: e.objects, Source: e.source, Operation: e.operation, Attempts: e.attempts, How: e.how, Code: e.code,
	}
	if e.field != nil {
		r.Step, r.Field = strings.ToValidUTF8(cut(e.field.Path(), maxPath), ""), e.field.Object()+"."+e.field.Name()
	}
	return r
}

func cut(text string, most int) string { return text[:min(len(text), most)] }
