package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
)

// grace is how long requests under way may take once the program is told to stop.
const grace = 15 * time.Second

type serveCommand struct {
	Config string `help:"The configuration." default:"mainstem.yaml" type:"path" placeholder:"FILE"`
	Listen string `help:"Host and port to listen at, in place of the configuration's." placeholder:"HOST:PORT"`
}

// Run serves until the program is told to stop.
func (c serveCommand) Run(ctx context.Context) error {
	settings, err := config.Load(c.Config, os.Environ(), server.DefaultConfig())
	if err != nil {
		return fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	if c.Listen != "" {
		settings.Listen = c.Listen
	}
	return serve(ctx, settings, telemetry.NewLogger, func(url string) error {
		_, err := fmt.Printf("GraphQL at %s/graphql\n", url)
		return err
	})
}

// serve runs a gateway until ctx ends, with a log on standard error. ready is told its URL once it listens.
func serve(ctx context.Context, c server.Config, logger func(io.Writer, slog.Leveler) *slog.Logger, ready func(url string) error) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	c.Telemetry.Level = telemetry.NewLevel(level)
	log := logger(os.Stderr, c.Telemetry.Level)
	c.Telemetry.Log = log
	tracing, err := telemetry.New(ctx, c.Telemetry)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	s, err := server.New(c, log, tracing) //nolint:contextcheck // what it starts lives until Stop, not until ctx ends
	if err == nil {
		if err = ready(s.URL()); err == nil {
			err = s.Run(ctx, grace)
		} else {
			err = errors.Join(err, s.Stop(ctx))
		}
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(err, tracing.Shutdown(flush)) // last: what stops still writes spans
}
