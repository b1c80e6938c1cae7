package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/telemetry/redact"
)

type requestIDKey struct{}

// WithRequestID gives a context whose log lines carry the request's id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID gives the request's id; "" if there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// NewLogger gives a logger that writes one JSON object per line: with the trace, the span, the request, the client and the operation that the
// context belongs to, and without secrets and personal data, as package redact has it. Of lines that say the same, but those of the access log, it writes 20 in
// each second, and then how many more there were. It is safe for concurrent use.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact.Attr})
	return slog.New(calmHandler{contextHandler{ungrouped: handler, grouped: handler}, newCalm(handler)})
}

// contextHandler adds what the context belongs to to each record, outside all groups.
type contextHandler struct {
	ungrouped slog.Handler   // with the attributes before the first group
	grouped   slog.Handler   // with everything
	inGroup   []groupOrAttrs // what makes grouped of ungrouped
}

// groupOrAttrs is one call of WithGroup or of WithAttrs.
type groupOrAttrs struct {
	group string
	attrs []slog.Attr
}

func (g groupOrAttrs) apply(h slog.Handler) slog.Handler {
	if g.group != "" {
		return h.WithGroup(g.group)
	}
	return h.WithAttrs(g.attrs)
}

func (h contextHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.grouped.Enabled(ctx, level)
}

func (h contextHandler) Handle(ctx context.Context, record slog.Record) error {
	ids := idsOf(ctx)
	if len(ids) == 0 {
		return h.grouped.Handle(ctx, record)
	}
	if len(h.inGroup) == 0 {
		record = record.Clone()
		record.AddAttrs(ids...)
		return h.grouped.Handle(ctx, record)
	}
	handler := h.ungrouped.WithAttrs(ids)
	for _, g := range h.inGroup {
		handler = g.apply(handler)
	}
	return handler.Handle(ctx, record)
}

func (h contextHandler) withAttrs(attrs []slog.Attr) contextHandler {
	if len(attrs) == 0 {
		return h
	}
	if len(h.inGroup) == 0 {
		h.ungrouped = h.ungrouped.WithAttrs(attrs)
		h.grouped = h.ungrouped
		return h
	}
	return h.with(groupOrAttrs{attrs: attrs})
}

func (h contextHandler) withGroup(name string) contextHandler {
	if name == "" {
		return h
	}
	return h.with(groupOrAttrs{group: name})
}

func (h contextHandler) with(g groupOrAttrs) contextHandler {
	h.inGroup = append(slices.Clip(h.inGroup), g)
	h.grouped = g.apply(h.grouped)
	return h
}

func idsOf(ctx context.Context) []slog.Attr {
	var ids []slog.Attr
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		ids = append(ids, slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	if id := RequestID(ctx); id != "" {
		ids = append(ids, slog.String("request_id", id))
	}
	return live.Attrs(ctx, ids)
}
