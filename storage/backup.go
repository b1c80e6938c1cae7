package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a copy of a SQLite database, as it is at one moment, to a new file. It can be made while the gateway serves. For PostgreSQL the
// error says what makes one.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.backup(ctx, path) }

// Verify looks for what is wrong with a SQLite database and gives it in sentences; nothing wrong is no sentence. For PostgreSQL the error says
// what does this.
func (s *Store) Verify(ctx context.Context) ([]string, error) { return s.db.verify(ctx) }

func (d *sqliteDatabase) backup(ctx context.Context, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // whoever names the file runs the program
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("storage: backup: %s is there already, and is left as it is: give another name", path)
	}
	if err != nil {
		return fmt.Errorf("storage: backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			_ = os.Remove(path) // half a backup is none
		}
	}()
	// Outside of the queue, since it only reads and would keep writers waiting.
	c, err := connect(d.path, false)
	if err != nil {
		return err
	}
	from := openPool(c, 1)
	_, err = from.ExecContext(ctx, "VACUUM INTO ?", path)
	if err = errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("storage: backup: %w", explainSQLite(d.path, err))
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("storage: backup: %w", err)
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory has the disk know of a new file's name.
func syncDirectory(path string) error {
	directory, err := os.Open(path) //nolint:gosec // it was just written to
	if err != nil {
		return fmt.Errorf("storage: backup: %w", err)
	}
	if err := errors.Join(directory.Sync(), directory.Close()); err != nil {
		return fmt.Errorf("storage: backup: %w", err)
	}
	return nil
}

func (d *sqliteDatabase) verify(ctx context.Context) ([]string, error) {
	var wrong []string
	report := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	q := querier{d.reader(), d.native}

	rows, err := q.Query(ctx, `PRAGMA integrity_check`)
	err = scan(rows, err, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			report("the file's structure is damaged: %s", text)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: verify: %w", explainSQLite(d.path, err))
	}
	rows, err = q.Query(ctx, `PRAGMA foreign_key_check`)
	err = scan(rows, err, func(scan func(...any) error) error {
		var table, parent string
		var row, key any
		if err := scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		report("a row of %s points to a row of %s that is not there", table, parent)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: verify: %w", explainSQLite(d.path, err))
	}
	// One statement, so that it is of one moment.
	var count, first, last, position int64
	err = q.QueryRow(ctx, `SELECT count(seq), coalesce(min(seq), 0), coalesce(max(seq), 0), coalesce((SELECT seq FROM mainstem.event_position), -1) FROM mainstem.events`).
		Scan(&count, &first, &last, &position)
	if err != nil {
		return nil, fmt.Errorf("storage: verify: %w", explainSQLite(d.path, err))
	}
	if count > 0 && count != last-first+1 {
		report("of the events from %d to %d, %d are missing", first, last, last-first+1-count)
	}
	if position < 0 {
		report("the number of the last event is missing")
	} else if count > 0 && position != last {
		report("the last event has the number %d, and %d was given away last", last, position)
	}
	return wrong, nil
}
