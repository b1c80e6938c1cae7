// Command documents writes the pages of docs/ and the files of deploy/ that are made from Go definitions. cmd/generate runs it last, as a program of its own, since it
// contains the gateway and so compiles only when everything else has been generated.
package main

import (
	"fmt"
	"os"

	"github.com/mainstem/mainstem/deploy/grafana"
	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/slo"
	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/server"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "documents:", err)
		os.Exit(1)
	}
}

// write writes the pages, in the repository's root.
func write() error {
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile("docs/errors.md", fault.Markdown(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("docs/telemetry.md", names.Markdown(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("docs/alerts.md", slo.Markdown(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("deploy/prometheus/mainstem.rules.yaml", slo.Defaults().Rules(slo.DefaultOptions()), 0o644); err != nil {
		return err
	}
	for name, dashboard := range grafana.All() {
		text, err := dashboard.JSON()
		if err != nil {
			return err
		}
		if err := os.WriteFile("deploy/grafana/dashboards/"+name+".json", text, 0o644); err != nil {
			return err
		}
	}
	schema, err := config.Schema("mainstem.yaml", server.DefaultConfig())
	if err != nil {
		return err
	}
	return os.WriteFile("docs/mainstem.schema.json", schema, 0o644)
}
