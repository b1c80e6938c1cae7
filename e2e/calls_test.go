package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tally gives a line for each kind of call, with how many there were, in the order of the alphabet.
func tally(calls []call) string {
	count := map[string]int{}
	for _, c := range calls {
		count[c.String()]++
	}
	text := ""
	for _, line := range slices.Sorted(maps.Keys(count)) {
		text += fmt.Sprintf("%s x%d\n", line, count[line])
	}
	return text
}

var (
	batches    = regexp.MustCompile(`^(\S+ \S+) keys=(\d+) x(\d+)$`)
	anyBatches = regexp.MustCompile(`^(\S+ \S+) keys=(\d+) x(\d+)\.\.(\d+)$`)
)

// loosen gives a tally in which batches that a wanted line allows stand as that line: "catalog batchGetProducts keys=3 x1..2" allows three
// keys in one or two batches, in whatever way. So it is where what asks for the keys waits for different services: they are one batch
// only if the answers come at the same time.
func loosen(got, want string) string {
	all := strings.SplitAfter(got, "\n")
	for wanted := range strings.Lines(want) {
		allowed := anyBatches.FindStringSubmatch(strings.TrimSuffix(wanted, "\n"))
		if allowed == nil {
			continue
		}
		keys, calls := 0, 0
		left := slices.DeleteFunc(slices.Clone(all), func(line string) bool {
			b := batches.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if b == nil || b[1] != allowed[1] {
				return false
			}
			keys += number(b[2]) * number(b[3])
			calls += number(b[3])
			return true
		})
		if keys == number(allowed[2]) && calls >= number(allowed[3]) && calls <= number(allowed[4]) {
			left = append(left, wanted)
			slices.Sort(left)
			all = left
		}
	}
	return strings.Join(all, "")
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // as the pattern has it
	return n
}
