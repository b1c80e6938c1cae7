package exectest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeptCasesCanBeRead(t *testing.T) {
	t.Parallel()
	x := Examination{Folder: filepath.Join(t.TempDir(), "new")}
	c := Case{Seed: 5, Operation: Operation{Query: "query A { a }\n", OperationName: "A", Variables: map[string]any{"v": []any{"x"}}}}
	if err := x.keep(c, errors.New("one\ntwo")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(x.Folder, "found-*.graphql"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseCase(string(text))
	if err != nil || read.String() != c.String() || !strings.HasPrefix(string(text), "# one\n# two\n") {
		t.Errorf("%v: %s", err, text)
	}
}
