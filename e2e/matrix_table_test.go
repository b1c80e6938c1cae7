package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// matrixRow is a line of the matrix: what came of a fault when so much was asked.
type matrixRow struct {
	fault, source, size string
	code                string
	calls               int
	lost                int
	took                time.Duration
}

const matrixHead = "| source | fault | code | fields lost | calls | s |\n|---|---|---|--:|--:|--:|\n"

// matrixTable gives the matrix in Markdown, with a line for each fault of a source. Where the one field and the page differ, it has both.
func matrixTable(rows []matrixRow) string {
	bySize := map[string]map[string]matrixRow{oneOfTen: {}, wholePage: {}}
	for _, r := range rows {
		bySize[r.size][r.source+r.fault] = r
	}
	var text strings.Builder
	text.WriteString(matrixHead)
	for _, source := range slices.Sorted(maps.Keys(matrixQueries)) {
		for _, c := range matrixOf(source) {
			field, page := bySize[oneOfTen][source+c.fault], bySize[wholePage][source+c.fault]
			each := func(of func(r matrixRow) string) string {
				if of(field) == of(page) {
					return of(field)
				}
				return of(field) + ", " + of(page)
			}
			fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s |\n", source, c.fault,
				each(func(r matrixRow) string { return codeText(r.code) }),
				each(func(r matrixRow) string { return strconv.Itoa(r.lost) }),
				each(func(r matrixRow) string { return strconv.Itoa(r.calls) }),
				each(func(r matrixRow) string { return fmt.Sprintf("%.2f", r.took.Seconds()) }))
		}
	}
	return text.String()
}

func codeText(code string) string {
	if code == "" {
		return "none"
	}
	return "`" + code + "`"
}

// TestFaultMatrixIsDocumented: docs/resilience.md has the matrix as it is, but for the times, and for how many fields a page loses.
func TestFaultMatrixIsDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/resilience.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), matrixHead)
	table, _, _ = strings.Cut(table, "\n\n")
	var got, want []string
	for line := range strings.Lines(table) {
		columns := strings.Split(line, " | ")
		if len(columns) == 6 {
			got = append(got, strings.Join(slices.Delete(columns, 3, 4)[:4], " | "))
		}
	}
	for _, source := range slices.Sorted(maps.Keys(matrixQueries)) {
		for _, c := range matrixOf(source) {
			want = append(want, fmt.Sprintf("| %s | %s | %s | %d", source, c.fault, codeText(c.code), c.calls))
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("docs/resilience.md (-want +got; `go test ./e2e -run FaultMatrix -v` prints the table):\n%s", diff)
	}
}
