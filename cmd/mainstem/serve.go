package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
)

// How long it may take until the program has stopped: 30 s less what Kubernetes waits before it says so (deploy/kubernetes).
const (
	grace    = 15 * time.Second // for requests under way
	flushing = 8 * time.Second  // for what is to be said of them
)

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
	server.CollectLess()
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	c.Telemetry.Level = telemetry.NewLevel(level)
	log := logger(os.Stderr, c.Telemetry.Level)
	c.Telemetry.Log = log
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("OpenTelemetry", "error", err) })) // it would write beside the log
	tracing, err := telemetry.New(ctx, c.Telemetry)
	if err != nil {
		return err
	}
	s, err := server.New(c, log, tracing) //nolint:contextcheck // what it starts lives until Stop, not until ctx ends
	if err == nil {
		if err = ready(s.URL()); err == nil {
			err = s.Run(ctx, grace)
		} else {
			err = errors.Join(err, s.Stop(ctx))
		}
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushing)
	defer cancel()
	if missed := tracing.Shutdown(flush); missed != nil { // last: what stops still writes spans
		log.Warn("not all that was traced and measured could be sent", "error", missed) // no reason to have failed
	}
	return err
}
