package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/explain"
)

func ExampleProblems() {
	fmt.Print(explain.Problems("page.graphql", "{\n\tproducts { nam }\n}", gqlerror.List{{
		Message: `Cannot query field "nam".`, Locations: []gqlerror.Location{{Line: 2, Column: 13}}, Extensions: map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"},
	}}))
	// Output:
	// page.graphql:2:13: Cannot query field "nam". (GRAPHQL_VALIDATION_FAILED)
	//     2 |  products { nam }
	//       |             ^
}

// TestProblems: the mark stands below what it marks, however long the line is, and nothing is told of places that there are not.
func TestProblems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a ", 100) + "WRONG" + strings.Repeat(" ä", 100)
	for reason, test := range map[string]struct {
		text         string
		line, column int
		marked       bool
	}{
		"in a short line":               {"{ WRONG }", 1, 3, true},
		"at its beginning":              {"WRONG", 1, 1, true},
		"in a long line":                {long, 1, 201, true},
		"at a long line's end":          {strings.Repeat("é ", 100) + "WRONG", 1, 201, true},
		"at a long line's beginning":    {"WRONG" + strings.Repeat(" a", 100), 1, 1, true},
		"with an end of line as of old": {"{\r\n  WRONG\r\n}", 2, 3, true},
		"in no line":                    {"{}", 7, 1, false},
		"before all lines":              {"{}", 0, 0, false},
		"beyond a line":                 {"{}", 1, 70, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			said := explain.Problems("x", test.text, gqlerror.List{{Message: "no", Locations: []gqlerror.Location{{Line: test.line, Column: test.column}}}})
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			for _, line := range lines {
				if n := len([]rune(line)); n > 100 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			marked := false
			if len(lines) == 3 {
				at := strings.IndexRune(lines[2], '^')
				marked = strings.HasPrefix(string([]rune(lines[1])[min(at, len([]rune(lines[1]))):]), "WRONG")
			}
			if marked != test.marked {
				t.Errorf("got\n%s", said)
			}
		})
	}
}

// TestProblemsWithoutAPlace: those of variables have a path.
func TestProblemsWithoutAPlace(t *testing.T) {
	t.Parallel()
	said := explain.Problems("x", "{}", gqlerror.List{{Message: "no", Path: ast.Path{ast.PathName("variable"), ast.PathName("id")}}, {Message: "neither"}})
	if want := "x: variable.id: no\n\nx: neither\n"; said != want {
		t.Errorf("got %q", said)
	}
}
