//go:build unix

package storage

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// fileLock is held by the process that serves a SQLite file. The kernel lets go of it when the process ends, however that happens.
type fileLock struct{ file *os.File }

// lockFile takes the lock of the database at path, which is on a file beside it. The file stays: deleting it would let two processes hold locks
// on two files of one name.
func lockFile(path string) (*fileLock, error) {
	name := path + ".lock"
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // whoever configures the file runs the program
	if err != nil {
		return nil, explainFile(name, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := holderOf(file)
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("storage: %s is in use by another process%s, which holds %s: one process at a time serves a SQLite file; stop that one, give this one another storage.url, or let both share a PostgreSQL database", path, holder, name)
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("storage: %s cannot be locked, which its file system must be able to: %w", name, err)
	}
	l := &fileLock{file}
	if err := l.sign(); err != nil {
		return nil, errors.Join(explainFile(name, err), l.unlock())
	}
	return l, nil
}

// sign writes who holds the lock, for those who are refused.
func (l *fileLock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holderOf gives " (process 123)", if the file says so.
func holderOf(file *os.File) string {
	text := make([]byte, 32)
	n, _ := file.ReadAt(text, 0) // it is shorter
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid <= 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

func (l *fileLock) unlock() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
