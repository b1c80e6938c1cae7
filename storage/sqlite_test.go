package storage_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.Store {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	})
}

// made makes a database with events, and closes it.
func made(t *testing.T, path string) {
	t.Helper()
	s, err := storage.Open(t.Context(), at("sqlite:"+path), quiet)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		add(t, s, "a", "b")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// add appends an event of each topic.
func add(t *testing.T, s *storage.Store, topics ...string) {
	t.Helper()
	events := make([]storage.Event, len(topics))
	for i, topic := range topics {
		events[i] = storage.Event{Kind: "x", Topic: topic, Payload: []byte(`{"text": "` + strings.Repeat("x", 300) + `"}`)}
	}
	if err := s.InTx(t.Context(), func(tx storage.Tx) error { return s.Append(t.Context(), tx, events) }); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesThatAreNoGood(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(t *testing.T, path string)
		want    []string
	}{
		"not a database": {func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("My diary.\n"), 1000)) },
			[]string{"is no SQLite database", "left as it is"}},
		"a short text": {func(t *testing.T, path string) { write(t, path, []byte("hello")) },
			[]string{"is no SQLite database"}},
		"a damaged page": {func(t *testing.T, path string) {
			made(t, path)
			content := read(t, path)
			copy(content[3*4096:], bytes.Repeat([]byte{0xa5}, 4*4096))
			write(t, path, content)
		}, []string{"is damaged", "restore a backup"}},
		"cut off": {func(t *testing.T, path string) {
			made(t, path)
			content := read(t, path)
			write(t, path, content[:len(content)/2])
		}, []string{"is damaged", "restore a backup"}},
		"a directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, []string{"is no plain file"}},
		"gone, but for its log": {func(t *testing.T, path string) { write(t, path+"-wal", []byte("the last changes")) },
			[]string{"is gone", "-wal"}},
		"of a newer program": {func(t *testing.T, path string) {
			made(t, path)
			execute(t, path, `INSERT INTO mainstem_migrations (version_id, is_applied) VALUES (9999, 1)`)
		}, []string{"made by a newer Mainstem", "9999", "nothing was changed"}},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "test.db")
			c.prepare(t, path)
			before := contents(t, path)
			for range 2 {
				s, err := storage.Open(t.Context(), at("sqlite:"+path), quiet)
				wantError(t, err, append(c.want, path)...)
				if err == nil {
					_ = s.Close()
				}
			}
			if s, err := storage.OpenExisting(t.Context(), at("sqlite:"+path), quiet); err == nil {
				_ = s.Close() // a command does not read all of the file before it begins
			}
			if after := contents(t, path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// contents gives what the files of a database hold; a directory holds nothing.
func contents(t *testing.T, path string) []byte {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err == nil {
			all = append(all, content...)
		}
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// execute changes a file by the driver alone.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPlacesThatAreNoGood(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := storage.Open(t.Context(), at("sqlite:"+folder+"/none/test.db"), quiet)
	wantError(t, err, "the directory "+folder+"/none", "does not exist", "make it")
	_, err = storage.OpenExisting(t.Context(), at("sqlite:"+folder+"/test.db"), quiet)
	wantError(t, err, "there is no such file", "mainstem serve")
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("they left %v, %v", files, err)
	}
	write(t, folder+"/empty.db", nil)
	_, err = storage.OpenExisting(t.Context(), at("sqlite:"+folder+"/empty.db"), quiet)
	wantError(t, err, "no tables of Mainstem's", "mainstem serve")
	open(t, "sqlite:"+folder+"/empty.db") // which is as good as none
}

func TestFileMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	made(t, path)
	s := open(t, "sqlite:"+path)
	add(t, s, "a")
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := storage.Open(t.Context(), at("sqlite:"+path), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, s)
	if !strings.Contains(log.String(), "chmod 600") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "sqlite:test 100%.db")
	if _, err := os.Stat("test 100%.db"); err != nil {
		t.Error(err)
	}
}

// TestBeside has a command beside the process that serves add an event, of which the one that serves hears.
func TestBeside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	serving := open(t, "sqlite:"+path)
	add(t, serving, "a")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n := 0
	for e, err := range serving.Follow(ctx, "a", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Seq != int64(n) {
			t.Fatalf("got %d", e.Seq)
		}
		if n == 3 {
			return
		}
		beside, err := storage.OpenExisting(ctx, at("sqlite:"+path), quiet)
		if err != nil {
			t.Fatal(err)
		}
		add(t, beside, "a")
		if err := beside.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("%d events came", n)
}
