// Command bench compares the compiled executor with gqlgen's own, over HTTP, side by side in one run:
//
//	go run ./bench          # for docs/performance.md
//	go run ./bench -quick   # within 45 s
//
// and placing orders by workflows with calling the same services directly:
//
//	go run ./bench -workflows
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/mainstem/mainstem/bench/posts/gateway"
)

type options struct {
	plan
	quick     bool
	json      string
	soak      time.Duration
	traced    bool
	linear    bool
	workflows bool
	profile   string
	executor  string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.quick, "quick", false, "end within 45 s, building excluded: two rounds of 0.8 s each")
	f.StringVar(&o.json, "json", "", "write the rows to this `file`")
	f.IntVar(&o.connections, "connections", 100, "how many connections ask at once")
	f.DurationVar(&o.duration, "duration", 4*time.Second, "how long each load is measured")
	f.IntVar(&o.rounds, "rounds", 5, "how often each load is measured; figures are medians")
	f.StringVar(&o.only, "workload", "", "measure this `workload` alone, such as posts/1")
	f.DurationVar(&o.soak, "soak", 0, "in place of comparing, load the compiled executor for so long and tell of its memory")
	f.BoolVar(&o.traced, "telemetry", false, "in place of comparing, measure what traces cost on the storefront's page; with -profile, profile it")
	f.BoolVar(&o.linear, "linear", false, "in place of comparing, measure 100, 1,000 and 10,000 posts")
	f.BoolVar(&o.workflows, "workflows", false, "in place of comparing executors, compare placing orders by workflows with calling the same services directly; with -profile, profile them")
	f.StringVar(&o.profile, "profile", "", "in place of comparing, write profiles under load into this `folder`")
	f.StringVar(&o.executor, "executor", "compiled", "what -profile profiles: compiled or gqlgen")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.warmup = time.Second
	if o.quick {
		o.rounds, o.warmup, o.duration = 2, 400*time.Millisecond, 800*time.Millisecond
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	case o.connections < 1 || o.rounds < 1 || o.duration <= 0 || o.soak < 0:
		return o, errors.New("connections, rounds and durations must be more than nothing")
	case o.only != "" && !slices.ContainsFunc(workloads, func(w workload) bool { return w.name == o.only }):
		return o, fmt.Errorf("there is no workload %q", o.only)
	case o.executor != gateway.Compiled && o.executor != gateway.GQLGen:
		return o, fmt.Errorf("there is no executor %q", o.executor)
	}
	return o, nil
}

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	fmt.Fprintln(os.Stderr, "building")
	p, err := build(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	runtime.GOMAXPROCS(1) // the generator waits most of the time: threads that look for work would take it from the gateways
	f := newFleet(p, 100)
	switch {
	case o.workflows:
		return workflows(ctx, os.Stdout, f, o.plan, o.profile)
	case o.soak > 0:
		return soak(ctx, os.Stdout, f, o.plan, o.soak)
	case o.traced:
		return traced(ctx, os.Stdout, f, o.plan, o.profile)
	case o.linear:
		return linear(ctx, os.Stdout, p, o.plan)
	case o.profile != "":
		return profile(ctx, os.Stdout, f, o.plan, o.executor, o.profile)
	}
	begun := time.Now()
	rows, err := compare(ctx, f, o.plan)
	if err != nil {
		return err
	}
	fmt.Printf("%s; %d connections, %d rounds of %s, %s in all\n\n", machine(), o.connections, o.rounds, o.duration, time.Since(begun).Round(time.Second))
	if err := writeTable(os.Stdout, rows); err != nil {
		return err
	}
	if o.json != "" {
		return writeJSON(o.json, rows)
	}
	return nil
}
