package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"

	pprof "github.com/google/pprof/profile"

	"github.com/mainstem/mainstem/bench/load"
)

// The gateway has no build without traces to be compared with. What they cost when they are off is small beside what two runs differ by, so that it is counted
// in a profile: the samples in which the innermost function of the gateway, or of OpenTelemetry, is one that is there for traces alone.
var (
	inside = []string{"github.com/mainstem/mainstem/", "go.opentelemetry.io/"}
	hooks  = regexp.MustCompile(`^go\.opentelemetry\.io/` +
		`|^github\.com/mainstem/mainstem/platform/telemetry\.(offTracer|randomSpanContext|isRoot|\(\*Telemetry\)\.(startRequest|withBaggage|Step)|endRequest|GraphQL|connected|markErrors)` +
		`|^github\.com/mainstem/mainstem/platform/upstream\.(carry|\(\*base\)\.(span|try|tried|answered|carry|tracing))` +
		`|^github\.com/mainstem/mainstem/platform/loader\.(recorded|\(\*batch\[.*\]\)\.link)`)
)

// hooked gives the part of a gateway's CPU time under load that is spent for traces, and in how many samples of a profile it was found.
func hooked(ctx context.Context, s side, p plan) (part float64, samples int64, err error) {
	seconds := max(int(p.duration.Seconds())*p.rounds, 1)
	var body []byte
	_, err = load.Run(ctx, s.target, p.warmup, func(ctx context.Context) (err error) {
		body, err = get(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", strings.TrimSuffix(s.gateway.Stats, "/stats"), seconds))
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return countHooks(body)
}

func countHooks(encoded []byte) (part float64, samples int64, err error) {
	cpu, err := pprof.Parse(bytes.NewReader(encoded))
	if err != nil {
		return 0, 0, fmt.Errorf("the gateway's profile: %w", err)
	}
	var of int64
	for _, s := range cpu.Sample {
		samples += s.Value[0]
		if hooks.MatchString(innermost(s)) {
			of += s.Value[0]
		}
	}
	return ratio(float64(of), float64(samples)), samples, nil
}

// innermost gives the innermost function of the gateway, or of OpenTelemetry, that a sample was taken in; "" for none.
func innermost(s *pprof.Sample) string {
	for _, at := range s.Location {
		for _, line := range at.Line {
			for _, prefix := range inside {
				if strings.HasPrefix(line.Function.Name, prefix) {
					return line.Function.Name
				}
			}
		}
	}
	return ""
}
