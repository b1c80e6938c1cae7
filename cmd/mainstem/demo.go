package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/telemetry"
)

type demoCommand struct {
	Listen       string            `help:"Where the gateway listens." default:"127.0.0.1:4000" placeholder:"HOST:PORT"`
	BackendPorts int               `help:"The first of the seven services' ports; 0 for free ones." default:"4101" placeholder:"PORT"`
	Control      string            `help:"Where services are broken and healed; a free port with --backend-ports 0." default:"127.0.0.1:4100" placeholder:"HOST:PORT"`
	Products     int               `help:"How many products the shop has." default:"5000"`
	Seed         uint64            `help:"What the data is made from: the same seed gives the same data."`
	Break        map[string]string `help:"Start with a service broken, such as reviews=down, orders=slow or catalog=latency=300ms,errorRate=0.2." placeholder:"SERVICE=HOW"`
	BackendsOnly bool              `help:"Start the services alone, for a gateway of your own."`
	LogLevel     string            `help:"How much the console shows of what the gateway does: debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
}

// Run plays the storefront until the program is told to stop.
func (c demoCommand) Run(ctx context.Context) (err error) {
	broken := map[string]breaking.Break{}
	for service, how := range c.Break {
		if broken[service], err = breaking.Parse(how); err != nil {
			return fmt.Errorf("--break %s=%s: %w", service, how, err)
		}
	}
	if c.Products < 1 {
		return fmt.Errorf("--products %d: a shop has one product or more", c.Products)
	}
	control := c.Control
	if c.BackendPorts == 0 && control == "127.0.0.1:4100" {
		control = "127.0.0.1:0"
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	d, err := demo.Start(ctx, demo.Options{
		Products: c.Products, Seed: c.Seed, FirstPort: c.BackendPorts, ControlAddr: control, Break: broken,
		Logger: telemetry.NewConsoleLogger(os.Stderr, max(level, slog.LevelInfo)), // the services' requests are not what is shown,
	})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err = errors.Join(err, d.Stop(stop))
	}()
	if c.BackendsOnly {
		if err := printServices(os.Stdout, d); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	dir, err := os.MkdirTemp("", "mainstem-demo-") // the shop is a new one each time: what was remembered of the last one would not fit it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return serve(ctx, demoConfig(d, c.Listen, c.LogLevel, dir), telemetry.NewConsoleLogger, func(url string) error { return printWelcome(os.Stdout, d, url) })
}
