// Package names is the catalogue of what a gateway tells about itself: every metric, span and attribute, with what it says. Code that measures makes its
// instruments of what stands here, so that nothing is measured which is not explained; docs/telemetry.md is generated from it.
package names

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Attribute is what measurements and spans are told apart by.
type Attribute struct {
	attribute.Key
	Says   string
	Values string // which there can be: what bounds their number
}

// Kind is how a metric's values go together.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"   // only grows
	Gauge     Kind = "gauge"     // how much there is now
	Histogram Kind = "histogram" // how often there was how much
)

// Metric is something that is measured.
type Metric struct {
	Name       string
	Kind       Kind
	Unit       string // as UCUM has it
	Says       string
	Look       string // when to look at it
	Attributes []Attribute
	Buckets    []float64 // of a histogram
	Additive   bool      // of a gauge that is observed, whether OpenTelemetry has it as an UpDownCounter: several processes' values go together by their sum
	Foreign    string    // the package that makes it, if that is none of the gateway's
}

// Prometheus gives the name that Prometheus knows the metric by.
func (m Metric) Prometheus() string {
	name := PrometheusLabel(m.Name)
	if word := units[m.Unit]; word != "" && !strings.HasSuffix(name, "_"+word) {
		name += "_" + word
	}
	if m.Kind == Counter {
		name += "_total"
	}
	return name
}

// units are how Prometheus' names end.
var units = map[string]string{"s": "seconds", "By": "bytes", "%": "percent"}

// PrometheusLabel gives the name of an attribute as Prometheus knows it.
func PrometheusLabel(name string) string { return strings.ReplaceAll(name, ".", "_") }

// Counter makes the instrument of a counter. Like all that make instruments, it panics if the metric is of another kind, or badly declared.
func (m Metric) Counter(meter metric.Meter) metric.Int64Counter {
	made, err := meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	m.check(Counter, err)
	return made
}

// UpDown makes the instrument of a gauge that is told of what comes and goes.
func (m Metric) UpDown(meter metric.Meter) metric.Int64UpDownCounter {
	made, err := meter.Int64UpDownCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	m.check(Gauge, err)
	return made
}

// Histogram makes the instrument of a histogram.
func (m Metric) Histogram(meter metric.Meter) metric.Float64Histogram {
	made, err := meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says), metric.WithExplicitBucketBoundaries(m.Buckets...))
	m.check(Histogram, err)
	return made
}

// Tell is told of one value.
type Tell func(value float64, attributes ...attribute.KeyValue)

// Observe has a counter or a gauge asked for whenever somebody reads the metrics. What several observe of one metric stands side by side. It gives what ends
// that.
func (m Metric) Observe(meter metric.Meter, observe func(ctx context.Context, tell Tell)) metric.Registration {
	if m.Unit == "s" {
		return m.observeFloats(meter, observe)
	}
	return m.observeInts(meter, observe)
}

func (m Metric) observeInts(meter metric.Meter, observe func(ctx context.Context, tell Tell)) metric.Registration {
	var made metric.Int64Observable
	var err error
	switch {
	case m.Kind == Counter:
		made, err = meter.Int64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	case m.Additive:
		made, err = meter.Int64ObservableUpDownCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	default:
		made, err = meter.Int64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	}
	m.check(m.Kind, err)
	registration, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		observe(ctx, func(value float64, attributes ...attribute.KeyValue) {
			o.ObserveInt64(made, int64(value), metric.WithAttributes(attributes...))
		})
		return nil
	}, made)
	m.check(m.Kind, err)
	return registration
}

func (m Metric) observeFloats(meter metric.Meter, observe func(ctx context.Context, tell Tell)) metric.Registration {
	var made metric.Float64Observable
	var err error
	if m.Kind == Counter {
		made, err = meter.Float64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	} else {
		made, err = meter.Float64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Says))
	}
	m.check(m.Kind, err)
	registration, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		observe(ctx, func(value float64, attributes ...attribute.KeyValue) {
			o.ObserveFloat64(made, value, metric.WithAttributes(attributes...))
		})
		return nil
	}, made)
	m.check(m.Kind, err)
	return registration
}

func (m Metric) check(wanted Kind, err error) {
	if err != nil || m.Kind != wanted || m.Foreign != "" {
		panic(fmt.Sprintf("the metric %s, a %s, cannot be made as a %s here: %v", m.Name, m.Kind, wanted, err))
	}
}

// Span is a part of a trace.
type Span struct {
	Name       string // with what varies in angle brackets
	Kind       string // as OpenTelemetry has it
	Says       string
	Attributes []Attribute
}
