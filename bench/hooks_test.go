package main

import (
	"bytes"
	"testing"

	pprof "github.com/google/pprof/profile"
)

// TestHooks: what is spent below a function for traces is spent for traces, unless another function of the gateway is between.
func TestHooks(t *testing.T) {
	t.Parallel()
	const (
		middleware = "github.com/mainstem/mainstem/platform/telemetry.(*Telemetry).Middleware.func1"
		begin      = "github.com/mainstem/mainstem/platform/telemetry.(*Telemetry).startRequest"
		exec       = "github.com/mainstem/mainstem/platform/exec.(*Run).work"
		span       = "go.opentelemetry.io/otel/trace.SpanFromContext"
		link       = "github.com/mainstem/mainstem/platform/loader.(*batch[go.shape.string,go.shape.*uint8]).link"
	)
	p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "samples", Unit: "count"}}, PeriodType: &pprof.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 1}
	for _, stack := range [][]string{ // the innermost first
		{"runtime.mallocgc", begin, middleware},
		{"runtime.mallocgc", span, exec, middleware},
		{link, exec, middleware},
		{"runtime.mallocgc", exec, begin, middleware},
		{"net/http.(*conn).serve"},
		{middleware},
	} {
		s := &pprof.Sample{Value: []int64{2}}
		for _, name := range stack {
			f := &pprof.Function{ID: uint64(len(p.Function) + 1), Name: name}
			at := &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f}}}
			p.Function, p.Location, s.Location = append(p.Function, f), append(p.Location, at), append(s.Location, at)
		}
		p.Sample = append(p.Sample, s)
	}
	var encoded bytes.Buffer
	if err := p.Write(&encoded); err != nil {
		t.Fatal(err)
	}
	if part, samples, err := countHooks(encoded.Bytes()); part != 0.5 || samples != 12 || err != nil {
		t.Errorf("got %v of %d, %v", part, samples, err)
	}
	if _, _, err := countHooks([]byte("no profile")); err == nil {
		t.Error("what is no profile is read")
	}
}
