package workflows

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/storage"
)

// meters count runs.
type meters struct {
	begun, ended, stuckRuns metric.Int64Counter
}

func newMeters(e *Engine) (m meters, err error) {
	if m.begun, err = e.options.Meter.Int64Counter("mainstem.workflows.started", metric.WithDescription("Runs that were started.")); err != nil {
		return m, err
	}
	if m.stuckRuns, err = e.options.Meter.Int64Counter("mainstem.workflows.stuck", metric.WithDescription("How often a run got stuck.")); err != nil {
		return m, err
	}
	_, err = e.options.Meter.Int64ObservableGauge("mainstem.workflows.runs", metric.WithDescription("Runs in the storage, by their state."),
		metric.WithInt64Callback(func(ctx context.Context, o metric.Int64Observer) error {
			counts, err := e.store.CountWorkflows(ctx)
			for state, n := range counts {
				o.Observe(n, metric.WithAttributes(attribute.String("state", string(state))))
			}
			return err
		}))
	return m, err
}

func (m *meters) started(ctx context.Context, workflow string) {
	m.begun.Add(ctx, 1, metric.WithAttributes(attribute.String("workflow", workflow)))
}

func (e *Engine) stuck(ctx context.Context, workflow string) {
	e.meters.stuckRuns.Add(ctx, 1, metric.WithAttributes(attribute.String("workflow", workflow)))
}

// stepSpan is the span of a step.
type stepSpan struct{ trace.Span }

// observeStep gives the context of a step: calls of it are made for the run's owner, and its span is linked to the client's request.
func (e *Engine) observeStep(ctx context.Context, parent string, owner storage.Actor, workflow, step, id string) (context.Context, stepSpan) {
	asked := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent}))
	ctx, span := e.options.Tracer.Start(ctx, "workflow step "+step, trace.WithLinks(trace.Link{SpanContext: asked}), trace.WithNewRoot(),
		trace.WithAttributes(attribute.String("mainstem.workflow.name", workflow), attribute.String("mainstem.workflow.step", step), attribute.String("mainstem.workflow.id", id)))
	return upstream.WithRequest(ctx, upstream.Request{Claims: map[string]string{"iss": owner.Issuer, "sub": owner.Subject}, Fresh: true}), stepSpan{span}
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
