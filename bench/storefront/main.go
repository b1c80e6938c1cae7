// Command storefront runs the storefront to be loaded: its services, or the real gateway in front of them, each as a process of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mainstem/mainstem/bench/posts/process"
	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
)

type commands struct {
	Services servicesCommand `cmd:"" help:"Run the seven services of the demo."`
	Gateway  gatewayCommand  `cmd:"" help:"Run the gateway."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var c commands
	parsed := kong.Parse(&c, kong.Name("storefront"), kong.Description("The storefront, to be loaded."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "storefront:", err)
		os.Exit(1)
	}
}

// grace is how long requests under way may take once a program is told to stop.
const grace = 2 * time.Second

type servicesCommand struct {
	process.Flags
	Products  int  `help:"How many products the shop has." default:"5000"`
	Unlimited bool `help:"Answer as many calls as come, also where the demo's services have a limit."`
}

// Run runs the services until the program is told to stop.
func (c servicesCommand) Run(ctx context.Context) error {
	var calls counter
	ctx, p, err := process.Begin(ctx, c.Flags, calls.n.Load)
	if err != nil {
		return err
	}
	d, err := demo.Start(ctx, demo.Options{Products: c.Products, Unlimited: c.Unlimited, Logger: slog.New(&calls)})
	if err != nil {
		return errors.Join(err, p.End())
	}
	urls := map[string]string{}
	for _, s := range d.Services() {
		urls[s.Name] = s.URL
	}
	err = p.Ready("", urls)
	if err == nil {
		<-ctx.Done()
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, d.Stop(stop), p.End())
}

// counter counts the requests that the services log.
type counter struct{ n atomic.Int64 }

// Enabled takes everything: requests are logged at debug level.
func (*counter) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts a request.
func (c *counter) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "request" {
		c.n.Add(1)
	}
	return nil
}

// WithAttrs gives the same counter: requests of all services count alike.
func (c *counter) WithAttrs([]slog.Attr) slog.Handler { return c }

// WithGroup gives the same counter.
func (c *counter) WithGroup(string) slog.Handler { return c }

type gatewayCommand struct {
	process.Flags
	Config string `help:"The gateway's configuration." required:"" type:"path" placeholder:"FILE"`
}

// Run runs the gateway until the program is told to stop.
func (c gatewayCommand) Run(ctx context.Context) error {
	server.CollectLess()
	settings, err := config.Load(c.Config, nil, server.DefaultConfig())
	if err != nil {
		return err
	}
	ctx, p, err := process.Begin(ctx, c.Flags, nil)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(os.Stderr, slog.LevelWarn)
	tracing, err := telemetry.New(ctx, settings.Telemetry)
	if err != nil {
		return errors.Join(err, p.End())
	}
	s, err := server.New(settings, log, tracing) //nolint:contextcheck // what it starts lives until Stop
	if err != nil {
		return errors.Join(err, p.End())
	}
	err = p.Ready(s.URL()+"/graphql", nil)
	if err == nil {
		err = s.Run(ctx, grace)
	} else {
		err = errors.Join(err, s.Stop(ctx))
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, tracing.Shutdown(stop), p.End())
}
