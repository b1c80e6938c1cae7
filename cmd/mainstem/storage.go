package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
	"github.com/mainstem/mainstem/storage"
)

type storageCommands struct {
	Backup backupCommand `cmd:"" help:"Copy the storage to a new file, while a gateway runs or not."`
	Verify verifyCommand `cmd:"" help:"Look for damage in the storage."`
}

// storageFlags say where the storage is.
type storageFlags struct {
	Config string `help:"The configuration, whose storage.url says where the storage is." default:"mainstem.yaml" type:"path" placeholder:"FILE"`
}

// with opens the storage that a gateway has made, and closes it after do. It may be in use by gateways.
func (f storageFlags) with(ctx context.Context, do func(ctx context.Context, store *storage.Store) error) (err error) {
	settings, err := config.Load(f.Config, os.Environ(), server.DefaultConfig())
	if err != nil {
		return fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	store, err := storage.OpenExisting(ctx, settings.Storage, telemetry.NewConsoleLogger(os.Stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		stop() // before the storage closes, so that nothing uses it any more
		err = errors.Join(err, store.Close())
	}()
	return do(ctx, store)
}

type backupCommand struct {
	storageFlags
	File string `arg:"" type:"path" help:"The copy. It must not be there yet."`
}

// Run copies the storage.
func (c backupCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		if err := store.Backup(ctx, c.File); err != nil {
			return err
		}
		return print("The storage is copied to %s. To go back to it, stop the gateway and have storage.url name a copy of it.\n", c.File)
	})
}

type verifyCommand struct{ storageFlags }

// Run looks for damage, and fails if there is any.
func (c verifyCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		wrong, err := store.Verify(ctx)
		if err != nil {
			return err
		}
		for _, what := range wrong {
			if err := print("%s\n", what); err != nil {
				return err
			}
		}
		if len(wrong) > 0 {
			return fmt.Errorf("the storage is damaged in %d ways: stop the gateway, keep the file, and go back to a backup", len(wrong))
		}
		return print("The storage is whole.\n")
	})
}

// print writes to standard output.
func print(format string, args ...any) error {
	_, err := fmt.Printf(format, args...)
	return err
}
