package sources_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// ownNames are the types that every source may have: the schema has none of these names.
var ownNames = map[string]bool{"Source": true, "Changes": true}

// TestTypeNamesAreUnique: the schema's types are bound to Go's by name alone, and of two with one name the first would be taken
// without a word.
func TestTypeNamesAreUnique(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	owner := map[string]string{}
	for _, file := range append(files, shared...) {
		folder := filepath.Dir(file)
		if strings.HasSuffix(file, "_test.go") || folder == "sourcestest" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range exportedTypes(parsed) {
			if other, taken := owner[name]; taken && !ownNames[name] {
				t.Errorf("%s is a type of both sources/%s and sources/%s: give one of them another name", name, other, folder)
			}
			owner[name] = folder
		}
	}
	if len(owner) < 30 {
		t.Errorf("found %d types only", len(owner))
	}
}

func exportedTypes(file *ast.File) []string {
	var names []string
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			if name := spec.(*ast.TypeSpec).Name; name.IsExported() {
				names = append(names, name.Name)
			}
		}
	}
	return names
}
