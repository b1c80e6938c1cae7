package zoo_test

import (
	"fmt"
	"math/rand/v2"
)

// values gives literals of the zoo's scalars, a few of which are refused.
func values(r *rand.Rand, typeName, _ string) (string, bool) {
	switch typeName {
	case "Weight":
		return []string{`"1.5 kg"`, `"2 kg"`, `"heavy"`}[r.IntN(3)], true
	case "Colour":
		return []string{`"#010203"`, `"#ffffff"`}[r.IntN(2)], true
	case "Moment":
		return fmt.Sprint(r.IntN(1000) - 100), true
	case "Code":
		return []string{`"x"`, `"code"`, `""`}[r.IntN(3)], true
	case "Any":
		return []string{`1`, `"text"`, `true`, `[1, "a"]`, `{a: {b: 1}}`}[r.IntN(5)], true
	}
	return "", false
}
