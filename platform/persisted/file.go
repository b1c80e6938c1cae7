package persisted

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// How a manifest's file is read.
const (
	lookInterval     = time.Second // between looks at whether the file has changed, which are made on use
	maxManifestBytes = 64 << 20
)

// manifestFile is a manifest that is read again when its file has changed. What cannot be used is logged, and the manifest before it stays. It is safe for
// concurrent use.
type manifestFile struct {
	path    string
	log     *slog.Logger
	now     func() time.Time
	began   time.Time
	current atomic.Pointer[manifest]
	due     atomic.Int64 // when to look at the file again, as time since it began, which nobody can set

	mu      sync.Mutex  // is held while looking, and guards what follows
	seen    fs.FileInfo // of the file that was read last; nil if it has to be read whatever it says
	digest  [sha256.Size]byte
	problem string // what was logged last
}

// openManifest reads a manifest for the first time. It fails if it cannot be used.
func openManifest(path string, log *slog.Logger) (*manifestFile, error) {
	f := &manifestFile{path: path, log: log, now: time.Now, began: time.Now()}
	f.due.Store(int64(lookInterval))
	m, err := f.changed(f.began)
	if err != nil {
		return nil, err
	}
	f.install(context.Background(), m)
	return f, nil
}

// latest gives the manifest as the file has it, or had it a second ago. The request that comes first after the file has changed waits for it to be read, and no other does.
func (f *manifestFile) latest(ctx context.Context) *manifest {
	now := f.now()
	since, due := int64(now.Sub(f.began)), f.due.Load()
	if since < due || !f.due.CompareAndSwap(due, since+int64(lookInterval)) || !f.mu.TryLock() {
		return f.current.Load()
	}
	defer f.mu.Unlock()
	m, err := f.changed(now)
	switch {
	case err != nil && err.Error() != f.problem:
		f.problem = err.Error()
		f.log.ErrorContext(ctx, "the manifest of trusted documents cannot be used: the one before it stays", "error", err)
	case m != nil:
		f.install(ctx, m)
	}
	return f.current.Load()
}

func (f *manifestFile) install(ctx context.Context, m *manifest) {
	f.current.Store(m)
	f.problem = ""
	f.log.InfoContext(ctx, "trusted documents have been read", "manifest", f.path, "documents", len(m.texts))
}

// changed gives what the file has, nil if that is what it had when it was read last. The error names the file, and the place in it.
func (f *manifestFile) changed(now time.Time) (*manifest, error) {
	info, err := os.Stat(f.path)
	if err == nil && f.seen != nil && os.SameFile(info, f.seen) && info.Size() == f.seen.Size() && info.ModTime().Equal(f.seen.ModTime()) {
		return nil, nil
	}
	text, info, err := readBounded(f.path)
	if err != nil {
		f.seen, f.digest = nil, [sha256.Size]byte{}
		return nil, fmt.Errorf("manifest of trusted documents: %w", err)
	}
	f.seen = info
	if age := now.Sub(info.ModTime()).Abs(); age < 2*lookInterval {
		f.seen = nil // it may be written to once more without a difference in its time
	}
	digest := sha256.Sum256(text)
	if digest == f.digest {
		return nil, nil
	}
	f.digest = digest
	m, err := parseManifest(text, f.current.Load())
	if err != nil {
		return nil, fmt.Errorf("%s:%w", f.path, err)
	}
	return m, nil
}

// readBounded gives what a file has, and what was known of it before it was read.
func readBounded(path string) (text []byte, info fs.FileInfo, err error) {
	file, err := os.Open(path) //nolint:gosec // whoever configures the gateway says which
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	text, err = io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err == nil && len(text) > maxManifestBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, maxManifestBytes)
	}
	return text, info, err
}
