package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/trace"
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

// NewLogger gives a logger that writes one JSON object per line: with the trace, the span and the request that the context
// belongs to, and without secrets: the values of attributes and groups that are called authorization, cookie, password, secret,
// token, apiKey or the like, or end in such a word, are "[redacted]". It is safe for concurrent use.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact})
	return slog.New(contextHandler{ungrouped: handler, grouped: handler})
}

// contextHandler adds the ids of the context to each record, outside all groups.
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

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
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

func (h contextHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(groupOrAttrs{group: name})
}

func (h contextHandler) with(g groupOrAttrs) slog.Handler {
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
	return ids
}

const redacted = "[redacted]"

// redact is called for each attribute that is no group. A map of headers is one attribute.
func redact(groups []string, a slog.Attr) slog.Attr {
	if isSecret(a.Key) || slices.ContainsFunc(groups, isSecret) {
		return slog.String(a.Key, redacted)
	}
	if a.Value.Kind() == slog.KindAny {
		if headers, ok := a.Value.Any().(http.Header); ok {
			return slog.Any(a.Key, redactHeaders(headers))
		}
	}
	return a
}

func redactHeaders(headers http.Header) http.Header {
	shown := make(http.Header, len(headers))
	for name, values := range headers {
		if isSecret(name) {
			values = []string{redacted}
		}
		shown[name] = values
	}
	return shown
}

// secretWords end the names of values that must not be logged; "token" covers access_token and X-Auth-Token.
var secretWords = []string{
	"authorization", "cookie", "cookies", "password", "passwd", "passphrase", "secret", "secrets", "token", "tokens",
	"apikey", "privatekey", "credential", "credentials",
}

func isSecret(name string) bool {
	return slices.ContainsFunc(secretWords, func(word string) bool { return endsIn(name, word) })
}

// endsIn compares from the end, without case, and without the hyphens, underscores and dots of the name.
func endsIn(name, word string) bool {
	left := len(word)
	for i := len(name) - 1; i >= 0 && left > 0; i-- {
		c := name[i]
		if c == '-' || c == '_' || c == '.' || c == ' ' {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[left-1] {
			return false
		}
		left--
	}
	return left == 0
}
