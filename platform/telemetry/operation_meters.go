package telemetry

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// operationMeters measure operations.
type operationMeters struct {
	names  *operationNames
	number metric.Int64Counter
	failed metric.Int64Counter
	limits metric.Int64Counter
	events metric.Int64Counter

	duration metric.Float64Histogram
	open     metric.Int64UpDownCounter

	byOutcome   *names.Sets[ended]
	byOperation *names.Sets[operation]
	byName      *names.Sets[string]
	byCode      *names.Sets[failure]
	byLimit     *names.Sets[string]
}

// ended and failure are what operations and errors are counted by.
type (
	ended struct {
		operation
		outcome string
	}
	failure struct{ name, code string }
)

func newOperationMeters(meter metric.Meter, size int) *operationMeters {
	return &operationMeters{
		names:  newOperationNames(size),
		number: names.Operations.Counter(meter), failed: names.OperationErrors.Counter(meter), limits: names.LimitRefusals.Counter(meter),
		events: names.SubscriptionEvents.Counter(meter), duration: names.OperationDuration.Histogram(meter), open: names.Subscriptions.UpDown(meter),
		byOutcome: names.NewSets(func(e ended) []attribute.KeyValue {
			return append(e.attributes(), names.Outcome.String(e.outcome))
		}),
		byOperation: names.NewSets(operation.attributes),
		byName:      names.NewSets(func(name string) []attribute.KeyValue { return []attribute.KeyValue{names.OperationName.String(name)} }),
		byCode: names.NewSets(func(f failure) []attribute.KeyValue {
			return []attribute.KeyValue{names.OperationName.String(f.name), names.ErrorCode.String(f.code)}
		}),
		byLimit: names.NewSets(func(limit string) []attribute.KeyValue { return []attribute.KeyValue{names.Limit.String(limit)} }),
	}
}

func (o operation) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{names.OperationName.String(o.name), names.OperationType.String(o.kind)}
}

// refused gives what an operation is counted as that is not executed, as far as it could be read.
func (m *operationMeters) refused(ctx context.Context) operation {
	if !graphql.HasOperationContext(ctx) {
		return operation{}
	}
	oc := graphql.GetOperationContext(ctx)
	if oc.Operation == nil {
		return operation{}
	}
	return operation{m.names.known(oc.Operation.Name), string(oc.Operation.Operation)}
}

// count counts an operation, once.
func (m *operationMeters) count(ctx context.Context, r *running, outcome string) {
	if !r.counted {
		r.counted = true
		m.number.Add(ctx, 1, m.byOutcome.Of(ended{r.operation, outcome}).Add...)
	}
}

// errors counts errors by their codes, and those of limits by these.
func (m *operationMeters) errors(ctx context.Context, name string, list gqlerror.List) {
	for _, err := range list {
		code, _ := err.Extensions["code"].(string)
		if !slices.ContainsFunc(fault.Codes, func(d fault.Doc) bool { return string(d.Code) == code }) {
			code = names.Other
		}
		m.failed.Add(ctx, 1, m.byCode.Of(failure{name, code}).Add...)
		if fault.Code(code) == fault.LimitExceeded {
			limit, _ := err.Extensions["limit"].(string)
			if !slices.Contains(names.Limits, limit) {
				limit = names.Other
			}
			m.limits.Add(ctx, 1, m.byLimit.Of(limit).Add...)
		}
	}
}

// stepMeters measure what the executor does.
type stepMeters struct {
	duration metric.Float64Histogram
	batches  metric.Float64Histogram
	byField  *names.Sets[string]
	byLoader *names.Sets[loaderName]
}

type loaderName struct{ loader, source string }

func newStepMeters(meter metric.Meter) *stepMeters {
	return &stepMeters{
		duration: names.StepDuration.Histogram(meter), batches: names.BatchSize.Histogram(meter),
		byField: names.NewSets(func(name string) []attribute.KeyValue { return []attribute.KeyValue{names.Field.String(name)} }),
		byLoader: names.NewSets(func(l loaderName) []attribute.KeyValue {
			return []attribute.KeyValue{names.Loader.String(l.loader), names.Source.String(l.source)}
		}),
	}
}

// of gives what is said of a field's steps. Nobody need ask whether anything is measured.
func (m *stepMeters) of(field string) names.Set {
	if m == nil {
		return names.Set{}
	}
	return m.byField.Of(field)
}

// ended measures a step that has ended. Nobody need ask whether anything is measured.
func (m *stepMeters) ended(ctx context.Context, of names.Set, took time.Duration) {
	if m != nil {
		m.duration.Record(ctx, took.Seconds(), of.Record...)
	}
}

// Batches gives what measures batches; nil if nothing is measured. It is a loader.Options.Left.
func (t *Telemetry) Batches() func(loader.Batch) {
	m := t.metrics.steps
	if m == nil {
		return nil
	}
	return func(b loader.Batch) {
		m.batches.Record(context.Background(), float64(b.Keys), m.byLoader.Of(loaderName{b.Loader, b.Source}).Record...)
	}
}

// requestMeters measure requests.
type requestMeters struct {
	duration metric.Float64Histogram
	sets     *names.Sets[requestKind]
}

type requestKind struct {
	method, route, scheme string
	status                int
}

func newRequestMeters(meter metric.Meter) *requestMeters {
	return &requestMeters{
		duration: names.HTTPDuration.Histogram(meter),
		sets: names.NewSets(func(k requestKind) []attribute.KeyValue {
			return []attribute.KeyValue{
				names.Method.String(k.method), names.Route.String(k.route), names.Scheme.String(k.scheme), names.Status.Int(k.status), errorType(k.status),
			}
		}),
	}
}

// ended measures a request that has been answered. Nobody need ask whether anything is measured.
func (m *requestMeters) ended(ctx context.Context, r *http.Request, routes []string, status int, took time.Duration) {
	if m == nil || status == http.StatusSwitchingProtocols { // a WebSocket lasts for hours
		return
	}
	kind := requestKind{method: methodOf(r).Value.AsString(), scheme: schemeOf(r), status: status}
	if slices.Contains(routes, r.URL.Path) {
		kind.route = r.URL.Path
	}
	m.duration.Record(ctx, took.Seconds(), m.sets.Of(kind).Record...)
}
