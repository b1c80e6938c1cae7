package workflowstest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// File gives the URL of a new SQLite file with all tables, which goes with the test.
func File(t *testing.T) storage.URL {
	t.Helper()
	tables, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mainstem.db")
	if err := os.WriteFile(path, tables, 0o600); err != nil {
		t.Fatal(err)
	}
	return storage.URL("sqlite:" + path)
}

// empty gives a SQLite file with all tables and nothing in them. Making the tables takes far longer than a run.
var empty = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "workflowstest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "empty.db")
	c, log := storage.Defaults(), slog.New(slog.DiscardHandler)
	c.URL = storage.URL("sqlite:" + path)
	store, err := storage.Open(context.Background(), c, log)
	if err != nil {
		return nil, err
	}
	o := workflows.Defaults()
	o.Log = log
	engine, err := workflows.New(context.Background(), store, o)
	if err == nil {
		err = engine.Stop(Patience)
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // we have just made it
})
