package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mainstem/mainstem/bench/load"
)

// profile writes profiles of a gateway's process under load into a folder.
func profile(ctx context.Context, w io.Writer, f *fleet, p plan, executor, dir string) error {
	s, err := f.side(ctx, p.chosen(), competitor{executor: executor}, p.connections)
	if err != nil {
		return err
	}
	return profileSide(ctx, w, s, p, dir)
}

// profileSide writes profiles of one side's gateway.
func profileSide(ctx context.Context, w io.Writer, s side, p plan, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // profiles are no secret
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
	_, err := load.Run(ctx, s.target, p.warmup, func(context.Context) error {
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
