package mainstem_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mainstem/mainstem/"

// layers says who may import whom. The first entry whose folder a package is in, or is, speaks for it; "all" stands for everything.
// A folder stands for everything below it.
var layers = []struct {
	folder string
	may    []string
	never  []string
}{
	{folder: "cmd", may: []string{"all"}},
	{folder: "server", may: []string{"all"}, never: []string{"cmd", "demo", "bench", "e2e"}},
	{folder: "resolvers", may: []string{"graph", "sources", "workflows", "platform"}},
	{folder: "workflows", may: []string{"workflows", "sources", "storage", "platform"}},
	{folder: "graph", may: []string{"graph", "sources", "workflows", "platform/exec"}},
	{folder: "sources/sourcestest", may: []string{"sources", "platform"}},
	{folder: "sources", may: []string{"sources", "platform"}}, // and no source another: see TestSourcesAreLeaves
	{folder: "storage", may: []string{"storage", "platform"}},
	{folder: "demo", may: []string{"demo", "platform", "sources/*/*api"}},
	{folder: "bench/posts", may: []string{"bench/posts", "platform"}},
	{folder: "bench", may: []string{"all"}},
	{folder: "e2e", may: []string{"all"}},
	{folder: "deploy"},
	{folder: "platform", may: []string{"platform"}},
	{folder: "schema"},
	{folder: "web"},
}

// imports gives, for each Go file, what it imports of this module.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		found[path] = nil
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, module); ok {
				found[path] = append(found[path], ours)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 50 {
		t.Fatalf("found %d files only", len(found))
	}
	return found
}

// within says whether a package is a folder's, where a star stands for one name or a part of one.
func within(pkg, folder string) bool {
	if folder == "all" || pkg == folder || strings.HasPrefix(pkg, folder+"/") {
		return true
	}
	ok, err := filepath.Match(folder, pkg)
	return err == nil && ok
}

func TestLayers(t *testing.T) {
	t.Parallel()
	for file, list := range imports(t) {
		pkg := filepath.ToSlash(filepath.Dir(file))
		if pkg == "." || strings.HasSuffix(file, "_test.go") {
			continue
		}
		i := slices.IndexFunc(layers, func(l struct {
			folder string
			may    []string
			never  []string
		}) bool {
			return within(pkg, l.folder)
		})
		if i < 0 {
			t.Errorf("%s: no layer speaks for this folder", file)
			continue
		}
		for _, imported := range list {
			in := func(folder string) bool { return within(imported, folder) }
			if !slices.ContainsFunc(layers[i].may, in) || slices.ContainsFunc(layers[i].never, in) {
				t.Errorf("%s imports %s, which %s may not", file, imported, layers[i].folder)
			}
		}
	}
}

// TestSourcesAreLeaves: a source imports what is its own and what sources share, and never another source.
func TestSourcesAreLeaves(t *testing.T) {
	t.Parallel()
	for file, list := range imports(t) {
		parts := strings.Split(filepath.ToSlash(file), "/")
		if parts[0] != "sources" || len(parts) < 3 || parts[1] == "sourcestest" {
			continue
		}
		for _, imported := range list {
			if other, ok := strings.CutPrefix(imported, "sources/"); ok && !within(other, parts[1]) &&
				(other != "sourcestest" || !strings.HasSuffix(file, "_test.go")) {
				t.Errorf("%s imports %s: a source knows no other source", file, imported)
			}
		}
	}
}

// TestExaminersStayInTests: packages whose name ends in "test" are for tests.
func TestExaminersStayInTests(t *testing.T) {
	t.Parallel()
	for file, list := range imports(t) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(filepath.ToSlash(filepath.Dir(file)), "test") {
			continue
		}
		for _, imported := range list {
			if strings.HasSuffix(imported, "test") {
				t.Errorf("%s imports %s outside of a test", file, imported)
			}
		}
	}
}
