package storage_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
)

func TestBackup(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, "sqlite:"+folder+"/test.db")
	var running sync.WaitGroup
	over := make(chan struct{})
	running.Go(func() { // which goes on meanwhile
		for {
			add(t, s, "a", "b")
			select {
			case <-over:
				return
			default:
			}
		}
	})
	for _, name := range []string{"first.db", "second it's.db"} {
		path := filepath.Join(folder, name)
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	close(over)
	running.Wait()

	first := read(t, folder+"/first.db")
	wantError(t, s.Backup(t.Context(), folder+"/first.db"), "is there already", "left as it is")
	if !bytes.Equal(first, read(t, folder+"/first.db")) {
		t.Error("the first backup was changed")
	}
	wantError(t, s.Backup(t.Context(), folder+"/none/test.db"), "no such file or directory")

	last, err := s.LastSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	restored := open(t, "sqlite:"+folder+"/second it's.db")
	wantSound(t, restored)
	got, err := restored.LastSeq(t.Context())
	if err != nil || got > last || got%2 != 0 {
		t.Errorf("of %d events, %d are in the backup; %v", last, got, err)
	}
	add(t, restored, "a")
}

func TestVerify(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		statements []string
		want       string
	}{
		"a hole": {[]string{`DROP TRIGGER mainstem_events_are_kept`, `DELETE FROM mainstem_events WHERE seq IN (7, 8)`},
			"of the events from 1 to 100, 2 are missing"},
		"without its end": {[]string{`DROP TRIGGER mainstem_events_are_kept`, `DELETE FROM mainstem_events WHERE seq = 100`},
			"the last event has the number 99, and 100 was given away last"},
		"without a number": {[]string{`DROP TRIGGER mainstem_event_position_stays`, `DELETE FROM mainstem_event_position`},
			"the number of the last event is missing"},
		"a step of no workflow": {[]string{`PRAGMA foreign_keys = OFF`, `INSERT INTO mainstem_workflow_steps VALUES ('none', 0, 0, 'x', 'DONE', 1, 0, 0, NULL)`},
			"a row of mainstem_workflow_steps points to a row of mainstem_workflows that is not there"},
		"without its beginning": {[]string{`DROP TRIGGER mainstem_events_are_kept`, `DELETE FROM mainstem_events WHERE seq < 50`}, ""},
		"without any event":     {[]string{`DROP TRIGGER mainstem_events_are_kept`, `DELETE FROM mainstem_events`}, ""},
		"nothing":               {nil, ""},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "test.db")
			made(t, path)
			execute(t, path, c.statements...)
			s, err := storage.OpenExisting(t.Context(), at("sqlite:"+path), quiet)
			if err != nil {
				t.Fatal(err)
			}
			closeAfter(t, s)
			if wrong, err := s.Verify(t.Context()); err != nil || strings.Join(wrong, "; ") != c.want {
				t.Errorf("got %q, %v", wrong, err)
			}
		})
	}
}

func TestPostgresHasItsOwn(t *testing.T) {
	t.Parallel()
	s := open(t, storagetest.Postgres(t))
	wantError(t, s.Backup(t.Context(), filepath.Join(t.TempDir(), "backup")), "pg_dump")
	_, err := s.Verify(t.Context())
	wantError(t, err, "pg_amcheck")
}
