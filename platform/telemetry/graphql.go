package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// GraphQL is the extension of a gqlgen server that traces operations: a span for each. Step gives those below it. Neither has variables or
// arguments. Where the trace is not recorded it costs next to nothing.
type GraphQL struct{ tracer trace.Tracer }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = GraphQL{}

// GraphQL gives the extension.
func (t *Telemetry) GraphQL() GraphQL { return GraphQL{t.tracer} }

// ExtensionName gives the extension's name to gqlgen.
func (GraphQL) ExtensionName() string { return "Tracing" }

// Validate accepts every schema.
func (GraphQL) Validate(graphql.ExecutableSchema) error { return nil }

const maxOperationName = 100

// InterceptOperation gives the operation a span, such as "query ProductPage". It ends with the last response, after what @defer leaves
// for later. That of a subscription ends when it has begun, and each event has a trace of its own that is linked to it. So has an operation
// over a connection that has others too, linked to the request that has opened it.
func (g GraphQL) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	name := operationSpan(oc)
	own := connected(ctx)
	ctx, span := g.tracer.Start(ctx, name, own...)
	if !span.IsRecording() {
		if len(own) > 0 {
			ctx = context.WithValue(ctx, executedKey{}, true)
		}
		return next(ctx)
	}
	attributes := operationAttributes(oc)
	span.SetAttributes(attributes...)
	respond := next(context.WithValue(ctx, executedKey{}, true))
	if oc.Operation.Operation == ast.Subscription {
		span.End()
		return g.events(name+" event", apart(span.SpanContext(), attributes...), respond)
	}
	var errs gqlerror.List // of all parts of the answer
	return func(ctx context.Context) *graphql.Response {
		open := false
		defer func() {
			if open {
				context.AfterFunc(ctx, func() { span.End() }) // whoever goes does not ask for the rest
			} else {
				span.End()
			}
		}()
		response := respond(ctx)
		if response != nil {
			errs = append(errs, errorsOf(ctx, response)...)
			markErrors(span, errs)
			later := exec.IncrementalOf(ctx)
			open = later != nil && later.HasNext
		}
		return response
	}
}

type executedKey struct{}

// InterceptResponse gives an operation that is refused before it is executed a span too, which says why, and within which its errors are told.
func (g GraphQL) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) || ctx.Value(executedKey{}) != nil {
		return next(ctx)
	}
	oc := graphql.GetOperationContext(ctx)
	name, options := unreadable, connected(ctx)
	if oc.Operation != nil {
		name = operationSpan(oc)
	}
	if began := oc.Stats.OperationStart; !began.IsZero() {
		options = append(options, trace.WithTimestamp(began))
	}
	ctx, span := g.tracer.Start(ctx, name, options...)
	response := next(ctx)
	if span.IsRecording() {
		span.SetAttributes(operationAttributes(oc)...)
		if response != nil {
			markErrors(span, response.Errors)
		}
		span.End()
	}
	return response
}

// unreadable is what OpenTelemetry calls the span of an operation of which nothing is known.
const unreadable = "GraphQL Operation"

// operationSpan gives the name of an operation's span, such as "query ProductPage".
func operationSpan(oc *graphql.OperationContext) string {
	name := string(oc.Operation.Operation)
	if oc.Operation.Name != "" {
		name += " " + oc.Operation.Name[:min(len(oc.Operation.Name), maxOperationName)]
	}
	return name
}

// operationAttributes gives what a span tells of an operation, as far as it could be read.
func operationAttributes(oc *graphql.OperationContext) []attribute.KeyValue {
	hash := sha256.Sum256([]byte(oc.RawQuery))
	attributes := make([]attribute.KeyValue, 0, 3)
	attributes = append(attributes, names.DocumentHash.String(hex.EncodeToString(hash[:])))
	if oc.Operation == nil {
		return attributes
	}
	attributes = append(attributes, names.OperationType.String(string(oc.Operation.Operation)))
	if oc.Operation.Name != "" {
		attributes = append(attributes, names.OperationName.String(oc.Operation.Name[:min(len(oc.Operation.Name), maxOperationName)]))
	}
	return attributes
}

// events gives each event of a subscription a span, from when it has come until it is answered; and so it does to an answer that says, in place of an event, why
// there is none.
func (g GraphQL) events(name string, options []trace.SpanStartOption, respond graphql.ResponseHandler) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		var span trace.Span
		response := respond(exec.WithEventBegin(ctx, func(ctx context.Context) context.Context {
			ctx, span = g.tracer.Start(ctx, name, options...)
			return ctx
		}))
		if span == nil && response != nil && len(response.Errors) > 0 {
			_, span = g.tracer.Start(ctx, name, options...)
		}
		if span != nil {
			if response != nil {
				markErrors(span, response.Errors)
			}
			span.End()
		}
		return response
	}
}

// apart gives the options of a span that begins a trace of its own, linked to the one that it comes from.
func apart(from trace.SpanContext, attributes ...attribute.KeyValue) []trace.SpanStartOption {
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: from})}
	if len(attributes) > 0 {
		options = append(options, trace.WithAttributes(attributes...))
	}
	return options
}

type connectionKey struct{}

// withConnection notes that what a context's request has opened is a connection for many operations.
func withConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectionKey{}, trace.SpanContextFromContext(ctx))
}

// connected gives what the span of an operation begins with: nothing special, unless it is one of many over a connection.
func connected(ctx context.Context) []trace.SpanStartOption {
	if opened, ok := ctx.Value(connectionKey{}).(trace.SpanContext); ok {
		return apart(opened)
	}
	return nil
}

// streams says whether an answer of a media type may go on for long.
func streams(media string) bool {
	return strings.HasPrefix(media, "text/event-stream") || strings.HasPrefix(media, "multipart/")
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
	if !slices.ContainsFunc(errs, func(err *gqlerror.Error) bool { return !callersFault(err) }) {
		return // nothing has failed: the caller has asked for what it cannot have
	}
	span.SetStatus(codes.Error, strings.Join(distinct, " "))
}

// stepKind is what is the same of a field's step in all requests.
type stepKind struct {
	name  string
	begin []trace.SpanStartOption
	set   names.Set
}

func (t *Telemetry) stepKind(f *exec.Field) any {
	attributes := []attribute.KeyValue{names.FieldObject.String(f.Object()), names.FieldName.String(f.Name()), names.FieldPath.String(f.Path())}
	if sources := f.Sources(); len(sources) > 0 {
		attributes = append(attributes, names.FieldSources.StringSlice(sources))
	}
	k := &stepKind{name: f.Object() + "." + f.Name(), begin: []trace.SpanStartOption{names.NewFixed(attributes...)}}
	k.set = t.metrics.steps.of(k.name)
	return k
}

// Step measures a step of the compiled executor, and gives it a span, below that of the operation. It is an exec.Options.Step.
func (t *Telemetry) Step(ctx context.Context, f *exec.Field, objects int) (context.Context, func(error)) {
	steps := t.metrics.steps
	if !t.recording && steps == nil {
		return ctx, func(error) {}
	}
	kind := f.Kept(t.stepKind).(*stepKind) //nolint:forcetypeassert // it is what stepKind gives
	if t.recording {
		if inner, span := t.tracer.Start(ctx, kind.name, kind.begin...); span.IsRecording() {
			began := names.Began(span)
			names.Objects.Count(span, objects)
			return inner, func(err error) {
				markStep(span, err)
				steps.ended(inner, kind.set, names.End(span, began))
			}
		}
	}
	began := time.Now()
	return ctx, func(error) { steps.ended(ctx, kind.set, time.Since(began)) }
}

// markStep says in a step's span what it has failed with, if it has.
func markStep(span trace.Span, err error) {
	if err == nil {
		return
	}
	if code := fault.From(err).Code; live.CallersCode(code) {
		span.SetAttributes(names.ErrorCode.String(string(code)))
	} else {
		span.SetStatus(codes.Error, string(code))
	}
}
