package workflows

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/storage"
)

// stepSpan is the span of a step.
type stepSpan struct{ trace.Span }

// observeStep gives the context of a step: calls of it are made for the run's owner, and with the baggage of the client's request, to which its span is linked.
func (e *Engine) observeStep(ctx context.Context, run *request, step string) (context.Context, stepSpan) {
	asked := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": run.Trace}))
	ctx, span := e.options.Tracer.Start(ctx, "workflow step "+step, trace.WithLinks(trace.Link{SpanContext: asked}), trace.WithNewRoot(),
		trace.WithAttributes(names.Workflow.String(run.Kind), names.WorkflowStep.String(step), names.WorkflowRun.String(run.ID)))
	client := upstream.Request{Claims: map[string]string{"iss": run.Owner.Issuer, "sub": run.Owner.Subject}, Baggage: run.Baggage, Fresh: true}
	return upstream.WithRequest(ctx, client), stepSpan{span}
}

func (s stepSpan) end(f *fault.Error, err error) {
	switch {
	case f != nil:
		s.SetStatus(codes.Error, string(f.Code))
	case err != nil:
		s.SetStatus(codes.Error, "interrupted")
	}
	s.End()
}

// event gives an entry of the event log.
func (e *Engine) event(owner storage.Actor, parent string, ev Event) storage.Event {
	traceID := ""
	if parts := strings.Split(parent, "-"); len(parts) == 4 {
		traceID = parts[1]
	}
	return storage.Event{
		At: time.Now().UTC(), Kind: ev.Kind, Topic: ev.Topic, Actor: owner, TraceID: traceID, Version: payloadVersion, Payload: encoded(ev.Payload),
	}
}
