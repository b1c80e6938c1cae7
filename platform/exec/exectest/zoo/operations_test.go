//go:build !prove

package zoo_test

// defaultOperations is how many random operations are compared unless -exec.operations says otherwise.
const defaultOperations = 2_000
