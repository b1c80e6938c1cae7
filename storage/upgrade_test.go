package storage_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
)

// TestTablesOfTheFirstVersion: a database that was made by it is brought up to date, and what is in it stays.
func TestTablesOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	back := []string{"ALTER TABLE mainstem_workflows DROP COLUMN baggage", "DELETE FROM mainstem_migrations WHERE version_id = 2"}
	for name, prepare := range map[string]func(t *testing.T) (url string, change func(statements ...string)){
		"SQLite": func(t *testing.T) (string, func(...string)) {
			path := filepath.Join(t.TempDir(), "test.db")
			return "sqlite:" + path, func(statements ...string) { execute(t, path, statements...) }
		},
		"PostgreSQL": func(t *testing.T) (string, func(...string)) {
			u := storagetest.Postgres(t)
			return u, func(statements ...string) {
				for _, s := range statements {
					administer(t, u, strings.ReplaceAll(strings.ReplaceAll(s, "mainstem_workflows", "mainstem.workflows"), "mainstem_migrations", "mainstem.mainstem_migrations"))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, change := prepare(t)
			s, err := storage.Open(t.Context(), at(u), quiet)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.CreateWorkflow(t.Context(), storage.Workflow{ID: "w", Kind: "k", State: storage.Running, TraceParent: "before"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			change(back...)
			w, err := open(t, u).Workflow(t.Context(), "w")
			if err != nil || w == nil || w.TraceParent != "before" || w.Baggage != "" {
				t.Errorf("got %+v, %v", w, err)
			}
		})
	}
}
