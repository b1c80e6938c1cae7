package schema_test

import (
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/schema"
)

// definitions gives the types of the schema that are ours.
func definitions(t *testing.T) map[string]*ast.Definition {
	t.Helper()
	files, err := fs.Glob(schema.Files, "*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d files: %v", len(files), err)
	}
	var all []*ast.Source
	for _, file := range files {
		text, err := fs.ReadFile(schema.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &ast.Source{Name: file, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(all...)
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]*ast.Definition{}
	for name, d := range s.Types {
		if !d.BuiltIn {
			ours[name] = d
		}
	}
	return ours
}

// isRoot says whether a type is where operations begin.
func isRoot(name string) bool {
	return slices.Contains([]string{"Query", "Mutation", "Subscription"}, name)
}

// TestFieldsThatNeedASource: what fails erases no more than itself, is a source that exists, and is loaded for all parents at once.
func TestFieldsThatNeedASource(t *testing.T) {
	t.Parallel()
	n := 0
	for name, d := range definitions(t) {
		for _, f := range d.Fields {
			declared := f.Directives.ForNames("source")
			if len(declared) == 0 {
				continue
			}
			n++
			if f.Type.NonNull {
				t.Errorf("%s.%s: a field that needs a source must be nullable", name, f.Name)
			}
			for _, source := range declared {
				folder := source.Arguments.ForName("name").Value.Raw
				if _, err := os.Stat("../sources/" + folder); err != nil {
					t.Errorf("%s.%s: there is no source %q", name, f.Name, folder)
				}
			}
			if goField := f.Directives.ForName("goField"); !isRoot(name) && (goField == nil || goField.Arguments.ForName("batch") == nil) {
				t.Errorf("%s.%s: a field that needs a source must have @goField(batch: true)", name, f.Name)
			}
		}
	}
	if n < 20 {
		t.Errorf("found %d fields only", n)
	}
}

// TestListsHaveASize: what an operation costs depends on how many objects each list has, which the schema says: at the list, or at what gives the page
// that has it.
func TestListsHaveASize(t *testing.T) {
	t.Parallel()
	all := definitions(t)
	sized := map[string]bool{}
	for _, d := range all {
		for _, f := range d.Fields {
			size := f.Directives.ForName("listSize")
			if size == nil {
				continue
			}
			if lists := size.Arguments.ForName("sizedFields"); lists != nil {
				for _, list := range lists.Value.Children {
					sized[f.Type.Name()+"."+list.Value.Raw] = true
				}
			}
		}
	}
	for name, d := range all {
		for _, f := range d.Fields {
			if of := all[f.Type.Name()]; f.Type.Elem == nil || d.Kind != ast.Object || of == nil || !of.IsCompositeType() {
				continue
			}
			if f.Directives.ForName("listSize") == nil && !sized[name+"."+f.Name] {
				t.Errorf("%s.%s: how long is the list? @listSize says it", name, f.Name)
			}
		}
		if paged := d.Fields.ForName("pageInfo"); paged != nil && !sized[name+".nodes"] {
			t.Errorf("%s: what gives such pages must have @listSize(slicingArguments:, sizedFields:)", name)
		}
	}
}

// TestEverythingIsDescribed: the schema is what frontend teams read.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	for name, d := range definitions(t) {
		if d.Description == "" {
			t.Errorf("%s has no description", name)
		}
		for _, f := range d.Fields {
			if f.Description == "" && f.Name[0] != '_' {
				t.Errorf("%s.%s has no description", name, f.Name)
			}
			for _, a := range f.Arguments {
				if a.Description == "" && f.Name[0] != '_' {
					t.Errorf("%s.%s(%s:) has no description", name, f.Name, a.Name)
				}
			}
		}
		for _, v := range d.EnumValues {
			if v.Description == "" {
				t.Errorf("%s.%s has no description", name, v.Name)
			}
		}
	}
}
