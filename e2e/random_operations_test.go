//go:build !prove

package e2e

// defaultOperations is how many random operations are compared unless -exec.operations says otherwise.
const defaultOperations = 300
