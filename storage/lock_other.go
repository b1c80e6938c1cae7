//go:build !unix

package storage

import "errors"

// fileLock is nothing where the kernel has no flock.
type fileLock struct{}

func lockFile(string) (*fileLock, error) {
	return nil, errors.New("storage: SQLite is served on Unix only, for want of a lock elsewhere: set storage.url to a PostgreSQL database")
}

func (*fileLock) unlock() error { return nil }
