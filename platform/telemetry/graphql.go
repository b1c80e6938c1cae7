package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// GraphQL is the extension of a gqlgen server that traces operations: a span for each. Step gives those below it. Neither has variables or
// arguments. Where the trace is not recorded it costs next to nothing.
type GraphQL struct{ tracer trace.Tracer }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
} = GraphQL{}

// GraphQL gives the extension.
func (t *Telemetry) GraphQL() GraphQL { return GraphQL{t.tracer} }

// ExtensionName gives the extension's name to gqlgen.
func (GraphQL) ExtensionName() string { return "Tracing" }

// Validate accepts every schema.
func (GraphQL) Validate(graphql.ExecutableSchema) error { return nil }

const maxOperationName = 100

// InterceptOperation gives the operation a span, such as "query ProductPage". It ends with the first response: what @defer leaves for later is
// below it, though after it. That of a subscription ends when it has begun, and each event has one of its own.
func (g GraphQL) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	name := string(oc.Operation.Operation)
	operation := oc.Operation.Name[:min(len(oc.Operation.Name), maxOperationName)]
	if operation != "" {
		name += " " + operation
	}
	ctx, span := g.tracer.Start(ctx, name)
	if !span.IsRecording() {
		return next(ctx)
	}
	hash := sha256.Sum256([]byte(oc.RawQuery))
	attributes := []attribute.KeyValue{names.OperationType.String(string(oc.Operation.Operation)), names.DocumentHash.String(hex.EncodeToString(hash[:]))}
	if operation != "" {
		attributes = append(attributes, names.OperationName.String(operation))
	}
	span.SetAttributes(attributes...)
	respond := next(ctx)
	if oc.Operation.Operation == ast.Subscription {
		span.End()
		return g.events(name, attributes, respond)
	}
	return func(ctx context.Context) *graphql.Response {
		defer span.End()
		response := respond(ctx)
		if response != nil {
			markErrors(span, response.Errors)
		}
		return response
	}
}

// events gives each event of a subscription a span, which begins when the event has come and is answered.
func (g GraphQL) events(name string, attributes []attribute.KeyValue, respond graphql.ResponseHandler) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		response := respond(ctx)
		if response != nil {
			_, span := g.tracer.Start(ctx, name+" event", trace.WithAttributes(attributes...))
			markErrors(span, response.Errors)
			span.End()
		}
		return response
	}
}

// markErrors says how many errors a response has, and their codes; the messages are for the client and the causes for the log.
func markErrors(span trace.Span, errs gqlerror.List) {
	if len(errs) == 0 {
		return
	}
	var distinct []string
	for _, err := range errs {
		if code, ok := err.Extensions["code"].(string); ok && !slices.Contains(distinct, code) {
			distinct = append(distinct, code)
		}
	}
	slices.Sort(distinct)
	span.SetAttributes(names.ErrorCount.Int(len(errs)), names.ErrorCodes.StringSlice(distinct))
	span.SetStatus(codes.Error, strings.Join(distinct, " "))
}

// Step measures a step of the compiled executor, and gives it a span, below that of the operation. It is an exec.Options.Step.
func (t *Telemetry) Step(ctx context.Context, f *exec.Field, _ int) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, t.metrics.steps.begin(ctx, f)
	}
	inner, span := t.tracer.Start(ctx, f.Object()+"."+f.Name(),
		trace.WithAttributes(names.FieldObject.String(f.Object()), names.FieldName.String(f.Name()), names.FieldPath.String(f.Path())))
	measured := t.metrics.steps.begin(inner, f)
	return inner, func(err error) {
		measured(err)
		if err != nil {
			span.SetStatus(codes.Error, string(fault.From(err).Code))
		}
		span.End()
	}
}
