package telemetry

import (
	"fmt"
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// sampler gives what decides at its beginning whether a trace is recorded. A name as OpenTelemetry has it goes before the ratio.
func (c Config) sampler() (sdktrace.Sampler, error) {
	ratio := c.SampleRatio
	if c.samplerArgument != "" {
		given, err := strconv.ParseFloat(c.samplerArgument, 64)
		if err != nil || given < 0 || given > 1 {
			return nil, fmt.Errorf("telemetry: OTEL_TRACES_SAMPLER_ARG: a number from 0 to 1 is wanted, not %q", c.samplerArgument)
		}
		ratio = given
	}
	switch c.samplerName {
	case "":
		return asBefore(sdktrace.TraceIDRatioBased(c.SampleRatio)), nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(ratio), nil
	case "parentbased_always_on":
		return asBefore(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return asBefore(sdktrace.NeverSample()), nil
	case "parentbased_traceidratio":
		return asBefore(sdktrace.TraceIDRatioBased(ratio)), nil
	default:
		return nil, fmt.Errorf("telemetry: OTEL_TRACES_SAMPLER: %q is no sampler that the gateway has", c.samplerName)
	}
}

// asBefore decides as was decided about the trace that a span belongs to; and about one that begins a trace of its own as about those that it is linked to, so
// that the events of a subscription and the steps of a workflow are recorded if what began them was. The first decision is root's.
func asBefore(root sdktrace.Sampler) sdktrace.Sampler { return linked{sdktrace.ParentBased(root)} }

type linked struct{ sdktrace.Sampler }

// ShouldSample decides about a span.
func (l linked) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if len(p.Links) == 0 || trace.SpanContextFromContext(p.ParentContext).IsValid() {
		return l.Sampler.ShouldSample(p)
	}
	known := false
	for _, to := range p.Links {
		if to.SpanContext.IsSampled() {
			return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
		}
		known = known || to.SpanContext.IsValid()
	}
	if known {
		return sdktrace.SamplingResult{Decision: sdktrace.Drop}
	}
	return l.Sampler.ShouldSample(p)
}

// Description says how it is decided.
func (l linked) Description() string { return "Linked{" + l.Sampler.Description() + "}" }
