package main

import (
	"context"
	"os"

	"github.com/mainstem/mainstem/platform/fault"
)

// documents writes the pages that are made from Go definitions.
func documents(context.Context) error {
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	return os.WriteFile("docs/errors.md", fault.Markdown(), 0o644)
}
