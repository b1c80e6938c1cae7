package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// tracing is a way to trace, with the part of the CPU that it may cost.
type tracing struct {
	name, settings string
	bound          string
}

// tracings are those that are compared; all with the first, also another one that is the same, which tells how much two gateways differ by chance. %s is the
// collector.
var tracings = []tracing{
	{"off", "", ""},
	{"1 %", "{exporter: otlp-http, endpoint: '%s', sampleRatio: 0.01, tail: {enabled: false}}", "3 %"},
	{"1 %, and what fails or is slow", "{exporter: otlp-http, endpoint: '%s', sampleRatio: 0.01, slow: 30s}", "3 %"},
	{"100 %", "{exporter: otlp-http, endpoint: '%s', sampleRatio: 1}", "15 %"},
	{"off, another gateway", "{sampleRatio: 0.01}", ""}, // of what nobody is sent
}

// generation is how many rounds a gateway's process lives: some are a little faster than others for as long as they live, whatever they trace.
const generation = 3

// traced measures what traces cost on the storefront's page: a request's CPU time in each round against that of the gateway that traces nothing.
func traced(ctx context.Context, w io.Writer, f *fleet, p plan, profiles string) error {
	page := workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.gateway == storefront })]
	var bytes atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body) // what is cut off is measured all the same
		bytes.Add(n)
	}))
	defer collector.Close()
	sides := make([]side, len(tracings))
	begin := func() error {
		if err := f.endGateways(); err != nil {
			return err
		}
		for i, t := range tracings {
			c := competitor{executor: gateway.Compiled, telemetry: strings.ReplaceAll(t.settings, "%s", collector.URL)}
			var err error
			if sides[i], err = f.side(ctx, page, c, p.connections); err != nil {
				return err
			}
		}
		return nil
	}
	if profiles != "" {
		if err := begin(); err != nil {
			return err
		}
		for i, s := range sides {
			if err := profileSide(ctx, w, s, p, filepath.Join(profiles, strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	}
	all, ratios, sent := make([][]figures, len(tracings)), make([][]float64, len(tracings)), make([]int64, len(tracings))
	for round := range p.rounds {
		if round%generation == 0 {
			if err := begin(); err != nil {
				return err
			}
		}
		for turn := range tracings {
			i := (turn + round) % len(tracings) // who comes first alternates
			fmt.Fprintf(os.Stderr, "\r%-78s", fmt.Sprintf("round %d of %d: %s", round+1, p.rounds, tracings[i].name))
			before := bytes.Load()
			measured, err := measure(ctx, sides[i], p.warmup, p.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", tracings[i].name, err)
			}
			all[i], sent[i] = append(all[i], measured), sent[i]+bytes.Load()-before
		}
		for i := range tracings {
			ratios[i] = append(ratios[i], ratio(all[i][round].cpuMicros, all[0][round].cpuMicros))
		}
	}
	fmt.Fprintf(os.Stderr, "\r%78s\r", "")
	if err := writeTraced(w, p, page.name, all, ratios, sent); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "\r%-78s", "profiling what is off")
	part, samples, err := hooked(ctx, sides[0], p)
	fmt.Fprintf(os.Stderr, "\r%78s\r", "")
	if err == nil {
		_, err = fmt.Fprintf(w, "\nOff, %.2f %% of the CPU time is spent for traces, by %s samples of a profile; it may be 1 %%.\n", 100*part, number(float64(samples)))
	}
	return err
}

// writeTraced writes what was measured as a table of Markdown.
func writeTraced(w io.Writer, p plan, workload string, all [][]figures, ratios [][]float64, sent []int64) error {
	if _, err := fmt.Fprintf(w, "%s; %s, %d connections, %d rounds of %s\n\n"+
		"| traces | requests/s | calls | CPU µs | allocations | to off | may be | KiB/s to the collector |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
		machine(), workload, p.connections, p.rounds, p.duration); err != nil {
		return err
	}
	for i, t := range tracings {
		m := median(all[i])
		slices.Sort(ratios[i])
		to := ratios[i][len(ratios[i])/2]
		kib := float64(sent[i]) / 1024 / (float64(p.rounds) * (p.duration + p.warmup).Seconds())
		if _, err := fmt.Fprintf(w, "| %s | %s | %.2f | %s | %s | %.3f × | %s | %s |\n",
			t.name, number(m.rps), m.calls, number(m.cpuMicros), number(m.allocs), to, t.bound, number(kib)); err != nil {
			return err
		}
	}
	return nil
}
