package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// crowd is how many clients place orders at once where it is measured how many can be placed.
const crowd = 16

// workflows compares placing orders by a workflow with calling the same commands of the same services one after the other, and no more: what it
// costs that an order outlives the gateway.
func workflows(ctx context.Context, w io.Writer, f *fleet, p plan, profiles string) (err error) {
	runtime.GOMAXPROCS(runtime.NumCPU()) // who calls directly is this process
	services, err := f.start(ctx, "storefront", "services", "--unlimited")
	if err != nil {
		return err
	}
	plain, closeClients, err := direct(services)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeClients()) }()
	alone, err := f.byWorkflow(ctx, services, "SQLite", "sqlite:"+filepath.Join(f.dir, "orders.db"))
	if err != nil {
		return err
	}
	shops := []shop{plain, alone}
	url, err := f.postgres(ctx)
	switch {
	case errors.Is(err, errNoPostgres):
		fmt.Fprintf(os.Stderr, "*** NOT MEASURED ON POSTGRESQL: %v\n", err)
	case err != nil:
		return err
	default:
		shared, err := f.byWorkflow(ctx, services, "PostgreSQL", url)
		if err != nil {
			return err
		}
		shops = append(shops, shared)
	}
	if profiles != "" {
		return profileOrders(ctx, w, shops[1:], p, profiles)
	}
	return compareShops(ctx, w, shops, p)
}

// compareShops measures the shops in turn.
func compareShops(ctx context.Context, w io.Writer, shops []shop, p plan) error {
	skus := stocked()
	crowds := []int{1, crowd}
	measured := map[int][][]figures{}
	for round := range p.rounds {
		for _, clients := range crowds {
			if round == 0 {
				measured[clients] = make([][]figures, len(shops))
			}
			for turn := range shops {
				i := (turn + round) % len(shops) // who comes first alternates
				fmt.Fprintf(os.Stderr, "\r%-78s", fmt.Sprintf("round %d of %d: %d clients, %s", round+1, p.rounds, clients, shops[i].name))
				f, err := shops[i].measure(ctx, skus, clients, p.warmup, p.duration)
				if err != nil {
					return fmt.Errorf("%s: %w", shops[i].name, err)
				}
				measured[clients][i] = append(measured[clients][i], f)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%78s\r", "")
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %d rounds of %s\n\n", machine(), p.rounds, p.duration)
	b.WriteString("| clients | orders placed | orders/s |  p50 ms |  p99 ms | CPU ms |\n|--:|---|--:|--:|--:|--:|\n")
	for _, clients := range crowds {
		var base figures
		for i, s := range shops {
			f := median(measured[clients][i])
			fmt.Fprintf(&b, "| %7d | %-13s | %8s | %7s | %7s | %6s |\n", clients, s.name, number(f.rps), millis(f.p50), millis(f.p99), millis(f.cpuMicros))
			if i == 0 {
				base = f
				continue
			}
			fmt.Fprintf(&b, "|         | %-13s | %8s | %7s | %7s | %6s |\n", "ratio", times(ratio(f.rps, base.rps)), times(ratio(f.p50, base.p50)),
				times(ratio(f.p99, base.p99)), times(ratio(f.cpuMicros, base.cpuMicros)))
			fmt.Fprintf(&b, "|         | %-13s | %8s | %7s | %7s | %6s |\n", "added", "", millis(f.p50-base.p50), millis(f.p99-base.p99), millis(f.cpuMicros-base.cpuMicros))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// profileOrders writes profiles of the gateways under load into a folder.
func profileOrders(ctx context.Context, w io.Writer, shops []shop, p plan, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // profiles are no secret
		return err
	}
	skus := stocked()
	for _, s := range shops {
		at := strings.TrimSuffix(s.at.Stats, "/stats") + "/debug/pprof/profile?seconds=" + strconv.Itoa(max(int(p.duration.Seconds()), 1))
		file := filepath.Join(dir, "orders-"+s.name+".pprof")
		done := make(chan error, 1)
		go func() {
			body, err := get(ctx, at)
			done <- errors.Join(err, os.WriteFile(file, body, 0o644)) //nolint:gosec // profiles are no secret
		}()
		_, err := s.measure(ctx, skus, crowd, p.warmup, p.duration)
		if err = errors.Join(err, <-done); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "Read it by `go tool pprof -top %s`.\n", file); err != nil {
			return err
		}
	}
	return nil
}
