package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
)

// declaredCodes reads the constants of the type Code from the source, since Go cannot list them.
func declaredCodes(t *testing.T) map[string]fault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]fault.Code{}
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			spec, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
				continue
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not given by a literal", spec.Names[0])
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[spec.Names[0].Name] = fault.Code(value)
		}
	}
	return codes
}

func TestEveryCodeIsDocumentedOnce(t *testing.T) {
	t.Parallel()
	documented := map[fault.Code]int{}
	for _, d := range fault.Codes {
		documented[d.Code]++
	}
	declared := declaredCodes(t)
	if len(declared) < 10 {
		t.Fatalf("code.go declares %v only: is it still where the codes are?", declared)
	}
	for name, code := range declared {
		if n := documented[code]; n != 1 {
			t.Errorf("%s (%s) is %d times in Codes, want once", name, code, n)
		}
		delete(documented, code)
	}
	for code := range documented {
		t.Errorf("%s is in Codes, and no constant names it", code)
	}
}

func TestDocsSayEverything(t *testing.T) {
	t.Parallel()
	for _, d := range fault.Codes {
		if d.When == "" || d.Do == "" || d.Message == "" {
			t.Errorf("%s is not documented in full: %+v", d.Code, d)
		}
		if strings.ContainsAny(d.When+d.Do+d.Message, "|\n") {
			t.Errorf("%s would break the table: %+v", d.Code, d)
		}
		switch d.Retry {
		case fault.RetryNo, fault.RetryYes, fault.RetryReads:
		default:
			t.Errorf("%s has the retry %q", d.Code, d.Retry)
		}
		if got := d.Code.Doc(); got != d {
			t.Errorf("%s is documented as %+v", d.Code, got)
		}
		if got, want := fault.New(d.Code, "").Retryable(), d.Retry != fault.RetryNo; got != want {
			t.Errorf("%s is retryable: %t, want %t", d.Code, got, want)
		}
	}
	if got := fault.Code("NO_SUCH_CODE").Doc().Code; got != fault.Internal {
		t.Errorf("a code of none is documented as %s", got)
	}
}

// Nobody knows whether a write was done that failed so: only reads, and writes that the service recognizes, are safe to send again.
func TestWritesThatMayHaveBeenDone(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{fault.SourceUnavailable, fault.SourceTimeout, fault.DeadlineExceeded, fault.SourceFailed} {
		if got := code.Doc().Retry; got != fault.RetryReads {
			t.Errorf("after %s, the retry is %q", code, got)
		}
	}
}

func TestMarkdownIsUpToDate(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), string(fault.Markdown())); diff != "" {
		t.Errorf("docs/errors.md is not what is generated; run make generate:\n%s", diff)
	}
}

// TestWhatMayBeDegraded: what was refused, to anybody or for anything, is not.
func TestWhatMayBeDegraded(t *testing.T) {
	t.Parallel()
	want := []fault.Code{
		fault.RateLimited, fault.Overloaded, fault.SourceUnavailable, fault.SourceTimeout, fault.DeadlineExceeded, fault.SourceFailed,
		fault.SourceContractViolation,
	}
	var got []fault.Code
	for _, d := range fault.Codes {
		if d.Code.Degradable() {
			got = append(got, d.Code)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
