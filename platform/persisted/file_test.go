package persisted

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

// watched is a store whose manifest is enforced, with a clock that a test sets.
type watched struct {
	*testing.T
	store *Store
	file  string
	log   bytes.Buffer
	now   time.Time
}

func watch(t *testing.T, text string) *watched {
	t.Helper()
	w := &watched{T: t, file: filepath.Join(t.TempDir(), "operations.json")}
	w.write(text)
	c := Defaults()
	c.Trusted = TrustedConfig{Mode: Enforce, Manifest: w.file}
	var err error
	if w.store, err = New(c, slog.New(slog.NewTextHandler(&w.log, nil))); err != nil {
		t.Fatal(err)
	}
	w.now = w.store.manifest.began
	w.store.manifest.now = func() time.Time { return w.now }
	w.log.Reset()
	return w
}

func (w *watched) write(text string) {
	w.Helper()
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// later has time pass.
func (w *watched) later(d time.Duration) { w.now = w.now.Add(d) }

// gives says which document x is.
func (w *watched) gives(want string) {
	w.Helper()
	p := &graphql.RawParams{}
	SetDocumentID(p, "x")
	err := w.store.Resolve(w.Context(), p)
	if want == "" && fault.From(err).Code == fault.PersistedNotFound {
		return
	}
	if err != nil || p.Query != want {
		w.Errorf("x is %q and %v, want %q", p.Query, err, want)
	}
}

// says checks what has been logged since it was last asked.
func (w *watched) says(lines ...string) {
	w.Helper()
	written := strings.Split(strings.TrimSuffix(w.log.String(), "\n"), "\n")
	if w.log.Len() == 0 {
		written = nil
	}
	if len(written) != len(lines) {
		w.Fatalf("logged:\n%s", w.log.String())
	}
	for i, line := range lines {
		if !strings.Contains(written[i], line) {
			w.Errorf("logged %s, want %s", written[i], line)
		}
	}
	w.log.Reset()
}

func TestAManifestIsReadAgain(t *testing.T) {
	t.Parallel()
	w := watch(t, `{"x": "{a}"}`)
	w.gives("{a}")
	w.write(`{"x": "{b}"}`) // of the same size, and perhaps at the same time as the file system tells it
	w.gives("{a}")          // within the second
	w.later(time.Second)
	w.gives("{b}")
	w.says("trusted documents have been read")
	w.later(time.Second)
	w.gives("{b}")
	w.says()
	w.write(`{"y": "{b}"}`)
	w.later(time.Second)
	w.gives("")
	w.says("documents=1")
}

// TestABrokenManifest: the one before it stays, and each thing that is wrong is said once.
func TestABrokenManifest(t *testing.T) {
	t.Parallel()
	w := watch(t, `{"x": "{a}"}`)
	w.write("{\n  \"x\": \"{b\"\n}")
	for range 3 {
		w.later(time.Second)
		w.gives("{a}")
	}
	w.says(`operations.json:2:8: the document \"x\" goes wrong at 1:3`)
	w.write(`{"x": `)
	for range 3 {
		w.later(time.Hour)
		w.gives("{a}")
	}
	w.says("operations.json:1:7: unexpected EOF")
	w.write(`{"x": "{a}"}`) // as it was
	w.later(time.Second)
	w.gives("{a}")
	w.says("have been read")
	w.write(`{"x": `)
	w.later(time.Second)
	w.gives("{a}")
	w.says("unexpected EOF") // is news again
}

func TestAMissingManifest(t *testing.T) {
	t.Parallel()
	w := watch(t, `{"x": "{a}"}`)
	if err := os.Remove(w.file); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.later(time.Second)
		w.gives("{a}")
	}
	w.says("no such file")
	w.write(`{"x": "{a}"}`)
	w.later(time.Second)
	w.gives("{a}")
	w.says("have been read")
}

// TestReplacedManifests: another file under the same name, as Kubernetes does it by a link, and as others do it by a rename.
func TestReplacedManifests(t *testing.T) {
	t.Parallel()
	w := watch(t, `{"x": "{a}"}`)
	w.later(time.Hour) // long after it was written
	w.gives("{a}")
	before, err := os.Stat(w.file)
	if err != nil {
		t.Fatal(err)
	}
	other := w.file + ".new"
	if err := os.WriteFile(other, []byte(`{"x": "{c}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(other, time.Time{}, before.ModTime()); err != nil { // not even the time differs
		t.Fatal(err)
	}
	if err := os.Rename(other, w.file); err != nil {
		t.Fatal(err)
	}
	w.later(time.Second)
	w.gives("{c}")

	if err := os.WriteFile(w.file+".linked", []byte(`{"x": "{d}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(w.file+".linked", w.file); err != nil {
		t.Fatal(err)
	}
	w.later(time.Second)
	w.gives("{d}")
}

// TestFilesThatStayAreNotRead: a look costs no more than asking the file system.
func TestFilesThatStayAreNotRead(t *testing.T) {
	t.Parallel()
	w := watch(t, `{"x": "{a}"}`)
	w.later(time.Hour)
	w.gives("{a}") // once more, since it had just been written
	if err := os.Chmod(w.file, fs.FileMode(0)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(w.file)
	if err != nil {
		t.Fatal(err)
	}
	f := w.store.manifest
	f.digest = [32]byte{} // so that reading it would be seen
	if !os.SameFile(f.seen, info) {
		t.Fatal("it is another file")
	}
	w.later(time.Second)
	w.gives("{a}")
	w.says()
}

func TestManifestsAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "operations.json")
	if err := os.WriteFile(file, []byte("{\n  \"x\": 1\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:                     file + `:2:8: "x" must be the text of a document`,
		filepath.Join(dir, "no"): "no such file",
		dir:                      "is a directory",
	} {
		c := Defaults()
		c.Trusted = TrustedConfig{Mode: Log, Manifest: path}
		if _, err := New(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		c.Trusted.Mode = Off // then nobody reads it
		if _, err := New(c, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := New(Config{}, slog.Default()); err == nil {
		t.Error("settings that are not valid are taken")
	}
}
