// Package slo turns what a gateway promises, its service level objectives, into rules for Prometheus: what is recorded, and alerts that say when the promise
// is being broken faster than it may, and why. Each alert has a page in docs/runbooks.
package slo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// Config is what is promised.
type Config struct {
	Availability float64 `yaml:"availability" desc:"Which part of requests is not to fail for a reason that is none of the caller's, such as 0.999." jsonschema:"minimum=0.95,exclusiveMaximum=1"`
	Latency      Latency `yaml:"latency" desc:"How fast which part of operations is to be."`
}

// Latency is how fast operations are to be.
type Latency struct {
	Threshold config.Duration `yaml:"threshold" desc:"How long an operation may take until its answer: one of the durations that mainstem.operation.duration counts by."`
	Target    float64         `yaml:"target" desc:"Which part of operations is to be that fast, such as 0.99." jsonschema:"minimum=0.95,exclusiveMaximum=1"`
}

// Defaults gives 99.9 % that do not fail, and 99 % within half a second.
func Defaults() Config {
	return Config{Availability: 0.999, Latency: Latency{Threshold: config.Duration(500 * time.Millisecond), Target: 0.99}}
}

// leastTarget is the lowest objective for which every alert can fire: with a lower one, not even if all failed would the allowance burn 14.4 times too fast.
const leastTarget = 0.95

// Validate gives config.Problems for objectives that no rules can be made for.
func (c Config) Validate() error {
	var problems config.Problems
	for path, target := range map[string]float64{"availability": c.Availability, "latency.target": c.Latency.Target} {
		if !(target >= leastTarget && target < 1) {
			problems = append(problems, config.Problemf(path, "must be %v or more, and less than 1", leastTarget))
		}
	}
	if boundaries := thresholds(); !slices.Contains(boundaries, c.Latency.Threshold) {
		said := make([]string, len(boundaries))
		for i, b := range boundaries {
			said[i] = b.String()
		}
		problems = append(problems, config.Problemf("latency.threshold", "operations are counted by %s; %s is none of these", strings.Join(said, ", "), c.Latency.Threshold))
	}
	if len(problems) == 0 {
		return nil
	}
	slices.SortFunc(problems, func(a, b config.Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}

// thresholds gives the durations that operations are counted by.
func thresholds() []config.Duration {
	var all []config.Duration
	for _, seconds := range names.OperationDuration.Buckets {
		all = append(all, config.Duration(time.Duration(seconds*float64(time.Second))))
	}
	return all
}

// bucket gives the matcher of the bucket of a duration. Whole seconds are written in two ways, by the format that Prometheus asks for.
func bucket(threshold config.Duration) string {
	seconds := number(threshold.Std().Seconds())
	if !strings.Contains(seconds, ".") {
		return fmt.Sprintf(`le=~"%s|%s.0"`, seconds, seconds)
	}
	return fmt.Sprintf(`le=%q`, seconds)
}

// number writes a number of rules: without what floating point adds to it.
func number(n float64) string { return strconv.FormatFloat(roundTo12(n), 'f', -1, 64) }

func roundTo12(n float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 12, 64), 64)
	if err != nil {
		return n // which is no number anyway
	}
	return rounded
}
