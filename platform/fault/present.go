package fault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/trace"
)

// Presenter gives what clients read of an error: its path and locations, a safe sentence, and extensions as docs/errors.md documents
// them. What is hidden of a fault is logged, once however many fields it costs.
func Presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		f, shown := read(err)
		if shown.Locations == nil {
			shown.Locations = locationOf(ctx)
		}
		shown.Message = f.Message()
		shown.Extensions = f.extensions(traceID(ctx))
		if f.MarkSeen() {
			logFault(ctx, log, f, shown.Path.String())
		}
		return shown
	}
}

// locationOf gives where the running field stands in the document. gqlgen says it of a field's error, and not of one of a batch or of
// an element of a list.
func locationOf(ctx context.Context) []gqlerror.Location {
	if !graphql.HasOperationContext(ctx) {
		return nil
	}
	fc := graphql.GetFieldContext(ctx)
	for fc != nil && fc.Field.Field == nil { // an element's, which is within its field's
		fc = fc.Parent
	}
	if fc == nil || fc.Field.Position == nil {
		return nil
	}
	return []gqlerror.Location{{Line: fc.Field.Position.Line, Column: fc.Field.Position.Column}}
}

// read gives an error's fault, and where it happened.
func read(err error) (*Error, *gqlerror.Error) {
	shown := &gqlerror.Error{}
	g, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return From(err), shown
	}
	shown.Path, shown.Locations = g.Path, g.Locations
	if f, ok := errors.AsType[*Error](err); ok {
		return f, shown
	}
	// gqlparser's and gqlgen's own errors are about the request, and safe to show, if they have a code or a rule.
	code, _ := g.Extensions["code"].(string)
	switch {
	case g.Rule != "" || code == string(ValidationFailed):
		return New(ValidationFailed, g.Message), shown
	case code == string(ParseFailed) && strings.HasPrefix(g.Message, "exceeded token limit"):
		f := New(LimitExceeded, "The document has more tokens than are allowed.")
		f.Limit = "tokens"
		return f, shown
	case code == string(ParseFailed):
		return New(ParseFailed, g.Message), shown
	case g.Err == nil:
		return New(BadUserInput, g.Message), shown
	}
	return From(err), shown
}

func (e *Error) extensions(traceID string) map[string]any {
	x := map[string]any{"code": string(e.Code), "retryable": e.Retryable()}
	if e.Source != "" {
		x["source"] = e.Source
	}
	if e.Operation != "" {
		x["operation"] = e.Operation
	}
	if e.RetryAfter > 0 {
		x["retryAfter"] = e.RetryAfterSeconds()
	}
	if e.Limit != "" {
		x["limit"] = e.Limit
	}
	if len(e.Violations) > 0 {
		x["violations"] = e.Violations
	}
	if traceID != "" {
		x["traceId"] = traceID
	}
	return x
}

func traceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// logFault logs a fault whose cause clients do not see. A fault without a cause says all there is to know to its client.
func logFault(ctx context.Context, log *slog.Logger, f *Error, path string) {
	if f.cause == nil {
		return
	}
	level := slog.LevelWarn
	switch {
	case f.Code == Internal:
		level = slog.LevelError
	case f.Code == DeadlineExceeded && errors.Is(ctx.Err(), context.Canceled): // nobody waits for it any more, and so it was given up
		level = slog.LevelDebug
	}
	log.LogAttrs(ctx, level, "fault",
		slog.String("code", string(f.Code)), slog.String("source", f.Source), slog.String("operation", f.Operation),
		slog.String("path", path), slog.String("cause", f.cause.Error()), slog.String("violations", fmt.Sprint(f.Violations)))
}

// Recover turns a resolver's panic into INTERNAL_SERVER_ERROR, with the stack for the log.
func Recover(_ context.Context, panicked any) error {
	return Wrap(Internal, fmt.Errorf("panic: %v\n%s", panicked, debug.Stack()))
}
