package main

import (
	"context"
	"fmt"
	"io"

	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// linear measures how what a request costs grows with its posts.
func linear(ctx context.Context, w io.Writer, p *programs, pl plan) error {
	if _, err := fmt.Fprintf(w, "%s by the compiled executor, 4 connections\n\n|  posts | CPU µs | per post | to proportional |\n|--:|--:|--:|--:|\n", workloads[0].name); err != nil {
		return err
	}
	perPost := 0.0
	for _, n := range []int{100, 1000, 10_000} {
		s, err := newFleet(p, n).side(ctx, workloads[0], competitor{executor: gateway.Compiled}, 4)
		if err != nil {
			return err
		}
		var all []figures
		for range pl.rounds {
			measured, err := measure(ctx, s, pl.warmup, pl.duration)
			if err != nil {
				return err
			}
			all = append(all, measured)
		}
		cpu := median(all).cpuMicros
		if perPost == 0 {
			perPost = cpu / float64(n)
		}
		if _, err := fmt.Fprintf(w, "| %6s | %8s | %6.2f | %.2f × |\n", number(float64(n)), number(cpu), cpu/float64(n), cpu/float64(n)/perPost); err != nil {
			return err
		}
	}
	return nil
}
