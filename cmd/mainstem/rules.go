package main

import (
	"fmt"
	"os"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/slo"
	"github.com/mainstem/mainstem/server"
)

type rulesCommand struct {
	Config   string `help:"The configuration whose slo says what is promised. Without it, the defaults." type:"existingfile" placeholder:"FILE"`
	Job      string `help:"The name of the job by which Prometheus scrapes gateways." default:"${rules_job}" placeholder:"NAME"`
	Runbooks string `help:"The URL below which each alert's page is." default:"${rules_runbooks}" placeholder:"URL"`
}

// Help says more of the command than its first line.
func (rulesCommand) Help() string {
	return "It prints recording rules and alerts. The same configuration gives the same rules. For example: " +
		"mainstem rules --config mainstem.yaml > mainstem.rules.yaml; promtool check rules mainstem.rules.yaml"
}

// Run prints the rules.
func (c rulesCommand) Run() error {
	settings := server.DefaultConfig()
	if c.Config != "" {
		var err error
		if settings, err = config.Load(c.Config, os.Environ(), settings); err != nil {
			return fmt.Errorf("the configuration is not valid:\n%w", err)
		}
	}
	_, err := os.Stdout.Write(settings.SLO.Rules(slo.Options{Job: c.Job, Runbooks: c.Runbooks}))
	return err
}
