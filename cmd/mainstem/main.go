// Command mainstem runs the gateway.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/mainstem/mainstem/platform/slo"
)

// commands are what the program can do.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"Run the storefront: seven services and the gateway in front of them, on this machine alone."`
	Serve   serveCommand   `cmd:"" help:"Run the gateway in front of the services that a configuration names."`
	Explain explainCommand `cmd:"" help:"Say how an operation would be executed, without executing it."`
	Rules   rulesCommand   `cmd:"" help:"Print rules for Prometheus: what is promised to clients, and alerts."`
	Version versionCommand `cmd:"" help:"Say which version this is."`

	Workflows workflowsCommands `cmd:"" help:"See what became of operations that change several services, and mend what is stuck."`
	Storage   storageCommands   `cmd:"" help:"Copy what the gateway keeps, or look for damage in it."`
	Audit     auditCommands     `cmd:"" help:"Read the log of what happened."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var c commands
	parsed := kong.Parse(&c,
		kong.Name("mainstem"),
		kong.Description("One GraphQL endpoint in front of many services."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"rules_job": slo.DefaultOptions().Job, "rules_runbooks": slo.DefaultOptions().Runbooks},
	)
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "mainstem:", err)
		os.Exit(exitCode(err))
	}
}

// exitCode gives the code that an error wants the program to end with: 1, if it wants none.
func exitCode(err error) int {
	if missing, ok := errors.AsType[errNoWorkflow](err); ok {
		return missing.ExitCode()
	}
	return 1
}

type versionCommand struct{}

// Run prints the version that the program was built from.
func (versionCommand) Run() error { //nolint:unparam // what kong calls returns an error
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version + " " + info.GoVersion
	}
	fmt.Println("mainstem", version)
	return nil
}
