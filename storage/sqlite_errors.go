package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// errCorrupt is what a check of a file found.
var errCorrupt = errors.New("its structure is damaged")

// explainSQLite says what an error of SQLite means for whoever runs the gateway, and what to do about it.
func explainSQLite(path string, err error) error {
	if errors.Is(err, errCorrupt) {
		return fmt.Errorf("storage: %s is damaged: stop, keep a copy of it with its -wal, and restore a backup; `sqlite3 %s .recover` may save what came after it: %w", path, path, err)
	}
	if strings.HasPrefix(err.Error(), "storage:") {
		return err // it is explained
	}
	failed, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fmt.Errorf("storage: %s: %w", path, err)
	}
	code := failed.Code() & 0xff // without its details
	if failed.Code() == codes.SQLITE_IOERR_SHMSIZE {
		code = codes.SQLITE_FULL
	}
	var advice string
	switch code {
	case codes.SQLITE_NOTADB:
		advice = "is no SQLite database, and is left as it is: give storage.url another name, or move the file"
	case codes.SQLITE_CORRUPT:
		return explainSQLite(path, fmt.Errorf("%w: %w", errCorrupt, nonSQLite{err}))
	case codes.SQLITE_READONLY, codes.SQLITE_PERM:
		advice = "cannot be written: give the process's user the file, its directory, and a disk that is mounted for writing"
	case codes.SQLITE_CANTOPEN:
		advice = "cannot be opened: its directory must exist, and the process's user must be able to write there"
	case codes.SQLITE_FULL:
		advice = "cannot grow: the disk is full; make room and start again, nothing is lost"
	case codes.SQLITE_IOERR:
		advice = "cannot be read or written: look whether the disk is full, and at the kernel's log"
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		advice = fmt.Sprintf("has been locked by another process for more than %s: look for one that is not Mainstem, such as the program sqlite3", sqliteBusy)
	default:
		return fmt.Errorf("storage: %s: %w", path, err)
	}
	return fmt.Errorf("storage: %s %s: %w", path, advice, err)
}

// nonSQLite hides of what kind an error is, so that it is not explained again.
type nonSQLite struct{ error }

// explainFile says why a file cannot be used.
func explainFile(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("storage: the directory %s, where storage.url has its file, does not exist: make it, for the process's user alone: %w", filepath.Dir(path), err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("storage: %s cannot be written by the process's user (%d): give it the directory, on a disk that is mounted for writing: %w", path, os.Getuid(), err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("storage: %s cannot be made: the disk is full; make room and start again: %w", path, err)
	}
	return fmt.Errorf("storage: %s cannot be opened: %w", path, err)
}
