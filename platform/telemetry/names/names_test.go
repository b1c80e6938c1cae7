package names_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// root is the repository's.
const root = "../../.."

// TestThePageIsUpToDate: docs/telemetry.md is what the catalogue gives.
func TestThePageIsUpToDate(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(root + "/docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, names.Markdown()) {
		t.Error("docs/telemetry.md is not what the catalogue says: run make generate")
	}
}

// TestAllAreListed: whatever is declared as a metric or a span is among those that are told of.
func TestAllAreListed(t *testing.T) {
	t.Parallel()
	declared, used := map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, value := range n.Values {
					if isEntry(value) {
						declared[n.Names[i].Name] = true
					}
				}
			case *ast.FuncDecl:
				if n.Recv == nil && (n.Name.Name == "Sections" || n.Name.Name == "Spans") {
					ast.Inspect(n, func(n ast.Node) bool {
						if name, ok := n.(*ast.Ident); ok {
							used[name.Name] = true
						}
						return true
					})
				}
			}
			return true
		})
	}
	if len(declared) < 50 {
		t.Fatalf("%d metrics and spans are found only", len(declared))
	}
	for name := range declared {
		if !used[name] {
			t.Errorf("%s is declared, and neither among Sections nor among Spans", name)
		}
	}
}

// isEntry says whether a value is a metric or a span.
func isEntry(value ast.Expr) bool {
	switch value := value.(type) {
	case *ast.CompositeLit:
		name, ok := value.Type.(*ast.Ident)
		return ok && (name.Name == "Metric" || name.Name == "Span")
	case *ast.CallExpr:
		name, ok := value.Fun.(*ast.Ident)
		return ok && name.Name == "goMetric"
	default:
		return false
	}
}

// makers are the functions by which instruments and attributes are made, which nobody but the catalogue calls: of attributes, with a name of its own.
var makers = map[string]bool{
	"Int64Counter": true, "Int64UpDownCounter": true, "Int64Histogram": true, "Int64Gauge": true,
	"Float64Counter": true, "Float64UpDownCounter": true, "Float64Histogram": true, "Float64Gauge": true,
	"Int64ObservableCounter": true, "Int64ObservableUpDownCounter": true, "Int64ObservableGauge": true,
	"Float64ObservableCounter": true, "Float64ObservableUpDownCounter": true, "Float64ObservableGauge": true,
}

// TestNothingElseIsTold: no code but the catalogue names a metric or an attribute.
func TestNothingElseIsTold(t *testing.T) {
	t.Parallel()
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "node_modules" || d.Name() == "testdata" || path == root+"/platform/telemetry/names"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		seen++
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, _ := function.X.(*ast.Ident)
			_, literal := call.Args[0].(*ast.BasicLit)
			if makers[function.Sel.Name] || of != nil && of.Name == "attribute" && literal {
				t.Errorf("%s: %s is for platform/telemetry/names, which has all names", files.Position(call.Pos()), function.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("%d files are found only", seen)
	}
}

// TestEntriesAreWhole: each metric says what it is, and when to look at it.
func TestEntriesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, section := range names.Sections() {
		for _, m := range section.Metrics {
			switch {
			case seen[m.Name]:
				t.Errorf("%s is there twice", m.Name)
			case m.Name == "" || !strings.HasSuffix(m.Says, ".") || !strings.HasSuffix(m.Look, "."):
				t.Errorf("%s does not say what it is and when to look at it, in sentences", m.Name)
			case (m.Kind == names.Histogram) != (len(m.Buckets) > 0) || !slices.IsSorted(m.Buckets):
				t.Errorf("%s: buckets are for histograms, and in their order", m.Name)
			case strings.Contains(m.Prometheus(), "."):
				t.Errorf("%s is no name for Prometheus", m.Prometheus())
			}
			seen[m.Name] = true
			for _, a := range m.Attributes {
				if a.Key == "" || a.Says == "" || a.Values == "" || a.Values == "not on metrics" {
					t.Errorf("%s: the attribute %s does not say what bounds its values", m.Name, a.Key)
				}
			}
		}
	}
}
