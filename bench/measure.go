package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/mainstem/mainstem/bench/load"
	"github.com/mainstem/mainstem/bench/posts/process"
)

// figures are what a load of one gateway gave.
type figures struct {
	rps       float64
	p50, p99  float64 // in microseconds
	cpuMicros float64 // per request, of the gateway's process
	allocs    float64 // per request, of the gateway's process
	calls     float64 // per request, of the services behind
}

// measure loads one side for a while, and then for another that counts for latencies. All else counts from before the first request to after
// the last answer, so that no request counts in part.
func measure(ctx context.Context, s side, warmup, duration time.Duration) (figures, error) {
	before, callsBefore, err := s.usage(ctx)
	if err != nil {
		return figures{}, err
	}
	result, err := load.Run(ctx, s.target, warmup, load.For(duration))
	if err != nil {
		return figures{}, err
	}
	after, callsAfter, err := s.usage(ctx)
	perRequest := func(before, after int64) float64 { return float64(after-before) / float64(max(result.Answers, 1)) }
	return figures{
		rps:       result.Rate(),
		p50:       float64(result.Latencies.Quantile(0.5).Microseconds()),
		p99:       float64(result.Latencies.Quantile(0.99).Microseconds()),
		cpuMicros: perRequest(before.CPUMicros, after.CPUMicros),
		allocs:    perRequest(before.Allocs, after.Allocs),
		calls:     perRequest(callsBefore, callsAfter),
	}, err
}

// usage asks what the gateway has used, and how many calls the services have answered.
func (s side) usage(ctx context.Context) (gateway process.Usage, calls int64, err error) {
	services, err := s.services.usage(ctx)
	if err == nil {
		gateway, err = s.gateway.usage(ctx)
	}
	return gateway, services.Calls, err
}

// median gives the median of each figure.
func median(all []figures) figures {
	middle := func(of func(figures) float64) float64 {
		values := make([]float64, len(all))
		for i, f := range all {
			values[i] = of(f)
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	return figures{
		rps:       middle(func(f figures) float64 { return f.rps }),
		p50:       middle(func(f figures) float64 { return f.p50 }),
		p99:       middle(func(f figures) float64 { return f.p99 }),
		cpuMicros: middle(func(f figures) float64 { return f.cpuMicros }),
		allocs:    middle(func(f figures) float64 { return f.allocs }),
		calls:     middle(func(f figures) float64 { return f.calls }),
	}
}

// contest is a workload with the gateways that are compared in it.
type contest struct {
	workload
	sides  [len(competitors)]side
	rounds [len(competitors)][]figures
}

// plan says how long to measure what.
type plan struct {
	only        string // a workload's name; all when empty
	connections int
	rounds      int
	warmup      time.Duration
	duration    time.Duration // of each load
}

// chosen gives the workload that is asked for, or the first.
func (p plan) chosen() workload {
	return workloads[max(0, slices.IndexFunc(workloads, func(w workload) bool { return w.name == p.only }))]
}

// compare measures all workloads, with the gateways taking turns: whatever else the machine does falls on all.
func compare(ctx context.Context, f *fleet, p plan) ([]row, error) {
	var contests []*contest
	for _, w := range workloads {
		if p.only == "" || p.only == w.name {
			sides, err := f.sides(ctx, w, p.connections)
			if err != nil {
				return nil, err
			}
			contests = append(contests, &contest{workload: w, sides: sides})
		}
	}
	for round := range p.rounds {
		for _, each := range contests {
			for turn := range each.sides {
				i := (turn + round) % len(each.sides) // who comes first alternates
				fmt.Fprintf(os.Stderr, "\r%-78s", fmt.Sprintf("round %d of %d: %s, %s", round+1, p.rounds, each.name, competitors[i]))
				measured, err := measure(ctx, each.sides[i], p.warmup, p.duration)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", each.name, competitors[i], err)
				}
				each.rounds[i] = append(each.rounds[i], measured)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%78s\r", "")
	var rows []row
	for _, each := range contests {
		gqlgen := median(each.rounds[2])
		rows = append(rows, newRow(each.name, false, median(each.rounds[0]), gqlgen), newRow(each.name, true, median(each.rounds[1]), gqlgen))
	}
	return rows, nil
}
