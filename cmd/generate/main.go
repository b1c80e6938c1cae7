// Command generate runs every generator in order: contracts, then the graph, then the documents.
//
// Run it by `make generate`, in the repository's root. It needs no network once modules are downloaded, and writes the same bytes
// each time.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"OpenAPI contracts", openAPI},
		{".proto contracts", protobuf},
		{"graph", gqlgen}, // binds the sources' types, which are made of the contracts'
		{"documents", documents},
	}
	for _, s := range steps {
		if err := s.run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "generate: %s: %v\n", s.name, err)
			os.Exit(1) //nolint:gocritic // what is deferred only restores signals
		}
	}
}

// documents runs cmd/generate/documents, which does not compile before the rest is generated.
func documents(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "run", "./cmd/generate/documents")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
