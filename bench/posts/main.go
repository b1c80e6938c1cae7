// Command posts runs a gateway of one service, built from platform alone, to be loaded: by `go run ./bench`, or by others.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/mainstem/mainstem/bench/posts/gateway"
	"github.com/mainstem/mainstem/bench/posts/process"
)

type flags struct {
	process.Flags
	Listen   string `help:"Host and port to listen at; port 0 for a free one." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Upstream string `help:"The service's URL, such as https://jsonplaceholder.typicode.com or what ./bench/upstream prints." required:"" placeholder:"URL"`
	Executor string `help:"What executes operations: compiled or gqlgen." default:"compiled" enum:"compiled,gqlgen"`
	Share    bool   `help:"Execute identical operations that run at the same time once."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var f flags
	kong.Parse(&f, kong.Name("posts"), kong.Description("A gateway of posts and users, to be loaded."))
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "posts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	g, err := gateway.New(gateway.Options{Upstream: f.Upstream, Executor: f.Executor, Share: f.Share, Log: log}) //nolint:contextcheck // what it makes outlives the start
	if err != nil {
		return err
	}
	ctx, p, err := process.Begin(ctx, f.Flags, nil)
	if err != nil {
		return errors.Join(err, g.Close())
	}
	server := &http.Server{
		Handler:           g,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       40 * time.Second, // longer than a request may take
		WriteTimeout:      40 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	err = p.Serve(ctx, f.Listen, "/graphql", server.Serve)
	return errors.Join(err, server.Close(), p.End(), g.Close())
}
