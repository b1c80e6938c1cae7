//go:build !prove

package e2e

import "time"

// How exactly the matrix is measured: loosely, on a machine that does a lot else.
const (
	matrixSlots = 12               // how many cases run at the same time
	matrixSlack = 10 * time.Second // how long after its deadline an answer may leave
	matrixExact = false            // whether what depends on time must be as it should
)
