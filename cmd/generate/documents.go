package main

import (
	"context"
	"os"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/server"
)

// documents writes the pages that are made from Go definitions.
func documents(context.Context) error {
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile("docs/errors.md", fault.Markdown(), 0o644); err != nil {
		return err
	}
	schema, err := config.Schema("mainstem.yaml", server.DefaultConfig())
	if err != nil {
		return err
	}
	return os.WriteFile("docs/mainstem.schema.json", schema, 0o644)
}
