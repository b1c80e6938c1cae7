package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mainstem/mainstem/bench/load"
	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// soak loads one gateway for long, and tells of its memory all the time.
func soak(ctx context.Context, w io.Writer, f *fleet, p plan, total time.Duration) error {
	chosen := workloads[0]
	for _, one := range workloads {
		if one.name == p.only {
			chosen = one
		}
	}
	s, err := f.side(ctx, chosen, competitor{executor: gateway.Compiled}, p.connections)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s by the compiled executor, %d connections, for %s\n\n| minutes | RSS MiB | peak MiB |\n|--:|--:|--:|\n", chosen.name, p.connections, total)
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

// linear measures how what a request costs grows with its posts.
func linear(ctx context.Context, w io.Writer, p *programs, pl plan) error {
	fmt.Fprintf(w, "%s by the compiled executor, 4 connections\n\n|  posts | CPU µs | per post | to proportional |\n|--:|--:|--:|--:|\n", workloads[0].name)
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

// profile writes profiles of a gateway's process under load into a folder.
func profile(ctx context.Context, w io.Writer, f *fleet, p plan, executor, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // profiles are no secret
		return err
	}
	chosen := workloads[0]
	for _, one := range workloads {
		if one.name == p.only {
			chosen = one
		}
	}
	s, err := f.side(ctx, chosen, competitor{executor: executor}, p.connections)
	if err != nil {
		return err
	}
	at := strings.TrimSuffix(s.gateway.Stats, "/stats") + "/debug/pprof/"
	save := func(name, page string) error {
		body, err := get(ctx, at+page)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), body, 0o644) //nolint:gosec // profiles are no secret
	}
	seconds := max(int(p.duration.Seconds()), 1)
	_, err = load.Run(ctx, s.target, p.warmup, func(context.Context) error {
		return errors.Join(
			save("cpu.pprof", fmt.Sprintf("profile?seconds=%d", seconds)),
			save("heap.pprof", "heap"),
			save("allocs.pprof", "allocs"),
		)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "Read them by `go tool pprof -top %s`.\n", filepath.Join(dir, "cpu.pprof"))
	return err
}
