package telemetry

import (
	"context"
	"io"
	"log/slog"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// console writes one line per span, for development.
type console struct{ log *slog.Logger }

func newConsole(w io.Writer) console {
	withoutLevel := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}
	return console{slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: withoutLevel}))}
}

func (c console) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		attributes := []slog.Attr{
			slog.Duration("took", span.EndTime().Sub(span.StartTime())),
			slog.String("trace_id", span.SpanContext().TraceID().String()),
			slog.String("span_id", span.SpanContext().SpanID().String()),
		}
		if span.Parent().HasSpanID() {
			attributes = append(attributes, slog.String("parent_id", span.Parent().SpanID().String()))
		}
		for _, a := range span.Attributes() {
			attributes = append(attributes, slog.String(string(a.Key), a.Value.String()))
		}
		if status := span.Status(); status.Description != "" {
			attributes = append(attributes, slog.String("error", status.Description))
		}
		c.log.LogAttrs(ctx, slog.LevelInfo, span.Name(), attributes...)
	}
	return nil
}

func (console) Shutdown(context.Context) error { return nil }
