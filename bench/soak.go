package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/mainstem/mainstem/bench/load"
	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// soak loads one gateway for long, and tells of its memory all the time.
func soak(ctx context.Context, w io.Writer, f *fleet, p plan, total time.Duration) error {
	chosen := p.chosen()
	s, err := f.side(ctx, chosen, competitor{executor: gateway.Compiled}, p.connections)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s by the compiled executor, %d connections, for %s\n\n| minutes | RSS MiB | peak MiB |\n|--:|--:|--:|\n", chosen.name, p.connections, total); err != nil {
		return err
	}
	begun := time.Now()
	tell := func() error {
		u, err := s.gateway.usage(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "| %7.2f | %7.1f | %8.1f |\n", time.Since(begun).Minutes(), mebibytes(u.RSS), mebibytes(u.PeakRSS))
		return err
	}
	result, err := load.Run(ctx, s.target, p.warmup, func(ctx context.Context) error {
		const times = 20
		for range times {
			if err := tell(); err != nil {
				return err
			}
			if err := load.For(total / times)(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := tell(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s requests/s, p50 %s, p99 %s\n", number(result.Rate()), result.Latencies.Quantile(0.5), result.Latencies.Quantile(0.99))
	return err
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
