package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// row is what was measured of a workload: of the compiled executor, of gqlgen's, and ratios of the first over the second.
type row struct {
	Workload              string  `json:"workload"`
	Sharing               bool    `json:"sharing"`
	RPSRatio              float64 `json:"rpsRatio"`
	CPURatio              float64 `json:"cpuRatio"`
	AllocRatio            float64 `json:"allocRatio"`
	RPS                   float64 `json:"rps"`
	RPSGqlgen             float64 `json:"rpsGqlgen"`
	P50Micros             float64 `json:"p50Micros"`
	P99Micros             float64 `json:"p99Micros"`
	P50MicrosGqlgen       float64 `json:"p50MicrosGqlgen"`
	P99MicrosGqlgen       float64 `json:"p99MicrosGqlgen"`
	CPUMicros             float64 `json:"cpuMicros"` // per request
	CPUMicrosGqlgen       float64 `json:"cpuMicrosGqlgen"`
	Allocs                float64 `json:"allocs"` // per request
	AllocsGqlgen          float64 `json:"allocsGqlgen"`
	CallsPerRequest       float64 `json:"callsPerRequest"`
	CallsPerRequestGqlgen float64 `json:"callsPerRequestGqlgen"`
}

func newRow(workload string, sharing bool, compiled, gqlgen figures) row {
	return row{
		Workload: workload, Sharing: sharing,
		RPSRatio: ratio(compiled.rps, gqlgen.rps), CPURatio: ratio(compiled.cpuMicros, gqlgen.cpuMicros), AllocRatio: ratio(compiled.allocs, gqlgen.allocs),
		RPS: rounded(compiled.rps), RPSGqlgen: rounded(gqlgen.rps),
		P50Micros: rounded(compiled.p50), P99Micros: rounded(compiled.p99),
		P50MicrosGqlgen: rounded(gqlgen.p50), P99MicrosGqlgen: rounded(gqlgen.p99),
		CPUMicros: rounded(compiled.cpuMicros), CPUMicrosGqlgen: rounded(gqlgen.cpuMicros),
		Allocs: rounded(compiled.allocs), AllocsGqlgen: rounded(gqlgen.allocs),
		CallsPerRequest: rounded(compiled.calls), CallsPerRequestGqlgen: rounded(gqlgen.calls),
	}
}

// ratio is 0 where there is nothing to compare with, such as on a system that does not tell CPU time.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return rounded(a / b)
}

// rounded gives four digits: more would say nothing.
func rounded(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	unit := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*unit) / unit
}

// writeTable writes rows as a table of Markdown.
func writeTable(w io.Writer, rows []row) error {
	var b strings.Builder
	line := func(cells ...string) {
		for i, width := range []int{15, 7, 8, 10, 8, 8, 9, 11, 7} {
			if i < 3 {
				fmt.Fprintf(&b, "| %-*s ", width, cells[i])
			} else {
				fmt.Fprintf(&b, "| %*s ", width, cells[i])
			}
		}
		b.WriteString("|\n")
	}
	line("workload", "sharing", "executor", "requests/s", "p50 ms", "p99 ms", "CPU µs", "allocations", "calls")
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		sharing := map[bool]string{false: "off", true: "on"}[r.Sharing]
		line(r.Workload, sharing, "compiled", number(r.RPS), millis(r.P50Micros), millis(r.P99Micros), number(r.CPUMicros), number(r.Allocs), calls(r.CallsPerRequest))
		line("", "", "gqlgen", number(r.RPSGqlgen), millis(r.P50MicrosGqlgen), millis(r.P99MicrosGqlgen), number(r.CPUMicrosGqlgen), number(r.AllocsGqlgen), calls(r.CallsPerRequestGqlgen))
		line("", "", "ratio", times(r.RPSRatio), times(ratio(r.P50Micros, r.P50MicrosGqlgen)),
			times(ratio(r.P99Micros, r.P99MicrosGqlgen)), times(r.CPURatio), times(r.AllocRatio), "")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func number(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func calls(x float64) string { return fmt.Sprintf("%.2f", x) }

func millis(micros float64) string { return fmt.Sprintf("%.2f", micros/1000) }

// times says a ratio as people do: 12.5 ×, or 1/20.
func times(x float64) string {
	switch {
	case x == 0:
		return ""
	case x < 0.5:
		return fmt.Sprintf("1/%.1f", 1/x)
	default:
		return fmt.Sprintf("%.2f ×", x)
	}
}

// writeJSON writes rows to a file.
func writeJSON(file string, rows []row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644) //nolint:gosec // figures are no secret
}

// machine says what is measured on.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
			}
		}
	}
	return fmt.Sprintf("%d cores of %s, %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version(), time.Now().UTC().Format(time.DateOnly))
}
