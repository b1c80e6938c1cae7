package storage_test

import (
	"log/slog"
	"testing"

	"github.com/mainstem/mainstem/storage"
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
