//go:build prove

package e2e

import (
	"testing"
	"time"
)

// How exactly the matrix is measured: as the machine has little else to do.
const (
	matrixSlots = 4                     // how many cases run at the same time
	matrixSlack = 50 * time.Millisecond // how long after its deadline an answer may leave
	matrixExact = true                  // whether what depends on time must be as it should
)

// TestProveFaultMatrix is the matrix with all settings at their defaults, by itself. The table of docs/resilience.md is what it prints.
func TestProveFaultMatrix(t *testing.T) { runMatrix(t) }
