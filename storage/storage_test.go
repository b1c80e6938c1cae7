package storage_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
)

var quiet = slog.New(slog.DiscardHandler)

// open opens a store that is closed when the test ends.
func open(t *testing.T, u string) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), at(u), quiet)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, s)
	return s
}

func closeAfter(t *testing.T, s *storage.Store) {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// at gives the settings of a store at a URL.
func at(u string) storage.Config {
	c := storage.Defaults()
	c.URL = storage.URL(u)
	return c
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.Store {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.Store {
		return open(t, storagetest.Postgres(t))
	})
}

